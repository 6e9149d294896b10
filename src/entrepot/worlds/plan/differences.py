"""What applying a workspace changes: the difference between what its tables shall hold and what they hold. Pure."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from itertools import count as counting
from typing import Any, cast

import msgspec

from entrepot.domain.catalogue.products import Product, Variant
from entrepot.domain.channels.accounts import ChannelSettings
from entrepot.domain.kernel.records import Record
from entrepot.domain.stock import levels as stock
from entrepot.domain.stock.levels import Level, Location
from entrepot.worlds.form.faults import Fault, pointer
from entrepot.worlds.form.types import Workspace
from entrepot.worlds.plan.records import ChannelRow, Entity, FirstStock, entities, wanted
from entrepot.worlds.plan.stored import LevelKey, Ordered, Stored

FIRST_ID = 1_000_000
"""Lower ids are for files to give; of higher ones the server's begin after the highest that a file gives."""
UNREACHED = 10**12
"""No server comes to so many ids: from here on those of files need no room, and others stay small."""

Ids = dict[tuple[type[Record], Hashable], int]


def free_from(spec: Workspace) -> int:
    """The first id that the server may give beside those of a file."""
    given = [number for number in _given(msgspec.to_builtins(spec)) if number < UNREACHED]
    return max([FIRST_ID - 1, *given]) + 1


def _given(value: Any) -> Iterator[int]:
    if isinstance(value, list):
        for item in cast("list[Any]", value):
            yield from _given(item)
    elif isinstance(value, dict):
        for name, inner in cast("dict[str, Any]", value).items():
            yield from (inner,) if name == "id" and isinstance(inner, int) else _given(inner)


class TargetState(msgspec.Struct, frozen=True):
    """What shall be: a workspace of a file, its channels' settings with secrets filled in, and how far to go."""

    name: str
    spec: Workspace
    settings: dict[str, ChannelSettings]
    set_stock: bool = False
    prune: bool = False


class TablePlan(msgspec.Struct, frozen=True):
    """What happens to the rows of one kind; `updates` are pairs of before and after."""

    kind: type[Record]
    creates: list[Record]
    updates: list[tuple[Record, Record]]
    deletes: list[Record]


class Plan(msgspec.Struct, frozen=True):
    """What happens to a workspace, or (`conflicts`) why it cannot be."""

    ids: Ids
    fresh: int
    tables: list[TablePlan]
    levels: TablePlan
    conflicts: list[Fault]

    def table(self, kind: type[Record]) -> TablePlan:
        """The plan of one kind."""
        return next(table for table in self.tables if table.kind is kind)

    def touched(self, stored: Stored) -> list[LevelKey]:
        """The levels to lock: those that change, and those that go with their variants."""
        gone = {cast("Variant", variant).id for variant in self.table(Variant).deletes}
        changed = {before.key for before, _ in self.levels.updates}
        changed |= {level.key for level in stored.levels.values() if level.variant in gone}
        return sorted(cast("set[LevelKey]", changed))


def plan(aim: TargetState, stored: Stored, ordered: Ordered, first: int) -> Plan:
    """The changes that make the workspace as the file has it; `first` starts the ids for what is new."""
    ids, fresh, conflicts = _number(aim, stored, first)
    target = wanted(aim.name, aim.spec, aim.settings, lambda kind, name: ids[kind, name])
    tables = [
        _compare(kind, records, stored.records[kind], aim.prune) for kind, records in target.records.items()
    ]
    spared = [_spare(table, ordered) for table in tables] if aim.prune else tables
    levels = _levels(aim, target.stock, _priorities(tables, stored), stored.levels)
    conflicts += _moved(aim, spared, ids)
    if aim.prune:
        conflicts += _held(aim, spared, stored)
    return Plan(ids, fresh, spared, levels, conflicts)


def _number(aim: TargetState, stored: Stored, first: int) -> tuple[Ids, int, list[Fault]]:
    known, new, ids = stored.ids(), counting(first), cast("Ids", {})
    taken = {(kind, number) for (kind, _), number in known.items()}
    conflicts: list[Fault] = []
    for entity in entities(aim.name, aim.spec):
        key = (entity.kind, entity.name)
        ids[key] = known.get(key) or entity.given or next(new)
        if message := _misnumbered(entity, known.get(key), taken):
            conflicts.append(_conflict(aim, (*entity.steps, "id"), message))
    return ids, next(new) - first, conflicts


