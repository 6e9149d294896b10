"""No request, however broken, large or slow, makes an internal error or holds a connection for ever."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal

import httpx
import pytest
from structlog.testing import capture_logs

from entrepot.doors.kit import Answer, Endpoint, Reply, Request, Resource, Router, decode_json, encode
from entrepot.doors.kit.wire import MOST_VALUES
from entrepot.failures import BodyBeyondLimits, MalformedBody, UnsupportedMediaType

from .serving import Address, Seen, door, serve

LIMIT = 1_000_000
JSON = {"Content-Type": "application/json"}


async def echo(request: Request) -> Answer:
    if request.media_type != "application/json":
        return UnsupportedMediaType(request.media_type)
    value = decode_json(request.body, unique_keys="unique" in request.query, exact=True)
    return value if isinstance(value, MalformedBody | BodyBeyondLimits) else Reply(200, encode(value))


async def fail(request: Request) -> Answer:
    raise RuntimeError("the cause")


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture
async def server(seen: Seen, request: pytest.FixtureRequest) -> AsyncIterator[Address]:
    sample = door(seen, body_limit=LIMIT, body_seconds=getattr(request, "param", 60.0))
    resources = [
        Resource("/echo", {"POST": Endpoint(sample, "echo", echo)}),
        Resource("/fail", {"POST": Endpoint(sample, "fail", fail)}),
    ]
    async with serve(Router(sample, resources)) as address:
        yield address


@pytest.fixture
async def client(server: Address) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=server.url, headers=JSON, verify=False, timeout=60) as client:
        yield client


def nested(levels: int) -> bytes:
    return b"[" * levels + b"]" * levels


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"{} {}",
        b"NaN",
        b'{"a": Infinity}',
        b'"\xff"',
        b'"\xed\xa0\x80"',
        b'"\\ud800"',
        b"\xef\xbb\xbf{}",
    ],
    ids=lambda body: body[:20].decode("latin-1"),
)
async def test_a_body_that_cannot_be_read_is_malformed(client: httpx.AsyncClient, body: bytes) -> None:
    reply = await client.post("/echo", content=body)
    assert (reply.status_code, reply.json()) == (400, {"failed": "malformed-body"})
    assert reply.headers["link"] == '</failures/malformed-body>; rel="help"'


BEYOND = {
    nested(21): "depth",
    nested(1_000): "depth",
    nested(400_000): "values",
    b"[" + b"1," * 200_000 + b"1]": "values",
    b'{"a":' * 2_000 + b"1" + b"}" * 2_000: "depth",
    b"9" * 5_000: "number",
    b"1e401": "number",
    b"0e999999999": "number",
    b"1e" + b"9" * 30: "number",
    b'{"note": "a\\u0000b"}': "character",
    b'{"a\\u0000": 1}': "character",
}


@pytest.mark.parametrize(("body", "what"), BEYOND.items(), ids=[f"{body[:20]!r}" for body in BEYOND])
async def test_json_beyond_the_limits_is_not_said_to_be_none(
    client: httpx.AsyncClient, body: bytes, what: str
) -> None:
    reply = await client.post("/echo", content=body)
    assert (reply.status_code, reply.json()) == (400, {"failed": "body-beyond-limits"})
    for exact in (True, False):
        found = decode_json(body, exact=exact)
        # Without exact digits 0e999999999 is simply zero.
        assert isinstance(found, BodyBeyondLimits) or (body[:2], exact) == (b"0e", False)
        assert not isinstance(found, BodyBeyondLimits) or (found.what, found.limit) == (
            what,
            {"depth": 20, "values": MOST_VALUES}.get(what),
        )


@pytest.mark.parametrize(
    "body",
    [
        nested(20),
        b"[" + b"{}," * 30 + b'"[[[[[[[[[[[[[[[[[[[[[[[["]',
        b"9" * 4_000,
        b"-9223372036854775809",
        b"18446744073709551616",
        b"1E+400",
        b"12345678901234567890.123456789",
        b"1.10",
        b'"\\\\u0000"',
    ],
    ids=lambda body: body[:20].decode("latin-1"),
)
async def test_the_nearest_that_can_be_read_comes_back_digit_for_digit(
    client: httpx.AsyncClient, body: bytes
) -> None:
    reply = await client.post("/echo", content=body)
    assert (reply.status_code, reply.content) == (200, body)


async def test_of_duplicate_keys_the_last_wins_unless_refused(client: httpx.AsyncClient) -> None:
    body = b'{"a":1,"b":{"c":1,"c":2}}'
    assert (await client.post("/echo", content=body)).json() == {"a": 1, "b": {"c": 2}}
    assert (await client.post("/echo?unique", content=body)).status_code == 400
    assert (await client.post("/echo?unique", content=b'{"a":1,"b":{"a":1}}')).status_code == 200


async def test_a_body_at_the_limit_passes_and_one_byte_more_does_not(client: httpx.AsyncClient) -> None:
    fits = b'"' + b"a" * (LIMIT - 2) + b'"'
    assert (await client.post("/echo", content=fits)).status_code == 200
    assert (await client.post("/echo", content=fits + b" ")).status_code == 413


async def test_a_body_of_ten_megabytes_is_refused_and_the_connection_goes_on(
    client: httpx.AsyncClient, seen: Seen
) -> None:
    reply = await client.post("/echo", content=b" " * 10_000_000)
    assert (reply.status_code, reply.json()) == (413, {"failed": "payload-too-large"})
    assert (await client.post("/echo", content=b"1")).status_code == 200
    assert seen.calls == [("sample", "echo", None, "payload-too-large"), ("sample", "echo", None, "ok")]


async def test_a_body_without_a_length_is_counted_as_it_arrives(client: httpx.AsyncClient) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" " * 20_000

    assert (await client.post("/echo", content=chunks())).status_code == 413


async def test_an_announced_size_is_refused_before_the_body_is_sent(server: Address) -> None:
    head = b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n"
    assert (await server.raw(head)).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("server", [0.3], indirect=True)
async def test_a_slow_body_is_given_up_and_the_connection_closed(server: Address) -> None:
    head = b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n"
    reply = await server.raw(head, b"[", b"1", pause=0.1)
    assert reply.startswith(b"HTTP/1.1 408 ")
    assert b"connection: close" in reply.lower()


async def test_a_caller_who_leaves_is_observed_and_not_answered(server: Address, seen: Seen) -> None:
    head = b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n"
    _, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(head)
    writer.close()
    await asyncio.wait_for(seen.called.wait(), 60)
    assert seen.calls == [("sample", "echo", None, "disconnected")]


async def test_the_wrong_media_type_is_refused(client: httpx.AsyncClient) -> None:
    for wrong in ("text/plain", "", "application/x-www-form-urlencoded", "x" * 5_000):
        reply = await client.post("/echo", content=b"{}", headers={"Content-Type": wrong})
        assert reply.status_code == 415
    reply = await client.post(
        "/echo", content=b"{}", headers={"Content-Type": "Application/JSON; charset=utf-8"}
    )
    assert reply.status_code == 200


async def test_a_handler_that_raises_gives_the_doors_internal_error_and_a_log_entry(
    client: httpx.AsyncClient, seen: Seen
) -> None:
    with capture_logs() as logs:
        reply = await client.post("/fail", content=b"{}", headers={"X-Request-Id": "mine-1"})
    assert (reply.status_code, reply.json()) == (500, {"failed": "internal"})
    assert "the cause" not in reply.text
    assert [(entry["operation"], entry["request_id"]) for entry in logs] == [("fail", "mine-1")]
    assert seen.calls == [("sample", "fail", None, "internal")]


def test_decimals_keep_their_digits_and_floats_stay_floats() -> None:
    assert decode_json(b"[1.10]", exact=True) == [Decimal("1.10")]
    assert str(decode_json(b"1.10", exact=True)) == "1.10"
    assert isinstance(decode_json(b"1.5"), float)
    assert isinstance(decode_json(b"1e400"), BodyBeyondLimits)


@pytest.mark.parametrize("body", [rb'{"a": "\ud800"}', rb'{"a": "\udc00 and more"}', rb'["\ud800\u0041"]'])
def test_half_a_surrogate_pair_is_said_to_be_one(body: bytes) -> None:
    for exact in (False, True):
        fault = decode_json(body, exact=exact)
        assert isinstance(fault, MalformedBody)
        assert "surrogate" in fault.reason
    truncated = decode_json(b'{"a": "')
    assert isinstance(truncated, MalformedBody)
    assert "surrogate" not in truncated.reason
