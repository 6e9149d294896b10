"""What a customer sends at each door under a name of his own, and how each door says that the name is taken."""

from __future__ import annotations

import base64
import random
from typing import Any, ClassVar, Final

import httpx
import msgspec

from torture import world
from torture.world import PLENTY, SCARCE

ADDRESS: Final = {
    "first_name": "Ann",
    "last_name": "Lee",
    "address1": "1 Front Street",
    "city": "Toronto",
    "country": "CA",
    "province": "ON",
    "zip": "M5J 2N1",
}
_WALMART_CONTACT = {"name": {"firstName": "Ann", "lastName": "Lee"}, "phone": "4155550100"}
_WALMART_ADDRESS = {"line1": "1 Front St", "city": "Reno", "state": "NV", "country": "USA", "zip": "89501"}
_REBOUND_ADDRESS = {
    "firstName": "Ann",
    "lastName": "Lee",
    "addressLine1": "1 Front Street",
    "city": "Toronto",
    "postalCode": "M5J 2N1",
    "countryCode": "CA",
}
_REBOUND_ITEM = {"clientItemId": "1", "sku": "SHIRT", "quantity": 1, "price": 25, "currency": "CAD"}
_BUYER = {
    "customer": {
        "info": {"email": "ann@example.com"},
        "address": {"firstName": "Ann", "lastName": "Lee", "town": "Lund", "country": "SE"},
    },
    "delivery": {"method": world.DELIVERY},
}


class Answer(msgspec.Struct, frozen=True):
    """What came back: `failure` is its name as the Link header has it, empty for none.

    `again`: the caller is told to come again later.
    """

    status: int
    failure: str
    again: bool
    body: bytes

    @property
    def good(self) -> bool:
        """Whether it was done."""
        return self.status < 300 and not self.failure


class Customer:
    """One client of one door. `send` asks once for the order of a name; `httpx.TransportError` is no answer."""

    door: ClassVar[str]
    taken: ClassVar[frozenset[str]] = frozenset({"duplicate-external-order"})
    """Failures that say that an order of this name is there."""

    def __init__(self, http: httpx.AsyncClient, chance: random.Random) -> None:
        self._http = http
        self._chance = chance

    async def send(self, name: str, number: int) -> Answer:
        """Ask for one unit of the SKU of this number, under a name of the customer's own."""
        raise NotImplementedError

    def pick(self) -> int:
        """A SKU to ask for: often one of those that run out."""
        return self._chance.randrange(PLENTY + SCARCE)

    def uid(self, name: str) -> int | None:
        """The number of the order of this name, where the door has no names of its callers' own."""
        return None

    async def _post(self, path: str, body: Any, headers: dict[str, str]) -> Answer:
        heads = {"content-type": "application/json", **headers}
        return told(await self._http.post(path, content=msgspec.json.encode(body), headers=heads))


def told(reply: httpx.Response) -> Answer:
    """What a reply comes to; at the webshop's door an error has status 200."""
    name = reply.headers.get("link", "").partition("</failures/")[2].partition(">")[0]
    named = name or ("unnamed" if b'"error":{' in reply.content else "")
    return Answer(reply.status_code, named, "retry-after" in reply.headers, reply.content)


class Bonsai(Customer):
    """Orders paid by a card of their own."""

    door = "bonsai"
    # Who sends an order again that was answered is told that its token, or its name, is used.
    taken = frozenset({"duplicate-external-order", "payment-token-used"})

    async def send(self, name: str, number: int) -> Answer:
        """See `Customer.send`."""
        line = {"public_id": world.public_id(number), "variant_id": str(world.article(number)), "quantity": 1}
        body = {
            "customer": {"email": "ann@example.com", "first_name": "Ann", "last_name": "Lee"},
            "products": [line],
            "shipping_address": ADDRESS,
            "payment": {"method": "credit card", "token": f"{world.TOKENS}_{name}", "currency": "USD"},
            "external_order_id": name,
        }
        return await self._post("/bonsai/orders/V1/submit", body, {"API-Key": world.BONSAI_KEY})


