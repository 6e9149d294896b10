"""What applying a workspace changes: the difference between what its tables shall hold and what they hold. Pure."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence, Set
from datetime import datetime
from itertools import count as counting
from typing import Any, cast

import msgspec

from entrepot.domain.catalogue.products import Product, Variant
from entrepot.domain.catalogue.save_product import deleted
from entrepot.domain.channels.accounts import ChannelSettings, Reference
from entrepot.domain.kernel.records import Record
from entrepot.domain.pricing.discounts import Discount
from entrepot.domain.stock import levels as stock
from entrepot.domain.stock.levels import Level, Location
from entrepot.domain.stock.locations import deleted_location
from entrepot.worlds.form.faults import Fault, pointer
from entrepot.worlds.form.secrets import Environment
from entrepot.worlds.form.types import Workspace
from entrepot.worlds.plan.areas import AREAS, Area, kinds
from entrepot.worlds.plan.names import NAMED, Names, names_after
from entrepot.worlds.plan.records import ChannelRow, Entity, FirstStock, entities, wanted
from entrepot.worlds.plan.shop_records import shop_records
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
    secrets: Environment
    now: datetime
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
    names: Names
    conflicts: list[Fault]

    def table(self, kind: type[Record]) -> TablePlan:
        """The plan of one kind."""
        return next(table for table in self.tables if table.kind is kind)

    def touched(self) -> set[tuple[type[Record], Hashable]]:
        """The rows that change or go, levels aside."""
        return {
            (table.kind, record.key)
            for table in self.tables
            for record in (*table.deletes, *(before for before, _ in table.updates))
        }

    def touched_levels(self, stored: Stored) -> set[LevelKey]:
        """The levels that change, and those that go with their variants."""
        gone = {cast("Variant", variant).id for variant in self.table(Variant).deletes}
        changed = {before.key for before, _ in self.levels.updates}
        changed |= {level.key for level in stored.levels.values() if level.variant in gone}
        return cast("set[LevelKey]", changed)


def plan(
    aim: TargetState,
    stored: Stored,
    ordered: Ordered,
    first: int,
    taken: Mapping[Hashable, Reference] | None = None,
) -> Plan:
    """The changes that make the workspace as the file has it; `first` starts the ids for what is new.

    `taken` is who has the names that the file gives.
    """
    ids, fresh, conflicts = _number(aim, stored, first)

    def id_of(kind: type[Record], name: Hashable) -> int:
        return ids[kind, name]

    target = wanted(aim.name, aim.spec, aim.settings, id_of)
    records = kinds([*target.records, *shop_records(aim.name, aim.spec, id_of, aim.secrets)])
    tables = [_compare(aim, area, records[area.kind], stored.records[area.kind]) for area in AREAS]
    counted = _counted(tables, ordered, stored)
    spared = [_spare(aim, table, ordered, counted) for table in tables] if aim.prune else tables
    levels = _levels(aim, target.stock, _priorities(tables, stored), stored.levels)
    names = _names(spared, taken or {})
    conflicts += [*_moved(aim, spared, ids), *_taken(aim, names)]
    if aim.prune:
        conflicts += _held(aim, tables, spared, stored)
    return Plan(ids, fresh, spared, levels, names, conflicts)


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
    aim: TargetState, area: Area, records: list[Record], stored: Mapping[Hashable, Record]
) -> TablePlan:
    named = {record.key for record in records}
    pairs = [(stored[each.key], each) for each in records if each.key in stored and not area.lives]
    after = [(before, _after(before, record, area, aim.now)) for before, record in pairs]
    return TablePlan(
        area.kind,
        [record for record in records if record.key not in stored],
        [(before, record) for before, record in after if before != record],
        [record for key, record in stored.items() if key not in named and area.described(record)]
        if aim.prune and not area.lives
        else [],
    )


def _after(before: Record, record: Record, area: Area, now: datetime) -> Record:
    """The record as the file has it, with what the file knows nothing of as it was."""
    kept = {name: getattr(before, name) for name in area.kept if name in record.__struct_fields__}
    after = msgspec.structs.replace(record, **kept)
    if after == before or "changed_at" not in kept:
        return after
    return msgspec.structs.replace(after, changed_at=now)


def _counted(tables: Iterable[TablePlan], ordered: Ordered, stored: Stored) -> set[int]:
    """The locations that have levels of variants which stay."""
    gone = {each.id for each in _deletes(tables) if isinstance(each, Variant)} - ordered.variants
    return {level.location for level in stored.levels.values() if level.variant not in gone}


def _spare(aim: TargetState, table: TablePlan, ordered: Ordered, counted: Set[int]) -> TablePlan:
    """What history names is not deleted as a row: it is as if it were deleted at a door, and a channel stays."""
    spared = [each for each in table.deletes if _named(each, ordered, counted)]
    ended = [(each, after) for each in spared if (after := _ended(each, aim.now)) != each]
    return msgspec.structs.replace(
        table,
        updates=[*table.updates, *ended],
        deletes=[each for each in table.deletes if each not in spared],
    )


def _ended(record: Record, now: datetime) -> Record:
    match record:
        case Product():
            return record if record.deleted_at else deleted(record, now)
        case Variant():
            return record if record.deleted_at else deleted(record, now)
        case Location():
            return record if record.deleted_at else deleted_location(record, now)
        case Discount():
            return msgspec.structs.replace(record, active=False)
        case _:
            return record


def _named(record: Record, ordered: Ordered, counted: Set[int]) -> bool:
    match record:
        case Product():
            return record.id in ordered.products
        case Variant():
            return record.id in ordered.variants
        case ChannelRow():
            return record.id in ordered.channels
        case Location():
            return record.id in counted
        case Discount():
            return record.used > 0
        case _:
            return False


def _names(tables: Sequence[TablePlan], taken: Mapping[Hashable, Reference]) -> Names:
    own = [table for table in tables if table.kind in NAMED]
    return names_after(
        [record for table in own for record in table.creates],
        [pair for table in own for pair in table.updates],
        [record for table in own for record in table.deletes],
        taken,
    )


def _taken(aim: TargetState, names: Names) -> Iterator[Fault]:
    for record in names.refused:
        yield _conflict(aim, _place(aim.spec, cast("Any", record).id), "the name is another's already")


def _place(spec: Workspace, number: int) -> Iterator[str]:
    """Where in the file a code or a customer of this id stands."""
    for name, shop in spec.webshops.items():
        for section in ("discounts", "certificates", "customers"):
            for key, each in getattr(shop, section).items():
                if each.id == number:
                    yield from ("webshops", name, section, key)


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


def _held(
    aim: TargetState, tables: Sequence[TablePlan], spared: Sequence[TablePlan], stored: Stored
) -> Iterator[Fault]:
    """Pruning takes no stock away that is promised, and no location that keeps other variants' stock."""
    variants = {record.id: record.sku for record in _deletes(spared) if isinstance(record, Variant)}
    places = {record.id: record.code for record in _deletes(tables) if isinstance(record, Location)}
    for level in stored.levels.values():
        if level.variant in variants and (level.reserved or level.owed):
            yield _conflict(
                aim, ("products",), f"the variant {variants[level.variant]} has units that are promised"
            )
        elif level.location in places and level.variant not in variants and not level.empty:
            yield _conflict(aim, ("locations",), f"the location {places[level.location]} still keeps stock")


def _deletes(tables: Iterable[TablePlan]) -> Iterator[Record]:
    return (record for table in tables for record in table.deletes)


def _conflict(aim: TargetState, steps: Iterable[str | int], message: str) -> Fault:
    return Fault(pointer(("workspaces", aim.name, *steps)), message)
