"""The DataMingle door as its proofs see it: partners of a small workspace, their requests, and its refusals."""

import re
from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any

import jsonschema_rs

from entrepot.doors.datamingle.openapi import API
from entrepot.doors.kit.describing.words import JsonSchema
from entrepot.store.connections import Connection
from tests.conformance.harness import Reply, Request
from tests.conformance.harness.proof import Expected
from tests.conformance.harness.world import Edits, Tenant, Tree, edited

PREFIX = "/datamingle/api/integrations/v1"
FIELDS_FAILED = "One or more fields failed validation."
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[48][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
MOMENT = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z")

WORKSPACE: Tree = {
    "locations": {"a-100": {"name": "Rack A"}, "a-200": {"name": "Rack B", "priority": 2}},
    "products": {
        "lamp": {"id": 101, "name": "Lamp", "sku": "RUG-5X7-BLU", "stock": {"a-200": 10}},
        "rug": {"id": 102, "name": "Rug", "sku": "RUG-8X10-RED"},
    },
}


SPEAK_THEIR_OWN: set[str | None] = set()
"""Keys of partners with a mapping: the description does not tell the names of their fields."""


class Partners(Tenant):
    """A workspace with a lamp, a rug, and the partner `plain`, who names orders by their numbers."""

    async def change(self, edits: Edits) -> None:
        """Change the world; whoever once has a mapping may be answered in words of its own from then on."""
        await super().change(edits)
        for channel in self.tree["channels"].values():
            if channel.get("mappings"):
                SPEAK_THEIR_OWN.update(key.get("value") for key in channel["keys"].values())

    def key(self, name: str = "plain", environment: str = "live") -> str:
        """A key of its own for each account: prefix, and forty characters."""
        return f"sk_{environment}_" + f"{self.name}-{name}-".ljust(40, "x")[:40]

    def send(
        self, method: str, path: str, body: Any = b"", *, key: str | None = None, **headers: str
    ) -> Request:
        """A request with the partner's key."""
        return Request(
            method, PREFIX + path, body, {"X-API-Key": self.key() if key is None else key, **headers}
        )

    def order(self, edits: Edits | None = None, *, key: str | None = None) -> Request:
        """A POST of an order of two lamps, with these edits."""
        return self.send("POST", "/orders/", edited(ORDER, edits or {}), key=key)

    def changing(self, edits: Edits) -> Callable[[], Awaitable[None]]:
        """The change of state that these edits of the world are."""
        return lambda: self.change(edits)

    async def assert_taken(self, reply: Reply) -> None:
        """The order that the reply speaks of exists, and what it wants is promised or owed."""
        data = reply.json["data"]
        row = await self.connection.fetchrow(_ORDER, await self.id(), data["order_number"])
        assert row is not None
        assert (str(row[0]), row[1]) == (data["id"], "placed")
        assert row[2] == sum(item["quantity"] for item in data["items"])

    async def order_id(self, number: str = "ORD-1") -> int:
        """The platform's own number of an order."""
        found: int = await self.connection.fetchval(
            "select id from orders where workspace = $1 and external_id = $2", await self.id(), number
        )
        return found


_ORDER = """
select uuid, state, (select sum(quantity)::bigint from holds h where h.workspace = o.workspace and h."order" = o.id)
from orders o where workspace = $1 and external_id = $2
"""

ORDER: Tree = {
    "order_number": "ORD-1",
    "external_order_id": "ERP-1",
    "customer_name": "Acme Corporation",
    "customer_info": {"address": "123 Main St", "phone": "+1-555-0100"},
    "due_date": "2026-05-01T00:00:00Z",
    "items": [{"sku_code": "RUG-5X7-BLU", "quantity": 2}],
}


def account(
    tenant: Partners, name: str, partner: Tree | None = None, key: Tree | None = None, **settings: Any
) -> Tree:
    """An account that works: a partner who names orders by their numbers."""
    door = {"partner": partner or {"default_identifier_field": "order_number"}}
    return {
        "door": "datamingle",
        "settings": {
            "stock": "backorder",
            "may_set_stock": True,
            "may_edit_catalogue": True,
            "door": door,
            **settings,
        },
        "keys": {"main": {"value": tenant.key(name), **(key or {})}},
    }


async def open_partners(connection: Connection, name: str, edits: Edits | None = None) -> Partners:
    """The workspace with these edits, in the database."""
    tenant = Partners(connection, name, {})
    tenant.tree = WORKSPACE | {"channels": {"plain": account(tenant, "plain")}}
    await tenant.change(edits or {})
    return tenant


def flat(status: int, page: str, text: str) -> Expected:
    """A refusal of who calls, or of what they may."""
    asks = {"www-authenticate": "ApiKey"} if status == 401 else {}
    return Expected(status, {"link": f'</failures/{page}>; rel="help"', **asks}, {"detail": text})


def refusal(status: int, page: str, code: str, message: Any, *details: tuple[str, Any]) -> Expected:
    """Any other refusal; `details` are fields and what is wrong with them."""
    error: Tree = {"code": code, "message": message}
    if details:
        error["details"] = [{"field": field, "message": text} for field, text in details]
    return Expected(status, {"link": f'</failures/{page}>; rel="help"'}, {"success": False, "error": error})


def invalid(*details: tuple[str, Any], page: str = "invalid-input") -> Expected:
    """A body of which these fields are wrong."""
    return refusal(400, page, "VALIDATION_ERROR", FIELDS_FAILED, *details)


def item(sku: str, quantity: int, **more: Any) -> Tree:
    """A line of an order, as it is shown."""
    line = {"id": UUID, "sku": {"sku": sku}, "sku_code": sku, "quantity": quantity, "verified_quantity": 0}
    return {**line, "verification_status": "pending", "notes": None, **more}


def shown(**more: Any) -> Tree:
    """The order that `Partners.order` makes, as it is shown."""
    return {
        "id": UUID,
        "order_number": "ORD-1",
        "external_order_id": "ERP-1",
        "customer_name": "Acme Corporation",
        "customer_info": {"address": "123 Main St", "phone": "+1-555-0100"},
        "status": "pending",
        "notes": None,
        "order_date": None,
        "due_date": "2026-05-01T00:00:00Z",
        "metadata": None,
        "items": [item("RUG-5X7-BLU", 2)],
        "cancellation_reason": None,
        "cancelled_at": None,
        "created_at": MOMENT,
        "updated_at": MOMENT,
        **more,
    }


def ok(data: Any, status: int = 200) -> Expected:
    """A success."""
    return Expected(status, {}, {"success": True, "data": data})


def watch(request: Request, reply: Reply) -> None:
    """Compare a reply with the API description: the operation must promise this status, and its body this shape."""
    path = request.path.partition("?")[0].rstrip("/") + "/"
    if not path.startswith(f"{PREFIX}/") or request.method in ("HEAD", "OPTIONS"):
        return
    template = _template(request.method, path.removeprefix("/datamingle"))
    if template is None:
        assert reply.status in (401, 403, 404, 405), reply
        return
    own = request.headers.get("X-API-Key") in SPEAK_THEIR_OWN
    validator = _validator(request.method, template, reply.status, own)
    errors = [f"{error.instance_path}: {error.message}" for error in validator.iter_errors(reply.json)]
    assert not errors, (errors, reply.body)


def _template(method: str, path: str) -> str | None:
    for operation in API.operations:
        pattern = re.escape(operation.path).replace(r"\{identifier\}", "[^/]+")
        if operation.method == method and re.fullmatch(pattern, path):
            return operation.path
    return None


@cache
def _validator(
    method: str, template: str, status: int, own_words: bool
) -> jsonschema_rs.Draft202012Validator:
    schema = API.reply_schema(method, template, status)
    if own_words and status < 400:
        schema = _in_own_words(schema)
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True)


def _in_own_words(schema: JsonSchema) -> JsonSchema:
    """The schema of the same reply to a partner with a mapping: the envelope, and records of whatever names."""
    many = schema["properties"]["data"].get("type") == "array"
    record = {"type": "object"}
    data = {"type": "array", "items": record} if many else record
    return {**schema, "properties": {**schema["properties"], "data": data}}
