"""An integrator drives orders out and returns back over HTTP, through the commands that everybody uses."""

from __future__ import annotations

from typing import Any

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
