"""The journal of requests: what came, what became of it, filtered, cleared, and never of a test before."""

import asyncio
from typing import Any

import pytest

from tests.sandbox.conftest import Sandbox


async def _requests(sandbox: Sandbox, query: str = "") -> list[dict[str, Any]]:
    reply = await sandbox.http.get(f"/sandbox/requests{query}")
    assert reply.status_code == 200, reply.text
    return reply.json()["requests"]


async def test_what_was_answered_is_there_at_once_in_its_order(sandbox: Sandbox) -> None:
    placed = await sandbox.order(token="first")
    refused = await sandbox.order(token="first")
    nobody = await sandbox.order(key="nobodys-key")
    first, second, third = await _requests(sandbox)
    assert (first["status"], first["outcome"], first["workspace"], first["account"]) == (
        200,
        "ok",
        "north",
        "demo",
    )
    assert first["request_id"] == placed.headers["x-request-id"]
    assert (first["method"], first["path"], first["door"]) == ("POST", "/orders/V1/submit", "bonsai")
    assert first["reply"]["data"]["orderNumber"] == placed.json()["data"]["orderNumber"]
    assert first["request"]["customer"]["last_name"] == "Lovelace"
    assert "PlaceOrder" in str(first["commands"])
    assert (second["status"], second["outcome"]) == (refused.status_code, "external-payment-refused")
    assert (third["status"], third["workspace"]) == (nobody.status_code, None)
    assert "nobodys-key" not in str(third)
    assert "demo-api-key" not in str(first)


async def test_filters_hold_together(sandbox: Sandbox) -> None:
    for token in ("a", "a", "b"):
        await sandbox.order(token=token)
    await sandbox.http.get("/walmart/v3/nothing")
    every = await _requests(sandbox)
    assert len(await _requests(sandbox, "?door=bonsai")) == 3
    assert len(await _requests(sandbox, "?door=bonsai&failed=true")) == 1
    assert len(await _requests(sandbox, "?failed=false")) == 2
    assert await _requests(sandbox, f"?request_id={every[1]['request_id']}") == [every[1]]
    assert await _requests(sandbox, "?workspace=south") == []
    assert await _requests(sandbox, "?limit=1") == every[-1:]
    assert len(await _requests(sandbox, f"?outcome=ok&operation={every[0]['operation']}")) == 2


@pytest.mark.parametrize("query", ["?limit=0", "?limit=501", "?limit=x", "?limit=-1", "?failed=perhaps"])
async def test_a_wrong_filter_is_a_bad_request(sandbox: Sandbox, query: str) -> None:
    reply = await sandbox.http.get(f"/sandbox/requests{query}")
    assert (reply.status_code, query[1:].partition("=")[0] in reply.json()["error"]) == (400, True)


async def test_an_unknown_workspace_is_not_found(sandbox: Sandbox) -> None:
    assert (await sandbox.http.get("/sandbox/requests?workspace=nowhere")).status_code == 404
    assert (await sandbox.http.delete("/sandbox/requests?workspace=nowhere")).status_code == 404


async def test_what_came_is_forgotten_when_it_is_cleared_and_when_the_sandbox_begins_anew(
    sandbox: Sandbox,
) -> None:
    await sandbox.order()
    await sandbox.http.delete("/sandbox/requests?workspace=south")
    assert len(await _requests(sandbox)) == 1
    assert (await sandbox.http.delete("/sandbox/requests")).status_code == 204
    assert await _requests(sandbox) == []
    for _ in range(3):
        await asyncio.gather(*(sandbox.order() for _ in range(5)))
        await sandbox.http.post("/sandbox/reset")
        assert await _requests(sandbox) == []
