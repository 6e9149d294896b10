"""Reading stock: levels by variant and location, and the names by which both are found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, cast
from uuid import UUID

import msgspec
from sqlalchemy import FromClause, select

from entrepot.domain.catalogue.products import Goods, Variant
from entrepot.domain.kernel.stages import Stage
from entrepot.domain.stock.levels import Level, Location
from entrepot.store import tables
from entrepot.store.batches.binding import json_text
from entrepot.store.batches.bindings import CATALOGUE, LEVELS
from entrepot.store.batches.stages import FINDS
from entrepot.store.connections import Connection
from entrepot.store.queries._core import Rows, fetch, record_columns
from entrepot.store.tables.catalogue import ON_SALE

MOST_LEVELS = 10_000
"""The longest page of stock."""

_levels, _locations = tables.stock.stock, tables.stock.locations
_variants, _products = tables.catalogue.variants, tables.catalogue.products
_location_rows = next(binding for binding in CATALOGUE if binding.kind is Location)
_variant_rows = next(binding for binding in CATALOGUE if binding.kind is Variant)


class GoodsRow(msgspec.Struct, frozen=True):
    """A variant that is sold by whole units, with its product's name, and its stock over all locations.

    `on_sale` says whether both can be bought. `price` is that in the currency that was asked for, in minor units.
    """

    sku: str
    variant: int
    name: str
    on_sale: bool
    data: dict[str, Any]
    changed_at: datetime
    free: int
    reserved: int
    on_hand: int
    price: int | None


class GoodsSearch(msgspec.Struct, frozen=True):
    """Which goods to list; None does not filter. `data` are members that the variant's data must have."""

    sku: str | None = None
    data: Mapping[str, str] | None = None
    since: datetime | None = None
    until: datetime | None = None


class StockFilter(msgspec.Struct, frozen=True):
    """Which levels to list; None does not filter."""

    sku: str | None = None
    product: UUID | None = None
    location: str | None = None


class StockRow(msgspec.Struct, frozen=True):
    """One level with the names of what it counts and where. Quantities are in units of 10^-scale."""

    sku: str
    product: str
    variant: str
    scale: int
    tracked: bool
    location: str
    level: Level


async def list_stock(
    connection: Connection,
    workspace: int,
    wanted: StockFilter | None = None,
    *,
    limit: int = 1_000,
    after: tuple[str, str] | None = None,
) -> list[StockRow]:
    """One page of levels by SKU, then location code; `after` is the last row's `(sku, location)`."""
    statement = _filtered(workspace, wanted or StockFilter())
    if after is not None:
        statement = statement.where(
            (_variants.c.sku > after[0]) | ((_variants.c.sku == after[0]) & (_locations.c.code > after[1]))
        )
    limit = max(1, min(limit, MOST_LEVELS))
    rows = await fetch(connection, statement.order_by(_variants.c.sku, _locations.c.code).limit(limit))
    return [_stock_row(tuple(row)) for row in rows]


async def variants_by_sku(connection: Connection, workspace: int, skus: Sequence[str]) -> dict[str, Variant]:
    """The variants of these SKUs; unknown ones are left out."""
    rows = await connection.fetch(_BY_SKU, workspace, [sku.replace("\0", "") for sku in skus])
    return {variant.sku: variant for variant in (cast("Variant", _variant_rows.parse(row)) for row in rows)}


async def locations(connection: Connection, workspace: int) -> list[Location]:
    """The workspace's locations, in the order in which orders take from them."""
    statement: Rows = select(*record_columns(_locations)).where(
        _locations.c.workspace == workspace, _locations.c.deleted_at.is_(None)
    )
    rows = await fetch(connection, statement.order_by(_locations.c.priority, _locations.c.id))
    return [cast("Location", _location_rows.parse(tuple(row))) for row in rows]


_BY_SKU = f"""
select {_variant_rows.select("v")} from variants v
join unnest((select $2::text[])) k(sku) on v.sku = k.sku where v.workspace = $1 and v.deleted_at is null
"""  # noqa: S608  (names of our own columns)


_GOODS = f"""
select to_json(g)::text, (
  select coalesce(json_agg(t), '[]')::text
  from (select {LEVELS.in_json("s")} from stock s where s.workspace = $1 and s.variant = g.variant) t
) from ({{goods}}) g
"""  # noqa: S608


