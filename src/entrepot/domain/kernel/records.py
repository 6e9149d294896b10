"""What rules see and what they return: records, the view of a batch, change sets and decisions.

A rule never writes. It reads a `View`, and answers either a `Decided` with a change set or a `Refused` with failures.
The engine applies a change set to the view only when it is complete, so a refused command leaves no trace.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator
from typing import TypeVar, cast

import msgspec

from entrepot.domain.kernel.stages import Stage


class Parents(tuple[Hashable, ...]):
    """Several records (or names) under each of which a record is grouped."""

    __slots__ = ()


class Record(msgspec.Struct, frozen=True):
    """A stored fact of one workspace; its fields are the columns of its table, the workspace left out."""

    @property
    def key(self) -> Hashable:
        """What names this record among its kind within the workspace."""
        raise NotImplementedError

    @property
    def parent(self) -> Hashable:
        """The record under which this one is grouped in a view, or `Parents` of several, or None."""
        return None


R = TypeVar("R", bound=Record)


class View:
    """The records of one workspace that a batch has loaded, with the changes of the commands accepted so far."""

    def __init__(self, workspace: int = 0) -> None:
        self.workspace = workspace
        self._rows: defaultdict[type[Record], dict[Hashable, Record]] = defaultdict(dict)
        self._groups: defaultdict[tuple[type[Record], Hashable], dict[Hashable, Record]] = defaultdict(dict)
        self._stored: dict[tuple[type[Record], Hashable], Record] = {}
        self._dirty: dict[tuple[type[Record], Hashable], Record | None] = {}
        self._asked: dict[Stage, set[Hashable]] = {}

    def copy(self) -> View:
        """The same records once more: what a rule tries out on them does not show here, and is not written."""
        other = View(self.workspace)
        for kind, rows in self._rows.items():
            other._rows[kind] = dict(rows)
        for name, group in self._groups.items():
            other._groups[name] = dict(group)
        other._asked = {stage: set(keys) for stage, keys in self._asked.items()}
        return other

    def seeing(self, changes: Changes) -> View:
        """This view as it will be once these changes are made; to look at, within the rule that makes them."""
        return _Ahead(self, changes)

    def ask(self, stage: Stage, keys: Iterable[Hashable]) -> None:
        """Note that what there is under these keys has been loaded at this stage."""
        self._asked.setdefault(stage, set()).update(keys)

    def asked(self, stage: Stage, key: Hashable) -> bool:
        """Whether this key was loaded: what is not there then does not exist, and is not merely unknown."""
        return key in self._asked.get(stage, ())

    def fresh(self, kind: type[Record], key: Hashable) -> bool:
        """Whether this record was made by a command of this batch."""
        return (kind, key) in self._dirty and (kind, key) not in self._stored

    def load(self, record: Record) -> None:
        """Take in a record as it stands in the database."""
        name = (type(record), record.key)
        self._place(name, record)
        self._stored[name] = record

    def miss(self, kind: type[Record], key: Hashable) -> None:
        """Take note that a record which was read before, without a lock, is there no more."""
        self._remove((kind, key))
        self._stored.pop((kind, key), None)

    def get(self, kind: type[R], key: Hashable) -> R | None:
        """The record of this kind under `key`, or None if the workspace has none."""
        rows = self._rows.get(kind)
        return cast("R | None", rows.get(key)) if rows else None

    def children(self, kind: type[R], parent: Hashable) -> list[R]:
        """The records of this kind under `parent`, in the order in which they came."""
        group = self._groups.get((kind, parent))
        return cast("list[R]", list(group.values())) if group else []

    def apply(self, changes: Changes) -> None:
        """Make an accepted command's change set visible to the commands after it."""
        for name, record in changes.items():
            if record is None:
                self._remove(name)
            else:
                self._place(name, record)
            self._dirty[name] = record

    def dirty(self) -> Iterator[tuple[type[Record], Hashable, Record | None, Record | None]]:
        """Each changed record: kind, key, new state (None when removed), and as it stood in the database, if it did."""
        for (kind, key), record in self._dirty.items():
            yield kind, key, record, self._stored.get((kind, key))

    def leaves(self, wanted: type[Record]) -> bool:
        """Whether a record of this kind was made or changed, and stands."""
        return any(kind is wanted and record is not None for (kind, _), record in self._dirty.items())

    def _place(self, name: tuple[type[Record], Hashable], record: Record) -> None:
        kind, key = name
        self._rows[kind][key] = record
        parent = record.parent
        if isinstance(parent, Parents):
            for each in parent:
                self._groups[kind, each][key] = record
        elif parent is not None:  # by far the most: one look at the type, and no list of one
            self._groups[kind, parent][key] = record

    def _remove(self, name: tuple[type[Record], Hashable]) -> None:
        kind, key = name
        gone = self._rows.get(kind, {}).pop(key, None)
        for parent in () if gone is None else _parents(gone):
            self._groups.get((kind, parent), {}).pop(key, None)


def _parents(record: Record) -> tuple[Hashable, ...]:
    parent = record.parent
    if parent is None:
        return ()
    return parent if type(parent) is Parents else (parent,)


class Changes:
    """The change set of one command: new states by kind and key, the last one of each."""

    __slots__ = ("_puts",)

    def __init__(self, records: Iterable[Record] = ()) -> None:
        self._puts: dict[tuple[type[Record], Hashable], Record | None] = {}
        self.put(*records)

    def put(self, *records: Record) -> None:
        """Write these records, whether they are new or known."""
        for record in records:
            self._puts[(type(record), record.key)] = record

    def remove(self, record: Record) -> None:
        """Delete this record."""
        self._puts[(type(record), record.key)] = None

    def join(self, later: Changes) -> None:
        """Take over what another change set makes of these records after this one."""
        self._puts.update(later._puts)

    def items(self) -> Iterable[tuple[tuple[type[Record], Hashable], Record | None]]:
        """Kind and key, with the new state or None for a removal."""
        return self._puts.items()

    def records(self, kind: type[R]) -> list[R]:
        """The new states of one kind."""
        return [cast("R", r) for (k, _), r in self._puts.items() if k is kind and r is not None]


class _Ahead(View):
    """A view with changes laid over it: no copy, since a batch's view is large and a command changes little."""

    def __init__(self, view: View, changes: Changes) -> None:
        super().__init__(view.workspace)
        self._below = view
        self._changes = dict(changes.items())

    def asked(self, stage: Stage, key: Hashable) -> bool:
        return self._below.asked(stage, key)

    def fresh(self, kind: type[Record], key: Hashable) -> bool:
        made = self._changes.get((kind, key)) is not None and self._below.get(kind, key) is None
        return made or self._below.fresh(kind, key)

    def get(self, kind: type[R], key: Hashable) -> R | None:
        name = (kind, key)
        return cast("R | None", self._changes[name]) if name in self._changes else self._below.get(kind, key)

    def children(self, kind: type[R], parent: Hashable) -> list[R]:
        group = {record.key: record for record in self._below.children(kind, parent)}
        for (changed, key), record in self._changes.items():
            if changed is kind and record is not None and parent in _parents(record):
                group[key] = cast("R", record)
            elif changed is kind:
                group.pop(key, None)
        return list(group.values())
