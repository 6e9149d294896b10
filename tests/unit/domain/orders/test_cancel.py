"""Cancelling takes back promises, tells what the units cost, and closes an order of which nothing is left."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.domain.kernel.commands import Decided, Refused
from entrepot.domain.kernel.records import Changes, Record
from entrepot.domain.kernel.stages import Stage
from entrepot.domain.orders.cancel import Cancelled, CancelOrder, cancelled_value
from entrepot.domain.orders.line_counts import Units
from entrepot.domain.orders.records import InvoiceLine, Order, OrderEvent, OrderLine
from entrepot.domain.stock.levels import Hold, Level
from entrepot.failures.orders import NothingToCancel, OrderUnknown
from entrepot.failures.stock import TooManyToCancel
from tests.support.deciding import decide, view_of
from tests.support.shop import NORTH, RICE, SOUTH, TEA, level, line, order_records, part

LINES = (line(7, 1, TEA, 3), line(7, 2, RICE, 2, part=2))
HOLDS = (Hold(7, 1, NORTH, TEA, 2), Hold(7, 1, SOUTH, TEA, 1), Hold(7, 2, NORTH, RICE, 2))
LEVELS = (level(TEA, NORTH, 2, 2), level(TEA, SOUTH, 5, 1), level(RICE, NORTH, 2, 2))


def shop(lines: Sequence[OrderLine] = LINES, kind: str = "external", state: str = "placed") -> list[Record]:
    records = [*order_records(7, lines, parts=2, kind=kind, holds=HOLDS), *LEVELS]
    return [
        msgspec.structs.replace(record, state=state) if isinstance(record, Order) else record
        for record in records
    ]


def total(records: Sequence[Record]) -> int:
    return next(record.total for record in records if isinstance(record, Order))


def cancelled(command: CancelOrder, records: Sequence[Record]) -> tuple[Cancelled, Changes]:
    decision = decide(command, *records)
    assert isinstance(decision, Decided)
    assert isinstance(decision.result, Cancelled)
    return decision.result, decision.changes


def test_a_whole_order_gives_everything_back() -> None:
    records = shop()
    result, changes = cancelled(CancelOrder(7, reason="customer"), records)
    assert result.order.state == "cancelled"
    assert result.order.payment_state == "paid"
    assert (result.value, result.refund) == (total(records), 0)
    assert result.lines == (Units(1, 3), Units(2, 2))
    assert [(one.new, one.cancelled) for one in changes.records(OrderLine)] == [(0, 3), (0, 2)]
    assert {one.key: one.reserved for one in changes.records(Level)} == dict.fromkeys(
        [(TEA, NORTH), (TEA, SOUTH), (RICE, NORTH)], 0
    )
    assert {key for (kind, key), record in changes.items() if kind is Hold and record is None} == {
        hold.key for hold in HOLDS
    }
    assert [one.amount for one in changes.records(InvoiceLine)] == [0]


def test_the_history_says_what_was_cancelled_and_why() -> None:
    result, changes = cancelled(CancelOrder(7, (Units(1, 1),), "broken"), shop())
    (happened,) = changes.records(OrderEvent)
    assert (happened.seq, happened.kind) == (2, "cancelled")
    assert happened.data == {"reason": "broken", "lines": result.lines, "value": result.value}
    assert (result.order.events, result.order.version) == (2, 2)


def test_a_part_of_a_line_is_cancelled_from_the_last_location_and_keeps_the_shipping() -> None:
    records = shop()
    result, changes = cancelled(CancelOrder(7, (Units(1, 2),)), records)
    assert result.order.state == "placed"
    assert result.value == 2 * 1_000 + 260 + 2
    assert [one.amount for one in changes.records(InvoiceLine)] == [total(records) - result.value]
    assert [(hold.location, hold.quantity) for hold in changes.records(Hold)] == [(NORTH, 1)]
    assert {one.key: one.available for one in changes.records(Level)} == {(TEA, SOUTH): 5, (TEA, NORTH): 1}


def test_a_part_of_which_nothing_is_left_gives_its_shipping_back() -> None:
    result, _ = cancelled(CancelOrder(7, (Units(2, 2),)), shop())
    assert result.order.state == "placed"
    assert result.value == 2 * 1_000 + 260 + 2 + 500 + 65


@pytest.mark.parametrize("kind", ["card", "manual"])
def test_what_the_platform_collected_is_to_be_refunded(kind: str) -> None:
    result, changes = cancelled(CancelOrder(7, (Units(1, 1),)), shop(kind=kind))
    assert result.refund == result.value == 1_000 + 130 + 1
    assert not changes.records(InvoiceLine)


def test_lines_of_one_variant_share_its_levels() -> None:
    lines = (line(7, 1, TEA, 2), line(7, 2, TEA, 1))
    holds = (Hold(7, 1, NORTH, TEA, 2), Hold(7, 2, NORTH, TEA, 1))
    records = [*order_records(7, lines, holds=holds), level(TEA, NORTH, 5, 3)]
    _, changes = cancelled(CancelOrder(7), records)
    assert [(one.reserved, one.available) for one in changes.records(Level)] == [(0, 5)]


def test_an_order_that_took_no_stock_gives_none_back() -> None:
    records = [*order_records(7, LINES, parts=2, environment="test"), *LEVELS]
    result, changes = cancelled(CancelOrder(7), records)
    assert result.order.state == "cancelled"
    assert not changes.records(Level)


def test_acknowledged_units_go_after_new_ones_and_shipped_ones_stay() -> None:
    busy = msgspec.structs.replace(LINES[0], new=1, acknowledged=1, shipped=1)
    result, changes = cancelled(CancelOrder(7, (Units(1, 1),)), shop((busy, LINES[1])))
    (after,) = changes.records(OrderLine)
    assert (after.new, after.acknowledged, after.shipped, after.cancelled) == (0, 1, 1, 1)
    result, _ = cancelled(CancelOrder(7), shop((busy, LINES[1])))
    assert result.lines == (Units(1, 2), Units(2, 2))
    assert result.order.state == "placed"


def test_an_unknown_order_is_refused() -> None:
    assert decide(CancelOrder(8), *shop()) == Refused((OrderUnknown("8"),))


@pytest.mark.parametrize("state", ["cancelled", "failed"])
def test_a_closed_order_has_nothing_to_cancel(state: str) -> None:
    assert decide(CancelOrder(7), *shop(state=state)) == Refused((NothingToCancel("7"),))


def test_a_shipped_order_has_nothing_to_cancel() -> None:
    lines = tuple(msgspec.structs.replace(one, new=0, shipped=one.quantity) for one in LINES)
    assert decide(CancelOrder(7), *shop(lines)) == Refused((NothingToCancel("7"),))


@pytest.mark.parametrize(
    ("lines", "line_no", "requested", "cancellable"),
    [
        ((Units(1, 4),), 1, 4, 3),
        ((Units(1, 2), Units(1, 2)), 1, 4, 3),
        ((Units(3, 1),), 3, 1, 0),
        ((Units(1, 0),), 1, 0, 3),
    ],
)
def test_more_than_there_is_cannot_be_cancelled(
    lines: tuple[Units, ...], line_no: int, requested: int, cancellable: int
) -> None:
    expected = TooManyToCancel("7", line_no, requested, cancellable)
    assert decide(CancelOrder(7, lines), *shop()) == Refused((expected,))


def test_it_asks_for_the_levels_of_its_holds() -> None:
    command = CancelOrder(7)
    assert command.wants(Stage.ORDER, view_of()) == (7,)
    assert command.wants(Stage.STOCK, view_of(*shop())) == {TEA, RICE}


@given(st.integers(1, 9), st.integers(0, 5_000), st.integers(0, 500), st.integers(0, 500))
def test_unit_by_unit_comes_to_the_same_sum(quantity: int, price: int, tax: int, duties: int) -> None:
    new = msgspec.structs.replace(line(7, 1, TEA, quantity), price=price, tax=tax, duties=duties)
    steps = [
        cancelled_value([part(7, 1)], [msgspec.structs.replace(new, new=quantity - n, cancelled=n)])
        for n in range(quantity + 1)
    ]
    assert steps[0] == 0
    assert steps == sorted(steps)
    assert steps[-1] == price * quantity + tax + duties + 565
