"""What to try at this door in the demo world."""

from __future__ import annotations

import secrets

from entrepot.doors.kit.trying import Try, posting, taking_token


def tries(url: str) -> tuple[Try, ...]:
    """A retailer registers what it sold, and gets its return label."""
    token = taking_token(f"{url}/rebound/oauth/token", "demo-returns", "demo-returns-secret")
    item = {"clientItemId": "1", "sku": "336_SHIRT_3"}
    body = {"clientOrderId": f"R-{secrets.token_hex(4)}", "salesItems": [item]}
    sold = posting(f"{url}/rebound/sales-orders", body, "Authorization: Bearer $TOKEN")
    says = "What a retailer sold elsewhere, so that it can come back, over the ReBound API; the answer has its label:"
    return (Try(says, (token, sold)),)
