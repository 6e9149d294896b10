"""The order that every load sends: one unit of one variant, to an address that is taxed."""

from __future__ import annotations

import msgspec

PATH = "/bonsai/orders/V1/submit"
EXTERNAL, CARD = "external payment", "credit card"

# What differs from order to order: the product, the variant, a number that no other order of the run has.
PRODUCT, VARIANT, TOKEN, NUMBER = "@product", "@variant", "@token", "@number"


def template(method: str) -> str:
    """The body of an order, with placeholders."""
    payment: dict[str, object] = {"method": method, "token": TOKEN, "currency": "USD"}
    if method == EXTERNAL:
        payment["amounts"] = {"goods": 25, "shipping": 5, "taxes": 3.9}
    body = {
        "customer": {"email": "ann@example.com", "first_name": "Ann", "last_name": "Lee"},
        "products": [{"public_id": PRODUCT, "variant_id": VARIANT, "quantity": 1}],
        "shipping_address": {
            "first_name": "Ann",
            "last_name": "Lee",
            "address1": "1 Front Street",
            "city": "Toronto",
            "country": "CA",
            "province": "ON",
            "zip": "M5J 2N1",
        },
        "payment": payment,
        "external_order_id": NUMBER,
    }
    return msgspec.json.encode(body).decode()
