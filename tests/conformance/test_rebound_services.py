"""OS0002 and OS0004: a label service or an order hub that truly failed; nothing is stored, what was done is undone."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from tests.conformance.harness import Client, Expected, Prove
from tests.conformance.harness.fixtures import OpenRetailer
from tests.conformance.rebound import NO_HUB, NO_LABEL, ORDER, ORDERS, Retailer, refusal
from tests.support.raw_server import RawServer, http_reply, raw_server, unused_port
from tests.support.server import Server
from tests.support.waiting import eventually

HUB = "channels/shop/settings/hub"
SIMULATED_HUB = {HUB: {"gateway": "simulated", "client": "shop"}}
LABELS = "channels/shop/settings/labels"
WITH_LABEL = {"channels/shop/settings/door/flows//label": True}
SIMULATED_LABELS = {**WITH_LABEL, LABELS: {"gateway": "simulated"}}
LABEL = {"carrier": "Post", "trackingNumber": "P-1", "labelUrl": "https://labels.example/P-1.pdf"}
LATER = {"retry-after": "5"}
HUB_FAILED = refusal("OS0004", "order-hub-failed", NO_HUB, ORDERS, LATER)
LABEL_FAILED = refusal("OS0002", "label-service-failed", NO_LABEL, ORDERS, LATER)
TOLD = ("outbox",)
"""Where what is to be undone may stand."""

NO_ANSWERS = [
    http_reply(b"", "500 Internal Server Error"),
    http_reply(b"<html>", "502 Bad Gateway", "text/html"),
    b"",
    b"HTTP/1.1 200 OK\r\nContent-Le",
]

NO_LABELS = [http_reply({"labelUrl": "x"}), http_reply(b"<html>", "200 OK", "text/html")]


def hub_at(url: str) -> dict[str, Any]:
    return {
        HUB: {"gateway": "http", "client": "shop", "url": url, "api_key": "k" * 20, "allow_private": True}
    }


def labels_at(url: str) -> dict[str, Any]:
    return {**WITH_LABEL, LABELS: {"gateway": "http", "url": url, "api_key": "k" * 20, "allow_private": True}}


async def quiet(retailer: Retailer) -> None:
    """Wait until nothing is left to be undone."""

    async def none_waits() -> bool:
        return not await retailer.count("outbox where state = 'waiting'")

    await eventually(none_waits)


async def prove_undone(
    prove: Prove, retailer: Retailer, refused: Expected, server: RawServer, path: str
) -> None:
    """Who gave no answer may have done it: what was asked is undone under its key, and then asked under another."""
    await prove(
        await retailer.create(),
        refused,
        mend=lambda: quiet(retailer),
        effect=retailer.assert_registered,
        success=201,
        traces=TOLD,
    )
    first, undone, second = server.requests
    key = first.headers["idempotency-key"]
    assert undone.line == f"DELETE {path}/{key} HTTP/1.1"
    assert second.headers["idempotency-key"] != key


async def prove_told_no(prove: Prove, retailer: Retailer, refused: Expected, server: RawServer) -> None:
    """Who said no has done nothing, so nothing is undone."""
    await prove(
        await retailer.create(),
        refused,
        mend=lambda: quiet(retailer),
        effect=retailer.assert_registered,
        success=201,
    )
    assert [request.line.partition(" ")[0] for request in server.requests] == ["POST", "POST"]


@asynccontextmanager
async def failing(reply: bytes) -> AsyncGenerator[RawServer]:
    """A server that answers so at first, and says yes from then on."""
    async with raw_server(reply) as server:
        server.then = http_reply(b"", "204 No Content")
        yield server


@pytest.mark.row("rebound.OS0004")
@pytest.mark.parametrize("most", [None, 0])
async def test_a_hub_that_does_not_know_the_client_or_is_full(
    prove: Prove, open_rebound_retailer: OpenRetailer, most: int | None
) -> None:
    known = {} if most is None else {"hub": {"clients": {"shop": most}}}
    retailer = await open_rebound_retailer({**SIMULATED_HUB, **known})
    await prove(
        await retailer.create(),
        HUB_FAILED,
        mend=retailer.changing({"hub": {"clients": {"shop": 1}}}),
        effect=retailer.assert_registered,
        success=201,
    )
    assert await retailer.count("hub_orders where state = 'open'") == 1


@pytest.mark.row("rebound.OS0004")
@pytest.mark.parametrize("reply", NO_ANSWERS)
async def test_a_hub_that_fails(prove: Prove, open_rebound_retailer: OpenRetailer, reply: bytes) -> None:
    async with failing(reply) as server:
        retailer = await open_rebound_retailer(hub_at(server.url))
        await prove_undone(prove, retailer, HUB_FAILED, server, "/orders")


@pytest.mark.row("rebound.OS0004")
async def test_a_hub_that_says_no(prove: Prove, open_rebound_retailer: OpenRetailer) -> None:
    async with failing(http_reply(b"", "409 Conflict")) as server:
        retailer = await open_rebound_retailer(hub_at(server.url))
        await prove_told_no(prove, retailer, HUB_FAILED, server)


@pytest.mark.row("rebound.OS0004")
async def test_a_hub_where_nobody_listens(prove: Prove, open_rebound_retailer: OpenRetailer) -> None:
    retailer = await open_rebound_retailer(hub_at(f"http://127.0.0.1:{await unused_port()}"))
    async with raw_server(http_reply(b"", "204 No Content")) as server:
        await prove(
            await retailer.create(),
            HUB_FAILED,
            mend=retailer.changing(hub_at(server.url)),
            effect=retailer.assert_registered,
            success=201,
        )


@asynccontextmanager
async def label_service(reply: bytes, *, then: bytes | None = None) -> AsyncGenerator[RawServer]:
    """A label service that answers so at first, and makes labels from then on, or answers with `then`."""
    async with raw_server(reply) as server:
        server.then = then or http_reply(LABEL)
        yield server


@pytest.mark.row("rebound.OS0002")
@pytest.mark.parametrize(
    "reply", [*NO_ANSWERS, http_reply({"labelUrl": "x"}), http_reply(b"<html>", "200 OK", "text/html")]
)
async def test_a_label_service_that_fails(
    prove: Prove, open_rebound_retailer: OpenRetailer, reply: bytes
) -> None:
    async with label_service(reply) as server:
        retailer = await open_rebound_retailer(labels_at(server.url))
        await prove_undone(prove, retailer, LABEL_FAILED, server, "/labels")


@pytest.mark.row("rebound.OS0002")
async def test_a_label_service_that_says_no(prove: Prove, open_rebound_retailer: OpenRetailer) -> None:
    async with label_service(http_reply(b"", "422 No")) as server:
        retailer = await open_rebound_retailer(labels_at(server.url))
        await prove_told_no(prove, retailer, LABEL_FAILED, server)


@pytest.mark.row("rebound.OS0002")
async def test_a_label_service_where_nobody_listens(
    prove: Prove, open_rebound_retailer: OpenRetailer
) -> None:
    retailer = await open_rebound_retailer(labels_at(f"http://127.0.0.1:{await unused_port()}"))
    await prove(
        await retailer.create(),
        LABEL_FAILED,
        mend=retailer.changing({LABELS: {"gateway": "simulated"}}),
        effect=retailer.assert_registered,
        success=201,
    )


@pytest.mark.row("rebound.OS0002")
@pytest.mark.parametrize(("kind", "asked"), [("refuse", False), ("timeout", True), ("drop", True)])
async def test_a_label_service_whose_answer_is_lost(
    prove: Prove, open_rebound_retailer: OpenRetailer, server: Server, kind: str, asked: bool
) -> None:
    retailer = await open_rebound_retailer(SIMULATED_LABELS)
    request = await retailer.create()
    fault = {"target": "labels.make", "kind": kind, "workspace": retailer.name}
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, verify=False, timeout=60) as sandbox:
        await sandbox.post("/sandbox/faults", json=fault if kind != "timeout" else {**fault, "delay": 0})
    await prove(
        request,
        LABEL_FAILED,
        mend=lambda: quiet(retailer),
        effect=retailer.assert_registered,
        success=201,
        traces=(*TOLD, "labels") if asked else (),
    )
    assert await retailer.count("labels where state = 'open'") == 1
    assert await retailer.count("labels where state = 'void'") == asked


@pytest.mark.row("rebound.OS0004")
async def test_where_the_hub_fails_the_label_is_void(
    prove: Prove, open_rebound_retailer: OpenRetailer
) -> None:
    retailer = await open_rebound_retailer({**SIMULATED_LABELS, **SIMULATED_HUB})
    await prove(
        await retailer.create(),
        HUB_FAILED,
        mend=retailer.changing({"hub": {"clients": {"shop": 1}}}),
        effect=retailer.assert_registered,
        success=201,
        traces=(*TOLD, "labels"),
    )
    await quiet(retailer)
    states = "select state, count(*) from labels where workspace = $1 group by state order by state"
    made = await retailer.connection.fetch(states, await retailer.id())
    assert [tuple(row) for row in made] == [("open", 1), ("void", 1)]


async def test_the_label_is_told_and_comes_inline_where_it_is_asked_for(
    open_rebound_retailer: OpenRetailer, rebound: Client, server: Server
) -> None:
    lanes = {"channels/shop/settings/door/flows//lanes": {"DE": "MANAGED"}}
    retailer = await open_rebound_retailer(
        {**SIMULATED_LABELS, **SIMULATED_HUB, **lanes, "hub/clients/shop": 9}
    )
    plain = await retailer.created()
    label = plain["returnLabel"]
    assert (label["carrier"], label["labelBase64"]) == ("Simulated Carrier", None)
    inline = await retailer.created({"clientOrderId": "inline", "labelBase64Enabled": True})
    document = base64.b64decode(inline["returnLabel"]["labelBase64"])
    assert document.startswith(b"%PDF-")
    async with httpx.AsyncClient(trust_env=False, verify=False, timeout=60) as http:
        read = await http.get(inline["returnLabel"]["labelUrl"])
    assert (read.status_code, read.headers["content-type"], read.content) == (
        200,
        "application/pdf",
        document,
    )
    request = "select request from labels where workspace = $1 and tracking = $2"
    asked = await retailer.connection.fetchval(request, await retailer.id(), label["trackingNumber"])
    told = json.loads(asked)
    assert (told["reference"], told["service"], told["sender"]["city"]) == (
        ORDER["clientOrderId"],
        "MANAGED",
        "Berlin",
    )
    shown = (await rebound.send(await retailer.get(inline["salesOrderId"]))).json
    assert shown["returnLabel"] == {**inline["returnLabel"], "labelBase64": None}
    assert await retailer.count("hub_orders where state = 'open'") == 2


async def test_a_credential_that_is_revoked_while_the_label_is_made_stops_nothing(
    open_rebound_retailer: OpenRetailer, rebound: Client, server: Server
) -> None:
    retailer = await open_rebound_retailer({**SIMULATED_LABELS, **SIMULATED_HUB, "hub/clients/shop": 9})
    request = await retailer.create()
    stall = {"target": "labels.make", "kind": "slow", "delay": 100, "workspace": retailer.name}
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, verify=False, timeout=60) as sandbox:
        fault = (await sandbox.post("/sandbox/faults", json=stall)).json()["id"]
        creating = asyncio.create_task(rebound.send(request))

        async def begun() -> int:
            return await retailer.count("attempts where state = 'open'")

        await eventually(begun)
        await retailer.change({"channels/shop/keys/client": f"{retailer.name}-shop:another-secret"})
        await sandbox.delete(f"/sandbox/faults/{fault}")
        reply = await creating
    assert reply.status == 201, reply.body
    assert (await rebound.send(request)).status == 401
    assert await retailer.count("labels where state = 'open'") == 1
    assert await retailer.count("hub_orders where state = 'open'") == 1