class Walmart(Customer):
    """Orders of a marketplace's seller; an access token is taken whenever the last one is refused."""

    door = "walmart"
    _token = ""

    async def send(self, name: str, number: int) -> Answer:
        """See `Customer.send`."""
        self._token = self._token or await token(self._http, "/walmart/v3/token", world.WALMART_ID)
        line = {
            "sellerLineId": "1",
            "itemDetail": {"sku": world.sku(number)},
            "qty": {"unitOfMeasure": "EACH", "measurementValue": 1},
            "shippingTo": {"contact": _WALMART_CONTACT, "address": _WALMART_ADDRESS},
        }
        order = {
            "orderChannelId": world.STOREFRONT,
            "customerOrderNo": name,
            "customer": {"contact": _WALMART_CONTACT},
            "orderItems": [line],
        }
        path = "/walmart/v3/fulfillment/orders-fulfillments"
        reply = await self._post(path, {"payload": order}, {"WM_SEC.ACCESS_TOKEN": self._token})
        self._token = "" if reply.status == 401 else self._token
        return reply


class Rebound(Customer):
    """What a retailer sold elsewhere, with a return label and the order hub's yes."""

    door = "rebound"
    _token = ""

    async def send(self, name: str, number: int) -> Answer:
        """See `Customer.send`."""
        self._token = self._token or await token(self._http, "/rebound/oauth/token", world.REBOUND_ID)
        order = {"clientOrderId": name, "customerAddress": _REBOUND_ADDRESS, "salesItems": [_REBOUND_ITEM]}
        reply = await self._post("/rebound/sales-orders", order, {"Authorization": f"Bearer {self._token}"})
        self._token = "" if reply.status == 401 else self._token
        return reply


class DataMingle(Customer):
    """A partner's orders, of what never runs out."""

    door = "datamingle"

    async def send(self, name: str, number: int) -> Answer:
        """See `Customer.send`."""
        items = [{"sku_code": world.sku(number), "quantity": 1}]
        order = {
            "order_number": name,
            "external_order_id": f"E-{name}",
            "customer_name": "Ann Lee",
            "items": items,
        }
        path = "/datamingle/api/integrations/v1/orders/"
        return await self._post(path, order, {"X-API-Key": world.DATAMINGLE_KEY})

    def pick(self) -> int:
        """See `Customer.pick`."""
        return self._chance.randrange(PLENTY)


class Textalk(Customer):
    """Buyers in a webshop: a cart is filled, told who buys, planned to be paid and checked out.

    Until a cart is checked out it is nobody's order, so whatever happens to it before, the next try takes a new one.
    """

    door = "textalk"
    taken = frozenset({"order-locked"})

    def __init__(self, http: httpx.AsyncClient, chance: random.Random) -> None:
        super().__init__(http, chance)
        self._carts: dict[str, int] = {}
        self._session = ""

    async def send(self, name: str, number: int) -> Answer:
        """See `Customer.send`."""
        if name not in self._carts:
            failed = await self._fill(name, number)
            if failed is not None:
                return failed
        return await self._call("Order.checkout", self._carts[name], "uid")

    def uid(self, name: str) -> int | None:
        """See `Customer.uid`."""
        return self._carts.get(name)

    async def _fill(self, name: str, number: int) -> Answer | None:
        reply = await self._call("Order.addArticle", None, world.article(number), {}, "order")
        if not reply.good:
            return reply
        cart = msgspec.json.decode(reply.body)["result"]["order"]
        planned = {"order": cart, "method": world.INVOICE, "status": "planned"}
        for call in (("Order.set", cart, _BUYER, "uid"), ("Payment.set", None, planned, "uid")):
            reply = await self._call(*call)
            if not reply.good:
                return reply
        self._carts = {name: cart}
        return None

    async def _call(self, method: str, *params: Any) -> Answer:
        query = f"?webshop={world.SHOP}"
        if not self._session:
            begun = await self._begun(query)
            if not begun.good:
                return begun
            self._session = str(msgspec.json.decode(begun.body)["result"])
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        path = f"/textalk/backend/jsonrpc/v1{query}&session={self._session}"
        return await self._post(path, body, {})

    async def _begun(self, query: str) -> Answer:
        body = {"jsonrpc": "2.0", "id": 1, "method": "Session.getToken", "params": []}
        return await self._post(f"/textalk/backend/jsonrpc/v1{query}", body, {})


async def token(http: httpx.AsyncClient, path: str, client: str) -> str:
    """An access token of the client's credentials, empty where none is given out now."""
    basic = base64.b64encode(f"{client}:{world.SECRET}".encode()).decode()
    headers = {"authorization": f"Basic {basic}"}
    reply = await http.post(path, data={"grant_type": "client_credentials"}, headers=headers)
    return str(reply.json()["access_token"]) if reply.status_code == 200 else ""


CUSTOMERS: Final[tuple[type[Customer], ...]] = (Bonsai, Textalk, Walmart, Rebound, DataMingle)
"""One of each door."""
