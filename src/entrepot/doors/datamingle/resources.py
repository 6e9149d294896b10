"""What each resource is made of, as mappings see it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from entrepot.domain.mapping.definition import FieldKind, Resource

_SHOWN: Final = ("id", "created_at", "updated_at")


def _fields(*plain: str, free: tuple[str, ...] = (), lists: tuple[str, ...] = ()) -> dict[str, FieldKind]:
    kinds: dict[str, FieldKind] = {}
    kinds.update((name, "plain") for name in plain)
    kinds.update((name, "free") for name in free)
    kinds.update((name, "list") for name in lists)
    return kinds


_ITEM: Final = Resource(
    "items",
    _fields("id", "sku_code", "quantity", "verified_quantity", "verification_status", "notes", free=("sku",)),
    frozenset({"sku_code", "quantity"}),
)
_ORDERS: Final = Resource(
    "orders",
    _fields(
        *_SHOWN, "order_number", "external_order_id", "customer_name", "status", "notes", "order_date",
        "due_date", "cancellation_reason", "cancelled_at",
        free=("customer_info", "metadata"), lists=("items",),
    ),
    frozenset({"order_number", "items"}),
    {"items": _ITEM},
    frozenset({"order_number", "external_order_id", "id"}),
)  # fmt: skip
_ROW: Final = Resource(
    "inventory",
    _fields("location_code", "sku_code", "quantity"),
    frozenset({"location_code", "sku_code", "quantity"}),
)
_INVENTORY: Final = Resource(
    "inventory",
    _fields("source", "notes", lists=("inventory",)),
    frozenset({"inventory"}),
    {"inventory": _ROW},
)
_LOCATIONS: Final = Resource(
    "locations",
    _fields(*_SHOWN, "code", "name", "zone", "aisle", "is_active", free=("metadata",)),
    frozenset({"code"}),
    identifiers=frozenset({"code", "id"}),
)
_PRODUCTS: Final = Resource(
    "products",
    _fields(*_SHOWN, "sku", "quantity", "is_active", "cost", free=("custom_fields",)),
    frozenset({"sku"}),
    identifiers=frozenset({"sku", "id"}),
)

RESOURCES: Final[Mapping[str, Resource]] = {
    each.name: each for each in (_ORDERS, _INVENTORY, _LOCATIONS, _PRODUCTS)
}
