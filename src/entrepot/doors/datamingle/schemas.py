"""Every request body of the DataMingle API, declared once: for the checker and for the API description."""

from __future__ import annotations

from typing import Any, Final

from entrepot.domain.orders.line_counts import LARGEST_QUANTITY
from entrepot.domain.placing.record_sale import MOST_LINES
from entrepot.domain.stock.counts import LARGEST_QUANTITY as MOST_ON_HAND
from entrepot.doors.datamingle import bodies
from entrepot.doors.kit.checking import Anything, Arr, Bag, Body, Bool, Key, Moment, Obj, Shape, Str, Whole

LONGEST_NOTE: Final = 10_000
MOST_ROWS: Final = 10_000

_NAME: Final = Str()
_TEXT: Final = Str(nullable=True, blank=True)
_NOTE: Final = Str(longest=LONGEST_NOTE, nullable=True, blank=True)
_BAG: Final = Bag(nullable=True)


def _optional(name: str, shape: Any) -> Key:
    return Key(name, shape, required=False)


_HEAD: Final = (
    _optional("external_order_id", _TEXT),
    _optional("customer_name", _TEXT),
    _optional("customer_info", _BAG),
    _optional("notes", _NOTE),
    _optional("order_date", Moment(nullable=True)),
    _optional("due_date", Moment(nullable=True)),
    _optional("metadata", _BAG),
)

_ITEM: Final = Obj(
    (Key("sku_code", _NAME), Key("quantity", Whole(1, LARGEST_QUANTITY)), _optional("notes", _NOTE))
)

NEW_ORDER: Final = Body(
    "NewOrder",
    Obj((Key("order_number", _NAME), *_HEAD, Key("items", Arr(_ITEM, 1, MOST_LINES)))),
    bodies.NewOrder,
)
ORDER_CHANGES: Final = Body("OrderChanges", Obj(_HEAD), bodies.OrderFields)
CANCELLATION: Final = Body("Cancellation", Obj((_optional("reason", _TEXT),)), bodies.Cancellation)

_LOCATION: Final = (
    _optional("name", _TEXT),
    _optional("zone", _TEXT),
    _optional("aisle", _TEXT),
    _optional("metadata", _BAG),
)
_ACTIVE: Final = _optional("is_active", Bool())

NEW_LOCATION: Final = Body("NewLocation", Obj((Key("code", _NAME), *_LOCATION)), bodies.NewLocation)
LOCATION_CHANGES: Final = Body("LocationChanges", Obj((*_LOCATION, _ACTIVE)), bodies.LocationFields)

_PRODUCT: Final = (
    _optional("quantity", Whole(0, MOST_ON_HAND)),
    _ACTIVE,
    _optional("custom_fields", _BAG),
)

NEW_PRODUCT: Final = Body("NewProduct", Obj((Key("sku", _NAME), *_PRODUCT)), bodies.NewProduct)
PRODUCT_CHANGES: Final = Body("ProductChanges", Obj(_PRODUCT), bodies.ProductFields)

SOURCES: Final = ("bulk_import", "manual_adjustment", "erp_sync", "initial_load")
INVENTORY_ROW: Final = Body(
    "InventoryRow",
    Obj((Key("location_code", _NAME), Key("sku_code", _NAME), Key("quantity", Whole(0, MOST_ON_HAND)))),
    bodies.InventoryRow,
)


def _inventory(rows: Shape) -> Body[bodies.Inventory]:
    head = (_optional("source", Str(choices=SOURCES)), _optional("notes", _NOTE))
    return Body("Inventory", Obj((Key("inventory", Arr(rows, 1, MOST_ROWS)), *head)), bodies.Inventory)


INVENTORY: Final = _inventory(Anything())
INVENTORY_AS_MEANT: Final = _inventory(INVENTORY_ROW.shape)
"""For the API description: rows are judged one by one, and one that is wrong is no fault of the body."""
