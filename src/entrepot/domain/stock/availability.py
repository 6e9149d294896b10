"""Availability: whether wanted units can be had, by what a channel's orders do to stock. A look, not a promise."""

from __future__ import annotations

from collections.abc import Sequence

from entrepot.domain.channels.accounts import StockMode
from entrepot.domain.stock.levels import Level, available
from entrepot.failures.orders import LineRef, NotEnoughStock, SoldOut


def obtainable(mode: StockMode, levels: Sequence[Level], units: int) -> int:
    """How many of the units an order would get, in the variant's smallest unit.

    What is missing can be owed at a level of the variant (`entrepot.domain.stock.levels.standing`).
    """
    if mode == "record" or (mode == "backorder" and levels):
        return units
    return min(units, available(levels))


def shortage(
    mode: StockMode, levels: Sequence[Level], units: int, ref: LineRef
) -> SoldOut | NotEnoughStock | None:
    """Why these units of one variant, wanted together, cannot be had; `ref` is how the failure names them."""
    there = obtainable(mode, levels, units)
    if there >= units:
        return None
    return NotEnoughStock(ref, units, there) if there else SoldOut(ref)
