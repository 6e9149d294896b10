"""The Bonsai door as its proofs see it: a small shop, its requests, its refusals, and a check of every reply."""

import re
from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any
from uuid import UUID

import jsonschema_rs

from entrepot.domain.catalogue.products import product_uuid
from entrepot.domain.kernel.ids import cuid, from_cuid
from entrepot.doors.bonsai.openapi import API
from entrepot.doors.bonsai.openapi.routes import ROUTES
from entrepot.store.connections import Connection
from tests.conformance.harness import Reply, Request
from tests.conformance.harness.proof import Expected
from tests.conformance.harness.world import Edits, Tenant, Tree, edited

PREFIX = "/bonsai"
SUBMIT = f"{PREFIX}/orders/V1/submit"
UUID1 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-1[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
LATER = {"retry-after": "5"}
CORS = {
    "access-control-allow-origin": "*",
    "access-control-expose-headers": "X-Request-Id, Link, Retry-After",
}

ABSENT: Any = object()

WORKSPACE: Tree = {
    "locations": {"main": {"name": "Warehouse"}},
    "merchants": {
        "maple": {
            "name": "Maple",
            "country": "CA",
            "address": {"province": "ON", "zip": "M5J 2N1"},
            "shipping": {"CA": {"CAD": "5.00"}},
        }
    },
    "products": {
        "lamp": {
            "id": 101,
            "name": "Lamp",
            "merchant": "maple",
            "prices": {"CAD": "20.00"},
            "stock": {"main": 10},
        },
        "rug": {
            "id": 102,
            "name": "Rug",
            "merchant": "maple",
            "prices": {"CAD": "80.00"},
            "stock": {"main": 10},
        },
    },
    "taxes": {"companies": ["DEFAULT"], "rates": {"CA-ON": {"rate": "13%", "shipping_taxed": True}}},
}

ACCOUNT: Tree = {
    "door": "bonsai",
    "settings": {"currency": "CAD", "external_payment": {"api": {"skip_validation": True}}},
}

ADDRESS: Tree = {
    "first_name": "Ann",
    "last_name": "Lee",
    "address1": "1 Front Street",
    "city": "Toronto",
    "country": "CA",
    "province": "ON",
    "zip": "M5J 2N1",
}


class Shop(Tenant):
    """A workspace with a lamp, a rug and the account `shop`, which collects payments itself and is trusted."""

    def key(self, account: str = "shop") -> str:
        """The live API key of an account."""
        return f"{self.name}-{account}"

    def public_id(self, product: str) -> str:
        """The public id of a product by its name in the world."""
        return cuid(product_uuid(self.name, product))

    def submit(self, edits: Edits | None = None, *, account: str = "shop") -> Request:
        """A V1 submit of one lamp with these edits."""
        body: Tree = {
            "customer": {"email": "ann@example.com", "first_name": "Ann", "last_name": "Lee"},
            "products": [self.line("lamp", 101)],
            "shipping_address": ADDRESS,
            "payment": {
                "method": "external payment",
                "token": "paid-1",
                "currency": "CAD",
                "amounts": {"goods": 20, "shipping": 5, "taxes": 3.25},
            },
        }
        return Request("POST", SUBMIT, edited(body, edits or {}), {"API-Key": self.key(account)})

    def line(self, product: str, variant: int, quantity: int = 1) -> Tree:
        """A wanted line."""
        return {"public_id": self.public_id(product), "variant_id": str(variant), "quantity": quantity}

    def changing(self, edits: Edits) -> Callable[[], Awaitable[None]]:
        """The change of state that these edits of the world are."""
        return lambda: self.change(edits)

    async def assert_placed(self, reply: Reply) -> None:
        """The order that the reply speaks of exists, is paid, and holds the stock of each of its lines."""
        data = reply.json["data"]
        uuid, workspace = from_cuid(data["public_id"]), await self.id()
        order = await self.connection.fetchrow(_ORDER, workspace, data["orderNumber"])
        assert order is not None
        assert (order["uuid"], order["state"], order["payment_state"]) == (uuid, "placed", "paid")
        assert isinstance(uuid, UUID)
        wanted = sorted((int(item["variant_id"]), item["quantity"]) for item in data["line_items"])
        held = await self.connection.fetch(_HELD, workspace, data["orderNumber"])
        assert [tuple(row) for row in held] == wanted


_ORDER = "select uuid, state, payment_state from orders where workspace = $1 and id = $2"
_HELD = """
select variant, sum(quantity)::bigint from holds where workspace = $1 and "order" = $2
group by variant, line order by 1, 2
"""


async def open_shop(connection: Connection, name: str, edits: Edits | None = None) -> Shop:
    """A shop with these edits of its world, in the database."""
    shop = Shop(connection, name, WORKSPACE | {"channels": {"shop": account(name, "shop")}})
    await shop.change(edits or {})
    return shop


def account(shop: str, name: str) -> Tree:
    """The description of an account that works."""
    return ACCOUNT | {"keys": {"live": f"{shop}-{name}"}}


def entry(status: int, code: str, title: str, detail: Any = ABSENT) -> Tree:
    """One error entry."""
    fields = {"id": UUID1, "status": status, "code": code, "title": title}
    return fields if detail is ABSENT else {**fields, "detail": detail}


def refusal(page: str, *entries: Tree, wait: bool = False) -> Expected:
    """A whole refusal; `page` is the failure whose help it links to, `wait` says that the reply tells when to retry."""
    headers = {**CORS, "link": f'</failures/{page}>; rel="help"', **(LATER if wait else {})}
    if entries[0]["status"] == 401:
        headers["www-authenticate"] = 'API-Key realm="bonsai"'
    return Expected(entries[0]["status"], headers, {"errors": list(entries)})


def watch(request: Request, reply: Reply) -> None:
    """Compare a reply with the API description: the route must promise this status, and its body this shape."""
    if not request.path.lower().startswith(f"{PREFIX}/") or request.method in ("HEAD", "OPTIONS"):
        return
    template = _template(request.method, request.path)
    if template is None:
        assert reply.status in (200, 404), reply
        return
    validator = _validator(request.method, template, reply.status)
    errors = [f"{error.instance_path}: {error.message}" for error in validator.iter_errors(reply.json)]
    assert not errors, (errors, reply.body)
    assert reply.status == 200 or reply.json["errors"][0]["status"] == reply.status


def _template(method: str, path: str) -> str | None:
    below = path[len(PREFIX) :].partition("?")[0].lower().rstrip("/")
    for route in ROUTES:
        pattern = re.escape(route.path.lower().rstrip("/")).replace(r"\{id\}", "[^/]+")
        if route.method == method and re.fullmatch(pattern, below):
            return route.path
    return None


@cache
def _validator(method: str, template: str, status: int) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(
        API.reply_schema(method, template, status), validate_formats=True
    )
