"""Plain rows of a shop's set-up, changed one by one through a door: made, patched and removed.

A change is a JSON merge patch (RFC 7386) of the record's fields: an object is merged key by key, null removes a key
of an object, and everything else takes the place of what was there.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from datetime import datetime
from typing import Any, cast
from uuid import UUID

import msgspec

from entrepot.domain.channels.accounts import Channel
from entrepot.domain.kernel.commands import Command, Decided, Decision, Ids, refused
from entrepot.domain.kernel.records import Changes, R, Record, View
from entrepot.domain.kernel.stages import Stage
from entrepot.failures import Failure
from entrepot.failures.rows import CatalogueClosed, RowUnknown

_KEPT = (bytes, datetime, UUID)
"""Values that stay as they are while a record is taken apart and put together again."""


class Fresh(msgspec.Struct, frozen=True):
    """Stands for the id of the row that is made at this place of the command."""

    place: int


class Whole(msgspec.Struct, frozen=True):
    """In a merge patch: an object that takes the place of the one that was there, instead of being merged with it."""

    value: Mapping[str, Any]


class Put(msgspec.Struct, frozen=True):
    """A row to make or to change. Without a key, or if there is none of that key, it is made of `blank` and `changes`.

    Of a row that must be there `blank` is None. Keys and values may name rows that the same command makes.
    """

    kind: type[Record]
    key: Hashable | None
    changes: Mapping[str, Any]
    blank: Mapping[str, Any] | None = None


class Remove(msgspec.Struct, frozen=True):
    """A row that shall be there no more."""

    kind: type[Record]
    key: Hashable


class EditRows(Command, frozen=True):
    """Rows that change together, or not at all. The result is the ids or keys of the rows, in their order."""

    channel: int
    edits: tuple[Put | Remove, ...]

    @property
    def weight(self) -> int:
        """One row each."""
        return len(self.edits)

    @property
    def ids(self) -> int:  # pyright: ignore[reportIncompatibleVariableOverride]
        """One for each row that is made without a key."""
        return sum(isinstance(edit, Put) and edit.key is None for edit in self.edits)

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """The channel, and the rows."""
        del view
        if stage is Stage.CHANNEL:
            return (self.channel,)
        if stage is Stage.ROW:
            return [(edit.kind, edit.key) for edit in self.edits if _is_known(edit.key)]
        return ()

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Refuses a channel that is gone, and rows that are not there or not the channel's."""
        if view.get(Channel, self.channel) is None:
            return refused(CatalogueClosed())
        editing = _Editing(view, now, ids, self.channel)
        for edit in self.edits:
            failure = editing.put(edit) if isinstance(edit, Put) else editing.remove(edit)
            if failure is not None:
                return refused(failure)
        return Decided(tuple(editing.keys), editing.changes)


def _is_known(key: Hashable | None) -> bool:
    """Whether a row of that key may be there already: not if the key names one that is made here."""
    parts = cast("tuple[Any, ...]", key) if isinstance(key, tuple) else (key,)
    return not any(part is None or isinstance(part, Fresh) for part in parts)


class _Editing:
    """The edits of one command so far."""

    def __init__(self, view: View, now: datetime, ids: Ids, channel: int) -> None:
        self.keys: list[Hashable] = []
        self.changes = Changes()
        self._view = view
        self._now = now
        self._ids = ids
        self._channel = channel

    def put(self, edit: Put) -> Failure | None:
        before = self._row(edit.kind, edit.key)
        if before is None and edit.blank is None:
            return RowUnknown(edit.kind.__name__, str(edit.key))
        changes = {name: self._resolved(value) for name, value in edit.changes.items()}
        after = self._made(edit, changes) if before is None else self._patched(before, changes)
        self.changes.put(after)
        self.keys.append(after.key)
        return None

    def remove(self, edit: Remove) -> Failure | None:
        before = self._row(edit.kind, edit.key)
        if before is None:
            return RowUnknown(edit.kind.__name__, str(edit.key))
        self.changes.remove(before)
        self.keys.append(edit.key)
        return None

    def _row(self, kind: type[Record], key: Hashable | None) -> Record | None:
        """The row, if there is one and it is not another channel's."""
        row = None if key is None else self._view.get(kind, key)
        own = row is not None and getattr(row, "channel", self._channel) in (None, self._channel)
        return row if own else None

    def _resolved(self, value: Any) -> Any:
        return self.keys[value.place] if isinstance(value, Fresh) else value

    def _made(self, edit: Put, changes: Mapping[str, Any]) -> Record:
        fields = edit.kind.__struct_fields__
        own: dict[str, Any] = {"channel": self._channel, "created_at": self._now, "changed_at": self._now}
        if edit.key is None:
            own["id"] = self._ids.next()
        if "uuid" in fields:
            own["uuid"] = self._ids.uuid()
        blank = {name: self._resolved(value) for name, value in (edit.blank or {}).items()}
        return made(edit.kind, own, blank, changes)

    def _patched(self, before: Record, changes: Mapping[str, Any]) -> Record:
        return patched(before, changes, self._now)


def made(kind: type[R], own: Mapping[str, Any], blank: Mapping[str, Any], changes: Mapping[str, Any]) -> R:
    """A new record: of what it is given by itself (`own`) its kind's fields, then `blank`, then the changes."""
    known = {name: value for name, value in own.items() if name in kind.__struct_fields__}
    return _record(kind, merged({**known, **blank}, changes))


def patched(before: R, changes: Mapping[str, Any], now: datetime) -> R:
    """The record after a merge patch of its fields, made at a moment."""
    values = cast("dict[str, Any]", msgspec.to_builtins(before, builtin_types=_KEPT))
    whole = {name: values.get(name, getattr(before, name)) for name in before.__struct_fields__}
    after = merged(whole, changes)
    if "changed_at" in whole:
        after["changed_at"] = now
    if "version" in whole:
        after["version"] = int(whole["version"]) + 1
    return _record(type(before), after)


def merged(before: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """The fields after a merge patch. A null takes the place of a field, and removes a key of an object."""
    return {**before, **{name: _merge(before.get(name), value) for name, value in patch.items()}}


def merged_object(before: Mapping[Any, Any], patch: Mapping[Any, Any]) -> dict[Any, Any]:
    """An object after a merge patch: a null removes its key, at any depth."""
    return _merge(before, dict(patch))


def _merge(before: Any, patch: Any) -> Any:
    if isinstance(patch, Whole):
        return dict(patch.value)
    if not isinstance(patch, dict):
        return patch
    result: dict[Any, Any] = dict(before) if isinstance(before, dict) else {}  # pyright: ignore[reportUnknownArgumentType]
    for key, value in cast("dict[Any, Any]", patch).items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = _merge(result.get(key), value)
    return result


def _record(kind: type[R], values: Mapping[str, Any]) -> R:
    return msgspec.convert(dict(values), kind, builtin_types=_KEPT, str_keys=False)
