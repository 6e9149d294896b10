"""Reading stock: levels by variant and location, and the names by which both are found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast
from uuid import UUID

import msgspec
from sqlalchemy import FromClause, select

from entrepot.domain.catalogue.products import Variant
from entrepot.domain.stock.levels import Level, Location
from entrepot.store import tables
from entrepot.store.batches.bindings import CATALOGUE, LEVELS
from entrepot.store.connections import Connection
from entrepot.store.queries._core import Rows, fetch, record_columns

MOST_LEVELS = 10_000
"""The longest page of stock."""

_levels, _locations = tables.stock.stock, tables.stock.locations
_variants, _products = tables.catalogue.variants, tables.catalogue.products
_location_rows = next(binding for binding in CATALOGUE if binding.kind is Location)
_variant_rows = next(binding for binding in CATALOGUE if binding.kind is Variant)


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
join unnest($2::text[]) k(sku) on v.sku = k.sku where v.workspace = $1 and v.deleted_at is null
"""  # noqa: S608  (names of our own columns)


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
