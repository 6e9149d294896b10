"""Stock: what stands at a location, what is promised of it, and the law that ties both together.

Law (constraints of the table and `entrepot check` hold it too):

    received + returned + adjusted = available + reserved + shipped + scrapped - owed

Every term is at least zero. `on_hand` follows from what came and went; `available` and `owed` follow from on-hand
and reserved, so one function settles them and no rule ever sets them by hand. Quantities are integers in the
variant's smallest unit.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from entrepot.domain.kernel.moments import UNDATED
from entrepot.domain.kernel.records import Record, View

FIRST: Final = "first"


class FirstLocation(Record, frozen=True):
    """Where the workspace's orders take from first: a read model, found with the levels of any variant."""

    id: int
    priority: int

    @property
    def key(self) -> Hashable:
        """There is one."""
        return FIRST


class Location(Record, frozen=True):
    """A place that keeps stock; orders take from the lowest `priority` first.

    `active` only shows. A deleted one keeps neither stock nor promises, and its code, which history names.
    """

    id: int
    code: str
    name: str
    priority: int
    zone: str = ""
    aisle: str = ""
    active: bool = True
    data: dict[str, Any] = msgspec.field(default_factory=dict[str, Any])
    created_at: datetime = UNDATED
    changed_at: datetime = UNDATED
    deleted_at: datetime | None = None

    @property
    def key(self) -> Hashable:
        """The location's id."""
        return self.id

    @property
    def parent(self) -> Hashable:
        """All locations that a view holds are found together: they are few."""
        return Location


class Kept(Record, frozen=True):
    """That units stand at a location, or are promised there: a read model over its levels."""

    location: int

    @property
    def key(self) -> Hashable:
        """The location's id."""
        return self.location


class Level(Record, frozen=True):
    """One variant's stock at one location."""

    variant: int
    location: int
    priority: int
    received: int = 0
    returned: int = 0
    adjusted: int = 0
    available: int = 0
    reserved: int = 0
    shipped: int = 0
    scrapped: int = 0
    owed: int = 0

    @property
    def key(self) -> Hashable:
        """Variant and location."""
        return (self.variant, self.location)

    @property
    def parent(self) -> Hashable:
        """The variant: its levels are its stock."""
        return self.variant

    @property
    def on_hand(self) -> int:
        """What is physically there, promised or not."""
        return self.received + self.returned + self.adjusted - self.shipped - self.scrapped

    @property
    def empty(self) -> bool:
        """Whether nothing is there, and nothing promised."""
        return not (self.available or self.reserved or self.owed)


def standing(view: View, variant: int | None) -> list[Level]:
    """The levels of a variant; of one that has none the empty one that units would be owed at, if there is a location.

    The variant's stock must have been loaded.
    """
    levels = view.children(Level, variant)
    first = None if levels or variant is None else view.get(FirstLocation, FIRST)
    return levels if first is None or variant is None else [Level(variant, first.id, first.priority)]


class Hold(Record, frozen=True):
    """Units of one order line promised at one location and not yet shipped."""

    order: int
    line: int
    location: int
    variant: int
    quantity: int

    @property
    def key(self) -> Hashable:
        """Order, line and location."""
        return (self.order, self.line, self.location)

    @property
    def parent(self) -> Hashable:
        """The order."""
        return self.order


class Reservation(msgspec.Struct, frozen=True):
    """The levels after reserving, and the holds that say where."""

    levels: tuple[Level, ...]
    holds: tuple[Hold, ...]


def settled(level: Level, reserved: int | None = None) -> Level:
    """The level with available and owed as on-hand and reserved make them; `reserved` where that is to change."""
    promised = level.reserved if reserved is None else reserved
    free = level.on_hand - promised
    return msgspec.structs.replace(level, reserved=promised, available=max(free, 0), owed=max(-free, 0))


def available(levels: Sequence[Level]) -> int:
    """What can be promised over all locations."""
    return sum([level.available for level in levels])


def pick_priority(level: Level) -> tuple[int, int]:
    """Sort key: the order in which locations are drawn on."""
    return (level.priority, level.location)


