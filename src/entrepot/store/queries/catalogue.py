"""Reading the catalogue as its owner keeps it: every variant, with its ids, prices and what is left of it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from entrepot.store.connections import Connection
from entrepot.store.tables.catalogue import ON_SALE

MOST_VARIANTS = 100_000
"""The longest page of variants."""

_LIST = f"""
select v.sku, p.name, v.name, p.uuid, p.id, v.id, p.merchant,
  v.available and p.available, p.hidden, v.available and {ON_SALE}, v.tracked, v.scale,
  (select coalesce(sum(s.available), 0)::bigint from stock s where s.workspace = $1 and s.variant = v.id),
  (
    select coalesce(json_object_agg(r.currency, r.amount order by r.currency), '{{}}')::text
    from prices r where r.workspace = $1 and r.variant = v.id
  )
from variants v join products p on p.workspace = v.workspace and p.id = v.product
where v.workspace = $1 and v.deleted_at is null
  and ($2::text is null or v.sku = $2) and ($3::text is null or v.sku > $3)
order by v.sku limit $4
"""  # noqa: S608  (our own names)
_prices = msgspec.json.Decoder(dict[str, int | None]).decode


class CatalogueRow(msgspec.Struct, frozen=True):
    """One variant with its product. `prices` are in minor units by currency; `stock` counts the smallest unit, of
    which `scale` decimals make one.
    """

    sku: str
    product: str
    variant: str
    uuid: UUID
    product_id: int
    variant_id: int
    merchant: str | None
    available: bool
    hidden: bool
    on_sale: bool
    tracked: bool
    scale: int
    stock: int
    prices: dict[str, int | None]


async def list_catalogue(
    connection: Connection,
    workspace: int,
    *,
    sku: str | None = None,
    after: str | None = None,
    limit: int = 1_000,
) -> list[CatalogueRow]:
    """One page of variants by SKU, those after one; or the one of a SKU."""
    rows = await connection.fetch(_LIST, workspace, sku, after, max(1, min(limit, MOST_VARIANTS)))
    return [_row(*row) for row in rows]


def _row(*columns: Any) -> CatalogueRow:
    *plain, prices = columns
    return CatalogueRow(*plain, prices=_prices(prices))
