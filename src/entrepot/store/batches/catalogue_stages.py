"""How rows are found that change the catalogue and stock: products under their lock, and locations by name."""

from __future__ import annotations

from entrepot.domain.catalogue.options import ProductChoice
from entrepot.domain.catalogue.products import Price, Product, Variant
from entrepot.domain.kernel.records import Record
from entrepot.domain.stock.levels import Kept, Location
from entrepot.store.batches.binding import keyed
from entrepot.store.batches.finds import Find, binding_of, records

# A product goes by its id, by the SKU of a variant (a text), or by a variant's id (an object).
_PRODUCTS = """(
  select distinct case json_typeof(value)
    when 'number' then (value #>> '{{}}')::bigint
    when 'string' then (
      select product from variants where workspace = $1 and sku = (value #>> '{{}}') collate "C"
    )
    else (select product from variants where workspace = $1 and id = (value ->> 'variant')::bigint)
  end as id
  from json_array_elements({keys}) order by 1
) k"""

# A location goes by its id, by its code (a text), or is the one from which orders take first (null).
_LOCATIONS = """(
  select distinct case json_typeof(value)
    when 'number' then (value #>> '{{}}')::bigint
    when 'string' then (
      select id from locations where workspace = $1 and code = (value #>> '{{}}') collate "C"
    )
    else (
      select id from locations where workspace = $1 and deleted_at is null order by priority, id limit 1
    )
  end as id
  from json_array_elements({keys}) order by 1
) k"""


def _named(kind: type[Record], names: str, path: str) -> Find:
    """Rows to which `path` leads from the names, as `t`."""
    sql = f"select {binding_of[kind].in_json('t')} from {names} {path}"  # noqa: S608  (our own names)
    return Find(sql, records(kind))


PRODUCTS = (
    _named(
        Product,
        _PRODUCTS,
        "cross join lateral (select * from products where workspace = $1 and id = k.id offset 0 {lock}) t",
    ),
    _named(
        Variant,
        _PRODUCTS,
        """cross join lateral (
          select * from variants where workspace = $1 and product = k.id order by position, id offset 0
        ) t""",
    ),
    _named(
        Price,
        _PRODUCTS,
        """cross join lateral (select id from variants where workspace = $1 and product = k.id offset 0) v
        cross join lateral (select * from prices where workspace = $1 and variant = v.id offset 0) t""",
    ),
    _named(
        ProductChoice,
        _PRODUCTS,
        "cross join lateral (select * from product_choices where workspace = $1 and product = k.id offset 0) t",
    ),
)
"""Products, locked in the order of their ids; their lock guards the variants, prices and choices read after it."""

LOCATIONS = (
    _named(
        Location,
        _LOCATIONS,
        "cross join lateral (select * from locations where workspace = $1 and id = k.id offset 0 {lock}) t",
    ),
)
"""Locations, locked in the order of their ids: who counts stock at one keeps it from being deleted meanwhile."""

_KEPT = f"""
select k.location from {keyed({"location": "bigint"})}
cross join lateral (
  select from stock where workspace = $1 and location = k.location and (available > 0 or reserved > 0 or owed > 0)
  limit 1
) s
"""  # noqa: S608  (our own names)
KEPT = (Find(_KEPT, records(Kept)),)
"""Which locations keep units, or owe some."""
