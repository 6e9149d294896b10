"""What to try at this door in the demo world."""

from __future__ import annotations

import secrets
from typing import Any, Final

from entrepot.domain.channels.storefronts import storefront_uuid
from entrepot.doors.kit.trying import Try, posting, taking_token

SELLER: Final = "mcs"
"""A marketplace's seller of the demo world, and the storefront of that name."""


def tries(url: str) -> tuple[Try, ...]:
    """A seller gets a token, and sends an order of two mugs with it."""
    token = taking_token(f"{url}/walmart/v3/token", f"demo-{SELLER}", f"demo-{SELLER}-secret")
    orders = f"{url}/walmart/v3/fulfillment/orders-fulfillments"
    sold = posting(orders, {"payload": _order()}, "WM_SEC.ACCESS_TOKEN: $TOKEN")
    says = "And orders of a marketplace, over the Walmart MCS API. Get a token, then send two mugs:"
    return (Try(says, (token, sold)),)


def _order() -> dict[str, Any]:
    contact = {"name": {"firstName": "Ada", "lastName": "Lovelace"}, "phone": "4155550100"}
    address = {"line1": "1 Main St", "city": "Reno", "state": "NV", "country": "USA", "zip": "89501"}
    line = {
        "sellerLineId": "1",
        "itemDetail": {"sku": "mug"},
        "qty": {"unitOfMeasure": "EACH", "measurementValue": 2},
        "shippingTo": {"contact": contact, "address": address},
    }
    return {
        "orderChannelId": str(storefront_uuid("north", SELLER)),
        "customerOrderNo": f"SO{secrets.token_hex(4)}",
        "customer": {"contact": contact},
        "orderItems": [line],
    }
