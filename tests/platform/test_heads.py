"""The head of a request has limits of size and time, and connections of number, for HTTP and WebSocket alike."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psutil
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send
from tests.platform.served import Server, served, wait_until
from tests.support.wires import HandClock, Wire
from uvicorn.server import ServerState

from entrepot.config import Settings
from entrepot.serving.limits import HEAD_BYTES, HEAD_SECONDS, STALL_SECONDS, URL_BYTES
from entrepot.serving.workers import KEEP_ALIVE, server_config

HOST = b"Host: localhost\r\n"
UPGRADE = (
    b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)
KINDS = pytest.mark.parametrize("kind", [b"", UPGRADE], ids=["HTTP", "WebSocket"])


@pytest.fixture(scope="module")
def server(module_database_url: str) -> Iterator[Server]:
    with served(database_url=module_database_url) as running:
        yield running


def said_to(server: Server, *parts: bytes) -> bytes:
    """What comes back for these bytes until the server closes; writing ends where nobody takes any more."""
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port), timeout=60) as wire:
        try:
            for part in parts:
                wire.sendall(part)
            wire.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        said = b""
        try:
            while more := wire.recv(65_536):
                said += more
        except ConnectionResetError:
            pass
        return said


def head(size: int, kind: bytes = b"") -> bytes:
    """A head of exactly so many bytes, in lines that are no longer than usual ones."""
    start, line = b"GET /pid HTTP/1.1\r\n" + HOST + kind, b"a: %s\r\n"
    left = size - len(start) - 2
    lines = [line % (b"x" * 994) for _ in range(left // 999 - 1)]
    last = left - 999 * len(lines)
    return start + b"".join(lines) + line % (b"x" * (last - 5)) + b"\r\n"


@KINDS
def test_a_head_beyond_its_limit_is_431(server: Server, kind: bytes) -> None:
    assert len(head(HEAD_BYTES, kind)) == HEAD_BYTES
    assert said_to(server, head(HEAD_BYTES + 1, kind)).startswith(b"HTTP/1.1 431 ")
    assert said_to(server, *(bytes([each]) for each in head(HEAD_BYTES + 1, kind))).startswith(
        b"HTTP/1.1 431 "
    )
    assert not said_to(server, head(HEAD_BYTES, kind)).startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize("more", [b"a: " + b"x" * 8_188 + b"\r\n", b"a: b\r\n" * 124], ids=["line", "number"])
def test_a_handshake_beyond_its_limits_is_431(server: Server, more: bytes) -> None:
    start = b"GET /socket HTTP/1.1\r\n" + HOST + UPGRADE
    assert said_to(server, start + more + b"\r\n").startswith(b"HTTP/1.1 431 ")
    assert said_to(server, start + b"a: b" + more[6:] + b"\r\n").startswith(b"HTTP/1.1 101 ")


@KINDS
def test_a_url_beyond_its_limit_is_414(server: Server, kind: bytes) -> None:
    def asked(length: int) -> bytes:
        url = b"/pid?".ljust(length, b"x")
        return said_to(server, b"GET " + url + b" HTTP/1.1\r\n" + HOST + kind + b"\r\n")

    assert asked(URL_BYTES + 1).startswith(b"HTTP/1.1 414 ")
    assert not asked(URL_BYTES).startswith(b"HTTP/1.1 414 ")
    assert asked(20_000_000).startswith(b"HTTP/1.1 414 ")


def test_heads_of_any_size_cost_no_memory(server: Server) -> None:
    process = psutil.Process(server.pid())
    before = process.memory_info().rss
    start = b"GET /pid HTTP/1.1\r\n" + HOST
    line = b"a: " + b"x" * 65_000
    for parts in ([start, *[line + b"\r\n"] * 1_000], [start, b"a: ", *[b"x" * 65_000] * 1_000]):
        assert said_to(server, *parts).startswith(b"HTTP/1.1 431 ")
    trailers = b"POST /pid HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n"
    said_to(server, trailers, *[line + b"\r\n"] * 1_000)
    said_to(server, trailers[:-3] + b"1;x=", *[b"x" * 65_000] * 1_000)
    assert process.memory_info().rss - before < 20_000_000


def test_trailers_are_no_headers(server: Server) -> None:
    """What comes after the body must not be able to change who is taken for the caller."""
    chunked = b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\nX-Late: %s\r\n\r\n"
    said = said_to(server, b"POST /headers HTTP/1.1\r\n" + HOST + chunked % b"1")
    assert b"200 OK" in said
    assert b"x-late" not in said


@pytest.mark.parametrize(
    "hosts",
    [
        b"",
        b"Host: \r\n",
        HOST + HOST,
        b"Host: a b\r\n",
        b"Host: a:b\r\n",
        b"Host: a/b\r\n",
        b"Host: \xe9\r\n",
    ],
)
@KINDS
def test_a_host_that_is_missing_doubled_or_broken_is_400(server: Server, hosts: bytes, kind: bytes) -> None:
    assert said_to(server, b"GET /pid HTTP/1.1\r\n" + hosts + kind + b"\r\n").startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("host", [b"a", b"a.b:80", b"127.0.0.1", b"[::1]", b"[::1]:8600", b"a_b"])
def test_a_host_that_is_one_is_taken(server: Server, host: bytes) -> None:
    asked = b"GET /pid HTTP/1.1\r\nHost: " + host + b"\r\nConnection: close\r\n\r\n"
    assert said_to(server, asked).startswith(b"HTTP/1.1 200 ")


def test_an_old_client_may_leave_the_host_out(server: Server) -> None:
    assert said_to(server, b"GET /pid HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 200 ")


class Opened:
    """One connection of the server's own HTTP protocol, by a clock set by hand."""

    def __init__(self, config: Any, clock: HandClock, wire: Wire) -> None:
        self.wire = wire
        self.state = ServerState()
        self.protocol = config.http_protocol_class(config, self.state, {}, clock)
        self.protocol.connection_made(wire)

    def say(self, data: bytes) -> None:
        self.protocol.data_received(data)

    async def answered(self) -> None:
        await asyncio.gather(*self.state.tasks)

    @property
    def said(self) -> bytes:
        return b"".join(self.wire.frames)


