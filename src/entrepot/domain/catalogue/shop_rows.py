"""Choices, their options, and groups of products: made, changed and deleted by whoever may change the catalogue.

Changes are a JSON merge patch of the record's fields (`domain.channels.edit_rows`).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from datetime import datetime
from typing import Any, ClassVar, Final

import msgspec

from entrepot.domain.catalogue.options import PARTS, Choice, ChoiceOption, ProductGroup
from entrepot.domain.channels.edit_rows import made, patched
from entrepot.domain.channels.rights import catalogue_closed
from entrepot.domain.kernel.commands import Command, Decided, Decision, Ids, refused
from entrepot.domain.kernel.records import Changes, Record, View
from entrepot.domain.kernel.stages import Stage
from entrepot.failures import Failure
from entrepot.failures.rows import BelowItself, RowUnknown

PARENT: Final = "parent_group"


class CatalogueRow(Command, frozen=True, kw_only=True):
    """What these commands share: the record's id (None: it is made), and who asks; `channel` None is the operator."""

    kind: ClassVar[type[Record]]
    channel: int | None
    id: int | None = None

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """The channel, and the record, locked."""
        del view
        match stage:
            case Stage.CHANNEL:
                return () if self.channel is None else (self.channel,)
            case Stage.ROW:
                return () if self.id is None else ((self.kind, self.id),)
            case _:
                return ()


class SaveRow(CatalogueRow, frozen=True, kw_only=True):
    """Make or change one. The result is the record."""

    blank: ClassVar[Mapping[str, Any]]
    """The fields of a new one."""
    changes: Mapping[str, Any] = msgspec.field(default_factory=dict[str, Any])

    @property
    def ids(self) -> int:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The record, if it is made."""
        return 1 if self.id is None else 0

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Refuses a channel that may not (`CatalogueClosed`), what is not there (`RowUnknown`), and what must not be.

        What it belongs to must be there, as the database finds: `PartUnknown`.
        """
        if closed := catalogue_closed(view, self.channel):
            return refused(closed)
        before = None if self.id is None else view.get(self.kind, self.id)
        if before is None and self.id is not None:
            return refused(RowUnknown(self.kind.__name__, str(self.id)))
        after = self._made(now, ids) if before is None else patched(before, self.changes, now)
        if fault := self.fault(view, after):
            return refused(fault)
        return Decided(after, Changes([after]))

    def _made(self, now: datetime, ids: Ids) -> Record:
        own = {"id": ids.next(), "created_at": now, "changed_at": now}
        return made(self.kind, own, self.blank, self.changes)

    def fault(self, view: View, after: Record) -> Failure | None:
        """Why the record must not be so."""
        del view, after
        return None


class DeleteRow(CatalogueRow, frozen=True, kw_only=True):
    """Delete one, with what belongs to it. The result is the record as it was."""

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Refuses a channel that may not (`CatalogueClosed`), and what is not there (`RowUnknown`)."""
        del now, ids
        if closed := catalogue_closed(view, self.channel):
            return refused(closed)
        before = view.get(self.kind, self.id)
        if before is None:
            return refused(RowUnknown(self.kind.__name__, str(self.id)))
        changes = Changes()
        changes.remove(before)
        return Decided(before, changes)


class SaveChoice(SaveRow, frozen=True, kw_only=True):
    """Make or change something that buyers choose of products."""

    kind: ClassVar[type[Record]] = Choice
    blank: ClassVar[Mapping[str, Any]] = {
        "kind": "string",
        "name": {},
        "description": {},
        "mandatory": False,
        "minimum": 0,
        "maximum": None,
        "multiple_of": PARTS,
        "multiplies_price": False,
        "multiplies_weight": False,
        "per_unit": False,
        "max_size": None,
        "data": {},
    }


class DeleteChoice(DeleteRow, frozen=True, kw_only=True):
    """Delete a choice: products have it no more, and its options go with it."""

    kind: ClassVar[type[Record]] = Choice


class SaveChoiceOption(SaveRow, frozen=True, kw_only=True):
    """Make or change one of the answers to a choice."""

    kind: ClassVar[type[Record]] = ChoiceOption
    blank: ClassVar[Mapping[str, Any]] = {"position": 0, "name": {}, "prices": {}, "data": {}}


class DeleteChoiceOption(DeleteRow, frozen=True, kw_only=True):
    """Delete one of the answers to a choice."""

    kind: ClassVar[type[Record]] = ChoiceOption


class SaveGroup(SaveRow, frozen=True, kw_only=True):
    """Make or change a group of products. Groups form a tree: none stands below itself (`BelowItself`).

    Who moves one holds all of them, so that two moves at once make no circle.
    """

    kind: ClassVar[type[Record]] = ProductGroup
    blank: ClassVar[Mapping[str, Any]] = {
        "parent_group": None,
        "position": 0,
        "hidden": False,
        "name": {},
        "url": {},
        "data": {},
    }

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """The group; and all groups where one that may have others below it gets a parent."""
        if stage is Stage.GROUP:
            return (True,) if self.id is not None and self.changes.get(PARENT) is not None else ()
        return super().wants(stage, view)

    def fault(self, view: View, after: Record) -> Failure | None:
        """A group below itself."""
        group = after if isinstance(after, ProductGroup) else None
        return BelowItself() if group and _is_below_itself(group, view) else None


class DeleteGroup(DeleteRow, frozen=True, kw_only=True):
    """Delete a group of products; they stay."""

    kind: ClassVar[type[Record]] = ProductGroup


def _is_below_itself(group: ProductGroup, view: View) -> bool:
    """Whether the way up leads back to the group. A circle that it does not stand in is none of its making."""
    above, seen = group.parent_group, set[int]()
    while above is not None and above != group.id and above not in seen:
        seen.add(above)
        parent = view.get(ProductGroup, above)
        above = parent.parent_group if parent else None
    return above == group.id
