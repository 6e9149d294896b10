"""Sockets as a service has to bear them: silent peers, wrong frames, readers who fall asleep, and very many of them."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psutil
import pytest
from bench.sockets import memory_of_idle_sockets
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.server import ServerState
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from entrepot.config import Settings
from entrepot.doors.kit.sockets import NoSocket
from entrepot.doors.textalk.rpc.endpoint import MAX_MESSAGE, MAX_MESSAGE_WITH_FILE
from entrepot.doors.textalk.transport.socket import PARALLEL_CALLS
from entrepot.serving.listening import bind
from entrepot.serving.workers import server_config
from tests.doors.kit.serving import Seen
from tests.support.server import Server
from tests.support.webshop import PATH
from tests.support.wires import HandClock, Wire

CALL = {"jsonrpc": "2.0", "id": 1, "method": "Context.get", "params": ["language"]}
HANDSHAKE = (
    "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
PING, PONG, CLOSE = 0x89, 0x8A, 0x88


def socket_of(server: Server) -> connect:
    return connect(server.url.replace("http", "ws", 1) + PATH, proxy=None, max_size=2**26)


async def closing_code(socket: ClientConnection) -> int | None:
    """The code with which the other side closes the socket, after whatever it still had to say."""
    await asyncio.wait_for(socket.wait_closed(), 60)
    return socket.close_code


async def test_only_texts_are_frames(server: Server) -> None:
    async with socket_of(server) as socket:
        await socket.send(json.dumps(CALL).encode())
        assert await closing_code(socket) == 1003


async def test_a_frame_of_more_than_a_megabyte_closes_the_socket(server: Server) -> None:
    async with socket_of(server) as socket:
        await socket.send(json.dumps(CALL).ljust(MAX_MESSAGE))
        assert json.loads(await socket.recv())["result"] == {"language": "en"}
        await socket.send(json.dumps(CALL).ljust(MAX_MESSAGE + 1))
        assert await closing_code(socket) == 1009


async def test_a_frame_with_a_file_may_be_ten_times_as_large(server: Server) -> None:
    file = {"name": "a", "type": "b", "data": base64.b64encode(bytes(MAX_MESSAGE)).decode()}
    call = {**CALL, "method": "Order.addArticle", "params": [None, 1, {"304": file}]}
    async with socket_of(server) as socket:
        await socket.send(json.dumps(call))
        assert json.loads(await socket.recv())["error"]["code"] == 1001
        await socket.send(json.dumps(call).ljust(MAX_MESSAGE_WITH_FILE + 1))
        assert await closing_code(socket) == 1009


async def test_whoever_does_not_read_is_not_read(server: Server) -> None:
    """A few calls run, their answers wait, and no further frame is taken: memory is bounded, and nothing is lost."""
    frame, process = _masked(_large_batch().encode()), psutil.Process(_pid(server))
    async with _upgraded(server.url) as (reader, writer):
        before = process.memory_info().rss
        with pytest.raises(TimeoutError):
            await _pushed(writer, frame, 50 * PARALLEL_CALLS)
        assert process.memory_info().rss - before < 100_000_000
        assert (await reader.readexactly(1)) == b"\x81"


def _large_batch() -> str:
    """A batch as large as its answer: 400 of them do not fit into what lies between two processes."""
    call = {"jsonrpc": "2.0", "id": "y" * 5_000, "method": "No.such"}
    return json.dumps([call] * 100)


async def _pushed(writer: asyncio.StreamWriter, frame: bytes, times: int) -> None:
    """Sends a frame over and over. Raises `TimeoutError` as soon as nobody takes it for two seconds."""
    for _ in range(times):
        writer.write(frame)
        await asyncio.wait_for(writer.drain(), 2)


def _masked(content: bytes) -> bytes:
    """A text frame as clients send them; its mask is zero."""
    return b"\x81\xff" + len(content).to_bytes(8, "big") + bytes(4) + content


def _pid(server: Server) -> int:
    assert server._process is not None  # pyright: ignore[reportPrivateUsage]
    return server._process.pid  # pyright: ignore[reportPrivateUsage]


@asynccontextmanager
async def _upgraded(url: str) -> AsyncGenerator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A socket with no client library behind it, which would answer pings and read ahead."""
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port, limit=2**16)
    try:
        writer.write(HANDSHAKE.format(path=PATH, host=address.netloc).encode())
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
        yield reader, writer
    finally:
        writer.transport.abort()


