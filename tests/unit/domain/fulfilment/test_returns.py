"""Returns: what may come back and how far it is, what becomes of it, and which money goes back with it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Literal

import msgspec
import pytest

from entrepot.domain.channels.accounts import Channel, ChannelSettings, Reference, ReturnSettings
from entrepot.domain.fulfilment.records import Return, ReturnEvent, ReturnLine
from entrepot.domain.fulfilment.returns.move import AdvanceReturn, CancelReturn
from entrepot.domain.fulfilment.returns.open import OpenReturn, ReturnWish
from entrepot.domain.fulfilment.returns.receive import Inspection, InspectReturn, ReceiveReturn
from entrepot.domain.fulfilment.returns.work import ReturnState
from entrepot.domain.kernel.commands import Refused
from entrepot.domain.kernel.records import Record
from entrepot.domain.orders.access import Asker
from entrepot.domain.orders.line_counts import Units
from entrepot.domain.orders.payments import Payment, Refund, RefundedLine
from entrepot.domain.orders.records import InvoiceLine, Order, OrderLine
from entrepot.domain.outbox.deliveries import Delivery
from entrepot.domain.payments.refund import Refunding, RefundOrder
from entrepot.domain.pricing.gift_certificates import CertificateUse
from entrepot.domain.stock.levels import Level, lawful
from entrepot.failures import Failure
from entrepot.failures.fulfilment import (
    DuplicateReturn,
    NothingDelivered,
    ReturnItemUnknown,
    ReturnNotCancellable,
    ReturnUnknown,
    TooManyToReturn,
    TooManyUnits,
)
from entrepot.failures.orders import OrderUnknown
from entrepot.failures.stock import StockUnknown
from tests.support.boutique import certificate
from tests.support.deciding import FixedIds
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

LATER = AT + timedelta(days=1)
OTHER = Asker(6, "live")
FIRST, GIFT = 1_000, 900


def delivered(no: int, variant: int, quantity: int, /, **changes: Any) -> OrderLine:
    made = line(7, no, variant, quantity)
    return msgspec.structs.replace(made, **{"new": 0, "delivered": quantity} | changes)


def book(
    *lines: OrderLine,
    refund: Literal["manual", "automatic"] = "manual",
    kind: str = "external",
    environment: Any = "live",
    sees: Any = "workspace",
) -> Book:
    own = lines or (delivered(1, TEA, 3), delivered(2, RICE, 2), delivered(3, TEA, 2))
    settings = ChannelSettings(returns=ReturnSettings(refund))
    levels = (level(TEA, NORTH, 9), level(RICE, NORTH, 9))
    return Book(
        *order_records(7, own, kind=kind, environment=environment),
        *levels,
        *LOCATIONS,
        *VARIANTS,
        Channel(CHANNEL, "bonsai", "main", settings),
        Channel(6, "walmart", "other", ChannelSettings(sees=sees)),
    )


def wish(quantity: int, **item: Any) -> ReturnWish:
    return ReturnWish(quantity, "Too small", **item)


def opened(orders: Book, *wishes: ReturnWish, **more: Any) -> ReturnState:
    return orders.done(ReturnState, OpenReturn(order=7, wishes=wishes, **more))


def receive(*lines: Units, **more: Any) -> ReceiveReturn:
    given: dict[str, Any] = {"order": 7, "return_id": FIRST, "lines": lines, "key_until": LATER} | more
    return ReceiveReturn(**given)


def advance(stage: Literal["in_transit", "at_center"], *lines: Units, **more: Any) -> AdvanceReturn:
    return AdvanceReturn(order=7, return_id=FIRST, stage=stage, lines=lines, **more)


CANCEL = CancelReturn(order=7, return_id=FIRST)
INSPECT = InspectReturn(order=7, return_id=FIRST, location=NORTH)


def stands(orders: Book) -> list[dict[str, int]]:
    stages = ("initiated", "in_transit", "at_center", "received", "cancelled", "restocked", "scrapped")
    lines = orders.view.children(ReturnLine, 7)
    return [{name: n for name in stages if (n := getattr(each, name))} for each in lines]


def test_a_sku_comes_back_off_its_lines_in_their_order() -> None:
    orders = book()
    state = opened(orders, wish(4, sku="TEA"), wish(1, line=2))
    assert [(each.no, each.line, each.quantity, each.reason) for each in state.lines] == [
        (1, 1, 3, "Too small"), (2, 3, 1, "Too small"), (3, 2, 1, "Too small")
    ]  # fmt: skip
    assert orders.counts(7) == [
        {"return_initiated": 3},
        {"delivered": 1, "return_initiated": 1},
        {"delivered": 1, "return_initiated": 1},
    ]
    assert orders.progress(7) == "partially_return_initiated"
    assert (state.ret.channel, state.ret.events, orders.row(Order, 7).events) == (None, 1, 2)


def test_without_wishes_all_that_was_delivered_comes_back() -> None:
    orders = book(delivered(1, TEA, 3, delivered=2, shipped=1))
    assert [each.quantity for each in opened(orders).lines] == [2]
    assert orders.counts(7) == [{"shipped": 1, "return_initiated": 2}]


@pytest.mark.parametrize(
    ("wishes", "failures"),
    [
        (
            [wish(9, sku="NO"), wish(9, line=2), wish(1, line=5)],
            [ReturnItemUnknown("7", "NO", 0), ReturnItemUnknown("7", "5", 2)],
        ),
        ([wish(1, line=4), wish(9, line=1)], [NothingDelivered("7", "4", 0)]),
        (
            [wish(4, line=1), wish(0, line=2), wish(-1, line=2), wish(1, line=3)],
            [
                TooManyToReturn("7", "1", 4, 3, 0),
                TooManyToReturn("7", "2", 0, 2, 1),
                TooManyToReturn("7", "2", -1, 2, 2),
            ],
        ),
        ([wish(2, line=1), wish(4, sku="TEA")], [TooManyToReturn("7", "TEA", 4, 3, 1)]),
    ],
)
def test_all_faults_of_the_first_kind_are_told(wishes: list[ReturnWish], failures: list[Failure]) -> None:
    lines = (delivered(1, TEA, 3), delivered(2, RICE, 2), delivered(3, TEA, 2), line(7, 4, RICE, 1))
    orders = book(*lines)
    command = OpenReturn(order=7, wishes=tuple(wishes))
    assert command.decide(orders.view, AT, FixedIds()) == Refused(tuple(failures))


def test_of_a_line_that_came_back_already_less_is_left_and_not_nothing_delivered() -> None:
    orders = book(delivered(1, TEA, 3))
    opened(orders, wish(3, line=1))
    assert orders.refused(OpenReturn(order=7, wishes=(wish(1, line=1),))) == TooManyToReturn(
        "7", "1", 1, 0, 0
    )


def test_the_same_name_is_the_same_return() -> None:
    orders = book()
    first = opened(orders, wish(1, line=1), asks=OTHER, name="R1")
    assert (first.ret.channel, first.ret.name) == (6, "R1")
    again = opened(orders, wish(1, line=1), asks=OTHER, name="R1")
    assert (again.ret, again.lines, again.moved) == (first.ret, first.lines, ())
    assert orders.counts(7)[0] == {"delivered": 2, "return_initiated": 1}
    for other in (wish(2, line=1), wish(1, line=2), wish(1, sku="RICE")):
        command = OpenReturn(order=7, asks=OTHER, wishes=(other,), name="R1")
        assert orders.refused(command) == DuplicateReturn("R1")
    by_sku = opened(orders, wish(1, sku="TEA"), asks=OTHER, name="R1")
    assert (by_sku.ret, by_sku.moved) == (first.ret, ())
    orders.view.load(Reference(6, "live", "external-return", "R2", 555))
    assert orders.refused(OpenReturn(order=7, asks=OTHER, name="R2")) == DuplicateReturn("R2")


def test_a_return_is_there_for_who_sees_its_order() -> None:
    orders = book(sees="own")
    assert orders.refused(OpenReturn(order=7, asks=OTHER)) == OrderUnknown("7")
    opened(orders)
    stranger = {"asks": OTHER}
    for command in (advance("in_transit"), CANCEL, receive(), INSPECT):
        asked: Any = msgspec.structs.replace(command, **stranger)
        assert orders.refused(asked) == ReturnUnknown(str(FIRST))
        unknown: Any = msgspec.structs.replace(command, return_id=5)
        assert orders.refused(unknown) == ReturnUnknown("5")


def test_units_go_forward_and_never_back() -> None:
    orders = book(delivered(1, TEA, 3))
    opened(orders)
    orders.done(ReturnState, advance("in_transit", Units(1, 2)))
    assert stands(orders) == [{"initiated": 1, "in_transit": 2}]
    assert orders.refused(advance("in_transit", Units(1, 2))) == TooManyUnits("7", 1, 2, 1)
    orders.done(ReturnState, advance("at_center", event_id="e1"))
    assert stands(orders) == [{"at_center": 3}]
    events = orders.row(Return, (7, FIRST)).events
    for late in (
        advance("in_transit"),
        advance("at_center"),
        advance("at_center", Units(1, 9), event_id="e1"),
    ):
        assert orders.done(ReturnState, late).moved == ()
    assert orders.row(Return, (7, FIRST)).events == events
    assert [each.kind for each in orders.view.children(ReturnEvent, 7)] == [
        "opened",
        "in_transit",
        "at_center",
    ]


def test_what_is_still_with_the_buyer_can_stay_there() -> None:
    orders = book(delivered(1, TEA, 3))
    opened(orders)
    orders.done(ReturnState, advance("in_transit", Units(1, 1)))
    orders.done(ReturnState, CANCEL)
    assert (stands(orders), orders.counts(7)) == (
        [{"in_transit": 1, "cancelled": 2}],
        [{"delivered": 2, "return_initiated": 1}],
    )
    assert orders.refused(CANCEL) == ReturnNotCancellable(str(FIRST))
    opened(orders, wish(2, line=1))


def test_what_was_received_is_returned_once() -> None:
    orders = book(delivered(1, TEA, 3))
    opened(orders)
    orders.done(ReturnState, receive(Units(1, 1), event_id="r1"))
    assert orders.done(ReturnState, receive(Units(1, 1), event_id="r1")).moved == ()
    assert orders.counts(7) == [{"return_initiated": 2, "returned": 1}]
    assert orders.refused(receive(Units(1, 3))) == TooManyUnits("7", 1, 3, 2)
    orders.done(ReturnState, receive())
    assert (orders.done(ReturnState, receive()).moved, orders.progress(7)) == ((), "returned")
    assert not orders.view.children(Refund, 7)


def test_received_units_are_put_into_stock_or_thrown_away() -> None:
    orders = book(delivered(1, TEA, 3), delivered(2, TEA, 2))
    opened(orders)
    assert orders.done(ReturnState, INSPECT).moved == ()
    orders.done(ReturnState, receive())
    some = msgspec.structs.replace(INSPECT, inspections=(Inspection(1, 1, 1), Inspection(2, 1)))
    orders.done(ReturnState, some)
    after = orders.row(Level, (TEA, NORTH))
    assert (after.returned, after.scrapped, after.available, lawful(after)) == (3, 1, 11, True)
    wrong = msgspec.structs.replace(INSPECT, inspections=(Inspection(1, 2),))
    assert orders.refused(wrong) == TooManyUnits("7", 1, 2, 1)
    negative = msgspec.structs.replace(INSPECT, inspections=(Inspection(1, 2, -1),))
    assert orders.refused(negative) == TooManyUnits("7", 1, 1, 1)
    orders.done(ReturnState, msgspec.structs.replace(INSPECT, location=SOUTH))
    assert orders.row(Level, (TEA, SOUTH)).available == 2
    assert stands(orders) == [
        {"received": 3, "restocked": 2, "scrapped": 1},
        {"received": 2, "restocked": 2},
    ]
    elsewhere = book(delivered(1, TEA, 3))
    opened(elsewhere)
    elsewhere.done(ReturnState, receive())
    nowhere = msgspec.structs.replace(INSPECT, location=99)
    assert elsewhere.refused(nowhere) == StockUnknown(str(TEA), "99")


@pytest.mark.parametrize(
    "changes", [{"tracked": False}, {"variant": None, "product": None, "product_id": None}]
)
def test_a_line_that_took_no_stock_gives_none_back(changes: dict[str, Any]) -> None:
    orders = book(delivered(1, TEA, 3, **changes))
    opened(orders)
    orders.done(ReturnState, receive())
    orders.done(ReturnState, INSPECT)
    assert (orders.changes.records(Level), stands(orders)) == ([], [{"received": 3, "restocked": 3}])


def test_a_test_order_gives_no_stock_and_no_money_back() -> None:
    orders = book(delivered(1, TEA, 3), environment="test", refund="automatic")
    opened(orders)
    assert orders.done(ReturnState, receive()).refunds == ()
    orders.done(ReturnState, INSPECT)
    assert orders.changes.records(Level) == []


def test_goods_and_their_tax_go_back_by_themselves_where_the_account_wants_it() -> None:
    orders = book(delivered(1, TEA, 3), refund="automatic")
    opened(orders, wish(2, line=1))
    state = orders.done(ReturnState, receive())
    (refund,) = state.refunds
    assert (refund.state, refund.amount, refund.reason, refund.return_id) == (
        "done",
        2_260,
        "Too small",
        FIRST,
    )
    assert (refund.breakdown.goods, refund.breakdown.goods_tax, refund.breakdown.total) == (2_000, 260, 2_260)
    assert (state.order.payment_state, orders.row(OrderLine, (7, 1)).refunded) == ("partially_refunded", 2)
    order = orders.row(Order, 7)
    assert (order.payment_state, order.progress) == ("partially_refunded", "partially_returned")
    assert orders.row(InvoiceLine, 7).amount == order.total - 2_260
    assert orders.row(Payment, (7, 1)).refunded == 2_260


def test_a_cards_provider_is_asked_by_the_outbox() -> None:
    orders = book(delivered(1, TEA, 3), refund="automatic", kind="card")
    opened(orders)
    (refund,) = orders.done(ReturnState, receive()).refunds
    assert (refund.state, refund.amount) == ("open", 3_390)
    (ask,) = orders.changes.records(Delivery)
    assert (ask.listener, ask.payload) == (f"refund:{refund.id}", {"key_until": LATER.isoformat()})


@pytest.mark.parametrize(("by_hand", "left"), [(0, 3), (1, 2), (3, 0)])
def test_no_money_goes_back_twice_for_a_unit(by_hand: int, left: int) -> None:
    orders = book(delivered(1, TEA, 4), refund="automatic")
    opened(orders, wish(3, line=1))
    if by_hand:
        orders.done(Refunding, RefundOrder(7, "", AT, AT, (RefundedLine(1, by_hand),)))
    orders.done(ReturnState, receive())
    given = [each for each in orders.view.children(Refund, 7) if each.return_id]
    assert sum(unit.quantity for each in given for unit in each.lines) == left
    assert orders.row(OrderLine, (7, 1)).refunded == 3


def test_a_cancelled_unit_for_which_money_went_back_does_not_count_against_those_that_return() -> None:
    line_ = delivered(1, TEA, 3, delivered=2, cancelled=1, refunded=1)
    orders = book(line_, refund="automatic")
    opened(orders)
    (refund,) = orders.done(ReturnState, receive()).refunds
    assert [(each.line, each.quantity) for each in refund.lines] == [(1, 2)]


def test_where_one_payment_is_not_enough_the_next_gives_the_rest() -> None:
    records = order_records(7, [delivered(1, TEA, 3)], kind="card")
    total = next(each.total for each in records if isinstance(each, Order))
    card = next(each for each in records if isinstance(each, Payment))
    paid: list[Record] = [
        msgspec.structs.replace(card, amount=total - 2_000, refunded=0),
        msgspec.structs.replace(card, no=2, id=701, kind="certificate", amount=2_000, method_id=GIFT),
        msgspec.structs.replace(certificate(GIFT, "GIFT", 2_000), balance=0),
        CertificateUse(GIFT, 7, 2_000, AT),
    ]
    orders = book(delivered(1, TEA, 3), refund="automatic", kind="card")
    for record in paid:
        orders.view.load(record)
    opened(orders)
    first, second = orders.done(ReturnState, receive()).refunds
    assert (first.amount, second.amount) == (total - 2_000, 3_390 - (total - 2_000))
    assert (first.state, second.state) == ("open", "done")
    assert (first.lines, second.lines) == ((RefundedLine(1, 3),), ())
    assert first.breakdown.goods + second.breakdown.goods == 3_000
    assert first.breakdown.goods_tax + second.breakdown.goods_tax == 390
    assert orders.row(OrderLine, (7, 1)).refunded == 3


@pytest.mark.parametrize(("steps", "amounts"), [({"EUR": 100}, [3_300]), ({}, []), ({"EUR": 1}, [3_390])])
def test_a_card_gets_back_what_its_provider_can_move_and_the_rest_is_left(
    steps: dict[str, int], amounts: list[int]
) -> None:
    orders = book(delivered(1, TEA, 3), refund="automatic", kind="card")
    opened(orders)
    state = orders.done(ReturnState, receive(steps={"bank": steps}))
    assert [refund.amount for refund in state.refunds] == amounts
    (payment,) = orders.view.children(Payment, 7)
    assert payment.refunded == sum(amounts)
    assert state.lines[0].received == 3


def test_who_collected_the_money_itself_gives_back_any_amount() -> None:
    orders = book(delivered(1, TEA, 3), refund="automatic")
    opened(orders)
    assert orders.done(ReturnState, receive(steps={"bank": {"EUR": 100}})).refunds[0].amount == 3_390


def test_no_more_goes_back_than_is_left_of_what_was_paid() -> None:
    orders = book(delivered(1, TEA, 3), refund="automatic")
    total = orders.row(Order, 7).total
    opened(orders)
    orders.done(Refunding, RefundOrder(7, "", AT, AT, (), total - 100))
    (refund,) = orders.done(ReturnState, receive()).refunds
    assert refund.amount <= 100
    assert orders.row(Payment, (7, 1)).refunded <= total
