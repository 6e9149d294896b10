"""The bodies of successful replies, as strict schemas (decision bonsai endpoints, checkout totals)."""

from __future__ import annotations

from typing import Final

from entrepot.doors.bonsai.openapi.own_words import CUID, CURRENCY
from entrepot.doors.kit.describing.words import (
    COUNT,
    EMAIL,
    FLAG,
    MOMENT,
    NULLABLE_NUMBER,
    NULLABLE_TEXT,
    NUMBER,
    POSITIVE,
    QUANTITY,
    TEXT,
    JsonSchema,
    array,
    obj,
    one_of,
    ref,
)

FULFILLMENT_STATUSES: Final = (
    "pending",
    "fulfilled",
    "Partially Fulfilled",
    "cancelled",
    "sent to merchant",
    "failed (merchant)",
    "failed (unknown)",
    "failed (payment)",
    "cancelled (payment)",
    "failed (payment validation)",
    "payment successful",
    "failed (inventory)",
    "failed (inventory - related)",
)
PAYMENT_STATUSES: Final = ("unpaid", "paid", "refunded", "partially refunded")

_ADDRESS = obj(
    {"first_name": TEXT, "last_name": TEXT, "address1": TEXT, "city": TEXT, "country": TEXT, "zip": TEXT},
    {"address2": NULLABLE_TEXT, "name": TEXT, "province": NULLABLE_TEXT, "phone": TEXT},
)
_PENDING_ADDRESS = obj(
    {"firstName": TEXT, "lastName": TEXT, "address1": TEXT, "city": TEXT, "country": TEXT, "zip": TEXT},
    {"address2": NULLABLE_TEXT, "province": NULLABLE_TEXT, "phone": TEXT},
)
_SHIPPING_LINE = obj(
    {"title": TEXT, "code": TEXT, "price": POSITIVE, "source": TEXT},
    {"tax": NULLABLE_NUMBER},
)
_BREAKDOWN = obj(
    {
        "goods": NUMBER,
        "goodsTax": NUMBER,
        "shipping": NUMBER,
        "shippingTax": NUMBER,
        "duties": NUMBER,
        "currency": CURRENCY,
    }
)
_PRODUCT = obj({"id": TEXT, "variantId": TEXT, "quantity": QUANTITY})
_SNAKE_PRODUCT = obj({"public_id": TEXT, "variant_id": TEXT, "quantity": QUANTITY})
_FULFILLMENT = one_of(*FULFILLMENT_STATUSES)

_CHECKOUT = obj(
    {
        "subtotal": POSITIVE,
        "tax": POSITIVE,
        "shipping": array(
            obj(
                {"amount": POSITIVE, "label": TEXT, "code": TEXT, "products": array(_SNAKE_PRODUCT)},
                {"merchant_name": TEXT},
            )
        ),
        "shipping_total": POSITIVE,
        "total": POSITIVE,
        "line_items": array(
            obj(
                {
                    "public_id": TEXT,
                    "variant_id": TEXT,
                    "inventory": COUNT,
                    "price": POSITIVE,
                    "quantity": COUNT,
                    "name": TEXT,
                }
            )
        ),
        "currency": CURRENCY,
    },
    {"duties": POSITIVE, "payment": obj({"clientSecret": TEXT})},
)

_SUBMITTED = obj(
    {"public_id": CUID, "orderNumber": COUNT, "payment_description": NULLABLE_TEXT},
    {
        "email": EMAIL,
        "shipping_address": _ADDRESS,
        "shipping_lines": array(_SHIPPING_LINE),
        "line_items": array(
            obj(
                {
                    "name": TEXT,
                    "product_id": TEXT,
                    "variant_id": TEXT,
                    "public_id": TEXT,
                    "price": POSITIVE,
                    "quantity": QUANTITY,
                    "requires_shipping": FLAG,
                },
                {"variant_sku": NULLABLE_TEXT, "properties": obj({}, {"name": TEXT, "value": TEXT})},
            )
        ),
        "total_tax": POSITIVE,
        "total_duties": POSITIVE,
        "total_price": POSITIVE,
        "stripeClientSecrets": array(TEXT),
        "note": TEXT,
    },
)

_PENDING = obj(
    {
        "id": CUID,
        "orderNumber": COUNT,
        "email": EMAIL,
        "shippingAddress": _PENDING_ADDRESS,
        "shippingLines": array(_SHIPPING_LINE),
        "products": array(
            obj({"id": TEXT, "variantId": TEXT, "quantity": QUANTITY, "name": TEXT, "price": POSITIVE})
        ),
        "breakdown": _BREAKDOWN,
    },
    {"note": TEXT},
)

_STATUS = obj(
    {
        "id": CUID,
        "orderNumber": COUNT,
        "fulfillmentStatus": _FULFILLMENT,
        "customer": obj({"email": EMAIL}, {"firstName": TEXT, "lastName": TEXT}),
    },
    {
        "externalId": TEXT,
        "note": TEXT,
        "products": array(
            obj(
                {
                    "id": TEXT,
                    "variantId": TEXT,
                    "quantity": QUANTITY,
                    "merchantOrderId": NULLABLE_TEXT,
                    "fulfillmentStatus": _FULFILLMENT,
                    "paymentStatus": one_of(*PAYMENT_STATUSES),
                }
            )
        ),
        "shippingTracking": array(
            obj(
                {"carrier": TEXT, "trackingNumber": TEXT, "trackingUrl": TEXT},
                {"products": array(_PRODUCT)},
            )
        ),
    },
)

_REFUNDS = obj(
    {
        "id": CUID,
        "orderNumber": COUNT,
        "refunds": array(
            obj(
                {
                    "products": array(_PRODUCT),
                    "refundReason": TEXT,
                    "refundedAmount": POSITIVE,
                    "breakdown": _BREAKDOWN,
                    "refundedAt": MOMENT,
                }
            )
        ),
    },
    {"externalId": TEXT},
)

_CART = obj({"id": CUID, "products": array(_PRODUCT)})

SCHEMAS: Final[dict[str, JsonSchema]] = {
    "CheckoutOutput": _CHECKOUT,
    "OrderSubmitV1Output": _SUBMITTED,
    "PendingOrderOutput": _PENDING,
    "OrderStatus": _STATUS,
    "OrderRefunds": _REFUNDS,
    "Cart": _CART,
    "CartId": obj({"id": CUID}),
}


def data(name: str) -> JsonSchema:
    """A reply whose `data` is the component `name`."""
    return obj({"data": ref(name)})


def read(name: str) -> JsonSchema:
    """The same for the v2 reads, whose pages also show an empty list of errors beside the data."""
    return obj({"data": ref(name)}, {"errors": array({}, most=0)})
