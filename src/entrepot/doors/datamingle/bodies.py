"""What the checked request bodies look like: the types of `schemas.py`'s declarations."""

from datetime import datetime
from typing import Any, NotRequired, TypedDict


class OrderItem(TypedDict):
    """A wanted line."""

    sku_code: str
    quantity: int
    notes: NotRequired[str | None]


class OrderFields(TypedDict):
    """What stands at an order's head and may be changed."""

    external_order_id: NotRequired[str | None]
    customer_name: NotRequired[str | None]
    customer_info: NotRequired[dict[str, Any] | None]
    notes: NotRequired[str | None]
    order_date: NotRequired[datetime | None]
    due_date: NotRequired[datetime | None]
    metadata: NotRequired[dict[str, Any] | None]


class NewOrder(OrderFields):
    """POST /orders/."""

    order_number: str
    items: list[OrderItem]


class LocationFields(TypedDict):
    """What may be changed of a location."""

    name: NotRequired[str | None]
    zone: NotRequired[str | None]
    aisle: NotRequired[str | None]
    metadata: NotRequired[dict[str, Any] | None]
    is_active: NotRequired[bool]


class NewLocation(LocationFields):
    """POST /locations/."""

    code: str


class ProductFields(TypedDict):
    """What may be changed of a product."""

    quantity: NotRequired[int]
    is_active: NotRequired[bool]
    custom_fields: NotRequired[dict[str, Any] | None]


class NewProduct(ProductFields):
    """POST /products/."""

    sku: str


class InventoryRow(TypedDict):
    """One row of what is on hand."""

    location_code: str
    sku_code: str
    quantity: int


class Inventory(TypedDict):
    """POST /inventory/; rows are judged one by one."""

    inventory: list[Any]
    source: NotRequired[str]
    notes: NotRequired[str | None]


class Cancellation(TypedDict):
    """DELETE /orders/{identifier}/."""

    reason: NotRequired[str | None]
