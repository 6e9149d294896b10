"""Receipts, counts and moves keep the law of stock, and a refused one changes nothing."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from entrepot.domain.kernel.commands import Command, Decided, Decision, Refused
from entrepot.domain.kernel.records import Record, View
from entrepot.domain.kernel.stages import Stage
from entrepot.domain.stock import levels as stock
from entrepot.domain.stock.adjust import Moved, MoveStock, ReceiveStock
from entrepot.domain.stock.counts import LARGEST_QUANTITY, SetLevel
from entrepot.domain.stock.levels import Hold, Level, lawful, settled
from entrepot.failures import Failure
from entrepot.failures.stock import QuantityOutOfRange, StockShort, StockUnknown
from tests.support.deciding import decide
from tests.support.shop import LOCATIONS, NORTH, SOUTH, TEA, VARIANTS, level

PLACES: tuple[Record, ...] = (*LOCATIONS, *VARIANTS)
UNITS = st.integers(0, 50)


@st.composite
def levels(draw: st.DrawFn, location: int = NORTH) -> Level:
    came = [draw(UNITS) for _ in range(3)]
    shipped = draw(st.integers(0, sum(came)))
    scrapped = draw(st.integers(0, sum(came) - shipped))
    return settled(Level(TEA, location, 1, *came, reserved=draw(UNITS), shipped=shipped, scrapped=scrapped))


def totals(*levels: Level) -> list[int]:
    terms = ("received", "returned", "adjusted", "reserved", "shipped", "scrapped", "on_hand")
    return [sum(getattr(level, term) for level in levels) for term in terms]


def test_what_is_owed_is_filled_first() -> None:
    owing = level(TEA, NORTH, 2, reserved=5)
    decision = decide(ReceiveStock(TEA, NORTH, 4), *PLACES, owing)
    assert isinstance(decision, Decided)
    after = decision.changes.records(Level)
    assert [(one.available, one.owed, one.received) for one in after] == [(1, 0, 6)]
    assert decision.result == after[0]


def test_a_level_that_does_not_exist_yet_begins_with_its_locations_priority() -> None:
    decision = decide(ReceiveStock(TEA, SOUTH, 3), *PLACES)
    assert isinstance(decision, Decided)
    assert decision.result == Level(TEA, SOUTH, 2, received=3, available=3)


@pytest.mark.parametrize(("on_hand", "terms"), [(9, (0, 4, 0)), (1, (0, 0, 4)), (5, (2, 0, 0))])
def test_a_count_is_absolute(on_hand: int, terms: tuple[int, int, int]) -> None:
    decision = decide(SetLevel(TEA, NORTH, on_hand), *PLACES, level(TEA, NORTH, 5, reserved=3))
    assert isinstance(decision, Decided)
    (after,) = decision.changes.records(Level)
    assert after.on_hand == on_hand
    assert (after.adjusted, after.scrapped) == terms[1:]
    assert (after.available, after.owed) == (max(on_hand - 3, 0), max(3 - on_hand, 0))


@pytest.mark.parametrize(
    "command", [ReceiveStock(99, NORTH, 1), ReceiveStock(TEA, 99, 1), SetLevel(TEA, 99, 1),
                MoveStock(TEA, 99, NORTH, 1), MoveStock(TEA, NORTH, 99, 1)],
)  # fmt: skip
def test_unknown_names_are_refused(command: Command) -> None:
    assert isinstance(failure_of(decide(command, *PLACES, level(TEA, NORTH, 5))), StockUnknown)


@pytest.mark.parametrize(
    "command",
    [
        ReceiveStock(TEA, NORTH, 0),
        ReceiveStock(TEA, NORTH, LARGEST_QUANTITY + 1),
        SetLevel(TEA, NORTH, -1),
        SetLevel(TEA, NORTH, LARGEST_QUANTITY + 1),
        MoveStock(TEA, NORTH, SOUTH, 0),
    ],
)
def test_quantities_have_limits(command: Command) -> None:
    assert isinstance(failure_of(decide(command, *PLACES, level(TEA, NORTH, 5))), QuantityOutOfRange)


def test_promised_units_do_not_move() -> None:
    standing = level(TEA, NORTH, 5, reserved=3)
    assert failure_of(decide(MoveStock(TEA, NORTH, SOUTH, 3), *PLACES, standing)) == StockShort(3, 2)
    decision = decide(MoveStock(TEA, NORTH, SOUTH, 2), *PLACES, standing)
    assert isinstance(decision, Decided)
    moved = msgspec.convert(decision.result, Moved, strict=True)
    assert (moved.source.available, moved.source.reserved, moved.target.available) == (0, 3, 2)


def test_a_move_to_where_the_units_are_changes_nothing() -> None:
    decision = decide(MoveStock(TEA, NORTH, NORTH, 2), *PLACES, level(TEA, NORTH, 5))
    assert isinstance(decision, Decided)
    assert not list(decision.changes.items())


@given(levels(NORTH), levels(SOUTH), st.data())
def test_a_move_keeps_the_law_and_the_variants_totals(
    source: Level, target: Level, data: st.DataObject
) -> None:
    assume(source.available > 0)
    quantity = data.draw(st.integers(1, source.available))
    after = stock.move(source, target, quantity)
    assert all(map(lawful, after))
    assert totals(*after) == totals(source, target)
    assert source.on_hand - after[0].on_hand == quantity


@given(st.integers(1, 50), st.integers(1, 50))
def test_moving_back_undoes_a_move(there: int, quantity: int) -> None:
    assume(quantity <= there)
    source, target = level(TEA, NORTH, there), Level(TEA, SOUTH, 2)
    moved = stock.move(source, target, quantity)
    assert stock.move(moved[1], moved[0], quantity) == (target, source)


@given(levels(NORTH), levels(SOUTH), st.integers(1, 30), st.data())
def test_giving_back_undoes_a_reservation(
    north: Level, south: Level, quantity: int, data: st.DataObject
) -> None:
    reservation = stock.reserve([north, south], 1, 1, quantity, backorder=True)
    assert reservation is not None
    part = data.draw(st.integers(0, quantity))
    standing = _replaced([north, south], reservation.levels)
    released = stock.give_back(standing, reservation.holds, part)
    after = _replaced(standing, released.levels)
    assert all(map(lawful, after))
    assert sum(one.reserved for one in after) == north.reserved + south.reserved + quantity - part
    kept = {hold.key: hold for hold in (*reservation.holds, *released.holds)}
    assert sum(hold.quantity for hold in kept.values()) == quantity - part


def test_owed_units_are_given_back_before_others() -> None:
    holds = [Hold(1, 1, NORTH, TEA, 4), Hold(1, 1, SOUTH, TEA, 2)]
    standing = [level(TEA, NORTH, 1, reserved=4), level(TEA, SOUTH, 2, reserved=2)]
    released = stock.give_back(standing, holds, 3)
    assert [(hold.location, hold.quantity) for hold in released.holds] == [(NORTH, 1)]
    assert [one.owed for one in released.levels] == [0]


def test_a_batch_holds_about_five_hundred_rows_of_bulk_work() -> None:
    assert ReceiveStock(TEA, NORTH, 1).weight == 4
    assert list(ReceiveStock(TEA, NORTH, 1).wants(Stage.ORDER, View())) == []


def _replaced(standing: Iterable[Level], changed: Iterable[Level]) -> list[Level]:
    return list({level.key: level for level in (*standing, *changed)}.values())


def failure_of(decision: Decision) -> Failure:
    assert isinstance(decision, Refused)
    return decision.failures[0]
