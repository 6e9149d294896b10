"""Changing stock by hand: receipts, and moves between locations."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from datetime import datetime

import msgspec

from entrepot.domain.catalogue.products import Variant
from entrepot.domain.kernel.commands import Command, Decided, Decision, Ids, refused
from entrepot.domain.kernel.records import Changes, Record, View
from entrepot.domain.kernel.stages import Stage
from entrepot.domain.stock import levels as stock
from entrepot.domain.stock.counts import LARGEST_QUANTITY
from entrepot.domain.stock.levels import Level, Location
from entrepot.failures.stock import QuantityOutOfRange, StockShort, StockUnknown


class StockCommand(Command, frozen=True):
    """What stock commands share: the variant, and how its levels are loaded. Quantities are in smallest units."""

    variant: int

    @property
    def weight(self) -> int:
        """Heavier than its one or two rows, so that a batch holds about 500 and orders in between wait little."""
        return 4

    @property
    def locations(self) -> tuple[int, ...]:
        """The locations whose levels change."""
        raise NotImplementedError

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """Locations and variant, for a level that does not exist yet; then the variant's levels."""
        del view
        match stage:
            case Stage.LOCATION:
                return self.locations
            case Stage.VARIANT | Stage.STOCK:
                return (self.variant,)
            case _:
                return ()


class ReceiveStock(StockCommand, frozen=True):
    """New units arrive at a location; what is owed there is filled first. The result is the `Level`."""

    location: int
    quantity: int

    @property
    def locations(self) -> tuple[int, ...]:
        """Where the units arrive."""
        return (self.location,)

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Refuses an unknown variant or location, and a quantity below one."""
        del now, ids
        if wrong := _out_of_range(self.quantity, 1):
            return refused(wrong)
        level = level_at(view, self.variant, self.location)
        if isinstance(level, StockUnknown):
            return refused(level)
        after = stock.receive(level, self.quantity)
        return Decided(after, Changes([after]))


class Moved(msgspec.Struct, frozen=True):
    """The two levels after a move; they are one where the move led nowhere else."""

    source: Level
    target: Level


class MoveStock(StockCommand, frozen=True):
    """Available units go to another location; promised ones stay where they are promised. The result is `Moved`."""

    source: int
    target: int
    quantity: int

    @property
    def locations(self) -> tuple[int, ...]:
        """From where and where to."""
        return (self.source, self.target)

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Refuses an unknown variant or location, a quantity below one, and more than is available."""
        del now, ids
        if wrong := _out_of_range(self.quantity, 1):
            return refused(wrong)
        source = level_at(view, self.variant, self.source)
        target = level_at(view, self.variant, self.target)
        if isinstance(source, StockUnknown):
            return refused(source)
        if isinstance(target, StockUnknown):
            return refused(target)
        if self.quantity > source.available:
            return refused(StockShort(self.quantity, source.available))
        return _moved(source, target, self.quantity)


def level_at(view: View, variant: int, location: int) -> Level | StockUnknown:
    """The variant's level at a location, an empty one where there was none yet."""
    level, place = view.get(Level, (variant, location)), view.get(Location, location)
    closed = place is None or place.deleted_at is not None
    if level is not None and not (closed and level.empty):
        return level
    if place is None or closed or view.get(Variant, variant) is None:
        return StockUnknown(str(variant), str(location))
    return Level(variant, location, place.priority)


def _moved(source: Level, target: Level, quantity: int) -> Decision:
    if source.key == target.key:
        return Decided(Moved(source, source), Changes())
    after: tuple[Record, Record] = stock.move(source, target, quantity)
    return Decided(Moved(*after), Changes(after))


def _out_of_range(quantity: int, smallest: int) -> QuantityOutOfRange | None:
    if smallest <= quantity <= LARGEST_QUANTITY:
        return None
    return QuantityOutOfRange(quantity, smallest, LARGEST_QUANTITY)
