"""The Walmart door as its proofs see it: a seller's account, its requests, its refusals, and a check of every reply."""

import base64
import json
import re
import uuid
from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any

import httpx
import jsonschema_rs

from entrepot.domain.channels.storefronts import storefront_uuid
from entrepot.doors.walmart.openapi import API
from entrepot.store.connections import Connection
from tests.conformance.harness import Reply, Request, Sender
from tests.conformance.harness.proof import Expected
from tests.conformance.harness.world import Edits, Tenant, Tree, edited
from tests.support.server import Server

PREFIX = "/walmart"
ORDERS = f"{PREFIX}/v3/fulfillment/orders-fulfillments"
RETURNS = f"{ORDERS}/return-orders"
UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")
HEADER = {"headerAttributes": {"buId": "0", "martId": "202"}}

WORKSPACE: Tree = {
    "locations": {"main": {"name": "Warehouse"}},
    "products": {
        name: {"id": number, "name": name.title(), "prices": {"USD": "20.00"}, "stock": {"main": 10}}
        for number, name in enumerate(("lamp", "rug", "vase"), 101)
    },
}

ADDRESS: Tree = {
    "line1": "100 Main St",
    "city": "San Francisco",
    "state": "CA",
    "country": "USA",
    "zip": "94103",
}
CONTACT: Tree = {"name": {"firstName": "Ann", "lastName": "Lee"}, "phone": "4155550100"}

_HOURS = {"acknowledge": 1, "ship": 2, "deliver": 3, "in_transit": 1, "at_center": 2, "received": 3}
CARRIED: Tree = {
    "channels/mcs/settings": {
        "may_set_stock": True,
        "may_edit_catalogue": True,
        "carrier": {"gateway": "simulated"} | {f"{name}_after": 3_600 * n for name, n in _HOURS.items()},
        "labels": {"gateway": "simulated", "carrier": "UPS"},
    }
}
"""A seller whose goods are carried by the clock alone: hours apart, so no haste of the machine takes a step."""


def account(workspace: str, name: str) -> Tree:
    """The description of a seller's account."""
    keys = {"client": f"{workspace}-{name}:secret", "test-client": f"{workspace}-{name}-test:secret"}
    return {"door": "walmart", "keys": keys}


def front(channel: str) -> Tree:
    """The description of a storefront."""
    address = {
        "name": "Ann",
        "line1": "1 Dock St",
        "city": "Reno",
        "region": "NV",
        "country": "US",
        "zip": "89501",
    }
    return {"channel": channel, "name": "Example shop", "return_address": address}


