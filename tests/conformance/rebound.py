"""The ReBound door as its proofs see it: clients with flows, tokens, requests, refusals, a check of every reply."""

import re
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from typing import Any

import jsonschema_rs

from entrepot.doors.rebound.openapi import API
from entrepot.store.connections import Connection
from tests.conformance.harness import Reply, Request, Sender
from tests.conformance.harness.proof import Expected
from tests.conformance.harness.world import Edits, Tenant, Tree, edited

PREFIX = "/rebound"
TOKEN = f"{PREFIX}/oauth/token"
ORDERS = f"{PREFIX}/sales-orders"
RETURNS = f"{PREFIX}/return-orders"
MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")

LOG_IN = "Authentication required: your session has expired or your credentials are not valid."
NO_PARCEL = "Invalid request: the parcel type is not supported for the provided country."
NO_NAME = "Invalid request: clientOrderId is required as a query parameter."
NO_ORDER = "Invalid request: the provided salesOrderId is invalid."
LATER = "Something went wrong: we're unable to process your request at the moment. Please try again later."
UNEXPECTED = "Something went wrong: an unexpected error occurred. Please try again later."
NO_LABEL = "Something went wrong: a required service is unavailable. Please try again later."
NO_HUB = "Something went wrong: the order could not be processed. Please try again later."
FORBIDDEN = "Forbidden: you do not have access to the requested resource."
TAKEN = "Invalid request: a sales order with the provided clientOrderId already exists."

TYPES = {
    "OS0001": "INTERNAL_SERVER_ERROR",
    "OS0002": "CROSS_SERVICE_ERROR",
    "OS0003": "VALIDATION_ERROR",
    "OS0004": "CROSS_SERVICE_ERROR",
    "OS0005": "AUTHENTICATION_ERROR",
    "OS0006": "AUTHENTICATION_ERROR",
    "OS0007": "INTERNAL_SERVER_ERROR",
}
STATUSES = {
    "OS0001": 500, "OS0002": 502, "OS0003": 400, "OS0004": 502, "OS0005": 403, "OS0006": 401, "OS0007": 503,
}  # fmt: skip

FLOWS: Tree = {
    "": {
        "country": "DE",
        "parcel_type": "STANDARD",
        "parcel_types": {"DE": ["STANDARD", "SMALL"], "FR": ["STANDARD"]},
    },
    "eu": {"country": "FR", "parcel_types": {"FR": ["LARGE"]}},
}

ORDER: Tree = {
    "clientOrderId": "AB12345US",
    "clientOrderCreatedDate": "2026-05-01T09:30:00Z",
    "businessUnit": "EU-WEB",
    "rmaNumber": "RMA-1",
    "premiumOrder": False,
    "parcelType": "STANDARD",
    "labelBase64Enabled": False,
    "customerAddress": {
        "firstName": "Ada",
        "lastName": "Example",
        "addressLine1": "Main St 1",
        "city": "Berlin",
        "postalCode": "10115",
        "countryCode": "DE",
    },
    "salesItems": [
        {
            "clientItemId": "AB0001231",
            "sku": "336_SHIRT_3",
            "ean": "4000000479888",
            "quantity": 1,
            "price": 29.95,
            "currency": "EUR",
        },
        {"clientItemId": "AB0001232", "quantity": 2},
    ],
    "clientMetadata": [{"key": "channel", "value": "web"}],
}


def account(shop: str, name: str, *, sees: str = "own") -> Tree:
    """The description of a client with a main flow and one for the EU, and a key for each environment."""
    return {
        "door": "rebound",
        "settings": {"stock": "record", "currency": "EUR", "sees": sees, "door": {"flows": FLOWS}},
        "keys": {"client": f"{shop}-{name}:live-secret", "test-client": f"{shop}-{name}:test-secret"},
    }


