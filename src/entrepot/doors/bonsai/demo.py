"""What to try at this door in the demo world."""

from __future__ import annotations

import secrets
from typing import Any, NamedTuple

from entrepot.domain.catalogue.products import product_uuid
from entrepot.domain.kernel.ids import cuid
from entrepot.doors.kit.trying import Try, posting


class Item(NamedTuple):
    """A product of the demo world, and what one of it costs the shopper in Toronto, in USD."""

    product: str
    variant: int
    goods: float
    shipping: float
    taxes: float


MUG = Item("mug", 101, 25.00, 4.00, 3.77)
CANDLE = Item("candle", 103, 12.00, 4.00, 2.08)


def tries(url: str) -> tuple[Try, ...]:
    """An order that succeeds, and one that fails."""
    return (
        Try(
            "Try an order. The mug is in stock; the key and everything else here are the demo world's own:",
            (_ordering(url, MUG),),
        ),
        Try(
            "Send it again and it fails: a payment token pays for one order. The next one fails because the candle is "
            "sold out:",
            (_ordering(url, CANDLE),),
        ),
    )


def order(item: Item) -> dict[str, Any]:
    """The body that orders one of an item, paid by a token that is new each time."""
    line = {
        "public_id": cuid(product_uuid("north", item.product)),
        "variant_id": str(item.variant),
        "quantity": 1,
    }
    amounts = {"goods": item.goods, "shipping": item.shipping, "taxes": item.taxes}
    return {
        "customer": {"email": "ada@example.com", "first_name": "Ada", "last_name": "Lovelace"},
        "products": [line],
        "shipping_address": {
            "first_name": "Ada",
            "last_name": "Lovelace",
            "address1": "1 Main St",
            "city": "Toronto",
            "province": "ON",
            "country": "CA",
            "zip": "M5V 2T6",
        },
        "payment": {
            "method": "external payment",
            "token": f"paid-{secrets.token_hex(4)}",
            "currency": "USD",
            "amounts": amounts,
        },
    }


def _ordering(url: str, item: Item) -> str:
    return posting(f"{url}/bonsai/orders/V1/submit", order(item), "API-Key: demo-api-key")
