"""Making, changing and deleting the places that keep stock. What is deleted keeps its code, which history names."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import UNSET, UnsetType

from entrepot.domain.catalogue.save_product import Mode
from entrepot.domain.channels.edit_rows import merged_object
from entrepot.domain.channels.rights import stock_closed
from entrepot.domain.kernel.commands import Command, Decided, Decision, Ids, refused
from entrepot.domain.kernel.records import Changes, View
from entrepot.domain.kernel.stages import Stage
from entrepot.domain.stock.levels import Kept, Level, Location
from entrepot.failures.goods import LocationInUse
from entrepot.failures.rows import NameTaken, RowUnknown

LATER: Final = 1_000
"""The priority of a location that is made without one: after those that an operator ranked."""


class LocationChanges(msgspec.Struct, frozen=True, kw_only=True):
    """What may be changed of a location; `data` by a merge patch. What is left `UNSET` stays."""

    name: str | UnsetType = UNSET
    zone: str | UnsetType = UNSET
    aisle: str | UnsetType = UNSET
    active: bool | UnsetType = UNSET
    data: Mapping[str, Any] | UnsetType = UNSET


class LocationCommand(Command, frozen=True, kw_only=True):
    """What commands on one location share: a code (or an id), and who asks; `channel` None is the operator."""

    channel: int | None
    location: int | str

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """The channel; then the location, locked."""
        del view
        match stage:
            case Stage.CHANNEL:
                return () if self.channel is None else (self.channel,)
            case Stage.LOCATION:
                return (self.location,)
            case _:
                return ()

    def found(self, view: View) -> Location | None:
        """The location, deleted or not."""
        if isinstance(self.location, int):
            return view.get(Location, self.location)
        known = view.children(Location, Location)
        return next((each for each in known if each.code == self.location), None)

    def unknown(self) -> RowUnknown:
        """That there is no such location."""
        return RowUnknown("Location", str(self.location))


class SaveLocation(LocationCommand, frozen=True, kw_only=True):
    """Make or change a location. The result is the `Location`. A deleted one that is saved is there again.

    `priority` counts when one is made: levels repeat it, so an operator changes it by a world file.
    """

    mode: Mode = "save"
    changes: LocationChanges = LocationChanges()
    priority: int = LATER

    @property
    def ids(self) -> int:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The location, if it is made."""
        return 1

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Refuses a channel that may not; then what is there or is not, as `mode` has it.

        `StockClosed`, `RowUnknown`, `NameTaken`; a code is taken by a deleted location too.
        """
        if closed := stock_closed(view, self.channel):
            return refused(closed)
        before = self.found(view)
        if before is not None and self.mode == "make":
            return refused(NameTaken())
        if before is None or (before.deleted_at is not None and self.mode == "change"):
            if self.mode == "change" or isinstance(self.location, int):
                return refused(self.unknown())
            before = Location(ids.next(), self.location, "", self.priority, created_at=now)
        after = self._changed(before, now)
        return Decided(after, Changes([after]))

    def _changed(self, before: Location, now: datetime) -> Location:
        fields = {name: getattr(self.changes, name) for name in self.changes.__struct_fields__}
        given = {name: value for name, value in fields.items() if value is not UNSET}
        if "data" in given:
            given["data"] = merged_object(before.data, given["data"])
        if before.deleted_at is not None:
            given = {"active": True, **given}
        return msgspec.structs.replace(before, **given, changed_at=now, deleted_at=None)


class DeleteLocation(LocationCommand, frozen=True, kw_only=True):
    """Delete a location that keeps nothing and owes nothing. The result is the `Location`.

    Who counts stock at a location holds its lock, so nothing arrives there meanwhile.
    """

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """The location, locked; and whether anything is there."""
        if stage is not Stage.KEPT:
            return super().wants(stage, view)
        found = self.found(view)
        return () if found is None else (found.id,)

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Refuses `StockClosed`, `RowUnknown` (deleted ones too), and `LocationInUse`."""
        del ids
        if closed := stock_closed(view, self.channel):
            return refused(closed)
        found = self.found(view)
        if found is None or found.deleted_at is not None:
            return refused(self.unknown())
        if view.get(Kept, found.id) is not None or _filled(view, found.id):
            return refused(LocationInUse(found.code))
        gone = deleted_location(found, now)
        return Decided(gone, Changes([gone]))


def deleted_location(location: Location, now: datetime) -> Location:
    """The location as it stands once it is deleted."""
    return msgspec.structs.replace(location, active=False, deleted_at=now, changed_at=now)


def _filled(view: View, location: int) -> bool:
    """Whether commands before this one in the batch have put anything there."""
    changed = (after for _, after, _ in view.changed(Level) if after is not None)
    return any(level.location == location and not level.empty for level in changed)