class Seller(Tenant):
    """A workspace with lamps, rugs and vases, and the account `mcs` with a storefront."""

    def __init__(self, connection: Connection, name: str, url: str) -> None:
        channels = {"mcs": account(name, "mcs")}
        super().__init__(
            connection, name, WORKSPACE | {"channels": channels, "storefronts": {"front": front("mcs")}}
        )
        self.url = url
        self._tokens: dict[str, str] = {}

    @property
    def front(self) -> str:
        """The public id of the storefront."""
        return self.front_of("front")

    def front_of(self, name: str) -> str:
        """The public id of a storefront by its name in the world."""
        return str(storefront_uuid(self.name, name))

    async def open(self, edits: Edits | None = None) -> None:
        """Make the workspace, and get the account's token."""
        await self.change(edits or {})
        await self.log_in()

    async def log_in(self, client: str = "mcs") -> str:
        """A token of this client, for its requests from now on."""
        async with httpx.AsyncClient(base_url=self.url, verify=False, trust_env=False, timeout=60) as http:
            sent = self.token_request(f"{self.name}-{client}:secret")
            reply = await http.request("POST", sent.path, content=sent.content, headers=dict(sent.headers))
        assert reply.status_code == 200, reply.text
        self._tokens[client] = json.loads(reply.content)["access_token"]
        return self._tokens[client]

    @staticmethod
    def token_request(pair: str, **headers: str) -> Request:
        """A request for a token."""
        basic = base64.b64encode(pair.encode()).decode()
        form = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        return Request(
            "POST",
            f"{PREFIX}/v3/token",
            b"grant_type=client_credentials",
            {"Authorization": f"Basic {basic}", **form, **headers},
        )

    def call(
        self, method: str, path: str, body: Any = b"", *, client: str = "mcs", **headers: str
    ) -> Request:
        """A request in the account's name."""
        own = {"WM_SEC.ACCESS_TOKEN": self._tokens[client], **headers}
        return Request(method, path, body, own)

    def create(self, edits: Edits | None = None, *, client: str = "mcs") -> Request:
        """An order of one lamp with these edits of its payload."""
        return self.call("POST", ORDERS, wrapped(edited(self.order(), edits or {})), client=client)

    def order(self, number: str = "SO1") -> Tree:
        """The payload of an order of one lamp."""
        return {
            "orderChannelId": self.front,
            "customerOrderNo": number,
            "customer": {"contact": CONTACT},
            "orderItems": [self.item("1", "lamp")],
        }

    def item(self, line: str, sku: str, quantity: int = 1) -> Tree:
        """A line of an order."""
        return {
            "sellerLineId": line,
            "itemDetail": {"sku": sku},
            "qty": each(quantity),
            "shippingTo": {"contact": CONTACT, "address": ADDRESS},
        }

    def cancel(self, edits: Edits | None = None, *, client: str = "mcs") -> Request:
        """A cancellation of one unit of the first line with these edits of its payload."""
        payload = {"customerOrderNo": "SO1", "orderItems": [{"sellerLineId": "1", "qty": each(1)}]}
        body = wrapped(edited(payload, edits or {}))
        return self.call("POST", f"{ORDERS}/cancel", body, client=client)

    def status(self, number: str = "SO1", channel: str | None = None, *, client: str = "mcs") -> Request:
        """A question for the status of one order, as the sandbox's pages ask it."""
        path = f"{ORDERS}/status?orderNumber={number}&orderChannelId={channel or self.front}"
        return self.call("GET", path, client=client, WM_SANDBOX="v2")

    def send_back(self, edits: Edits | None = None, *, client: str = "mcs") -> Request:
        """A return of one lamp with these edits of its payload."""
        payload = {"sellerOrderId": "SO1", "orderItems": [self.returned("lamp", 1)]}
        return self.call("POST", RETURNS, wrapped(edited(payload, edits or {})), client=client)

    @staticmethod
    def returned(sku: str, quantity: Any) -> Tree:
        """Units of a SKU that come back."""
        return {"itemDetail": {"sku": sku}, "qty": each(quantity)}

    def returns(self, query: str, *, client: str = "mcs") -> Request:
        """A question for returns."""
        return self.call("GET", f"{RETURNS}?{query}", client=client, martId="202")

    def cancel_return(self, number: str, *, client: str = "mcs") -> Request:
        """The cancellation of a return, as the published schema has it: without a body."""
        return self.call("POST", f"{RETURNS}/{number}/cancel", client=client)

    def promise(self, *offers: Tree, edits: Edits | None = None, client: str = "mcs") -> Request:
        """A question for offers, by default one lamp, with these edits of its payload."""
        payload = {
            "offerSelections": [{"offers": list(offers) or [self.offer("1", "lamp")]}],
            "destinations": [{"fulfillmentType": "S2H", "address": {**ADDRESS, "country": "US"}}],
        }
        body = wrapped(edited(payload, edits or {}))
        return self.call("POST", f"{ORDERS}/fetchOrderPromiseOptions", body, client=client)

    @staticmethod
    def offer(line: str, sku: str, quantity: int = 1) -> Tree:
        """A SKU that is asked about."""
        asked = {"sku": sku, "lineId": line, "salesUnit": "EACH", "requestedQuantity": each(quantity)}
        return {**asked, "shippingMethod": "STANDARD"}

    async def ordered(self, client: Sender, edits: Edits | None = None) -> int:
        """The id of an order that is created now."""
        reply = await client.send(self.create(edits))
        assert reply.status == 200, reply.body
        return await self.number_of(reply.json["payload"]["requestId"])

    async def step(self, order: int, name: str, body: Any = None) -> None:
        """Work on an order as its warehouse would."""
        path = f"/sandbox/orders/{order}/{name}?workspace={self.name}"
        await control(self.url, "POST", path, body or {})

    async def returning(self, number: int, name: str, body: Any = None) -> None:
        """Work on a return as its warehouse would."""
        await control(self.url, "POST", f"/sandbox/returns/{number}/{name}?workspace={self.name}", body or {})

    def changing(self, edits: Edits) -> Callable[[], Awaitable[None]]:
        """The change of state that these edits of the world are."""
        return lambda: self.change(edits)

    async def number_of(self, uuid_text: str) -> int:
        """The id of the order of this public id."""
        found = await self.connection.fetchval(
            "select id from orders where workspace = $1 and uuid = $2", await self.id(), uuid.UUID(uuid_text)
        )
        assert found is not None
        return found

    async def available(self, sku: str) -> int:
        """How many units of a SKU can be promised."""
        return await self.connection.fetchval(_AVAILABLE, await self.id(), sku)

    async def assert_created(self, reply: Reply) -> None:
        """The reply names an order that exists, and holds a unit for each that was ordered."""
        assert reply.status == 200, reply.body
        name = str(reply.json["payload"]["requestId"])
        assert UUID4.fullmatch(name), name
        assert reply.json == {"status": "ACCEPTED", "header": HEADER, "payload": {"requestId": name}}
        number = await self.number_of(name)
        lines = await self.connection.fetch(_HELD, await self.id(), number)
        assert lines
        assert all(line["quantity"] == line["held"] for line in lines)


