"""A buyer in the boutique of the demo world, by the ids that it has there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from tests.conformance.harness import Client, Reply, Request
from tests.support.webshop import Webshop

SHIRT, CLOTH, BANNER, HAT, SAMPLE = 101, 102, 103, 104, 105
SIZE, LENGTH, WORDS, PICTURE = "301", "302", "303", "304"
SMALL, LARGE = "311", "312"
POST = 501
INVOICE, CARD, FINANCING, CARD_LATER = 601, 602, 603, 604
EMAIL = "eva@example.com"
CUSTOMER = {
    "address": {"firstName": "Eva", "lastName": "Ek", "town": "Lund", "country": "SE"},
    "info": {"email": EMAIL},
}


@dataclass(frozen=True)
class Buyer:
    """Somebody with a session in a shop; `admin` is the token of its administrator."""

    shop: Webshop
    client: Client
    session: str
    admin: str

    def call(self, method: str, *params: Any, **context: str) -> Request:
        """A call on the session."""
        return self.shop.call(method, *params, session=self.session, **context)

    async def __call__(self, method: str, *params: Any) -> Any:
        """The result of a call on the session, which must succeed."""
        return await self._result(self.call(method, *params))

    async def administer(self, method: str, *params: Any) -> Any:
        """The result of a call by the administrator, which must succeed."""
        return await self._result(self.shop.call(method, *params, auth=self.admin))

    def change(self, method: str, *params: Any) -> Callable[[], Awaitable[Any]]:
        """A change of state by the administrator, to be made when it is asked for."""
        return lambda: self.administer(method, *params)

    def wish(self, method: str, *params: Any) -> Callable[[], Awaitable[Any]]:
        """A change of the cart, to be made when it is asked for."""
        return lambda: self(method, *params)

    async def cart(self, article: int = SHIRT, **choices: Any) -> int:
        """The uid of the session's cart with this article in it; a shirt is small unless it is said."""
        wanted = {SIZE: SMALL} if article == SHIRT else {}
        given = {name.strip("_"): value for name, value in choices.items()}
        item = await self("Order.addArticle", None, article, wanted | given, {"order": "uid"})
        return item["order"]["uid"]

    async def send_by_post(self, cart: int) -> None:
        """Say who buys, and that the post shall bring it."""
        await self("Order.set", cart, {"customer": CUSTOMER, "delivery": {"method": POST}})

    async def plan(self, cart: int, method: int = INVOICE) -> int:
        """The uid of the payment, planned by this method."""
        payment = {"order": cart, "method": method, "status": "planned"}
        return (await self("Payment.set", None, payment))["uid"]

    async def ready(self, article: int = SHIRT, method: int = INVOICE, **choices: Any) -> int:
        """The uid of a cart that can be checked out."""
        cart = await self.cart(article, **choices)
        await self.send_by_post(cart)
        await self.plan(cart, method)
        return cart

    def placed(self, cart: int) -> Callable[[Reply], Awaitable[None]]:
        """Whether a checkout has placed the order under the cart's uid."""

        async def check(reply: Reply) -> None:
            assert reply.json["result"] == {"uid": cart}
            assert await self("Order.get", cart, {"uid": True}) == {"uid": cart}
            assert await self("Session.getOrder") is None

        return check

    async def another(self) -> Buyer:
        """Somebody else in the same shop."""
        return Buyer(self.shop, self.client, await self.shop.session(), self.admin)

    async def _result(self, request: Request) -> Any:
        reply = (await self.client.send(request)).json
        assert "error" not in reply, (request.body["method"], reply["error"])
        return reply["result"]
