"""An integrator drives orders out and returns back over HTTP, through the commands that everybody uses."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from tests.sandbox.conftest import Sandbox

pytestmark = pytest.mark.asyncio


async def post(sandbox: Sandbox, path: str, status: int = 200, workspace: str = "north", **body: Any) -> Any:
    reply = await sandbox.http.post(f"/sandbox/{path}", params={"workspace": workspace}, json=body)
    assert reply.status_code == status, reply.text
    return reply.json()


async def test_an_order_goes_out_and_comes_back(sandbox: Sandbox) -> None:
    placed = (await sandbox.order()).json()["data"]
    order, before = placed["public_id"], await sandbox.stock()
    told = await post(sandbox, f"orders/{order}/acknowledge")
    assert (told["progress"], told["moved"]) == ("acknowledged", [{"line": 1, "quantity": 1}])
    told = await post(sandbox, f"orders/{order}/ship", carrier="DHL", tracking="1Z")
    assert told["shipments"] == [{"shipment": 1, "carrier": "DHL", "tracking": "1Z"}]
    assert (await post(sandbox, f"orders/{order}/deliver", tracking="1Z"))["progress"] == "delivered"
    opened = await post(
        sandbox, "returns", 201, order=order, items=[{"sku": "mug", "quantity": 1, "reason": "x"}]
    )
    number = opened["return"]
    assert (await post(sandbox, f"returns/{number}/advance", to="at_center"))["lines"][0]["at_center"] == 1
    assert (await post(sandbox, f"returns/{number}/receive"))["progress"] == "returned"
    told = await post(
        sandbox, f"returns/{number}/inspect", restock=[{"line": 1, "quantity": 1}], location="main"
    )
    assert (told["lines"][0]["restocked"], told["refunds"]) == (1, [])
    assert await sandbox.stock() == before + 1


async def test_a_step_under_a_key_is_taken_once_and_answered_alike(sandbox: Sandbox) -> None:
    """By those who send it at the same moment too; the key of another request is a conflict."""
    orders = [(await sandbox.order()).json()["data"]["public_id"] for _ in range(2)]

    async def keyed(path: str, key: str, **body: Any) -> httpx.Response:
        where, named = {"workspace": "north"}, {"Idempotency-Key": key}
        return await sandbox.http.post(f"/sandbox/{path}", params=where, json=body, headers=named)

    delivered = [await keyed(f"orders/{orders[0]}/deliver", "d") for _ in range(2)]
    opened = await asyncio.gather(*(keyed("returns", "r", order=orders[0]) for _ in range(4)))
    for replies in (delivered, opened):
        assert len({each.text for each in replies}) == 1, [each.text for each in replies]
    received = [await keyed(f"returns/{opened[0].json()['return']}/receive", "b") for _ in range(2)]
    assert received[0].json() == received[1].json()
    other = await keyed(f"orders/{orders[1]}/deliver", "d")
    assert (other.status_code, other.json()["failure"]) == (409, "request-key-used")
    assert (await keyed(f"orders/{orders[1]}/deliver", "x" * 256)).status_code == 400


async def test_what_a_command_refuses_is_a_conflict(sandbox: Sandbox) -> None:
    order = (await sandbox.order()).json()["data"]["public_id"]
    refused = await post(sandbox, "returns", 409, order=order)
    assert refused["failure"] == "nothing-delivered"
    refused = await post(sandbox, f"orders/{order}/ship", 409, lines=[{"line": 1, "quantity": 2}])
    assert refused["context"] == {
        "order": refused["context"]["order"],
        "line": 1,
        "requested": 2,
        "possible": 1,
    }
    await post(sandbox, f"orders/{order}/deliver")
    number = (await post(sandbox, "returns", 201, order=order))["return"]
    assert (await post(sandbox, f"returns/{number}/cancel"))["lines"][0]["cancelled"] == 1
    assert (await post(sandbox, f"returns/{number}/cancel", 409))["failure"] == "return-not-cancellable"


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("orders/999999/ship", {}, 404),
        ("orders/x%00y/ship", {}, 404),
        ("returns/999999/receive", {}, 404),
        ("returns/99999999999999999999999/receive", {}, 404),
        ("returns", {}, 400),
        ("returns", {"order": "1", "items": [{"quantity": 0}]}, 400),
        ("orders/1/ship", {"lines": [{"line": 1, "quantity": 10**10}]}, 400),
        ("orders/1/ship", {"tracking": "x" * 256}, 400),
        ("orders/1/ship", {"unknown": 1}, 400),
        ("orders/1/fly", {}, 404),
    ],
)
async def test_bad_input_is_told(sandbox: Sandbox, path: str, body: dict[str, Any], status: int) -> None:
    assert "error" in await post(sandbox, path, status, **body)


async def test_the_workspace_must_be_named(sandbox: Sandbox) -> None:
    assert "error" in await post(sandbox, "orders/1/ship", 404, workspace="nowhere")
    reply = await sandbox.http.post("/sandbox/orders/1/ship")
    assert reply.status_code == 400


async def cloth(sandbox: Sandbox) -> int:
    """The number of a placed order of two and a half metres of cloth, of which 0.01 is the smallest unit."""

    async def call(method: str, *params: Any) -> Any:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        reply = await sandbox.http.post("/textalk/backend/jsonrpc/v1", params=caller, json=body)
        told = reply.json()
        assert "error" not in told, told
        return told["result"]

    caller = {"webshop": "22222"}
    caller["session"] = await call("Session.getToken")
    chosen = {"quantity": 2.5}
    order: int = (await call("Order.addArticle", None, 102, chosen, {"order": True}))["order"]
    address = {
        "firstName": "Ada",
        "lastName": "Ek",
        "address": "Storgatan 1",
        "postcode": "11122",
        "town": "Stockholm",
        "country": "SE",
    }
    customer = {"address": address, "info": {"email": "ada@example.com"}}
    await call("Order.set", order, {"customer": customer, "delivery": {"method": 501}}, {"uid": True})
    await call("Payment.set", None, {"order": order, "method": 601, "status": "planned"}, {"uid": True})
    await call("Order.checkout", order, {"uid": True})
    return order


async def test_units_are_counted_as_the_merchant_counts_them(sandbox: Sandbox) -> None:
    order, shop = await cloth(sandbox), "boutique"
    world = (await sandbox.http.get("/sandbox/world")).json()
    (boutique,) = [each for each in world["workspaces"] if each["name"] == shop]
    stock = {v["sku"]: v["stock"] for p in boutique["products"] for v in p["variants"]}
    assert stock["cloth"] == {"main": 37.5}
    lines = [{"line": 1, "quantity": 1}]
    told = await post(sandbox, f"orders/{order}/acknowledge", workspace=shop, lines=lines)
    assert told["moved"] == [{"line": 1, "quantity": 1}]
    lines = [{"line": 1, "quantity": 0.75}]
    assert (await post(sandbox, f"orders/{order}/ship", workspace=shop, lines=lines))["moved"] == lines
    refused = await post(sandbox, f"orders/{order}/ship", 409, shop, lines=[{"line": 1, "quantity": 2}])
    assert (refused["context"]["requested"], refused["context"]["possible"]) == (2, 1.75)
    refused = await post(sandbox, f"orders/{order}/ship", 400, shop, lines=[{"line": 1, "quantity": 0.001}])
    assert refused["error"] == "/lines/0/quantity: line 1 is counted with at most 2 decimals"
    await post(sandbox, f"orders/{order}/deliver", workspace=shop)
    items = [{"line": 1, "quantity": 0.5}, {"sku": "cloth", "quantity": 0.25}]
    opened = await post(sandbox, "returns", 201, shop, order=str(order), items=items)
    assert [each["quantity"] for each in opened["lines"]] == [0.5, 0.25]
    number = opened["return"]
    lines = [{"line": 1, "quantity": 0.25}]
    assert (await post(sandbox, f"returns/{number}/receive", workspace=shop, lines=lines))["moved"] == lines
    told = await post(sandbox, f"returns/{number}/inspect", workspace=shop, scrap=lines)
    assert told["lines"][0] == {
        "no": 1, "line": 1, "sku": "cloth", "reason": "", "quantity": 0.5, "initiated": 0.25, "in_transit": 0,
        "at_center": 0, "received": 0.25, "cancelled": 0, "restocked": 0, "scrapped": 0.25,
    }  # fmt: skip


@pytest.mark.parametrize("quantity", [0, -1, 0.00001, 10**9 + 1, "1", None, True])
async def test_what_is_no_quantity_is_told(sandbox: Sandbox, quantity: Any) -> None:
    order = (await sandbox.order()).json()["data"]["public_id"]
    lines = [{"line": 1, "quantity": quantity}]
    refused = await post(sandbox, f"orders/{order}/ship", 400, lines=lines)
    assert refused["error"].startswith("/lines/0/quantity: ")