_AVAILABLE = """
select sum(s.available)::bigint from stock s join variants v on v.workspace = s.workspace and v.id = s.variant
where s.workspace = $1 and v.sku = $2
"""
_HELD = """
select l.quantity, coalesce(sum(h.quantity), 0)::bigint held from order_lines l
left join holds h on h.workspace = l.workspace and h."order" = l."order" and h.line = l.no
where l.workspace = $1 and l."order" = $2 group by l.no, l.quantity
"""


def wrapped(payload: Any) -> Tree:
    """A payload in the vendor's wrapper."""
    return {"header": {"headerAttributes": {"martId": "202", "buId": "0"}}, "payload": payload}


def each(quantity: Any) -> Tree:
    """A quantity."""
    return {"unitOfMeasure": "EACH", "measurementValue": quantity}


def error(code: str, field: str | None, description: str, info: str | None = None, **more: Any) -> Tree:
    """One error entry."""
    return {
        "code": code,
        "field": field,
        "description": description,
        "info": description if info is None else info,
        "severity": "ERROR",
        "category": "REQUEST",
        "causes": [],
        **more,
    }


def refusal(page: str, *errors: Tree, status: int = 400) -> Expected:
    """A whole refusal; `page` is the failure whose help it links to."""
    body = {"status": "FAIL", "errors": list(errors)}
    return Expected(status, {"link": f'</failures/{page}>; rel="help"'}, body)


def internal(info: str = "Internal sandbox exception.") -> Expected:
    """What an unhandled exception comes to."""
    entry = error("WFS_INTERNAL_SERVER_ERROR", None, "Internal server error", info, category="SYSTEM")
    return refusal("internal", entry, status=500)


async def control(url: str, method: str, path: str, body: Any = None) -> httpx.Response:
    """A call to the server's sandbox, which must succeed."""
    async with httpx.AsyncClient(base_url=url, verify=False, trust_env=False, timeout=60) as http:
        reply = await http.request(method, path, json=body)
    assert reply.status_code < 300, reply.text
    return reply


async def fault(server: Server, order: Tree) -> None:
    """Put a fault in place."""
    await control(server.url, "POST", "/sandbox/faults", order)


async def lift(server: Server) -> None:
    """Lift all faults."""
    await control(server.url, "DELETE", "/sandbox/faults")


async def return_step(server: Server, seller: Seller, number: str, name: str, body: Any = None) -> None:
    """Let a return go on."""
    path = f"/sandbox/returns/{int(number.removeprefix('33'))}/{name}?workspace={seller.name}"
    await control(server.url, "POST", path, body or {})


def watch(request: Request, reply: Reply) -> None:
    """Compare a reply with the API description: the operation must promise this status, and its body this shape."""
    path = request.path.partition("?")[0].rstrip("/")
    if not path.startswith(f"{PREFIX}/v3/") or request.method in ("HEAD", "OPTIONS"):
        return
    template = template_of(request.method, path)
    if template is None:
        assert reply.status in (404, 405), reply
    elif dict(reply.headers)["content-type"] == "application/json":
        validator = _validator(request.method, template, reply.status)
        errors = [f"{error.instance_path}: {error.message}" for error in validator.iter_errors(reply.json)]
        assert not errors, (errors, reply.body)


def template_of(method: str, path: str) -> str | None:
    """The described path of a request, where it stands under one of the older bases too."""
    below = path[len(PREFIX) :].replace("/v3/orders-fulfillments", "/v3/fulfillment/orders-fulfillments")
    below = below.replace(
        "/v3/fulfillment/return-orders", "/v3/fulfillment/orders-fulfillments/return-orders"
    )
    for operation in API.operations:
        pattern = re.escape(operation.path).replace(r"\{returnOrderId\}", "[^/]+")
        if operation.method == method and re.fullmatch(pattern, below):
            return operation.path
    return None


@cache
def _validator(method: str, template: str, status: int) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(
        API.reply_schema(method, template, status), validate_formats=True
    )
