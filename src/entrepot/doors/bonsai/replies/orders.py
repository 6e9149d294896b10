"""What the reads of an order answer: its status, and its refunds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from entrepot.domain.fulfilment.records import Shipment
from entrepot.domain.kernel.ids import cuid
from entrepot.domain.kernel.money import to_major
from entrepot.domain.orders.payments import Breakdown, Refund
from entrepot.domain.orders.records import Order, OrderLine
from entrepot.doors.bonsai.replies.placed import public_id, variant_id
from entrepot.doors.bonsai.replies.statuses import order_status, payment_status, row_statuses
from entrepot.store.queries.own_orders import OwnOrder


def status(found: OwnOrder) -> dict[str, Any]:
    """The status of an order and of each of its rows, and the parcels that can be followed."""
    order, parts, lines = found.order, found.parts, found.lines
    merchants = {part.no: part.merchant_order_id for part in parts}
    rows = zip(lines, row_statuses(order, parts, lines), strict=True)
    return {
        **_names(order),
        "fulfillmentStatus": order_status(order, parts, lines),
        "customer": _customer(order),
        **({} if order.note is None else {"note": order.note}),
        "products": [
            {
                **_product(line, line.quantity),
                "merchantOrderId": merchants.get(line.part),
                "fulfillmentStatus": word,
                "paymentStatus": payment_status(order, line),
            }
            for line, word in rows
        ],
        "shippingTracking": [_tracking(each, found) for each in found.shipments if _followed(each)],
    }


def refunds(order: Order, lines: Sequence[OrderLine], given: Sequence[Refund]) -> dict[str, Any]:
    """The refunds of an order that the gateway has carried out; one under way is none yet."""
    by_no = {line.no: line for line in lines}
    return {
        **_names(order),
        "refunds": [_refund(refund, by_no, order.currency) for refund in given if refund.state == "done"],
    }


def breakdown(parts: Breakdown, currency: str) -> dict[str, Any]:
    """An amount by what it was paid for, in major units."""
    return {
        "goods": to_major(parts.goods, currency),
        "goodsTax": to_major(parts.goods_tax, currency),
        "shipping": to_major(parts.shipping, currency),
        "shippingTax": to_major(parts.shipping_tax, currency),
        "duties": to_major(parts.duties, currency),
        "currency": currency,
    }


def _followed(shipment: Shipment) -> bool:
    return bool(shipment.carrier or shipment.tracking or shipment.tracking_url)


def _tracking(shipment: Shipment, found: OwnOrder) -> dict[str, Any]:
    lines = {line.no: line for line in found.lines}
    inside = (each for each in found.contents if each.shipment == shipment.no)
    return {
        "carrier": shipment.carrier,
        "trackingNumber": shipment.tracking,
        "trackingUrl": shipment.tracking_url,
        "products": [_product(lines[each.line], each.quantity) for each in inside],
    }


def _refund(refund: Refund, lines: dict[int, OrderLine], currency: str) -> dict[str, Any]:
    return {
        "products": [
            _product(lines[each.line], each.quantity)
            for each in refund.lines
            if each.line in lines and each.quantity > 0
        ],
        "refundReason": refund.reason,
        "refundedAmount": to_major(refund.amount, currency),
        "breakdown": breakdown(refund.breakdown, currency),
        "refundedAt": _moment(refund.at),
    }


def _names(order: Order) -> dict[str, Any]:
    external = {} if order.external_id is None else {"externalId": order.external_id}
    return {"id": cuid(order.uuid), "orderNumber": order.id, **external}


def _customer(order: Order) -> dict[str, str]:
    person = order.person
    names = {"firstName": person.first_name, "lastName": person.last_name}
    return {"email": person.email, **{member: name for member, name in names.items() if name}}


def _product(line: OrderLine, quantity: int) -> dict[str, Any]:
    return {"id": public_id(line), "variantId": variant_id(line), "quantity": quantity}


def _moment(at: datetime) -> str:
    """ISO 8601 in UTC with milliseconds, as JavaScript writes it."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
