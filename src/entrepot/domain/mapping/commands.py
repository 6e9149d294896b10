"""Saving mappings, and saying which version is in use."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from datetime import datetime
from typing import ClassVar

import msgspec

from entrepot.domain.kernel.commands import Command, Decided, Decision, Ids, refused
from entrepot.domain.kernel.records import Changes, View
from entrepot.domain.kernel.stages import Stage
from entrepot.domain.mapping.definition import Definition, Resource, flaws
from entrepot.domain.mapping.records import MappingHead, MappingVersion
from entrepot.failures.partners import MappingFlawed, MappingUnknown


class MappingMoved(msgspec.Struct, frozen=True):
    """Which version is in use now, which was before, and which is the latest."""

    head: MappingHead
    before: int | None


class MappingCommand(Command, frozen=True, kw_only=True):
    """What commands on the mapping of a channel's resource share."""

    stages: ClassVar[frozenset[Stage]] = frozenset({Stage.CHANNEL, Stage.ROW})

    channel: int
    resource: str

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """The channel, and the head, locked."""
        del view
        match stage:
            case Stage.CHANNEL:
                return (self.channel,)
            case Stage.ROW:
                return ((MappingHead, (self.channel, self.resource)), *self.versions())
            case _:
                return ()

    def versions(self) -> Iterable[tuple[type[MappingVersion], Hashable]]:
        """The versions to look at."""
        return ()

    def head(self, view: View) -> MappingHead:
        """The head, an empty one where there was none yet."""
        found = view.get(MappingHead, (self.channel, self.resource))
        return found or MappingHead(self.channel, self.resource, None, 0)


class SaveMapping(MappingCommand, frozen=True, kw_only=True):
    """Keep a new version, and put it into use unless it is only to be kept. The result is `MappingMoved`."""

    definition: Definition
    of: Resource
    activate: bool = True

    @property
    def weight(self) -> int:
        """The version and the head."""
        return 2

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Refuse a mapping that is flawed."""
        del ids
        if found := flaws(self.definition, self.of):
            return refused(MappingFlawed(tuple(map(str, found))))
        head = self.head(view)
        version = head.latest + 1
        active = version if self.activate else head.active
        after = msgspec.structs.replace(head, active=active, latest=version)
        kept = MappingVersion(self.channel, self.resource, version, self.definition, now)
        return Decided(MappingMoved(after, head.active), Changes([after, kept]))


class ActivateMapping(MappingCommand, frozen=True, kw_only=True):
    """Put a version into use; None puts none. The result is `MappingMoved`."""

    version: int | None

    def versions(self) -> Iterable[tuple[type[MappingVersion], Hashable]]:
        """The version that is wanted."""
        if self.version is not None:
            yield (MappingVersion, (self.channel, self.resource, self.version))

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Refuse a version that there is not."""
        del now, ids
        head = self.head(view)
        wanted = (self.channel, self.resource, self.version)
        if self.version is not None and view.get(MappingVersion, wanted) is None:
            return refused(MappingUnknown(self.resource, str(self.version)))
        return moved(head, self.version)


class RollBackMapping(MappingCommand, frozen=True, kw_only=True):
    """Put the version before the one in use into use again. The result is `MappingMoved`."""

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Refuse where none is in use, or it is the first."""
        del now, ids
        head = self.head(view)
        if head.active is None or head.active == 1:
            return refused(MappingUnknown(self.resource, "before the first"))
        return moved(head, head.active - 1)


def moved(head: MappingHead, version: int | None) -> Decided:
    """The head moved to a version."""
    if version == head.active:
        return Decided(MappingMoved(head, head.active), Changes())
    after = msgspec.structs.replace(head, active=version)
    return Decided(MappingMoved(after, head.active), Changes([after]))
