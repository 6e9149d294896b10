"""Products, locations and stock as partners read them: one by its name, and in lists, each by one statement.

Partners count whole units, so variants with decimals are none of theirs; and what is deleted is there for nobody.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final, cast

import msgspec

from entrepot.domain.stock.levels import Location
from entrepot.store.batches.finds import binding_of
from entrepot.store.connections import Connection

Place = tuple[datetime, int]
"""When a record was made, and its number."""
LevelPlace = tuple[int, int]
"""A variant and a location."""

FIRST: Final[Place] = (datetime.max.replace(tzinfo=UTC), 2**63 - 1)
FIRST_LEVEL: Final[LevelPlace] = (2**63 - 1, 2**63 - 1)
"""The places after which lists begin."""

_LOCATION: Final = binding_of[Location]
_ON_HAND: Final = "received + returned + adjusted - shipped - scrapped"
_WHOLE: Final = "v.deleted_at is null and v.scale = 0"

_PRODUCT: Final = f"""
select v.id, v.sku, v.available, v.data ->> 'custom_fields', v.created_at, v.changed_at, (
  select coalesce(sum({_ON_HAND}), 0)::bigint from stock where workspace = $1 and variant = v.id
) from variants v where v.workspace = $1 and {_WHOLE}
"""  # noqa: S608  (our own words)
_PRODUCT_BY_SKU: Final = f"{_PRODUCT} and v.sku = $2"
_PRODUCT_BY_ID: Final = f"{_PRODUCT} and v.id = $2"
_PRODUCTS: Final = f"""
{_PRODUCT} and v.available and (v.created_at, v.id) < ($2, $3) order by v.created_at desc, v.id desc limit $4
"""

_ONE_LOCATION: Final = (
    f"select {_LOCATION.select('l')} from locations l where workspace = $1 and deleted_at is null"  # noqa: S608
)
_LOCATION_BY_CODE: Final = f"{_ONE_LOCATION} and code = $2"
_LOCATION_BY_ID: Final = f"{_ONE_LOCATION} and id = $2"
_LOCATIONS: Final = f"""
{_ONE_LOCATION} and active and (created_at, id) < ($2, $3) order by created_at desc, id desc limit $4
"""

# Row by row down the index, each with a look-up of what it stands for: a join would read all of them for every page.
_STOCK: Final = f"""
select s.variant, s.location, l.code, v.sku, s.on_hand from (
  select variant, location, {_ON_HAND} on_hand from stock
  where workspace = $1 and (variant, location) < ($2, $3) order by variant desc, location desc
) s
cross join lateral (
  select sku from variants v where workspace = $1 and id = s.variant and {_WHOLE} offset 0
) v
cross join lateral (
  select code from locations where workspace = $1 and id = s.location and deleted_at is null offset 0
) l
order by s.variant desc, s.location desc limit $4
"""  # noqa: S608
_AT_LOCATION: Final = f"""
select s.variant, s.location, $5::text, v.sku, s.on_hand from (
  select variant, location, {_ON_HAND} on_hand from stock
  where workspace = $1 and location = $4 and (variant, location) < ($2, $3) order by variant desc
) s
cross join lateral (
  select sku from variants v where workspace = $1 and id = s.variant and {_WHOLE} offset 0
) v
order by s.variant desc limit $6
"""  # noqa: S608
_OF_VARIANT: Final = f"""
select s.variant, s.location, l.code, $5::text, s.on_hand from (
  select variant, location, {_ON_HAND} on_hand from stock
  where workspace = $1 and variant = $4 and (variant, location) < ($2, $3) order by location desc
) s
cross join lateral (
  select code from locations where workspace = $1 and id = s.location and deleted_at is null offset 0
) l
order by s.location desc limit $6
"""  # noqa: S608


class PartnerProduct(msgspec.Struct, frozen=True):
    """A variant by its SKU, with what of it is on hand at all locations; its free object as a JSON text."""

    variant: int
    sku: str
    active: bool
    custom_fields: str | None
    created_at: datetime
    changed_at: datetime
    quantity: int


class PartnerLevel(msgspec.Struct, frozen=True):
    """What is on hand of a variant at a location, promised or not."""

    variant: int
    location: int
    code: str
    sku: str
    quantity: int


async def product_by(connection: Connection, workspace: int, name: str | int) -> PartnerProduct | None:
    """The product of a SKU, or of a variant's id."""
    statement = _PRODUCT_BY_ID if isinstance(name, int) else _PRODUCT_BY_SKU
    row = await connection.fetchrow(statement, workspace, name)
    return None if row is None else PartnerProduct(*tuple(row))


async def list_products(
    connection: Connection, workspace: int, after: Place, limit: int
) -> list[PartnerProduct]:
    """The products on sale after a place, newest first."""
    rows = await connection.fetch(_PRODUCTS, workspace, *after, limit)
    return [PartnerProduct(*tuple(row)) for row in rows]


async def location_by(connection: Connection, workspace: int, name: str | int) -> Location | None:
    """The location of a code, or of an id."""
    statement = _LOCATION_BY_ID if isinstance(name, int) else _LOCATION_BY_CODE
    row = await connection.fetchrow(statement, workspace, name)
    return None if row is None else _location(row)


async def list_locations(connection: Connection, workspace: int, after: Place, limit: int) -> list[Location]:
    """The active locations after a place, newest first."""
    return [_location(row) for row in await connection.fetch(_LOCATIONS, workspace, *after, limit)]


async def list_levels(
    connection: Connection, workspace: int, after: LevelPlace, limit: int
) -> list[PartnerLevel]:
    """The levels after a place."""
    return _levels(await connection.fetch(_STOCK, workspace, *after, limit))


async def levels_at(
    connection: Connection, workspace: int, location: Location, after: LevelPlace, limit: int
) -> list[PartnerLevel]:
    """What is kept at a location, after a place."""
    values = (*after, location.id, location.code, limit)
    return _levels(await connection.fetch(_AT_LOCATION, workspace, *values))


async def levels_of(
    connection: Connection, workspace: int, product: PartnerProduct, after: LevelPlace, limit: int
) -> list[PartnerLevel]:
    """Where a product is kept, after a place."""
    values = (*after, product.variant, product.sku, limit)
    return _levels(await connection.fetch(_OF_VARIANT, workspace, *values))


def _location(row: Any) -> Location:
    return cast("Location", _LOCATION.parse(row))


def _levels(rows: list[Any]) -> list[PartnerLevel]:
    return [PartnerLevel(*tuple(row)) for row in rows]
