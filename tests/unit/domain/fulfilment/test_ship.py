"""Working on orders, sending and tracking: counts and holds move together, and saying it again changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from entrepot.domain.channels.accounts import Channel, ChannelSettings
from entrepot.domain.fulfilment.parcels import Parcel
from entrepot.domain.fulfilment.records import Shipment, ShipmentEvent, ShipmentLine
from entrepot.domain.fulfilment.ship import Acknowledge, Acknowledged, Shipped, ShipUnits
from entrepot.domain.fulfilment.track import Tracked, TrackShipment
from entrepot.domain.kernel.commands import Command
from entrepot.domain.kernel.records import Record
from entrepot.domain.orders.access import Asker
from entrepot.domain.orders.cancel import Cancelled, CancelOrder
from entrepot.domain.orders.line_counts import Units
from entrepot.domain.orders.records import Order, OrderEvent, OrderLine
from entrepot.domain.payments.refund import RefundOrder
from entrepot.domain.stock.adjust import ReceiveStock
from entrepot.domain.stock.levels import Hold, Level, lawful
from entrepot.failures.fulfilment import ShipmentUnknown, TooManyUnits, UnitsOwed
from entrepot.failures.orders import OrderLocked, OrderUnknown
from tests.support.fulfilling import Book
from tests.support.shop import (
    AT,
    CHANNEL,
    LOCATIONS,
    NORTH,
    RICE,
    SOUTH,
    TEA,
    VARIANTS,
    level,
    line,
    order_records,
)

LINES = (line(7, 1, TEA, 3), line(7, 2, RICE, 2, part=2))
HOLDS = (Hold(7, 1, NORTH, TEA, 2), Hold(7, 1, SOUTH, TEA, 1), Hold(7, 2, NORTH, RICE, 2))
LEVELS = (level(TEA, NORTH, 2, 2), level(TEA, SOUTH, 5, 1), level(RICE, NORTH, 2, 2))
DHL = Parcel(carrier="DHL", tracking="1Z")


def book(lines: Sequence[OrderLine] = LINES, holds: Sequence[Hold] = HOLDS, **order: Any) -> Book:
    records: list[Record] = [*order_records(7, lines, parts=2, holds=holds), *LEVELS, *LOCATIONS, *VARIANTS]
    return Book(
        *(msgspec.structs.replace(each, **order) if isinstance(each, Order) else each for each in records)
    )


def track(status: str = "delivered", **more: Any) -> TrackShipment:
    return TrackShipment(order=7, status=status, **more)


def test_work_begins_on_all_or_on_so_many_units_in_all() -> None:
    orders = book()
    two = Acknowledge(order=7, lines=(Units(1, 2),))
    assert orders.done(Acknowledged, two).lines == (Units(1, 2),)
    assert orders.counts(7) == [{"new": 1, "acknowledged": 2}, {"new": 2}]
    assert orders.progress(7) == "partially_acknowledged"
    assert orders.done(Acknowledged, two).lines == ()
    assert orders.done(Acknowledged, Acknowledge(order=7)).lines == (Units(1, 1), Units(2, 2))
    assert orders.progress(7) == "acknowledged"
    assert orders.row(Order, 7).events == 3


def test_units_leave_by_priority_of_location_and_acknowledged_ones_first() -> None:
    orders = book()
    orders.done(Acknowledged, Acknowledge(order=7, lines=(Units(1, 1),)))
    sent = orders.done(Shipped, ShipUnits(order=7, lines=(Units(1, 2),), parcel=DHL))
    assert orders.counts(7) == [{"new": 1, "shipped": 2}, {"new": 2}]
    assert [(each.no, each.part, each.tracking) for each in sent.shipments] == [(1, 1, "1Z")]
    assert [(h.location, h.quantity) for h in orders.view.children(Hold, 7) if h.line == 1] == [(SOUTH, 1)]
    assert (orders.row(Level, (TEA, NORTH)).shipped, orders.row(Level, (TEA, NORTH)).reserved) == (2, 0)
    assert orders.progress(7) == "partially_shipped"


def test_all_that_is_open_leaves_in_one_shipment_per_part() -> None:
    orders = book()
    sent = orders.done(Shipped, ShipUnits(order=7))
    assert [(each.no, each.part, each.name) for each in sent.shipments] == [(1, 1, None), (2, 2, None)]
    assert sent.lines == (Units(1, 3), Units(2, 2))
    assert (orders.progress(7), orders.view.children(Hold, 7)) == ("shipped", [])
    again = orders.done(Shipped, ShipUnits(order=7))
    assert (again.shipments, again.lines) == ((), ())
    assert orders.row(Order, 7).events == 2


def test_a_parcel_of_the_same_label_is_sent_once() -> None:
    orders = book()
    one = ShipUnits(order=7, lines=(Units(1, 1),), parcel=DHL)
    first = orders.done(Shipped, one)
    assert orders.done(Shipped, one) == msgspec.structs.replace(first, lines=())
    assert orders.counts(7)[0] == {"new": 2, "shipped": 1}
    named = Parcel(name="box", tracking="1Z")
    assert orders.done(Shipped, ShipUnits(order=7, lines=(Units(1, 1),), parcel=named)).lines


def test_one_part_is_sent_alone() -> None:
    orders = book()
    orders.done(Shipped, ShipUnits(order=7, part=2))
    assert orders.counts(7) == [{"new": 3}, {"shipped": 2}]
    assert orders.refused(ShipUnits(order=7, part=3)) == OrderUnknown("7")
    wrong = ShipUnits(order=7, part=2, lines=(Units(1, 1),))
    assert orders.refused(wrong) == TooManyUnits("7", 1, 1, 0)


@pytest.mark.parametrize(("no", "quantity", "left"), [(1, 4, 3), (1, 0, 3), (1, -1, 3), (3, 1, 0)])
@pytest.mark.parametrize("kind", [Acknowledge, ShipUnits])
def test_no_more_than_is_left(kind: type[Acknowledge], no: int, quantity: int, left: int) -> None:
    failure = book().refused(kind(order=7, lines=(Units(no, quantity),)))
    assert failure == TooManyUnits("7", no, quantity, left)


def test_lines_named_twice_count_together() -> None:
    failure = book().refused(ShipUnits(order=7, lines=(Units(1, 2), Units(1, 2))))
    assert failure == TooManyUnits("7", 1, 4, 3)


def test_what_is_owed_cannot_leave_until_it_was_received() -> None:
    owing = level(TEA, NORTH, 1, 3)
    orders = Book(
        *order_records(7, [LINES[0]], holds=[Hold(7, 1, NORTH, TEA, 3)]), owing, *LOCATIONS, *VARIANTS
    )
    assert orders.refused(ShipUnits(order=7, lines=(Units(1, 3),))) == UnitsOwed("7", 1, 3, 1)
    assert not orders.changes.records(Level)
    orders.done(Shipped, ShipUnits(order=7, lines=(Units(1, 1),)))
    after = orders.row(Level, (TEA, NORTH))
    assert (after.owed, after.reserved, after.on_hand, lawful(after)) == (2, 2, 0, True)
    assert orders.refused(ShipUnits(order=7)) == UnitsOwed("7", 1, 2, 0)
    orders.done(Level, ReceiveStock(TEA, NORTH, 5))
    orders.done(Shipped, ShipUnits(order=7))
    after = orders.row(Level, (TEA, NORTH))
    assert (after.owed, after.available, after.shipped, lawful(after)) == (0, 3, 3, True)


def test_lines_of_one_variant_do_not_share_what_only_one_can_have() -> None:
    lines = (line(7, 1, TEA, 2), line(7, 2, TEA, 2))
    holds = (Hold(7, 1, NORTH, TEA, 2), Hold(7, 2, NORTH, TEA, 2))
    orders = Book(*order_records(7, lines, holds=holds), level(TEA, NORTH, 3, 4))
    assert orders.refused(ShipUnits(order=7, lines=(Units(1, 2), Units(2, 2)))) == UnitsOwed("7", 2, 2, 1)
    sent = orders.done(Shipped, ShipUnits(order=7))
    assert (sent.lines, sent.left) == ((Units(1, 2), Units(2, 1)), (Units(2, 1),))


def owing() -> Book:
    """An order of which one line is there, and another one not at all."""
    lines = (line(7, 1, TEA, 3), line(7, 2, RICE, 2))
    holds = (Hold(7, 1, NORTH, TEA, 3), Hold(7, 2, NORTH, RICE, 2))
    levels = (level(TEA, NORTH, 3, 3), level(RICE, NORTH, 0, 2))
    return Book(*order_records(7, lines, holds=holds), *levels, *LOCATIONS, *VARIANTS)


def test_what_can_go_goes_and_the_rest_follows_in_a_parcel_of_its_own() -> None:
    orders = owing()
    first = orders.done(Shipped, ShipUnits(order=7, parcel=DHL))
    assert (first.lines, first.left) == ((Units(1, 3),), (Units(2, 2),))
    again = orders.done(Shipped, ShipUnits(order=7, parcel=DHL))
    assert (again.lines, again.left) == ((), (Units(2, 2),))
    other = ShipUnits(order=7, parcel=Parcel(tracking="2Z"))
    assert orders.refused(other) == UnitsOwed("7", 2, 2, 0)
    orders.done(Level, ReceiveStock(RICE, NORTH, 2))
    rest = orders.done(Shipped, other)
    assert (rest.lines, rest.left, orders.progress(7)) == ((Units(2, 2),), (), "shipped")
    assert [(each.no, each.tracking) for each in orders.view.children(Shipment, 7)] == [(1, "1Z"), (2, "2Z")]


def test_what_is_under_way_arrives_though_the_rest_is_owed() -> None:
    orders = owing()
    assert orders.done(Tracked, track()).lines == (Units(1, 3),)
    assert orders.counts(7) == [{"delivered": 3}, {"new": 2}]
    assert orders.refused(track()) == UnitsOwed("7", 2, 2, 0)
    assert orders.refused(track(lines=(Units(2, 1),))) == UnitsOwed("7", 2, 1, 0)


def test_a_parcel_that_nobody_announced_has_what_could_go() -> None:
    orders = owing()
    assert orders.done(Tracked, track(parcel=DHL)).lines == (Units(1, 3),)
    assert orders.counts(7) == [{"delivered": 3}, {"new": 2}]


def test_an_order_that_took_no_stock_is_sent_without_any() -> None:
    orders = book(holds=(), environment="test")
    orders.done(Shipped, ShipUnits(order=7))
    assert not orders.changes.records(Level)
    assert orders.progress(7) == "shipped"


def test_delivered_moves_the_units_of_its_shipment_once() -> None:
    orders = book()
    orders.done(Shipped, ShipUnits(order=7, lines=(Units(1, 2),), parcel=DHL))
    at = AT + timedelta(hours=1)
    told = track(parcel=DHL, at=at, event_id="e1")
    assert orders.done(Tracked, told).lines == (Units(1, 2),)
    assert orders.counts(7) == [{"new": 1, "delivered": 2}, {"new": 2}]
    assert orders.row(Shipment, (7, 1)).delivered_at == at
    assert (orders.done(Tracked, told).lines, orders.row(Order, 7).events) == ((), 3)
    late = track("out_for_delivery", parcel=DHL, event_id="e0", at=AT)
    assert orders.done(Tracked, late).lines == ()
    assert orders.done(Tracked, track(parcel=DHL, event_id="e2")).lines == ()
    assert orders.counts(7)[0] == {"new": 1, "delivered": 2}
    events = [(each.seq, each.event_id, each.status) for each in orders.view.children(ShipmentEvent, 7)]
    assert events == [(1, "e1", "delivered"), (2, "e0", "out_for_delivery"), (3, "e2", "delivered")]
    assert orders.row(Order, 7).events == 5


def test_what_was_delivered_before_anybody_told_of_shipping_is_shipped_first() -> None:
    orders = book()
    orders.done(Tracked, track(parcel=DHL, lines=(Units(1, 1),), event_id="e1"))
    assert orders.counts(7) == [{"new": 2, "delivered": 1}, {"new": 2}]
    assert [(c.line, c.quantity, c.delivered) for c in orders.view.children(ShipmentLine, 7)] == [(1, 1, 1)]
    assert orders.row(Level, (TEA, NORTH)).shipped == 1
    other = Parcel(tracking="2Z")
    orders.done(Tracked, track("in_transit", parcel=other, event_id="e2"))
    assert orders.counts(7) == [{"shipped": 2, "delivered": 1}, {"shipped": 2}]
    assert orders.refused(track(parcel=Parcel(tracking="3Z"))) == ShipmentUnknown("7", "3Z")
    orders.done(Tracked, track(parcel=other, event_id="e3"))
    assert orders.progress(7) == "delivered"


def test_without_a_label_all_that_is_left_arrives_or_so_many_of_a_line() -> None:
    orders = book()
    orders.done(Shipped, ShipUnits(order=7, lines=(Units(1, 1),), parcel=DHL))
    orders.done(Tracked, track(lines=(Units(1, 2),)))
    assert orders.counts(7) == [{"new": 1, "delivered": 2}, {"new": 2}]
    assert orders.refused(track(lines=(Units(1, 2),))) == TooManyUnits("7", 1, 2, 1)
    orders.done(Tracked, track())
    assert orders.progress(7) == "delivered"
    events = orders.row(Order, 7).events
    assert orders.done(Tracked, track()).lines == ()
    assert orders.row(Order, 7).events == events


def test_what_is_owed_is_not_delivered_either() -> None:
    orders = Book(*order_records(7, [LINES[0]], holds=[Hold(7, 1, NORTH, TEA, 3)]), level(TEA, NORTH, 0, 3))
    assert orders.refused(track(parcel=DHL)) == UnitsOwed("7", 1, 3, 0)
    assert orders.refused(track()) == UnitsOwed("7", 1, 3, 0)


COMMANDS = [
    Acknowledge(order=7),
    ShipUnits(order=7),
    track(),
    CancelOrder(7),
    RefundOrder(7, "", AT, AT),
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: type(command).__name__)
@pytest.mark.parametrize(
    ("asks", "sees", "environment", "seen"),
    [
        (Asker(CHANNEL, "live"), "own", "live", True),
        (Asker(CHANNEL, None), "own", "test", True),
        (Asker(CHANNEL, "test"), "own", "live", False),
        (Asker(CHANNEL, "live"), "workspace", "test", False),
        (Asker(6, "live"), "own", "live", False),
        (Asker(6, "live"), "workspace", "live", True),
        (Asker(6, None), "workspace", "live", True),
        (Asker(6, "test"), "workspace", "test", False),
        (Asker(6, None), "workspace", "test", False),
        (Asker(8, "live"), "workspace", "live", False),
    ],
)
def test_an_order_is_there_for_who_may_see_it(
    command: Command, asks: Asker, sees: Any, environment: str, *, seen: bool
) -> None:
    orders = book(environment=environment)
    for number in (CHANNEL, 6):
        orders.view.load(Channel(number, "walmart", "c", ChannelSettings(sees=sees)))
    asked: Any = msgspec.structs.replace(command, asks=asks)
    if seen:
        orders.done(object, asked)
    else:
        assert orders.refused(asked) == OrderUnknown("7")


@pytest.mark.parametrize("command", COMMANDS[:3], ids=lambda command: type(command).__name__)
@pytest.mark.parametrize("state", ["pending", "cancelled", "failed"])
def test_only_a_placed_order_goes_out(command: Command, state: str) -> None:
    assert book(state=state).refused(command) == OrderLocked("7")


def test_cancelled_and_sent_units_leave_each_other_alone() -> None:
    orders = book()
    orders.done(Cancelled, CancelOrder(7, (Units(1, 1),)))
    assert orders.progress(7) == "partially_cancelled"
    orders.done(Shipped, ShipUnits(order=7, parcel=DHL))
    assert orders.counts(7) == [{"shipped": 2, "cancelled": 1}, {"shipped": 2}]
    kinds = [each.kind for each in orders.view.children(OrderEvent, 7)]
    assert kinds == ["placed", "cancelled", "sent"]
