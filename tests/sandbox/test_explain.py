"""Why a request was refused, as the sandbox tells it: by which check, on which rows, and never a secret."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from entrepot.doors.bonsai.demo import MUG, order
from entrepot.registry import DOORS
from tests.sandbox.conftest import Sandbox


async def _explained(sandbox: Sandbox, refused: httpx.Response) -> dict[str, Any]:
    reply = await sandbox.http.get(f"/sandbox/explain/{refused.headers['x-request-id']}")
    assert reply.status_code == 200, reply.text
    return reply.json()


async def _submit(sandbox: Sandbox, body: dict[str, Any], **headers: str) -> httpx.Response:
    return await sandbox.http.post(
        "/bonsai/orders/V1/submit", json=body, headers={"API-Key": "demo-api-key", **headers}
    )


def _too_much() -> dict[str, Any]:
    body: dict[str, Any] = order(MUG)
    body["products"] = [{**body["products"][0], "quantity": 200_000}]
    return body


async def test_the_check_that_refused_and_the_rows_that_it_looked_at(sandbox: Sandbox) -> None:
    """Twice the same external id: the second order met the check for it, which found the first one's reference."""
    body: dict[str, Any] = order(MUG) | {"external_order_id": "E-1"}
    assert (await _submit(sandbox, body)).status_code == 200
    body["payment"]["token"] = "another-token"
    refused = await _submit(sandbox, body)
    told = await _explained(sandbox, refused)
    assert (told["door"], told["status"], told["outcome"]) == (
        "bonsai",
        refused.status_code,
        "duplicate-external-order",
    )
    (why,) = told["refusals"]
    assert why["command"] == "PlaceOrder"
    assert why["check"]["name"] == "domain.placing.checks._duplicate"
    assert why["compared"]["external_id"] == "E-1"
    assert why["page"] == "/failures/duplicate-external-order"
    assert why["would_pass"]
    (row,) = why["rows"]
    assert (row["kind"], row["key"][-1], row["columns"]["value"]) == ("Reference", "E-1", "E-1")


async def test_the_stock_that_an_order_met(sandbox: Sandbox) -> None:
    body = _too_much()
    told = await _explained(sandbox, await _submit(sandbox, body))
    (why,) = told["refusals"]
    assert why["failure"] == told["outcome"] == "not-enough-stock"
    assert (why["compared"]["requested"], why["compared"]["available"]) == (200_000, 100_000)
    assert why["check"]["name"] == "domain.stock.availability.shortage"
    assert {each["kind"] for each in why["rows"]} == {"Level"}, (
        "what was handed to it, those around it had read"
    )


async def test_nothing_changes_by_being_traced(sandbox: Sandbox) -> None:
    """A refused order leaves nothing, and the next one has its number."""
    body = _too_much()
    before = await sandbox.stock()
    assert (await _submit(sandbox, body)).status_code != 200
    assert await sandbox.stock() == before
    assert (await sandbox.order()).status_code == 200


async def test_the_door_s_own_refusals_are_told_too(sandbox: Sandbox) -> None:
    refused = await _submit(sandbox, {}, **{"API-Key": "nobodys-key-1234567890"})
    told = await _explained(sandbox, refused)
    (why,) = told["refusals"]
    assert (why["failure"], why["command"], why["check"], why["rows"]) == ("unauthenticated", None, None, [])
    assert why["compared"] == {"reason": "unknown"}
    assert "nobodys-key" not in str(told)


async def test_what_succeeded_was_refused_by_nothing(sandbox: Sandbox) -> None:
    told = await _explained(sandbox, await sandbox.order())
    assert (told["outcome"], told["refusals"]) == ("ok", [])


async def test_no_secret_is_told(sandbox: Sandbox) -> None:
    """Tokens that pay, keys, and hashes stand in no explanation, wherever the rule has them."""
    token = "a-token-that-pays-once-7781"
    assert (await sandbox.order(token=token)).status_code == 200
    refused = await sandbox.order(token=token)
    assert refused.status_code != 200
    told = await sandbox.http.get(f"/sandbox/explain/{refused.headers['x-request-id']}")
    assert told.json()["refusals"]
    for secret in (token, "demo-api-key", "partner-secret"):
        assert secret not in told.text


async def test_a_call_among_several_is_told(sandbox: Sandbox) -> None:
    """A failed call in a message of Textalk's, which is a 200."""
    call = {"jsonrpc": "2.0", "id": 1, "method": "Cart.addItem", "params": [{"article": 1}]}
    path = "/textalk/backend/jsonrpc/v1?webshop=22222&language=en"
    told = await _explained(sandbox, await sandbox.http.post(path, json=[call, call]))
    assert told["outcome"] != "ok"
    assert told["door"] == "textalk"


@pytest.mark.parametrize("request_id", ["never-seen", "%20", "a" * 200])
async def test_what_nobody_remembers(sandbox: Sandbox, request_id: str) -> None:
    reply = await sandbox.http.get(f"/sandbox/explain/{request_id}")
    assert (reply.status_code, "the latest 1,000 are" in reply.json()["error"]) == (404, True)


ANYWHERE = [
    *(f"/{door}/no/such/path" for door in DOORS),
    *(f"/{door}" for door in DOORS),
    "/",
    "/nothing",
    "/failures",
    "/failures/nothing",
    "/labels/nothing",
    "/carriers/nothing",
    "/sandbox/nothing",
    "/sandbox/world",
    "/healthz",
    "/readyz",
    "/metrics",
    "/console",
    "/console/log",
    "/textalk/backend/jsonrpc/v1?webshop=1",
]


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
async def test_every_reply_has_an_id(sandbox: Sandbox, method: str) -> None:
    """Before routing and after it, by whomever it is answered; the caller's own id where he gives one."""
    without: list[str] = []
    for path in ANYWHERE:
        reply = await sandbox.http.request(method, path)
        named = await sandbox.http.request(method, path, headers={"X-Request-Id": "mine-1"})
        if not reply.headers.get("x-request-id") or named.headers.get("x-request-id") != "mine-1":
            without.append(f"{method} {path} {reply.status_code}")
    assert without == []


@pytest.mark.parametrize(
    "headers", [{"Host": "evil.example"}, {"Origin": "http://evil.example"}, {"Content-Encoding": "gzip"}]
)
async def test_replies_to_those_who_are_turned_away_have_an_id(
    sandbox: Sandbox, headers: dict[str, str]
) -> None:
    for path in ("/sandbox/reset", "/bonsai/orders/V1/submit"):
        reply = await sandbox.http.post(path, content=b"{}", headers=headers)
        assert reply.headers["x-request-id"]
