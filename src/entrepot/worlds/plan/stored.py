"""What a workspace's tables hold before a world is applied to it."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import cast

import msgspec

from entrepot.domain.catalogue.products import Merchant, Product, Variant
from entrepot.domain.channels.storefronts import Storefront
from entrepot.domain.kernel.records import Record
from entrepot.domain.stock.levels import Level, Location
from entrepot.store.batches.binding import Binding
from entrepot.store.batches.bindings import BINDINGS, CATALOGUE
from entrepot.store.batches.finds import binding_of
from entrepot.store.connections import Connection
from entrepot.worlds.plan.records import ChannelRow

ROWS: tuple[Binding, ...] = (*CATALOGUE, Binding(ChannelRow, "channels", "id"), binding_of[Storefront])
"""The tables that worlds describe, parents before children."""

LEVELS = next(binding for binding in BINDINGS if binding.kind is Level)

LevelKey = tuple[int, int]

_LOCK_LEVELS = f"""
select {LEVELS.select("t")} from stock t
join unnest($2::bigint[], $3::bigint[]) k(variant, location)
  on t.variant = k.variant and t.location = k.location
where t.workspace = $1 order by t.variant, t.location for no key update of t
"""  # noqa: S608  (names of our own columns)

_ORDERED = """
select distinct l.product_id, l.variant from order_lines l
join unnest($2::bigint[]) k(product) on l.product_id = k.product where l.workspace = $1
"""

_BUSY = """
select k.id from unnest($2::bigint[]) k(id)
where exists (select from orders o where o.workspace = $1 and o.channel = k.id)
"""


class Stored(msgspec.Struct, frozen=True):
    """The records of a workspace by kind and key, and its stock levels."""

    records: dict[type[Record], dict[Hashable, Record]]
    levels: dict[Hashable, Level]

    def ids(self) -> dict[tuple[type[Record], Hashable], int]:
        """The id of everything that has one, by what the file knows it by."""
        found: dict[tuple[type[Record], Hashable], int] = {}
        for kind, rows in self.records.items():
            for record in rows.values():
                if (name := name_of(record)) is not None:
                    found[kind, name] = cast("int", getattr(record, "id"))  # noqa: B009
        return found


class Ordered(msgspec.Struct, frozen=True):
    """What orders name, and a prune therefore leaves: products, variants and channels by id."""

    products: frozenset[int] = frozenset()
    variants: frozenset[int] = frozenset()
    channels: frozenset[int] = frozenset()


def name_of(record: Record) -> Hashable:
    """What the file knows a record by, where the record has an id; else None."""
    match record:
        case Location():
            return record.code
        case Merchant():
            return record.ref
        case Product() | Storefront():
            return record.uuid
        case Variant():
            return record.sku
        case ChannelRow():
            return (record.door, record.name)
        case _:
            return None


async def read_stored(connection: Connection, workspace: int) -> Stored:
    """All records of the workspace that worlds describe."""
    records = {binding.kind: await _read(connection, workspace, binding) for binding in ROWS}
    levels = await _read(connection, workspace, LEVELS)
    return Stored(records, cast("dict[Hashable, Level]", levels))


async def lock_levels(
    connection: Connection, workspace: int, keys: Sequence[LevelKey]
) -> dict[Hashable, Level]:
    """These levels as they stand, locked until the transaction ends."""
    columns = [list(column) for column in zip(*keys, strict=True)] or [[], []]
    rows = await connection.fetch(_LOCK_LEVELS, workspace, *columns)
    levels = (cast("Level", LEVELS.parse(row)) for row in rows)
    return {level.key: level for level in levels}


async def read_ordered(
    connection: Connection, workspace: int, products: list[int], channels: list[int]
) -> Ordered:
    """Which of these products (and which of their variants) and channels orders name."""
    lines = await connection.fetch(_ORDERED, workspace, products) if products else []
    busy = await connection.fetch(_BUSY, workspace, channels) if channels else []
    return Ordered(
        frozenset(row[0] for row in lines),
        frozenset(row[1] for row in lines),
        frozenset(row[0] for row in busy),
    )


async def _read(connection: Connection, workspace: int, binding: Binding) -> dict[Hashable, Record]:
    query = f'select {binding.select("t")} from "{binding.table}" t where workspace = $1'  # noqa: S608
    records = (binding.parse(row) for row in await connection.fetch(query, workspace))
    return {record.key: record for record in records}