async def test_a_thousand_sockets_wait_and_answer(server: Server) -> None:
    process = psutil.Process(_pid(server))
    figure = await memory_of_idle_sockets(server.url + PATH, lambda: process.memory_info().rss)
    assert figure.sockets == 1000
    assert figure.bytes_each < 100_000


async def test_a_peer_that_says_nothing_is_pinged_after_five_minutes_and_let_go_after_ten() -> None:
    async with _opened() as (clock, wire, _):
        clock.pass_by(299)
        assert wire.frames == []
        clock.pass_by(1)
        assert [frame[0] for frame in wire.frames] == [PING]
        clock.pass_by(299)
        assert len(wire.frames) == 1
        clock.pass_by(1)
        assert [frame[0] for frame in wire.frames] == [PING, CLOSE]
        assert wire.closed


async def test_whatever_a_peer_sends_shows_that_it_is_there() -> None:
    async with _opened() as (clock, wire, say):
        for _ in range(10):
            clock.pass_by(299)
            say(_masked(b"[]"))
        assert wire.frames == []
        clock.pass_by(300)
        assert [frame[0] for frame in wire.frames] == [PING]
        clock.pass_by(299)
        say(_masked(b"[]"))
        clock.pass_by(299)
        assert [frame[0] for frame in wire.frames] == [PING]
        clock.pass_by(1)
        assert [frame[0] for frame in wire.frames] == [PING, PING]
        say(bytes([PONG, 0x84, 0, 0, 0, 0]) + wire.frames[1][2:])
        clock.pass_by(599)
        assert [frame[0] for frame in wire.frames] == [PING, PING, PING]
        assert not wire.closed


async def test_pings_can_be_left_off() -> None:
    async with _opened(ping_seconds=0) as (clock, wire, _):
        clock.pass_by(1_000_000)
        assert (wire.frames, wire.closed) == ([], False)


def test_the_system_looks_whether_peers_are_there() -> None:
    with (
        bind(Settings(data_dir=Path(), port=0)) as listener,
        socket.create_connection(listener.getsockname()),
    ):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            if hasattr(socket, "TCP_KEEPIDLE"):
                assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 60


Opened = tuple[HandClock, Wire, Callable[[bytes], None]]


async def _listening(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that accepts and listens."""
    await receive()
    await send({"type": "websocket.accept"})
    while (await receive())["type"] != "websocket.disconnect":
        pass


@asynccontextmanager
async def _opened(app: ASGIApp = _listening, **settings: Any) -> AsyncGenerator[Opened]:
    """The server's own WebSocket protocol by a clock of ours."""
    config = server_config(Settings(data_dir=Path(), **settings), "postgresql://localhost/none")
    config.app, config.factory = app, False
    config.load()
    clock, wire, state = HandClock(), Wire(), ServerState()
    protocol: Any = config.ws_protocol_class(config, state, {}, clock)  # pyright: ignore[reportCallIssue, reportOptionalCall]
    protocol.connection_made(wire)
    protocol.data_received(HANDSHAKE.format(path=PATH, host="localhost").encode())
    if app is _listening:
        await asyncio.wait_for(wire.accepted.wait(), 60)
    else:
        await asyncio.gather(*state.tasks)
    try:
        yield clock, wire, protocol.data_received
    finally:
        protocol.connection_lost(None)
        await asyncio.gather(*state.tasks)


async def test_a_refused_handshake_is_no_error_of_the_server(caplog: pytest.LogCaptureFixture) -> None:
    seen = Seen()
    async with _opened(NoSocket("none", seen)) as (_clock, wire, _received):
        (answer,) = wire.frames
        assert answer.startswith(b"HTTP/1.1 404 ")
        assert wire.closed
    assert seen.calls == [("none", "handshake", None, "unknown-route")]
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []


async def test_a_bad_token_at_the_handshake_is_counted_once(server: Server) -> None:
    url = server.url.replace("http", "ws", 1) + f"{PATH}?auth=nobodys"
    before = await _refused_handshakes(server)
    with pytest.raises(InvalidStatus) as refused:
        async with connect(url, proxy=None):
            pass
    response = refused.value.response
    assert (response.status_code, response.headers["www-authenticate"]) == (401, 'Token realm="textalk"')
    assert await _refused_handshakes(server) == before + 1


async def _refused_handshakes(server: Server) -> float:
    async with httpx.AsyncClient(trust_env=False, verify=False, timeout=60) as client:
        counted = (await client.get(f"{server.url}/metrics")).text
    series = 'entrepot_requests_total{door="textalk",operation="handshake",outcome="unauthenticated"} '
    return sum(float(line.removeprefix(series)) for line in counted.splitlines() if line.startswith(series))
