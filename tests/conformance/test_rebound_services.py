"""OS0002 and OS0004: a label service or an order hub that truly failed; nothing is stored, what was done is undone."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.conformance.harness import Prove
from tests.conformance.harness.fixtures import OpenRetailer
from tests.conformance.rebound import NO_HUB, ORDERS, Retailer, refusal
from tests.support.raw_server import RawServer, http_reply, raw_server, unused_port
from tests.support.waiting import eventually

HUB = "channels/shop/settings/hub"
SIMULATED_HUB = {HUB: {"gateway": "simulated", "client": "shop"}}
HUB_BOOKS = ("hub_orders", "hub_clients")
TOLD = ("outbox",)
"""Where what is to be undone may stand."""

NO_ANSWERS = [
    http_reply(b"", "500 Internal Server Error"),
    http_reply(b"<html>", "502 Bad Gateway", "text/html"),
    b"",
    b"HTTP/1.1 200 OK\r\nContent-Le",
]


def hub_at(url: str) -> dict[str, Any]:
    return {
        HUB: {"gateway": "http", "client": "shop", "url": url, "api_key": "k" * 20, "allow_private": True}
    }


async def quiet(retailer: Retailer) -> None:
    """Wait until nothing is left to be undone."""

    async def none_waits() -> bool:
        return not await retailer.count("outbox where state = 'waiting'")

    await eventually(none_waits)


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
        refusal("OS0004", "order-hub-failed", NO_HUB, ORDERS),
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
        await prove(
            await retailer.create(),
            refusal("OS0004", "order-hub-failed", NO_HUB, ORDERS),
            mend=lambda: quiet(retailer),
            effect=retailer.assert_registered,
            success=201,
            traces=TOLD,
        )
        first, undone, second = server.requests
        key = first.headers["idempotency-key"]
        assert undone.line == f"DELETE /orders/{key} HTTP/1.1"
        assert second.headers["idempotency-key"] != key


@pytest.mark.row("rebound.OS0004")
async def test_a_hub_that_says_no(prove: Prove, open_rebound_retailer: OpenRetailer) -> None:
    async with failing(http_reply(b"", "409 Conflict")) as server:
        retailer = await open_rebound_retailer(hub_at(server.url))
        await prove(
            await retailer.create(),
            refusal("OS0004", "order-hub-failed", NO_HUB, ORDERS),
            mend=lambda: quiet(retailer),
            effect=retailer.assert_registered,
            success=201,
        )
        assert [request.line.partition(" ")[0] for request in server.requests] == ["POST", "POST"]


@pytest.mark.row("rebound.OS0004")
async def test_a_hub_where_nobody_listens(prove: Prove, open_rebound_retailer: OpenRetailer) -> None:
    retailer = await open_rebound_retailer(hub_at(f"http://127.0.0.1:{await unused_port()}"))
    async with raw_server(http_reply(b"", "204 No Content")) as server:
        await prove(
            await retailer.create(),
            refusal("OS0004", "order-hub-failed", NO_HUB, ORDERS),
            mend=retailer.changing(hub_at(server.url)),
            effect=retailer.assert_registered,
            success=201,
        )
