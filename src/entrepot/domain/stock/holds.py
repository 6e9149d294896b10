"""Giving back what orders hold of stock: one rule for units that are cancelled and for orders that come to nothing."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

from entrepot.domain.kernel.records import Changes, View
from entrepot.domain.stock import levels as stock
from entrepot.domain.stock.levels import Hold, Level


def free_holds(order: int, view: View, changes: Changes, units: Mapping[int, int] | None = None) -> None:
    """Take back the promises for these units by line; without `units`, all of the order's.

    Orders that took no stock (test, recorded, untracked) have none.
    """
    levels: dict[Hashable, Level] = {}
    for no, holds in _by_line(view.children(Hold, order)).items():
        quantity = sum(hold.quantity for hold in holds) if units is None else units.get(no, 0)
        if quantity:
            _free(holds, quantity, levels, view, changes)
    changes.put(*levels.values())


def _free(
    holds: list[Hold], quantity: int, levels: dict[Hashable, Level], view: View, changes: Changes
) -> None:
    standing = [levels.get(level.key, level) for level in view.children(Level, holds[0].variant)]
    given = stock.give_back(standing, holds, quantity)
    levels.update((level.key, level) for level in given.levels)
    for hold in given.holds:
        if hold.quantity:
            changes.put(hold)
        else:
            changes.remove(hold)


def _by_line(holds: list[Hold]) -> dict[int, list[Hold]]:
    lines: dict[int, list[Hold]] = {}
    for hold in holds:
        lines.setdefault(hold.line, []).append(hold)
    return lines
