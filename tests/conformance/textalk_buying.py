"""The way of a buyer in the boutique, as far as tests of money go it: a cart, and an order paid by some method."""

from __future__ import annotations

from typing import Any

from tests.conformance.harness.client import Client
from tests.support.webshop import Webshop

SHIRT, SIZE, SMALL = 101, 301, 311
BY_INVOICE, BY_CARD, BY_CARD_LATER = 601, 602, 604
BUYER = {
    "address": {
        "firstName": "Eva",
        "lastName": "Ek",
        "address": "Storgatan 1",
        "postcode": "11122",
        "town": "Stockholm",
        "country": "SE",
    },
    "info": {"email": "eva@example.com"},
}


async def ask(client: Client, shop: Webshop, method: str, *params: Any, **context: str) -> Any:
    """The result of a call that succeeds."""
    reply = await client.send(shop.call(method, *params, **context))
    assert "result" in reply.json, reply.body
    return reply.json["result"]


async def filled_cart(client: Client, shop: Webshop, session: str, method: int = BY_CARD) -> int:
    """A cart with two shirts, where they go, and how they will be paid."""
    choices = {str(SIZE): str(SMALL), "quantity": 2}
    item = await ask(client, shop, "Order.addArticle", None, SHIRT, choices, {"order": True}, session=session)
    order = item["order"]
    wishes = {"customer": BUYER, "delivery": {"method": 501}}
    await ask(client, shop, "Order.set", order, wishes, session=session)
    planned = {"order": order, "method": method, "status": "planned"}
    await ask(client, shop, "Payment.set", None, planned, session=session)
    return order


async def placed_order(
    client: Client, shop: Webshop, method: int = BY_CARD, token: str = "tok_visa"
) -> tuple[int, int, int]:
    """An order with its payment, and what that comes to in minor units."""
    session = await shop.session()
    order = await filled_cart(client, shop, session, method)
    card = {"token": token} if method != BY_INVOICE else {}
    await ask(client, shop, "Order.checkout", order, True, card, session=session)
    query = 'select id, amount from payments where workspace = $1 and "order" = $2'
    payment, amount = await shop.connection.fetchrow(query, await shop.id(), order)
    return order, payment, amount


async def reserved_order(client: Client, shop: Webshop, token: str = "tok_visa") -> tuple[int, int, int]:
    """An order whose money is reserved, to be captured later."""
    return await placed_order(client, shop, BY_CARD_LATER, token)
