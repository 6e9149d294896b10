"""From results to reply bodies. Amounts are numbers in major units; nothing of merchants' revenue is shown."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from entrepot.domain.kernel.ids import cuid
from entrepot.domain.kernel.money import to_major
from entrepot.domain.orders.records import Address, OrderLine, OrderPart
from entrepot.domain.placing.place import Placed

NO_MERCHANT_CODE = "0"


def public_id(line: OrderLine) -> str:
    """The line's product; what was sold elsewhere and is nothing of the catalogue goes by its SKU."""
    return line.sku if line.product is None else cuid(line.product)


def variant_id(line: OrderLine) -> str:
    """The line's variant; or as above, its SKU."""
    return line.sku if line.variant is None else str(line.variant)


def submitted(placed: Placed) -> dict[str, Any]:
    """The reply to a V1 submit."""
    order, currency = placed.order, placed.order.currency
    body: dict[str, Any] = {
        "public_id": cuid(order.uuid),
        "orderNumber": order.id,
        "payment_description": order.payment_description,
        "email": order.person.email,
        "shipping_lines": [shipping_line(part, currency) for part in placed.parts],
        "line_items": [_line_item(line, currency) for line in placed.lines],
        "total_tax": to_major(order.goods_tax + order.shipping_tax, currency),
        "total_duties": to_major(order.duties, currency),
        "total_price": to_major(order.total, currency),
        "stripeClientSecrets": [placed.client_secret] if placed.client_secret else [],
    }
    if order.ship_to is not None:
        body["shipping_address"] = _address(order.ship_to)
    if order.note is not None:
        body["note"] = order.note
    return body


def pending(placed: Placed) -> dict[str, Any]:
    """The reply to a v2 submit; the breakdown is of the order's own amounts (decision bonsai I13)."""
    order, currency = placed.order, placed.order.currency
    body: dict[str, Any] = {
        "id": cuid(order.uuid),
        "orderNumber": order.id,
        "email": order.person.email,
        "shippingLines": [shipping_line(part, currency) for part in placed.parts],
        "products": [_product(line, currency) for line in placed.lines],
        "breakdown": {
            "goods": to_major(order.goods, currency),
            "goodsTax": to_major(order.goods_tax, currency),
            "shipping": to_major(order.shipping, currency),
            "shippingTax": to_major(order.shipping_tax, currency),
            "duties": to_major(order.duties, currency),
            "currency": currency,
        },
    }
    if order.ship_to is not None:
        body["shippingAddress"] = _camel_address(order.ship_to)
    if order.note is not None:
        body["note"] = order.note
    return body


def _product(line: OrderLine, currency: str) -> dict[str, Any]:
    return {
        "id": public_id(line),
        "variantId": variant_id(line),
        "quantity": line.quantity,
        "name": line.name,
        "price": to_major(line.price, currency),
    }


def _camel_address(address: Address) -> dict[str, Any]:
    body: dict[str, Any] = {
        "firstName": address.first_name,
        "lastName": address.last_name,
        "address1": address.address1,
        "address2": address.address2,
        "city": address.city,
        "country": address.country,
        "province": address.province,
        "zip": address.zip,
    }
    return body if address.phone is None else {**body, "phone": address.phone}


def shipping_line(part: OrderPart, currency: str) -> dict[str, Any]:
    """One merchant's shipping; `tax` is the shipping's share of the total tax."""
    return {
        "title": part.shipping_label,
        "code": NO_MERCHANT_CODE,
        "price": to_major(part.shipping, currency),
        "source": part.merchant_name,
        "tax": to_major(part.shipping_tax, currency),
    }


def _line_item(line: OrderLine, currency: str) -> dict[str, Any]:
    price: Decimal = to_major(line.price, currency)
    return {
        "name": line.name,
        "product_id": line.sku if line.product_id is None else str(line.product_id),
        "variant_id": variant_id(line),
        "public_id": public_id(line),
        "price": price,
        "quantity": line.quantity,
        "requires_shipping": line.requires_shipping,
        "variant_sku": line.sku,
    }


def _address(address: Address) -> dict[str, Any]:
    body: dict[str, Any] = {
        "first_name": address.first_name,
        "last_name": address.last_name,
        "address1": address.address1,
        "address2": address.address2,
        "city": address.city,
        "country": address.country,
        "province": address.province,
        "zip": address.zip,
    }
    if address.name is not None:
        body["name"] = address.name
    if address.phone is not None:
        body["phone"] = address.phone
    return body
