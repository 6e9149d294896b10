"""What no test of a door looked at: payments of another's orders, keys of the other kind, keys without a scope."""

from __future__ import annotations

import base64

import httpx
import pytest

from tests.conformance.bonsai import PREFIX, Shop
from tests.conformance.harness import Client, Request, changed, read_state
from tests.conformance.harness.fixtures import OpenPartners, OpenShop
from tests.security.routes import Route, all_routes
from tests.security.test_every_route import filled
from tests.support.server import Server


@pytest.fixture(scope="module")
async def routes() -> list[Route]:
    return await all_routes()


async def pending(client: Client, shop: Shop) -> str:
    """The id of an order that waits to be paid."""
    body = shop.submit().body
    ours = {"first_name": "firstName", "last_name": "lastName"}
    whole = {
        "customer": {"email": "ann@example.com"},
        "products": [{"id": shop.public_id("lamp"), "variantId": "101", "quantity": 1}],
        "shippingAddress": {ours.get(name, name): value for name, value in body["shipping_address"].items()},
        "payment": {"method": "external payment"},
    }
    reply = await client.send(Request("POST", f"{PREFIX}/orders/v2/submit", whole, {"API-Key": shop.key()}))
    assert reply.status == 200, reply.body
    return reply.json["data"]["id"]


async def test_a_pending_order_of_another_cannot_be_paid(bonsai: Client, open_bonsai_shop: OpenShop) -> None:
    ours, theirs = await open_bonsai_shop(), await open_bonsai_shop()
    order = await pending(bonsai, ours)

    def paid_by(shop: Shop, number: str) -> Request:
        path = f"{PREFIX}/orders/v2/{number}/payment"
        return Request("POST", path, shop.submit().body["payment"], {"API-Key": shop.key()})

    before = await read_state(ours.connection)
    refused = await bonsai.send(paid_by(theirs, order))
    unknown = await bonsai.send(paid_by(theirs, "c" + "0" * 24))
    assert (refused.status, refused.json["errors"][0]["code"]) == (404, unknown.json["errors"][0]["code"])
    assert not changed(before, await read_state(ours.connection))
    reply = await bonsai.send(paid_by(ours, order))
    assert reply.status == 200, reply.body


async def test_a_private_key_opens_no_route_of_api_keys(
    server: Server, open_bonsai_shop: OpenShop, routes: list[Route]
) -> None:
    """Nor does an API key open what is the private key's."""
    shop = await open_bonsai_shop()
    await shop.change({"channels/shop/keys/private": f"{shop.name}-private"})
    private, plain = f"{shop.name}-private", shop.key()
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=60) as http:
        for route in routes:
            if route.room != "bonsai" or route.path == "/openapi.json":
                continue
            swapped = {
                "API-Key": private,
                "Authorization": "Basic " + base64.b64encode(plain.encode()).decode(),
            }
            body = b"{}" if route.method in ("POST", "PATCH") else None
            headers = {**swapped, "Content-Type": "application/json"}
            reply = await http.request(route.method, filled(route), headers=headers, content=body)
            assert reply.status_code == 401, (route, reply.text)


SCOPES = ("integrations.orders.read", "integrations.locations.write", "integrations.products.delete")
ACTIONS = {"GET": "read", "OPTIONS": "read", "POST": "write", "PUT": "write", "DELETE": "delete"}


async def test_a_key_without_the_scope_may_not_on_any_route(
    server: Server, open_datamingle: OpenPartners, routes: list[Route]
) -> None:
    partners = await open_datamingle()
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=60) as http:
        for scope in SCOPES:
            await partners.change({"channels/plain/keys/main/scopes": [scope]})
            for route in routes:
                if route.room != "datamingle" or route.path == "/openapi.json":
                    continue
                resource = route.path.split("/")[4]
                allowed = scope == f"integrations.{resource}.{ACTIONS[route.method]}"
                body = b"{}" if route.method in ("POST", "PUT") else None
                headers = {"X-API-Key": partners.key(), "Content-Type": "application/json"}
                reply = await http.request(route.method, filled(route), headers=headers, content=body)
                assert (reply.status_code == 403) is not allowed, (scope, route, reply.text)
