"""Carriers over HTTP: those that understand, and those that fail in each way that there is."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest

from entrepot.domain.orders.records import Address
from entrepot.gateways.carriers.http import HttpCarrier
from entrepot.gateways.carriers.port import (
    Announced,
    CarriedLine,
    CarrierFailed,
    Consignment,
    Destination,
    Withdrawn,
)
from entrepot.gateways.http import GuardedClient
from tests.support.raw_server import RawServer, http_reply, raw_server, unused_port
from tests.support.waiting import out_of_time

KEY = "0123456789abcdef" * 2
AT = datetime(2026, 5, 1, 9, tzinfo=UTC)
HOME = Address("Ann", "Lee", "1 Front Street", "Toronto", "CA", "M5J 2N1")
Answer = Announced | Withdrawn | CarrierFailed
Call = Callable[[HttpCarrier], Awaitable[Answer]]


def consignment() -> Consignment:
    lines = (CarriedLine(1, 1, "TEA", "Tea", 2),)
    return Consignment(KEY, "order", "live", 7, None, "A-1", AT, (Destination(1, HOME),), lines)


async def announce(carrier: HttpCarrier) -> Answer:
    return await carrier.announce(consignment(), AT)


async def withdraw(carrier: HttpCarrier) -> Answer:
    return await carrier.withdraw(KEY, AT)


def carrier_at(url: str) -> HttpCarrier:
    return HttpCarrier(url, "secret", allow_private=True, client=GuardedClient(limit_seconds=60))


async def ask(call: Call, reply: bytes, *, silent: bool = False) -> tuple[Answer, RawServer]:
    async with raw_server(reply, silent=silent) as server:

        async def waited() -> Answer:
            return await call(carrier_at(f"{server.url}/hook"))

        asked = out_of_time(waited(), lambda: server.requests) if silent else waited()
        return await asked, server


async def test_what_there_is_to_carry_is_told_whole_and_signed() -> None:
    answer, server = await ask(announce, http_reply(b"", "202 Accepted"))
    assert answer == Announced()
    [request] = server.requests
    assert request.line == "POST /hook HTTP/1.1"
    assert request.headers["entrepot-delivery"] == KEY
    seconds = int(AT.timestamp())
    digest = hmac.new(b"secret", b"%d.%b" % (seconds, request.body), "sha256").hexdigest()
    assert request.headers["entrepot-signature"] == f"t={seconds},v1={digest}"
    assert request.json == {
        "action": "announce",
        "key": KEY,
        "kind": "order",
        "environment": "live",
        "order": 7,
        "number": None,
        "name": "A-1",
        "at": "2026-05-01T09:00:00Z",
        "destinations": [
            {
                "part": 1,
                "address": {
                    "first_name": "Ann", "last_name": "Lee", "address1": "1 Front Street", "city": "Toronto",
                    "country": "CA", "zip": "M5J 2N1",
                },
            }
        ],
        "lines": [{"line": 1, "part": 1, "sku": "TEA", "name": "Tea", "quantity": 2}],
    }  # fmt: skip


@pytest.mark.parametrize("status", ["200 OK", "204 No Content", "404 Not Found", "410 Gone"])
async def test_what_is_not_known_is_withdrawn_too(status: str) -> None:
    answer, server = await ask(withdraw, http_reply(b"", status))
    assert answer == Withdrawn()
    assert server.requests[0].json == {"action": "withdraw", "key": KEY}


@pytest.mark.parametrize("call", [announce, withdraw])
@pytest.mark.parametrize("status", [302, 400, 401, 408, 429, 500, 503])
async def test_another_status_is_no_answer(call: Call, status: int) -> None:
    answer, _ = await ask(call, http_reply(b"<html>", f"{status} No", "text/html"))
    assert answer == CarrierFailed(f"the carrier answered with status {status}")


async def test_a_carrier_that_does_not_know_the_place_was_told_nothing() -> None:
    answer, _ = await ask(announce, http_reply(b"", "404 Not Found"))
    assert answer == CarrierFailed("the carrier answered with status 404")


@pytest.mark.parametrize("call", [announce, withdraw])
async def test_half_a_reply_none_at_all_and_nobody_there(call: Call) -> None:
    half, _ = await ask(call, b"HTTP/1.1 200 OK\r\nContent-Le")
    assert half == CarrierFailed("the connection failed: RemoteProtocolError")
    late, _ = await ask(call, b"", silent=True)
    assert late == CarrierFailed("no reply within the time limit")
    nobody = await call(carrier_at(f"http://127.0.0.1:{await unused_port()}"))
    assert nobody == CarrierFailed("the connection failed: ConnectError")
    private = await call(HttpCarrier("http://127.0.0.1:9", "secret"))
    assert private == CarrierFailed("the endpoint's host has an address that is not allowed")