class Retailer(Tenant):
    """A workspace with the clients `shop`, which is ours, `other`, which is not, and `boss`, who sees them all."""

    tokens: dict[tuple[str, str], str]
    sender: Sender

    async def token(self, client: str = "shop", environment: str = "live") -> str:
        """An access token of a client, got once."""
        known = self.tokens.get((client, environment))
        if known is None:
            reply = await self.sender.send(self.token_request(client, environment))
            assert reply.status == 200, reply.body
            known = self.tokens[client, environment] = reply.json["access_token"]
        return known

    def token_request(self, client: str = "shop", environment: str = "live") -> Request:
        """The request for an access token, by form."""
        form = (
            f"grant_type=client_credentials&client_id={self.name}-{client}&client_secret={environment}-secret"
        )
        return Request("POST", TOKEN, form.encode(), {"Content-Type": "application/x-www-form-urlencoded"})

    async def headers(self, client: str = "shop", environment: str = "live") -> dict[str, str]:
        """The header that a client comes with."""
        return {"Authorization": f"Bearer {await self.token(client, environment)}"}

    async def create(
        self,
        edits: Edits | None = None,
        *,
        client: str = "shop",
        environment: str = "live",
        query: str = "",
    ) -> Request:
        """A new sales order with these edits."""
        body = edited(ORDER, edits or {})
        return Request("POST", ORDERS + query, body, await self.headers(client, environment))

    async def get(self, order: str, client: str = "shop", environment: str = "live") -> Request:
        """One order."""
        return Request("GET", f"{ORDERS}/{order}", headers=await self.headers(client, environment))

    async def list(self, query: str, client: str = "shop", environment: str = "live") -> Request:
        """The orders of a name."""
        return Request("GET", f"{ORDERS}{query}", headers=await self.headers(client, environment))

    async def returns(self, query: str, client: str = "shop", environment: str = "live") -> Request:
        """The returns of a name's orders."""
        return Request("GET", f"{RETURNS}{query}", headers=await self.headers(client, environment))

    async def created(self, edits: Edits | None = None, **where: str) -> Tree:
        """A sales order that is registered now."""
        reply = await self.sender.send(await self.create(edits, **where))
        assert reply.status == 201, reply.body
        return reply.json

    def changing(self, edits: Edits) -> Callable[[], Awaitable[None]]:
        """The change of state that these edits of the world are."""
        return lambda: self.change(edits)

    async def count(self, what: str) -> int:
        """How many rows of the workspace there are, such as `orders where …`."""
        table, _, condition = what.partition(" where ")
        query = f"select count(*) from {table} where workspace = $1 and ({condition or 'true'})"
        return await self.connection.fetchval(query, await self.id())

    async def assert_registered(self, reply: Reply) -> None:
        """The order that the reply shows exists, its units delivered, and the reply says where it is."""
        shown = reply.json
        query = "select id, external_id, progress from orders where workspace = $1 and uuid = $2::uuid"
        order = await self.connection.fetchrow(query, await self.id(), shown["salesOrderId"])
        assert (order["external_id"], order["progress"]) == (
            shown["clientOrderId"],
            "delivered" if shown["salesItems"] else "new",
        )
        assert dict(reply.headers)["location"] == f"{ORDERS}/{shown['salesOrderId']}"
        assert (shown["status"], shown["createdAt"]) == ("CREATED", shown["updatedAt"])


async def open_retailer(
    connection: Connection, sender: Sender, name: str, edits: Edits | None = None
) -> Retailer:
    """A workspace with these edits of its world, in the database."""
    clients = {
        "shop": account(name, "shop"),
        "other": edited(account(name, "other"), {"settings/door/flows/theirs": {}}),
        "boss": account(name, "boss", sees="workspace"),
    }
    retailer = Retailer(connection, name, {"locations": {"main": {"name": "Warehouse"}}, "channels": clients})
    retailer.tokens, retailer.sender = {}, sender
    await retailer.change(edits or {})
    return retailer


def refusal(
    code: str, page: str, message: str, path: str, headers: Mapping[str, Any] | None = None, status: int = 0
) -> Expected:
    """A whole refusal; `page` is the failure whose help it links to, `path` what the client asked for."""
    told = {"link": f'</failures/{page}>; rel="help"', **(headers or {})}
    if code == "OS0006":
        told["www-authenticate"] = 'Bearer realm="rebound"'
    body = {
        "errorCode": code,
        "type": TYPES[code],
        "message": message,
        "timestamp": MOMENT,
        "path": path.removeprefix(PREFIX),
    }
    return Expected(status or STATUSES[code], told, body)


def watch(request: Request, reply: Reply) -> None:
    """Compare a reply with the API description: the operation must promise this status, and its body this shape."""
    path = request.path.partition("?")[0]
    if not path.startswith(f"{PREFIX}/") or request.method == "HEAD":
        return
    template = _template(request.method, path.removeprefix(PREFIX))
    if template is None:
        assert reply.status in (200, 404, 405), reply
        return
    validator = _validator(request.method, template, reply.status)
    errors = [f"{error.instance_path}: {error.message}" for error in validator.iter_errors(reply.json)]
    assert not errors, (errors, reply.body)


def _template(method: str, path: str) -> str | None:
    for operation in API.operations:
        pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(operation.path))
        if operation.method == method and re.fullmatch(pattern, path):
            return operation.path
    return None


@cache
def _validator(method: str, template: str, status: int) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(
        API.reply_schema(method, template, status), validate_formats=True
    )
