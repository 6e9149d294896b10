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


class Cancellation(TypedDict):
    """DELETE /orders/{identifier}/."""

    reason: NotRequired[str | None]
