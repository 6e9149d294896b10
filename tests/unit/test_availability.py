"""Whether wanted units can be had: one rule for every way in, by what a channel's orders do to stock."""

from __future__ import annotations

import pytest

from entrepot.domain.channels.accounts import StockMode
from entrepot.domain.stock.availability import obtainable, shortage
from entrepot.domain.stock.levels import Level
from entrepot.failures.orders import LineRef, NotEnoughStock, SoldOut
from tests.support.shop import NORTH, SOUTH, TEA, level

REF = LineRef("", "tea")
FIVE = (level(TEA, NORTH, 2), level(TEA, SOUTH, 3))
EMPTY = (level(TEA, NORTH, 0),)


@pytest.mark.parametrize(
    ("mode", "levels", "there"),
    [
        ("reserve", FIVE, 5),
        ("reserve", EMPTY, 0),
        ("reserve", (), 0),
        ("backorder", FIVE, 6),
        ("backorder", EMPTY, 6),
        ("backorder", (), 0),
        ("record", EMPTY, 6),
        ("record", (), 6),
    ],
)
def test_of_six_units_so_many_can_be_had(mode: StockMode, levels: tuple[Level, ...], there: int) -> None:
    assert obtainable(mode, levels, 6) == there


@pytest.mark.parametrize(
    ("levels", "units", "failure"),
    [
        (FIVE, 5, None),
        (FIVE, 6, NotEnoughStock(REF, 6, 5)),
        (EMPTY, 1, SoldOut(REF)),
        ((), 1, SoldOut(REF)),
    ],
)
def test_a_shortage_tells_what_is_left(
    levels: tuple[Level, ...], units: int, failure: SoldOut | NotEnoughStock | None
) -> None:
    assert shortage("reserve", levels, units, REF) == failure


def test_what_can_be_owed_is_never_short() -> None:
    assert shortage("backorder", EMPTY, 9, REF) is None
    assert shortage("backorder", (), 9, REF) == SoldOut(REF)
