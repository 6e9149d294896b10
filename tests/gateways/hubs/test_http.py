"""Order hubs over HTTP: those that take an order, refuse it, fail, or are no hubs."""

from collections.abc import Awaitable, Callable

import pytest

from entrepot.gateways.http import GuardedClient
from entrepot.gateways.hubs.http import HttpOrderHub
from entrepot.gateways.hubs.port import HandOver, HubFailed, HubRefused, TakenOver, Withdrawal, Withdrawn
from tests.gateways.hubs.orders import hub_order
from tests.support.raw_server import RawServer, http_reply, raw_server, unused_port
from tests.support.waiting import out_of_time

Call = Callable[[HttpOrderHub], Awaitable[HandOver | Withdrawal]]


async def hand_over(hub: HttpOrderHub) -> HandOver:
    return await hub.hand_over(hub_order())


async def withdraw(hub: HttpOrderHub) -> Withdrawal:
    return await hub.withdraw("k1")


def hub_at(url: str) -> HttpOrderHub:
    return HttpOrderHub(url, "secret", allow_private=True, client=GuardedClient(limit_seconds=60))


async def ask(call: Call, reply: bytes, *, silent: bool = False) -> tuple[HandOver | Withdrawal, RawServer]:
    async with raw_server(reply, silent=silent) as server:
        asking = call(hub_at(f"{server.url}/hub/"))
        asked: HandOver | Withdrawal
        if silent:

            async def waited() -> HandOver | Withdrawal:
                return await asking

            asked = await out_of_time(waited(), lambda: server.requests)
        else:
            asked = await asking
        return asked, server


async def test_an_order_is_handed_over_whole() -> None:
    answer, server = await ask(hand_over, http_reply(b"", "202 Accepted"))
    assert answer == TakenOver()
    [request] = server.requests
    assert request.line == "POST /hub/orders HTTP/1.1"
    assert (request.headers["api-key"], request.headers["idempotency-key"]) == ("secret", "k1")
    assert request.json == {
        "key": "k1",
        "client": "shop",
        "environment": "live",
        "orderId": "A-1",
        "currency": "CAD",
        "person": {"email": "ann@example.com"},
        "shipTo": {
            "first_name": "Ann", "last_name": "Lee", "address1": "1 Front Street", "city": "Toronto",
            "country": "CA", "zip": "M5J 2N1",
        },
        "lines": [
            {"ref": "L1", "sku": "TEA", "quantity": 2, "price": 5.25},
            {"ref": "L2", "sku": "MUG", "quantity": 1, "price": None},
        ],
    }  # fmt: skip


@pytest.mark.parametrize("status", ["200 OK", "204 No Content", "404 Not Found", "410 Gone"])
async def test_an_order_is_withdrawn_and_so_is_one_that_is_not_there(status: str) -> None:
    answer, server = await ask(withdraw, http_reply(b"", status))
    assert answer == Withdrawn()
    assert server.requests[0].line == "DELETE /hub/orders/k1 HTTP/1.1"


@pytest.mark.parametrize("status", [400, 401, 404, 409, 422])
async def test_a_hub_that_says_no_has_nothing(status: int) -> None:
    answer, _ = await ask(hand_over, http_reply(b"", f"{status} No"))
    assert answer == HubRefused(f"the hub answered with status {status}")


@pytest.mark.parametrize("call", [hand_over, withdraw])
@pytest.mark.parametrize("status", [302, 408, 429, 500, 503])
async def test_a_status_that_speaks_of_no_order_is_no_answer(call: Call, status: int) -> None:
    answer, _ = await ask(call, http_reply(b"<html>", f"{status} No", "text/html"))
    assert answer == HubFailed(f"the hub answered with status {status}")


@pytest.mark.parametrize("call", [hand_over, withdraw])
async def test_half_a_reply_and_none_at_all_leave_it_open_what_was_done(call: Call) -> None:
    half, _ = await ask(call, b"HTTP/1.1 200 OK\r\nContent-Le")
    assert half == HubFailed("the connection failed: RemoteProtocolError")
    late, _ = await ask(call, b"", silent=True)
    assert late == HubFailed("no reply within the time limit")


@pytest.mark.parametrize("call", [hand_over, withdraw])
async def test_where_nobody_listens_nobody_was_asked(call: Call) -> None:
    nobody = await call(hub_at(f"http://127.0.0.1:{await unused_port()}"))
    assert nobody == HubFailed("the connection failed: ConnectError", reached=False)
    private = HttpOrderHub("http://127.0.0.1:9", "secret")
    assert await call(private) == HubFailed(
        "the endpoint's host has an address that is not allowed", reached=False
    )
