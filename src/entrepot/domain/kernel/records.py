"""What rules see and what they return: records, the view of a batch, change sets and decisions.

A rule never writes. It reads a `View`, and answers either a `Decided` with a change set or a `Refused` with failures.
The engine applies a change set to the view only when it is complete, so a refused command leaves no trace.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import Any, TypeVar, cast

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


_Rows = dict[Hashable, Record | None]
"""Records by their keys, None for what was removed."""
_Groups = dict[Hashable, _Rows]


class View:
    """The records of one workspace that a batch has loaded, with the changes of the commands accepted so far.

    All is kept by kind, so that changes come in by one step for each kind, and who looks for those of one kind passes
    over no others. Children are grouped when they are first asked for: of most kinds nobody asks.
    """

    def __init__(self, workspace: int = 0) -> None:
        self.workspace = workspace
        self._rows: defaultdict[type[Record], _Rows] = defaultdict(dict)
        self._stored: defaultdict[type[Record], dict[Hashable, Record]] = defaultdict(dict)
        self._groups: dict[type[Record], _Groups] = {}
        self._touched: set[type[Record]] = set()
        self._asked: dict[Stage, set[Hashable]] = {}

    def copy(self) -> View:
        """The same records once more: what a rule tries out on them does not show here, and is not written."""
        other = View(self.workspace)
        other._rows.update((kind, dict(rows)) for kind, rows in self._rows.items())
        other._stored = self._stored
        other._asked = self._asked
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
        return key in self._rows[kind] and key not in self._stored[kind]

    def load(self, record: Record) -> None:
        """Take in a record as it stands in the database."""
        kind, key = type(record), record.key
        self._rows[kind][key] = self._stored[kind][key] = record
        self._groups.pop(kind, None)

    def miss(self, kind: type[Record], key: Hashable) -> None:
        """Take note that a record which was read before, without a lock, is there no more."""
        self._rows[kind][key] = None
        self._stored[kind].pop(key, None)
        self._groups.pop(kind, None)

    def get(self, kind: type[R], key: Hashable) -> R | None:
        """The record of this kind under `key`, or None if the workspace has none."""
        rows: Any = self._rows[kind]
        return rows.get(key)

    def children(self, kind: type[R], parent: Hashable) -> list[R]:
        """The records of this kind under `parent`, in the order in which they came."""
        groups: Any = self._groups.get(kind)
        if groups is None:
            groups = self._groups[kind] = {}
            _group(groups, self._rows[kind], {})
        group = groups.get(parent)
        return list(group.values()) if group else []

    def apply(self, changes: Changes) -> None:
        """Make an accepted command's change set visible to the commands after it."""
        for kind, puts in changes.by_kind():
            rows = self._rows[kind]
            if kind in self._groups:
                _group(self._groups[kind], puts, rows)
            rows.update(puts)
            self._touched.add(kind)

    @property
    def touched(self) -> Iterable[type[Record]]:
        """The kinds of which commands put or removed records."""
        return self._touched

    def changed(self, kind: type[R]) -> Iterator[tuple[Hashable, R | None, R | None]]:
        """Each changed record of a kind: its key, new state (None when removed), and as it was stored, if it was."""
        rows: Any = self._rows[kind]
        stored: Any = self._stored[kind]
        for key, record in rows.items():
            before = stored.get(key)
            if record is not before:
                yield key, record, before

    def made(self, kind: type[R]) -> Iterator[R]:
        """The records of a kind that commands of this batch made."""
        return (record for _, record, before in self.changed(kind) if record is not None and before is None)


def _group(groups: _Groups, puts: Mapping[Hashable, Record | None], rows: _Rows) -> None:
    """Bring the groups of these rows to what is put into them."""
    for key, record in puts.items():
        parents = () if record is None else _parents(record)
        if (before := rows.get(key)) is not None:
            for parent in _parents(before):
                if parent not in parents:
                    del groups[parent][key]
        for parent in parents:
            groups.setdefault(parent, {})[key] = record


def _parents(record: Record) -> tuple[Hashable, ...]:
    parent = record.parent
    if parent is None:
        return ()
    return parent if type(parent) is Parents else (parent,)


class Changes:
    """The change set of one command: new states by kind and key, the last one of each."""

    __slots__ = ("_puts",)

    def __init__(self, records: Iterable[Record] = ()) -> None:
        self._puts: dict[type[Record], dict[Hashable, Record | None]] = {}
        self.put(*records)

    def put(self, *records: Record) -> None:
        """Write these records, whether they are new or known."""
        puts = self._puts
        for record in records:
            puts.setdefault(type(record), {})[record.key] = record

    def remove(self, record: Record) -> None:
        """Delete this record."""
        self._puts.setdefault(type(record), {})[record.key] = None

    def join(self, later: Changes) -> None:
        """Take over what another change set makes of these records after this one."""
        for kind, puts in later.by_kind():
            self._puts.setdefault(kind, {}).update(puts)

    def by_kind(self) -> Iterable[tuple[type[Record], Mapping[Hashable, Record | None]]]:
        """Of each kind the new states by key, None for a removal."""
        return self._puts.items()

    def items(self) -> Iterator[tuple[tuple[type[Record], Hashable], Record | None]]:
        """Kind and key, with the new state or None for a removal."""
        for kind, puts in self._puts.items():
            for key, record in puts.items():
                yield (kind, key), record

    def records(self, kind: type[R]) -> list[R]:
        """The new states of one kind."""
        return [cast("R", record) for record in self._puts.get(kind, {}).values() if record is not None]


class _Ahead(View):
    """A view with changes laid over it: no copy, since a batch's view is large and a command changes little."""

    def __init__(self, view: View, changes: Changes) -> None:
        super().__init__(view.workspace)
        self._below = view
        self._changes = {kind: dict(puts) for kind, puts in changes.by_kind()}

    def asked(self, stage: Stage, key: Hashable) -> bool:
        return self._below.asked(stage, key)

    def fresh(self, kind: type[Record], key: Hashable) -> bool:
        made = self._changes.get(kind, {}).get(key) is not None and self._below.get(kind, key) is None
        return made or self._below.fresh(kind, key)

    def get(self, kind: type[R], key: Hashable) -> R | None:
        puts = self._changes.get(kind, {})
        return cast("R | None", puts[key]) if key in puts else self._below.get(kind, key)

    def children(self, kind: type[R], parent: Hashable) -> list[R]:
        group = {record.key: record for record in self._below.children(kind, parent)}
        for key, record in self._changes.get(kind, {}).items():
            if record is not None and parent in _parents(record):
                group[key] = cast("R", record)
            else:
                group.pop(key, None)
        return list(group.values())
