"""Holds of orders: promised when an order is taken, given back when it ends, and gone when its units leave."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence

import msgspec

from entrepot.domain.kernel.records import Changes, View
from entrepot.domain.stock import levels as stock
from entrepot.domain.stock.levels import Hold, Level


class Promise(msgspec.Struct, frozen=True):
    """Units of one order line that are to be held."""

    line: int
    variant: int
    quantity: int


class Owed(msgspec.Struct, frozen=True):
    """Of the units of a line that were to leave, only so many are there."""

    line: int
    requested: int
    there: int


def hold(
    order: int, promises: Iterable[Promise], view: View, *, backorder: bool = False
) -> list[Level | Hold]:
    """The levels and holds after every promise is kept; the stock check has passed on the same rows."""
    levels: dict[Hashable, Level] = {}
    holds: list[Hold] = []
    for promise in promises:
        standing = stock.standing(view, promise.variant)
        if levels:
            standing = [levels.get(level.key, level) for level in standing]
        reservation = stock.reserve(standing, order, promise.line, promise.quantity, backorder=backorder)
        if reservation is None:
            raise ArithmeticError(f"variant {promise.variant} was checked and yet is short")
        levels.update([(level.key, level) for level in reservation.levels])
        holds += reservation.holds
    return [*levels.values(), *holds]


def rehold(
    order: int, promises: Iterable[Promise], view: View, changes: Changes, *, backorder: bool = False
) -> None:
    """Bring an order's holds to these promises: what is promised no more is given back, what is new is held.

    Units that stay promised stay where they are. The stock check has passed on the same rows.
    """
    wanted = {promise.line: promise for promise in promises}
    levels: dict[Hashable, Level] = {}
    held = _by_line(view.children(Hold, order))
    kept = {no: _kept(holds, wanted.get(no)) for no, holds in held.items()}
    for no, holds in held.items():
        if gone := sum(each.quantity for each in holds) - kept[no]:
            _free(holds, gone, levels, view, changes)
    for no, promise in wanted.items():
        if more := promise.quantity - kept.get(no, 0):
            standing = [levels.get(level.key, level) for level in stock.standing(view, promise.variant)]
            reservation = stock.reserve(standing, order, no, more, backorder=backorder)
            if reservation is None:
                raise ArithmeticError(f"variant {promise.variant} was checked and yet is short")
            levels.update((level.key, level) for level in reservation.levels)
            known = {each.key: each for each in held.get(no, []) if kept[no]}
            changes.put(*(_joined(each, known.get(each.key)) for each in reservation.holds))
    changes.put(*levels.values())


def _kept(holds: Sequence[Hold], promise: Promise | None) -> int:
    """How many of a line's held units its promise leaves as they are: none of another variant's."""
    same = promise is not None and promise.variant == holds[0].variant
    return min(sum(each.quantity for each in holds), promise.quantity) if promise and same else 0


def _joined(more: Hold, known: Hold | None) -> Hold:
    return more if known is None else msgspec.structs.replace(more, quantity=more.quantity + known.quantity)


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


def there(order: int, wanted: Mapping[int, int], view: View) -> dict[int, int]:
    """How many of these units by line can leave now, earlier lines first; those that hold nothing took no stock."""
    moving = _Moving(order, view)
    possible: dict[int, int] = {}
    for no, quantity in wanted.items():
        own = [held for held in view.children(Hold, order) if held.line == no]
        left = moving.send(own, quantity, []) if own else 0
        if left < quantity:
            possible[no] = quantity - left
    return possible


def ship(order: int, wanted: Mapping[int, int], view: View, changes: Changes) -> Owed | None:
    """Held units of these lines leave their locations; lines that hold nothing took no stock.

    A unit that is owed is nowhere, so it cannot leave: then nothing is done, and the first such line is told.
    """
    moving = _Moving(order, view)
    holds: list[Hold] = []
    for no, quantity in wanted.items():
        own = [held for held in view.children(Hold, order) if held.line == no]
        left = moving.send(own, quantity, holds)
        if own and left:
            return Owed(no, quantity, quantity - left)
    changes.put(*moving.levels.values())
    _put(holds, changes)
    return None


class _Moving:
    """Levels on which units of an order move, in their newest state."""

    def __init__(self, order: int, view: View) -> None:
        self.levels: dict[tuple[int, int], Level] = {}
        self._order = order
        self._view = view

    def level(self, held: Hold) -> Level:
        """The level at which units are held. Raises `LookupError` where there is none."""
        key = (held.variant, held.location)
        level = self.levels.get(key) or self._view.get(Level, key)
        if level is None:
            raise LookupError(f"the hold of order {self._order} stands at a level that does not exist")
        return level

    def send(self, holds: Sequence[Hold], quantity: int, after: list[Hold]) -> int:
        """Send so many units, by priority of location, and say how many are not there."""
        for held in sorted(holds, key=lambda held: stock.pick_priority(self.level(held))):
            level = self.level(held)
            part = min(held.quantity, quantity, max(level.on_hand, 0))
            if part:
                self.levels[held.variant, held.location] = stock.ship(level, part)
                after.append(msgspec.structs.replace(held, quantity=held.quantity - part))
                quantity -= part
        return quantity


def _free(
    holds: list[Hold], quantity: int, levels: dict[Hashable, Level], view: View, changes: Changes
) -> None:
    standing = [levels.get(level.key, level) for level in view.children(Level, holds[0].variant)]
    given = stock.give_back(standing, holds, quantity)
    levels.update((level.key, level) for level in given.levels)
    _put(given.holds, changes)


def _by_line(holds: list[Hold]) -> dict[int, list[Hold]]:
    lines: dict[int, list[Hold]] = {}
    for held in holds:
        lines.setdefault(held.line, []).append(held)
    return lines


def _put(holds: Iterable[Hold], changes: Changes) -> None:
    for held in holds:
        if held.quantity:
            changes.put(held)
        else:
            changes.remove(held)
