"""Sales orders as this API shows them: those that it registered, and, where a client sees them, any door's."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

import msgspec

from entrepot.domain.fulfilment.records import ReturnLabel
from entrepot.domain.kernel.money import to_major
from entrepot.domain.orders.records import Address, Order, OrderLine
from entrepot.doors.rebound.errors import moment
from entrepot.doors.rebound.settings import MAIN, Flow, ReboundSettings

ADDRESS: Final = (
    "firstName",
    "lastName",
    "companyName",
    "addressLine1",
    "addressLine2",
    "addressLine3",
    "city",
    "postalCode",
    "state",
    "countryCode",
    "email",
    "phoneNumber",
)
_ITEM: Final = (
    "sku",
    "ean",
    "description",
    "quantity",
    "price",
    "currency",
    "weight",
    "weightUnit",
    "countryOfOrigin",
    "hsCode",
    "imageUrl",
)
_NUMBERS: Final = frozenset({"price", "weight"})


def sales_order(
    order: Order, lines: Sequence[OrderLine], origin: str, document: bytes | None = None
) -> dict[str, Any]:
    """The whole order; null stands for what nobody told.

    `origin` is ours, as the client calls it; `document` the label's PDF, where it is shown.
    """
    data = order.data if "flow" in order.data else {}
    return {
        "salesOrderId": str(order.uuid),
        "clientOrderId": client_order_id(order),
        "flowKey": data.get("flow"),
        "parcelType": data.get("parcelType"),
        "status": status(order, lines),
        "clientOrderCreatedDate": data.get("clientOrderCreatedDate"),
        "customerAddress": _address(order, data),
        "businessUnit": data.get("businessUnit"),
        "rmaNumber": data.get("rmaNumber"),
        "premiumOrder": data.get("premiumOrder", False),
        "salesItems": [_item(order, line) for line in lines],
        "clientMetadata": _metadata(data),
        "returnLabel": _label(order_label(order), origin, document),
        "createdAt": moment(order.placed_at),
        "updatedAt": moment(order.changed_at),
    }


def client_order_id(order: Order) -> str:
    """What its client calls the order; of one that has no such name, its number."""
    return str(order.id) if order.external_id is None else order.external_id


def status(order: Order, lines: Sequence[OrderLine]) -> str:
    """CREATED, RETURN_REGISTERED once units are on their way back, or CANCELLED (decision rebound statuses)."""
    if order.state in ("cancelled", "failed"):
        return "CANCELLED"
    back = any(line.return_initiated or line.returned for line in lines)
    return "RETURN_REGISTERED" if back else "CREATED"


def item_names(line: OrderLine) -> dict[str, Any]:
    """The client's own names of an item."""
    item = line.data.get("item", {})
    return {
        "clientItemId": line.data.get("ref") or str(line.no),
        "sku": item.get("sku") or line.sku or None,
        "ean": item.get("ean"),
    }


def flow_of(order: Order, settings: ReboundSettings) -> Flow:
    """The flow of an order as a client knows it: its main one where it has none of that key, and for another door's."""
    key = order.data.get("flow", MAIN)
    return settings.flows.get(key) or settings.flows.get(MAIN) or Flow()


def order_label(order: Order) -> ReturnLabel | None:
    """The return label that the order had from the beginning."""
    label = order.data.get("label") if "flow" in order.data else None
    return None if label is None else msgspec.convert(label, ReturnLabel)


def _label(label: ReturnLabel | None, origin: str, document: bytes | None) -> dict[str, Any] | None:
    if label is None:
        return None
    return {
        "trackingNumber": label.tracking,
        "carrier": label.carrier,
        "labelUrl": origin + label.url if label.url.startswith("/") else label.url,
        "labelBase64": None if document is None else b64encode(document).decode("ascii"),
    }


def _item(order: Order, line: OrderLine) -> dict[str, Any]:
    given: dict[str, Any] = line.data.get("item") or _of_line(order, line)
    told = {name: _number(given.get(name)) if name in _NUMBERS else given.get(name) for name in _ITEM}
    return {
        "salesItemId": str(line.id),
        "clientItemId": item_names(line)["clientItemId"],
        **told,
        "quantity": line.quantity,
        "returnable": given.get("returnable", True),
        "clientMetadata": _metadata(given),
    }


def _of_line(order: Order, line: OrderLine) -> dict[str, Any]:
    """What is known of a line that another door took."""
    price = str(to_major(line.price, order.currency))
    return {"sku": line.sku, "description": line.name, "price": price, "currency": order.currency}


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _metadata(holder: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"key": entry["key"], "value": entry.get("value")} for entry in holder.get("clientMetadata", ())]


def _address(order: Order, data: dict[str, Any]) -> dict[str, Any] | None:
    if (given := data.get("customerAddress")) is not None:
        return {name: given.get(name) for name in ADDRESS}
    return None if data or order.ship_to is None else _of_order(order, order.ship_to)


def _of_order(order: Order, to: Address) -> dict[str, Any]:
    """Where another door's order goes."""
    told = {
        "firstName": to.first_name,
        "lastName": to.last_name,
        "companyName": to.name,
        "addressLine1": to.address1,
        "addressLine2": to.address2,
        "city": to.city,
        "postalCode": to.zip,
        "state": to.province,
        "countryCode": to.country,
        "email": order.person.email,
        "phoneNumber": to.phone,
    }
    return {name: told.get(name) for name in ADDRESS}
