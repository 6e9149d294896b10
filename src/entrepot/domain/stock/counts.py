"""Saying how much there is: what is on hand at a location, or how much can be sold. Promised units are never lost.

Quantities are exact: a decimal number counts whole units, an integer the variant's smallest ones.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Literal

import msgspec

from entrepot.domain.catalogue.products import Goods, Variant
from entrepot.domain.channels.rights import stock_closed
from entrepot.domain.kernel.commands import Command, Decided, Decision, Ids, refused
from entrepot.domain.kernel.quantity import exact_units
from entrepot.domain.kernel.records import Changes, View
from entrepot.domain.kernel.stages import Stage
from entrepot.domain.stock import levels as stock
from entrepot.domain.stock.levels import Level, Location
from entrepot.failures import Failure
from entrepot.failures.goods import QuantityUneven
from entrepot.failures.stock import QuantityOutOfRange, StockUnknown

LARGEST_QUANTITY = 10**12
"""The most units that one command may name: a level's sums stay far within 64 bits for millions of commands."""

LocationName = int | str | None
"""A location's id or its code; None is the one from which orders take first."""

Meaning = Literal["on hand", "change", "available", "total"]
"""What a quantity says: what is at the location, promised or not; by how much that grows or shrinks; how much can be
promised, all locations together; how much is on hand at all locations together."""


class Count(msgspec.Struct, frozen=True):
    """A quantity, what it says, and where what follows from it is counted."""

    quantity: int | Decimal
    of: Meaning = "on hand"
    location: LocationName = None


class Counted(msgspec.Struct, frozen=True):
    """A level after a count, and whether there was none before."""

    level: Level
    made: bool


class CountCommand(Command, frozen=True):
    """What counting commands share. `goods` is a variant's id or its SKU; `channel` None is the operator.

    A channel that counts `whole` units only does not know variants with decimals.
    """

    goods: int | str
    location: LocationName
    quantity: int | Decimal
    channel: int | None = None
    whole: bool = False

    @property
    def weight(self) -> int:
        """Heavier than its row, so that a batch holds about 500 and orders in between wait little."""
        return 4

    @property
    def count(self) -> Count:
        """What the command says."""
        raise NotImplementedError

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """The channel, the location and the variant, and then the variant's levels."""
        match stage:
            case Stage.CHANNEL:
                return () if self.channel is None else (self.channel,)
            case Stage.LOCATION:
                return (self.location,)
            case Stage.VARIANT:
                return (self.goods,) if isinstance(self.goods, int) else ()
            case Stage.GOODS:
                return (self.goods,) if isinstance(self.goods, str) else ()
            case Stage.STOCK:
                known = self._variant(view) if isinstance(self.goods, str) else (self.goods, 0)
                return () if known is None else (known[0],)
            case _:
                return ()

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Refuses a channel that may not; an unknown variant or location; a quantity that cannot be.

        `StockClosed`, `StockUnknown`, `QuantityUneven`, `QuantityOutOfRange`.
        """
        del now, ids
        if closed := stock_closed(view, self.channel):
            return refused(closed)
        variant, place = self._variant(view), location_named(view, self.location)
        if variant is None or place is None:
            missing = "both" if variant is place else "variant" if variant is None else "location"
            return refused(StockUnknown(str(self.goods), _told(self.location), missing))
        number, scale = variant
        levels = view.children(Level, number)
        after = counted(levels, place, number, scale, self.count)
        if not isinstance(after, Level):
            return refused(after)
        return Decided(Counted(after, view.get(Level, after.key) is None), Changes([after]))

    def _variant(self, view: View) -> tuple[int, int] | None:
        """The variant's id and scale, if the channel knows it."""
        if isinstance(self.goods, str):
            goods = view.get(Goods, self.goods)
            known = None if goods is None else (goods.variant, goods.scale)
        else:
            variant = view.get(Variant, self.goods)
            known = None if variant is None or variant.deleted_at else (variant.id, variant.scale)
        return None if known is None or (self.whole and known[1]) else known


class SetLevel(CountCommand, frozen=True):
    """So many units are on hand at a location, promised or not; or so many more or fewer. The result is `Counted`."""

    relative: bool = False

    @property
    def count(self) -> Count:
        """What is on hand, or by how much it changes."""
        return Count(self.quantity, "change" if self.relative else "on hand", self.location)


class SetAvailable(CountCommand, frozen=True):
    """So many can be sold: what is promised is counted on top, and what other locations have. The result is `Counted`.

    What other locations have is not taken away: less than that is refused.
    """

    @property
    def count(self) -> Count:
        """How much can be promised."""
        return Count(self.quantity, "available", self.location)


def counted(
    levels: Sequence[Level], place: Location, variant: int, scale: int, count: Count
) -> Level | Failure:
    """The level at `place` after a count, given all levels of the variant."""
    units = exact_units(count.quantity, scale)
    if units is None:
        return QuantityUneven(str(count.quantity), scale)
    here = next((level for level in levels if level.location == place.id), None)
    here = here or Level(variant, place.id, place.priority)
    others = [level for level in levels if level.location != place.id]
    smallest, on_hand = _on_hand(here, others, units, count.of)
    if not smallest <= units <= LARGEST_QUANTITY or not on_hand <= LARGEST_QUANTITY:
        return QuantityOutOfRange(units, smallest, LARGEST_QUANTITY)
    return stock.count(here, on_hand)


def _on_hand(here: Level, others: Sequence[Level], units: int, of: Meaning) -> tuple[int, int]:
    """The smallest number that may be said, and how much is on hand here if `units` are."""
    match of:
        case "on hand":
            return 0, units
        case "change":
            return -here.on_hand, here.on_hand + units
        case "available":
            elsewhere = stock.available(others)
            return elsewhere, here.reserved + units - elsewhere
        case "total":
            elsewhere = sum(level.on_hand for level in others)
            return max(elsewhere, 0), units - elsewhere


def location_named(view: View, name: LocationName) -> Location | None:
    """The location of this name, unless it is deleted."""
    if isinstance(name, int):
        found = view.get(Location, name)
        return found if found is not None and found.deleted_at is None else None
    known = [each for each in view.children(Location, Location) if each.deleted_at is None]
    if name is None:
        return min(known, key=lambda each: (each.priority, each.id), default=None)
    return next((each for each in known if each.code == name), None)


def _told(location: LocationName) -> str:
    return "" if location is None else str(location)