def reserve(
    levels: Sequence[Level], order: int, line: int, quantity: int, *, backorder: bool = False
) -> Reservation | None:
    """Promise `quantity` units, by location priority; None when they are not there.

    With `backorder` what is missing is owed at the first location instead.
    """
    missing = quantity
    taken: list[tuple[Level, int]] = []
    for level in sorted(levels, key=pick_priority):
        part = min(level.available, missing)
        if part:
            taken.append((level, part))
            missing -= part
        if not missing:
            break
    if missing:
        if not (backorder and levels):
            return None
        taken = _owe_at_first(levels, taken, missing)
    return Reservation(
        tuple([settled(level, level.reserved + part) for level, part in taken]),
        tuple([Hold(order, line, level.location, level.variant, part) for level, part in taken]),
    )


def release(level: Level, quantity: int) -> Level:
    """Take back a promise: the units are free again, or fewer are owed."""
    return settled(level, level.reserved - quantity)


def ship(level: Level, quantity: int) -> Level:
    """Promised units leave the location."""
    return settled(
        msgspec.structs.replace(level, shipped=level.shipped + quantity), level.reserved - quantity
    )


def receive(level: Level, quantity: int) -> Level:
    """New units arrive; what is owed is filled first."""
    return settled(msgspec.structs.replace(level, received=level.received + quantity))


def restock(level: Level, quantity: int) -> Level:
    """Returned units are put back."""
    return settled(msgspec.structs.replace(level, returned=level.returned + quantity))


def scrap(level: Level, quantity: int) -> Level:
    """Returned units are thrown away: they came back and are gone, so nothing else changes."""
    return settled(
        msgspec.structs.replace(level, returned=level.returned + quantity, scrapped=level.scrapped + quantity)
    )


def count(level: Level, on_hand: int) -> Level:
    """An absolute count: surplus is an adjustment, shrinkage is scrapped; what falls short of promises is owed."""
    difference = on_hand - level.on_hand
    return settled(
        msgspec.structs.replace(
            level,
            adjusted=level.adjusted + max(difference, 0),
            scrapped=level.scrapped + max(-difference, 0),
        )
    )


def move(source: Level, target: Level, quantity: int) -> tuple[Level, Level]:
    """Carry `quantity` available units to another level of the same variant; what is owed there is filled first.

    A move is neither a loss nor a find, so it must not count as scrapped or adjusted: the variant's totals stay as
    they are. Instead the units take along how they came: received ones first, then returned, then adjusted ones. The
    source has that many, since what came there is at least what is available there. Moving back undoes a move.
    """
    received = min(quantity, source.received)
    returned = min(quantity - received, source.returned)
    adjusted = quantity - received - returned
    return (
        _came(source, -received, -returned, -adjusted),
        _came(target, received, returned, adjusted),
    )


def give_back(levels: Sequence[Level], holds: Sequence[Hold], quantity: int) -> Reservation:
    """Take back promises for `quantity` units of one line; holds that come out empty have quantity 0.

    Units that are owed go first, since nobody has them; then locations in the reverse of the order in which
    they are drawn on.
    """
    at = {level.location: level for level in levels}
    released: list[Level] = []
    smaller: list[Hold] = []
    for hold in sorted(holds, key=lambda hold: _give_back_order(at[hold.location]), reverse=True):
        part = min(hold.quantity, quantity)
        if part:
            released.append(release(at[hold.location], part))
            smaller.append(msgspec.structs.replace(hold, quantity=hold.quantity - part))
            quantity -= part
    return Reservation(tuple(released), tuple(smaller))


def lawful(level: Level) -> bool:
    """Whether the law holds and every term is at least zero."""
    terms = (
        level.received, level.returned, level.adjusted, level.available,
        level.reserved, level.shipped, level.scrapped, level.owed,
    )  # fmt: skip
    came = level.received + level.returned + level.adjusted
    return (
        min(terms) >= 0
        and came == level.available + level.reserved + level.shipped + level.scrapped - level.owed
    )


def _came(level: Level, received: int, returned: int, adjusted: int) -> Level:
    return settled(
        msgspec.structs.replace(
            level,
            received=level.received + received,
            returned=level.returned + returned,
            adjusted=level.adjusted + adjusted,
        )
    )


def _give_back_order(level: Level) -> tuple[bool, tuple[int, int]]:
    return (level.owed > 0, pick_priority(level))


def _owe_at_first(
    levels: Sequence[Level], taken: list[tuple[Level, int]], missing: int
) -> list[tuple[Level, int]]:
    first = min(levels, key=pick_priority)
    rest = [(level, part) for level, part in taken if level.key != first.key]
    already = sum(part for level, part in taken if level.key == first.key)
    return [(first, already + missing), *rest]
