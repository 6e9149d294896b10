"""What a workspace's tables hold before a world is applied to it."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import cast

import msgspec

from entrepot.domain.catalogue.products import Merchant, Product, Variant
from entrepot.domain.channels.accounts import Reference
from entrepot.domain.channels.storefronts import Storefront
from entrepot.domain.customers.records import Customer
from entrepot.domain.kernel.records import R, Record
from entrepot.domain.pricing.gift_certificates import Certificate
from entrepot.domain.stock.levels import Level, Location
from entrepot.store.batches.binding import Binding, json_text
from entrepot.store.batches.bindings import BINDINGS
from entrepot.store.batches.finds import known_by
from entrepot.store.connections import Connection
from entrepot.worlds.form.types import Workspace
from entrepot.worlds.plan.areas import AREAS
from entrepot.worlds.plan.records import ChannelRow

LEVELS = next(binding for binding in BINDINGS if binding.kind is Level)

LevelKey = tuple[int, int]

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


async def read_stored(connection: Connection, workspace: int, spec: Workspace = Workspace()) -> Stored:  # noqa: B008
    """All records of the workspace that files describe; of what lives on its own those alone that this file names."""
    living = _living(spec)
    records = {
        area.kind: await read_keys(connection, workspace, area.kind, living[area.kind])
        if area.lives
        else await _read(connection, workspace, area.binding)
        for area in AREAS
    }
    levels = await _read(connection, workspace, LEVELS)
    return Stored(records, cast("dict[Hashable, Level]", levels))


def _living(spec: Workspace) -> dict[type[Record], list[Hashable]]:
    shops = spec.webshops.values()
    return {
        Certificate: [each.id for shop in shops for each in shop.certificates.values()],
        Customer: [each.id for shop in shops for each in shop.customers.values()],
    }


async def read_keys(
    connection: Connection, workspace: int, kind: type[R], keys: Iterable[Hashable], *, lock: bool = False
) -> dict[Hashable, R]:
    """The records of these keys, if asked to locked until the transaction ends, in the order of their keys."""
    find = known_by(kind)
    query = find.query("$2::json", lock=lock)
    text = await connection.fetchval(query, workspace, json_text(list(keys)))
    return {record.key: cast("R", record) for record in find.decode(text or "[]")}


async def read_names(
    connection: Connection, workspace: int, names: Iterable[Reference]
) -> dict[Hashable, Reference]:
    """Who has these names."""
    return await read_keys(connection, workspace, Reference, [name.key for name in names])


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