def _misnumbered(entity: Entity, known: int | None, taken: set[tuple[type[Record], int]]) -> str | None:
    if entity.given is None or known == entity.given:
        return None
    if known is not None:
        return f"it has the id {known} already, and ids never change"
    return "the id is another's already" if (entity.kind, entity.given) in taken else None


def _compare(
    kind: type[Record], records: list[Record], stored: Mapping[Hashable, Record], prune: bool
) -> TablePlan:
    kept = {record.key for record in records}
    return TablePlan(
        kind,
        [record for record in records if record.key not in stored],
        [(stored[r.key], r) for r in records if r.key in stored and stored[r.key] != r],
        [record for key, record in stored.items() if key not in kept] if prune else [],
    )


def _spare(table: TablePlan, ordered: Ordered) -> TablePlan:
    """What orders name is not deleted: a product or a variant is taken off sale, a channel stays."""
    deletes = [record for record in table.deletes if not _named(record, ordered)]
    closed = [
        (record, msgspec.structs.replace(record, available=False))
        for record in table.deletes
        if isinstance(record, Product | Variant) and _named(record, ordered) and record.available
    ]
    return msgspec.structs.replace(table, updates=[*table.updates, *closed], deletes=deletes)


def _named(record: Record, ordered: Ordered) -> bool:
    match record:
        case Product():
            return record.id in ordered.products
        case Variant():
            return record.id in ordered.variants
        case ChannelRow():
            return record.id in ordered.channels
        case _:
            return False


def _priorities(tables: Iterable[TablePlan], stored: Stored) -> dict[int, int]:
    """The priority of each location as it will be: levels repeat it."""
    places = [cast("Location", record) for record in stored.records[Location].values()]
    for table in tables:
        if table.kind is Location:
            places += [cast("Location", after) for _, after in table.updates]
    return {place.id: place.priority for place in places}


def _levels(
    aim: TargetState,
    first: Iterable[FirstStock],
    priorities: Mapping[int, int],
    levels: Mapping[Hashable, Level],
) -> TablePlan:
    """First stock where there is no level yet (or, asked to, a count), and the priorities of their locations."""
    creates: list[Record] = []
    after = {
        key: msgspec.structs.replace(level, priority=priorities.get(level.location, level.priority))
        for key, level in levels.items()
    }
    for item in first:
        level = after.get((item.variant, item.location))
        if level is None:
            creates.append(stock.receive(Level(item.variant, item.location, item.priority), item.quantity))
        elif aim.set_stock:
            after[level.key] = stock.count(level, item.quantity)
    updates = [(levels[key], level) for key, level in after.items() if level != levels[key]]
    return TablePlan(Level, creates, cast("list[tuple[Record, Record]]", updates), [])


def _moved(aim: TargetState, tables: Iterable[TablePlan], ids: Ids) -> Iterator[Fault]:
    """A variant never changes its product or the unit of its stock."""
    steps = {ids[e.kind, e.name]: e.steps for e in entities(aim.name, aim.spec) if e.kind is Variant}
    pairs = [pair for table in tables if table.kind is Variant for pair in table.updates]
    for before, after in cast("list[tuple[Variant, Variant]]", pairs):
        if before.product != after.product:
            yield _conflict(
                aim, (*steps[after.id], "sku"), "the sku is that of another product's variant already"
            )
        elif before.scale != after.scale:
            yield _conflict(
                aim, (*steps[after.id], "scale"), f"it is {before.scale}, and scales never change"
            )


def _held(aim: TargetState, tables: Iterable[TablePlan], stored: Stored) -> Iterator[Fault]:
    """Pruning takes no stock away that is promised, and no location that keeps other variants' stock."""
    deletes = [record for table in tables for record in table.deletes]
    variants = {record.id: record.sku for record in deletes if isinstance(record, Variant)}
    places = {record.id: record.code for record in deletes if isinstance(record, Location)}
    for level in stored.levels.values():
        if level.variant in variants and (level.reserved or level.owed):
            yield _conflict(
                aim, ("products",), f"the variant {variants[level.variant]} has units that are promised"
            )
        elif level.location in places and level.variant not in variants:
            yield _conflict(aim, ("locations",), f"the location {places[level.location]} still keeps stock")


def _conflict(aim: TargetState, steps: Iterable[str | int], message: str) -> Fault:
    return Fault(pointer(("workspaces", aim.name, *steps)), message)