async def goods_with_levels(
    connection: Connection, workspace: int, skus: Sequence[str]
) -> dict[str, tuple[Goods, tuple[Level, ...]]]:
    """What these SKUs stand for, with what there is of it, in one statement; unknown ones are left out."""
    goods = FINDS[Stage.GOODS][0].sql.format(keys="$2::json", lock="")
    rows = await connection.fetch(_GOODS.format(goods=goods), workspace, json_text(list(skus)))
    found = ((_goods(row[0]), _levels_of(row[1])) for row in rows)
    return {goods.sku: (goods, levels) for goods, levels in found}


async def search_goods(
    connection: Connection, workspace: int, search: GoodsSearch, currency: str, *, limit: int, offset: int
) -> tuple[list[GoodsRow], int]:
    """One page of goods by SKU, and how many there are."""
    values: list[Any] = [workspace]
    where = ["v.workspace = $1", "v.scale = 0", "v.deleted_at is null"]
    conditions = {
        "v.sku = {}": search.sku,
        "v.data @> {}::jsonb": json_text(search.data) if search.data else None,
        "v.changed_at >= {}": search.since,
        "v.changed_at < {}": search.until,
    }
    for condition, value in conditions.items():
        if value is not None:
            values.append(value)
            where.append(condition.format(f"${len(values)}"))
    found = f"from variants v where {' and '.join(where)}"
    total = await connection.fetchval(f"select count(*) as count_1 {found}", *values)
    page = _GOODS_PAGE.format(
        found=found, limit=f"${len(values) + 1}", offset=f"${len(values) + 2}", currency=f"${len(values) + 3}"
    )
    rows = await connection.fetch(page, *values, limit, offset, currency)
    return [_goods_row(tuple(row)) for row in rows], total


def _goods_row(row: tuple[Any, ...]) -> GoodsRow:
    sku, variant, name, on_sale, data, *rest = row
    return GoodsRow(sku, variant, name, on_sale, msgspec.json.decode(data), *rest)


_GOODS_PAGE: Final = f"""
select v.sku, v.id, p.name, v.available and {ON_SALE}, v.data,
  v.changed_at, s.free, s.reserved, s.on_hand, r.amount
from (select * {{found}} order by v.sku limit {{limit}} offset {{offset}}) v
join products p on p.workspace = $1 and p.id = v.product
cross join lateral (
  select coalesce(sum(available), 0)::bigint free, coalesce(sum(reserved), 0)::bigint reserved,
    coalesce(sum(received + returned + adjusted - shipped - scrapped), 0)::bigint on_hand
  from stock where workspace = $1 and variant = v.id
) s
left join lateral (
  select amount from prices where workspace = $1 and variant = v.id and currency = {{currency}}
) r on true
order by v.sku
"""  # noqa: S608  (our own names)

_goods = msgspec.json.Decoder(Goods).decode
_levels_of = msgspec.json.Decoder(tuple[Level, ...]).decode


def _stock_row(row: tuple[Any, ...]) -> StockRow:
    sku, product, variant, scale, tracked, location, *level = row
    return StockRow(sku, product, variant, scale, tracked, location, cast("Level", LEVELS.parse(level)))


def _filtered(workspace: int, wanted: StockFilter) -> Rows:
    names = (_variants.c.sku, _products.c.name, _variants.c.name, _variants.c.scale, _variants.c.tracked)
    statement: Rows = select(*names, _locations.c.code, *record_columns(_levels)).select_from(_joined())
    statement = statement.where(_levels.c.workspace == workspace)
    if wanted.sku is not None:
        statement = statement.where(_variants.c.sku == wanted.sku)
    if wanted.product is not None:
        statement = statement.where(_products.c.uuid == wanted.product)
    if wanted.location is not None:
        statement = statement.where(_locations.c.code == wanted.location)
    return statement


def _joined() -> FromClause:
    here = _levels.c.workspace
    return (
        _levels.join(_variants, (_variants.c.workspace == here) & (_variants.c.id == _levels.c.variant))
        .join(_products, (_products.c.workspace == here) & (_products.c.id == _variants.c.product))
        .join(_locations, (_locations.c.workspace == here) & (_locations.c.id == _levels.c.location))
    )
