"""Clients' secrets cannot be guessed: whoever tries too many waits, whether or not the client exists; others do not."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from entrepot.engine.guesses import CLIENT
from tests.conformance.harness import Client, Reply, Request
from tests.conformance.harness.fixtures import OpenRetailer, OpenSeller
from tests.conformance.rebound import TOKEN
from tests.conformance.walmart import Seller
from tests.support.server import Server

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


async def _elsewhere(server: Server, request: Request) -> httpx.Response:
    """The answer to the same request from another address."""
    transport = httpx.AsyncHTTPTransport(local_address="127.0.0.2")
    async with httpx.AsyncClient(base_url=server.url, transport=transport, timeout=60) as http:
        return await http.request(
            request.method, request.path, content=request.content, headers=dict(request.headers)
        )


def _waits(reply: Reply) -> bool:
    return 0 < int(dict(reply.headers).get("retry-after", "0")) <= CLIENT.window.total_seconds()


def _shape(reply: Reply) -> Any:
    """All that a reply says but whose it is, and for how long one waits."""
    own = {"x-request-id", "retry-after", "date"}
    return reply.status, [each for each in reply.headers if each[0] not in own], reply.body


@pytest.mark.parametrize("known", [True, False])
async def test_a_walmart_clients_secret_is_tried_thirty_times_from_an_address(
    walmart: Client, open_seller: OpenSeller, server: Server, known: bool
) -> None:
    seller = await open_seller()
    name = f"{seller.name}-mcs" if known else f"{seller.name}-nobody"
    for number in range(CLIENT.each):
        wrong = await walmart.send(Seller.token_request(f"{name}:wrong-{number}"))
        assert (wrong.status, "retry-after" in dict(wrong.headers)) == (401, False)
    over = await walmart.send(Seller.token_request(f"{name}:secret"))
    assert (over.status, over.json["error"][0]["code"]) == (429, "REQUEST_THRESHOLD_VIOLATED")
    assert _waits(over)
    if known:
        assert (await _elsewhere(server, Seller.token_request(f"{name}:secret"))).status_code == 200


async def test_a_rebound_clients_secret_is_tried_thirty_times_from_an_address(
    rebound: Client, open_rebound_retailer: OpenRetailer, server: Server
) -> None:
    retailer = await open_rebound_retailer()
    over: list[Reply] = []
    for name in ("shop", "nobody"):
        right = retailer.token_request(name)
        for number in range(CLIENT.each):
            body = right.content.replace(b"live-secret", b"wrong-%d" % number)
            wrong = await rebound.send(Request("POST", TOKEN, body, FORM))
            assert (wrong.status, "retry-after" in dict(wrong.headers)) == (401, False)
        over.append(await rebound.send(right))
    assert _shape(over[0]) == _shape(over[1])
    assert (over[0].status, over[0].body) == (429, b'{"error":"temporarily_unavailable"}')
    assert all(map(_waits, over))
    assert (await _elsewhere(server, retailer.token_request("shop"))).status_code == 200


async def test_a_good_secret_forgets_the_tries_before_it(
    rebound: Client, open_rebound_retailer: OpenRetailer
) -> None:
    retailer = await open_rebound_retailer()
    right = retailer.token_request("other")
    wrong = Request("POST", TOKEN, right.content.replace(b"live-secret", b"wrong"), FORM)
    for _ in range(2):
        for _ in range(CLIENT.each - 1):
            assert (await rebound.send(wrong)).status == 401
        assert (await rebound.send(right)).status == 200


async def test_good_secrets_are_no_tries_however_many_come_at_once(
    rebound: Client, open_rebound_retailer: OpenRetailer
) -> None:
    retailer = await open_rebound_retailer()
    right = retailer.token_request("shop")
    replies = await asyncio.gather(*(rebound.send(right) for _ in range(3 * CLIENT.each)))
    assert {reply.status for reply in replies} == {200}
