"""What to try at this door in the demo world."""

from __future__ import annotations

from typing import Final

from entrepot.doors.kit.trying import Try, posting

SHOP: Final = 22222
SHIRT, SIZE, SMALL = 101, 301, 311
"""An article of the shop, the choice that it demands, and one of its options."""


def tries(url: str) -> tuple[Try, ...]:
    """An article is put into a new cart, and what is in it is asked for."""
    items = {"article": {"name": "en"}, "costs": {"total": True}}
    body = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "Order.addArticle",
        "params": [None, SHIRT, {SIZE: SMALL}, {"order": {"uid": True, "items": items}}],
    }
    shop = f"{url}/textalk/backend/jsonrpc/v1?webshop={SHOP}&auth=demo-admin-token"
    return (
        Try("A webshop stands here too, over JSON-RPC. Put a shirt into a cart:", (posting(shop, body),)),
    )
