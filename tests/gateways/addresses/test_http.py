"""Address look-up over HTTP, against registers that know, do not know, or are no registers."""

from typing import Any

import pytest

from entrepot.gateways.addresses.http import HttpAddressLookup
from entrepot.gateways.addresses.port import (
    AddressQuery,
    Found,
    FoundAddress,
    LookupFailed,
    LookupOutcome,
    NotFound,
    plain_identity,
)
from entrepot.gateways.http import GuardedClient
from tests.support.raw_server import RawServer, http_reply, raw_server, unused_port
from tests.support.waiting import out_of_time

QUERY = AddressQuery("SE", "19121212-1212")
HOME: dict[str, Any] = {
    "firstName": "Ada", "lastName": "Ek", "address1": "Storgatan 1", "zip": "111 22", "city": "Stockholm",
    "country": "SE",
}  # fmt: skip
ADA = FoundAddress("Storgatan 1", "111 22", "Stockholm", "SE", "Ada", "Ek")


async def ask(
    reply: bytes, query: AddressQuery = QUERY, *, silent: bool = False
) -> tuple[LookupOutcome, RawServer]:
    async with raw_server(reply, silent=silent) as server:
        client = GuardedClient(limit_seconds=60)
        register = HttpAddressLookup(server.url, "k-1", allow_private=True, client=client)
        finding = register.find(query)
        return await (out_of_time(finding, lambda: server.requests) if silent else finding), server


async def test_an_address_is_found() -> None:
    outcome, server = await ask(http_reply({"address": HOME, "more": 1}))
    assert outcome == Found(ADA)
    [request] = server.requests
    assert request.json == {"country": "SE", "identity": "191212121212"}
    assert request.headers["api-key"] == "k-1"


async def test_a_404_is_nobody() -> None:
    assert (await ask(http_reply(b"", "404 Not Found")))[0] == NotFound()


@pytest.mark.parametrize("identity", ["", "--", "å" * 3, "1" * 41, "1;2", "1\x002"])
async def test_what_cannot_be_a_number_is_not_asked_for(identity: str) -> None:
    outcome, server = await ask(http_reply({"address": HOME}), AddressQuery("SE", identity))
    assert outcome == NotFound()
    assert server.connections == 0


CANNOT_BE_READ = LookupFailed("the register's reply cannot be read")


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (http_reply({}), CANNOT_BE_READ),
        (http_reply(b""), CANNOT_BE_READ),
        (http_reply({"address": None}), CANNOT_BE_READ),
        (http_reply({"address": HOME | {"zip": 11122}}), CANNOT_BE_READ),
        (http_reply({"address": HOME | {"country": "Sweden"}}), CANNOT_BE_READ),
        (http_reply({"address": HOME | {"city": "x" * 201}}), CANNOT_BE_READ),
        (http_reply(b"<html>", content_type="text/html"), CANNOT_BE_READ),
        (http_reply(b"[" * 60_000), CANNOT_BE_READ),
        (http_reply(b" " * 70_000), LookupFailed("the register's reply is too long")),
        (http_reply(b"", "401 Unauthorized"), LookupFailed("the register answered with status 401")),
        (http_reply(b"", "302 Found"), LookupFailed("the register answered with status 302")),
        (http_reply(b"", "503 Busy"), LookupFailed("the register answered with status 503")),
        (b"HTTP/1.1 200 OK\r\nContent-Le", LookupFailed("the connection failed: RemoteProtocolError")),
    ],
)
async def test_what_is_no_answer_is_a_failure(reply: bytes, outcome: LookupOutcome) -> None:
    assert (await ask(reply))[0] == outcome


async def test_silence_refusal_and_private_addresses_are_failures() -> None:
    silent, _ = await ask(b"", silent=True)
    absent = await HttpAddressLookup(
        f"http://127.0.0.1:{await unused_port()}/", "k-1", allow_private=True
    ).find(QUERY)
    private = await HttpAddressLookup("http://127.0.0.1:9/", "k-1").find(QUERY)
    assert [silent, absent, private] == [
        LookupFailed("no reply within the time limit"),
        LookupFailed("the connection failed: ConnectError"),
        LookupFailed("the endpoint's host has an address that is not allowed"),
    ]


def test_numbers_are_compared_without_what_is_put_in_for_reading() -> None:
    same = {
        plain_identity(text) for text in ("191212121212", "19121212-1212", " 19121212 1212", "19121212+1212")
    }
    assert same == {"191212121212"}
    assert plain_identity("nl.12b") == "NL12B"
    assert "1212" not in repr(QUERY)