async def _app(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse("ok")(scope, receive, send)


@asynccontextmanager
async def opened(**settings: Any) -> AsyncGenerator[tuple[HandClock, Any]]:
    config = server_config(Settings(data_dir=Path(), **settings), "postgresql://localhost/none")
    config.app, config.factory = _app, False
    config.load()
    clock = HandClock()
    connections: list[Opened] = []

    def connect(address: str = "192.0.2.1") -> Opened:
        connections.append(Opened(config, clock, Wire(address)))
        return connections[-1]

    try:
        yield clock, connect
    finally:
        for each in connections:
            each.protocol.connection_lost(None)
            await each.answered()


async def test_a_head_that_does_not_become_whole_is_408_after_ten_seconds() -> None:
    async with opened() as (clock, connect):
        connection = connect()
        clock.pass_by(60)
        connection.say(b"GET / HTTP/1.1\r\n")
        for _ in range(HEAD_SECONDS - 1):
            clock.pass_by(1)
            connection.say(b"a: b\r\n")
        assert connection.said == b""
        clock.pass_by(1)
        assert connection.said.startswith(b"HTTP/1.1 408 ")
        assert connection.wire.ended


async def test_a_second_head_on_the_connection_has_ten_seconds_too() -> None:
    async with opened() as (clock, connect):
        connection = connect()
        connection.say(b"GET / HTTP/1.1\r\n" + HOST + b"\r\n")
        await connection.answered()
        assert connection.said.startswith(b"HTTP/1.1 200 ")
        clock.pass_by(60)
        connection.say(b"GET / HTTP/1.1\r\n")
        connection.wire.frames.clear()
        clock.pass_by(HEAD_SECONDS)
        assert connection.said.startswith(b"HTTP/1.1 408 ")


async def test_a_refusal_waits_for_the_answer_before_it() -> None:
    """A pipelined head that is too large must not cut into the answer to the request before it."""
    async with opened() as (_, connect):
        connection = connect()
        connection.say(b"GET / HTTP/1.1\r\n" + HOST + b"\r\n" + head(HEAD_BYTES + 1))
        await connection.answered()
        assert connection.said.startswith(b"HTTP/1.1 200 ")
        assert b"431" not in connection.said
        assert connection.wire.closed


async def test_who_takes_nothing_of_his_answer_loses_the_connection() -> None:
    async with opened() as (clock, connect):
        asleep, slow = connect(), connect()
        for each in (asleep, slow):
            each.protocol.pause_writing()
        clock.pass_by(STALL_SECONDS - 1)
        slow.protocol.resume_writing()
        slow.protocol.pause_writing()
        clock.pass_by(1)
        assert (asleep.wire.closed, slow.wire.closed) == (True, False)


@pytest.mark.parametrize("noise", [b"", b"\r\n"])
async def test_a_connection_without_a_request_closes_at_the_documented_time(noise: bytes) -> None:
    async with opened() as (clock, connect):
        connection = connect()
        for _ in range(KEEP_ALIVE - 1):
            clock.pass_by(1)
            connection.say(noise)
        assert not connection.wire.closed
        clock.pass_by(1)
        assert connection.wire.closed


async def test_a_connection_more_than_an_address_may_have_is_503() -> None:
    async with opened(connections_per_address=2) as (_, connect):
        first, second, third, other = (*(connect() for _ in range(3)), connect("192.0.2.2"))
        assert third.said.startswith(b"HTTP/1.1 503 ")
        assert b"retry-after: " in third.said.lower()
        assert third.wire.closed
        assert not any(each.wire.closed for each in (first, second, other))
        first.protocol.connection_lost(None)
        assert not connect().wire.closed


async def test_one_network_of_a_subscriber_counts_as_one_address() -> None:
    async with opened(connections_per_address=1) as (_, connect):
        assert not connect("2001:db8:1:2::1").wire.closed
        assert connect("2001:db8:1:2:ffff::2").wire.closed
        assert not connect("2001:db8:1:3::1").wire.closed


async def test_connections_of_a_trusted_proxy_are_many_callers() -> None:
    async with opened(connections_per_address=1, trusted_proxies=("192.0.2.0/24",)) as (_, connect):
        assert not any(connect().wire.closed for _ in range(3))
        assert not connect("198.51.100.1").wire.closed
        assert connect("198.51.100.1").wire.closed


async def test_a_connection_more_than_a_process_may_have_is_503() -> None:
    async with opened(connections=2) as (_, connect):
        connections = [connect(f"192.0.2.{no}") for no in range(3)]
        assert [each.wire.closed for each in connections] == [False, False, True]


def test_an_upgraded_connection_counts_until_it_ends(module_database_url: str) -> None:
    with served(database_url=module_database_url, connections_per_address=1) as server:
        address = urlsplit(server.url)
        for _ in range(2):
            with socket.create_connection((address.hostname, address.port), timeout=60) as wire:
                wire.sendall(b"GET /socket HTTP/1.1\r\n" + HOST + UPGRADE + b"\r\n")
                assert wire.recv(65_536).startswith(b"HTTP/1.1 101 ")
                assert (
                    httpx.get(f"{server.url}/pid", trust_env=False, verify=False, timeout=60).status_code
                    == 503
                )
            wait_until(
                lambda: (
                    httpx.get(f"{server.url}/pid", trust_env=False, verify=False, timeout=60).status_code
                    == 200
                )
            )
