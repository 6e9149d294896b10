"""Taking an order that was sold elsewhere: what is refused and in which order, and what it makes of stock and money."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
import pytest

from entrepot.domain.catalogue.products import Goods
from entrepot.domain.channels.accounts import Channel, ChannelSettings, Reference
from entrepot.domain.channels.storefronts import ReturnAddress, Storefront
from entrepot.domain.fulfilment.records import Shipment, ShipmentLine
from entrepot.domain.kernel.commands import Decided, Refused
from entrepot.domain.kernel.ids import derived_uuid
from entrepot.domain.kernel.records import Changes, Record
from entrepot.domain.orders.records import Address, InvoiceLine, OrderEvent, Person
from entrepot.domain.placing.place import Placed
from entrepot.domain.placing.record_sale import LARGEST_TOTAL, MOST_LINES, OutsideName, SoldLine, TakeOrder
from entrepot.domain.stock.levels import FirstLocation, Hold, Level
from entrepot.failures.orders import (
    DuplicateExternalOrder,
    LineRef,
    NotEnoughStock,
    OrderSourceUnrecognized,
    OrderTooLarge,
    ProductUnavailable,
    SkuUnknown,
    SoldOut,
    StorefrontUnknown,
)
from tests.support.deciding import decide
from tests.support.shop import AT, CHANNEL, NORTH, SOUTH, TEA, level

Mode = Literal["reserve", "backorder", "record"]
HOME, WORK = (Address("A", "B", street, "Town", "DE", "1") for street in ("Home 1", "Work 1"))
NAME = OutsideName("external-order", "X-1")


def channel(stock: Mode = "reserve", **settings: Any) -> Channel:
    known = ("api",)
    return Channel(
        CHANNEL, "walmart", "main", ChannelSettings(stock=stock, currency="EUR", **settings), known
    )


def goods(sku: str = "TEA", variant: int = TEA, **changes: Any) -> Goods:
    made = Goods(sku, derived_uuid("p", sku), 31, variant, "Pantry", 0, True, True, True)
    return msgspec.structs.replace(made, **changes)


def take(*lines: SoldLine, **fields: Any) -> TakeOrder:
    who: dict[str, Any] = {"channel": CHANNEL, "environment": "live", "person": Person("a@example.com")}
    who["lines"] = lines
    return TakeOrder(**who | fields)


def taken(command: TakeOrder, *records: Record) -> tuple[Placed, Changes]:
    decision = decide(command, *records)
    assert isinstance(decision, Decided), decision
    assert isinstance(decision.result, Placed)
    return decision.result, decision.changes


def refusal(command: TakeOrder, *records: Record) -> tuple[object, ...]:
    decision = decide(command, *records)
    assert isinstance(decision, Refused)
    return decision.failures


def test_an_order_holds_what_it_takes_and_claims_its_names() -> None:
    names = (NAME, OutsideName("flow-order", "main:X-1"))
    placed, changes = taken(
        take(SoldLine("1", "TEA", 3), ship_to=HOME, names=names), channel(), goods(), level(TEA, NORTH, 5)
    )
    (line,), order = placed.lines, placed.order
    assert (line.new, line.variant, line.sku, line.name, line.data) == (3, TEA, "TEA", "Pantry", {"ref": "1"})
    assert (order.state, order.progress, order.currency, order.external_id) == ("placed", "new", "EUR", "X-1")
    assert changes.records(Hold) == [Hold(order.id, 1, NORTH, TEA, 3)]
    assert [each.available for each in changes.records(Level)] == [2]
    claimed = {(each.kind, each.value, each.target) for each in changes.records(Reference)}
    assert claimed == {("external-order", "X-1", order.id), ("flow-order", "main:X-1", order.id)}
    assert [each.kind for each in changes.records(OrderEvent)] == ["placed"]


def test_money_is_not_ours() -> None:
    placed, changes = taken(
        take(SoldLine("1", "TEA", 2, 500), SoldLine("2", "TEA", 1)), channel(), goods(), level(TEA, NORTH, 5)
    )
    assert placed.payment is not None
    assert (placed.payment.kind, placed.payment.state, placed.payment.amount) == ("external", "paid", 1_000)
    assert (placed.order.goods, placed.order.total, placed.order.payment_state) == (1_000, 1_000, "paid")
    assert not changes.records(InvoiceLine)


def test_without_prices_there_is_nothing_to_pay() -> None:
    placed, _ = taken(take(SoldLine("1", "TEA", 2)), channel(), goods(), level(TEA, NORTH, 5))
    assert (placed.payment, placed.order.total, placed.order.payment_state) == (None, 0, "paid")


def test_each_destination_is_a_part() -> None:
    lines = [SoldLine(str(no), "TEA", 1, ship_to=to) for no, to in enumerate((None, WORK, HOME, WORK))]
    placed, _ = taken(take(*lines, ship_to=HOME), channel(), goods(), level(TEA, NORTH, 9))
    assert [(part.no, part.ship_to) for part in placed.parts] == [(1, None), (2, WORK)]
    assert [line.part for line in placed.lines] == [1, 2, 1, 2]


@pytest.mark.parametrize(
    ("command", "records", "expected"),
    [
        (take(SoldLine("1", "NO", 1), names=(NAME,)), [channel(source="none")], [OrderSourceUnrecognized()]),
        (
            take(SoldLine("1", "NO", 1), names=(NAME,)),
            [channel(), Reference(CHANNEL, "live", NAME.kind, NAME.value, 8)],
            [DuplicateExternalOrder("X-1", NAME.kind)],
        ),
        (
            take(SoldLine("1", "NO", 1), SoldLine("2", "TEA", 9), SoldLine("3", "RICE", 1)),
            [channel(), goods(available=False), goods("RICE", 22, scale=2), level(TEA, NORTH, 1)],
            [
                SkuUnknown(LineRef("", "NO", "1")),
                ProductUnavailable(LineRef("", "TEA", "2")),
                SkuUnknown(LineRef("", "RICE", "3")),
            ],
        ),
        (
            take(SoldLine("1", "TEA", 2), SoldLine("2", "MUG", 1), SoldLine("3", "TEA", 2)),
            [channel(), goods(), goods("MUG", 23), level(TEA, NORTH, 3)],
            [SoldOut(LineRef("", "MUG", "2")), NotEnoughStock(LineRef("", "TEA", "3"), 2, 1)],
        ),
        (take(SoldLine("1", "TEA", 0)), [channel()], [OrderTooLarge("quantity", 10**9)]),
        (take(SoldLine("1", "TEA", 10**9 + 1)), [channel()], [OrderTooLarge("quantity", 10**9)]),
        (take(SoldLine("1", "TEA", 2, -1)), [channel()], [OrderTooLarge("total", LARGEST_TOTAL)]),
        (take(SoldLine("1", "TEA", 2, LARGEST_TOTAL)), [channel()], [OrderTooLarge("total", LARGEST_TOTAL)]),
        (
            take(*[SoldLine("1", "TEA", 1)] * (MOST_LINES + 1)),
            [channel()],
            [OrderTooLarge("lines", MOST_LINES)],
        ),
    ],
)
def test_the_first_check_that_fails_is_told_with_all_its_failures(
    command: TakeOrder, records: list[Record], expected: list[object]
) -> None:
    assert list(refusal(command, *records)) == expected


def test_what_is_short_is_owed_after_what_is_there() -> None:
    here = [level(TEA, NORTH, 1), level(TEA, SOUTH, 2)]
    _, changes = taken(take(SoldLine("1", "TEA", 5)), channel("backorder"), goods(), *here)
    assert {hold.location: hold.quantity for hold in changes.records(Hold)} == {NORTH: 3, SOUTH: 2}
    assert {each.location: each.owed for each in changes.records(Level)} == {NORTH: 2, SOUTH: 0}


def test_a_variant_without_a_level_gets_one_where_orders_take_from_first() -> None:
    two = (SoldLine("1", "TEA", 2), SoldLine("2", "TEA", 1))
    _, changes = taken(take(*two), channel("backorder"), goods(), FirstLocation(NORTH, 1))
    (made,) = changes.records(Level)
    assert (made.key, made.reserved, made.owed, made.priority) == ((TEA, NORTH), 3, 3, 1)
    nowhere = refusal(take(*two), channel("backorder"), goods())
    assert nowhere == tuple(SoldOut(LineRef("", "TEA", ref)) for ref in ("1", "2"))


def test_what_was_sold_elsewhere_is_recorded_as_delivered() -> None:
    lines = (SoldLine("1", "TEA", 2), SoldLine("2", "NEVER SEEN", 1, name="Thing"))
    off_sale = goods(available=False)
    placed, changes = taken(take(*lines), channel("record"), off_sale, level(TEA, NORTH, 1))
    assert [(each.delivered, each.tracked) for each in placed.lines] == [(2, False), (1, False)]
    assert [(each.product_id, each.name) for each in placed.lines] == [(31, "Pantry"), (None, "Thing")]
    assert (placed.order.progress, changes.records(Hold), changes.records(Level)) == ("delivered", [], [])
    assert [(each.no, each.part) for each in changes.records(Shipment)] == [(1, 1)]
    assert [(e.line, e.quantity, e.delivered) for e in changes.records(ShipmentLine)] == [
        (1, 2, 2),
        (2, 1, 1),
    ]


def test_a_test_order_is_checked_and_takes_nothing() -> None:
    test = {"environment": "test"}
    _, changes = taken(take(SoldLine("1", "TEA", 2), **test), channel(), goods(), level(TEA, NORTH, 2))
    assert (changes.records(Hold), changes.records(Level)) == ([], [])
    short = refusal(take(SoldLine("1", "TEA", 3), **test), channel(), goods(), level(TEA, NORTH, 2))
    assert short == (NotEnoughStock(LineRef("", "TEA", "1"), 3, 2),)


@pytest.mark.parametrize("mode", ["reserve", "record"])
def test_an_order_without_lines_is_one(mode: Mode) -> None:
    placed, changes = taken(take(), channel(mode))
    assert (len(placed.parts), placed.lines, placed.order.progress) == (1, (), "new")
    assert not changes.records(Shipment)


@pytest.mark.parametrize(("owner", "there"), [(CHANNEL, True), (CHANNEL + 1, True), (CHANNEL, False)])
def test_an_order_is_sold_at_a_storefront_of_its_account(owner: int, *, there: bool) -> None:
    uuid = derived_uuid("storefront")
    storefront = Storefront(1, owner, uuid, "Front", ReturnAddress(), True, {}, AT, AT)
    command = take(SoldLine("1", "TEA", 1), storefront=uuid, names=(NAME,))
    records = [channel(), goods(), level(TEA, NORTH, 5), *([storefront] if there else [])]
    if owner == CHANNEL and there:
        taken(command, *records)
    else:
        taken_name = Reference(CHANNEL, "live", NAME.kind, NAME.value, 1)
        assert refusal(command, *records, taken_name) == (StorefrontUnknown(str(uuid)),)
