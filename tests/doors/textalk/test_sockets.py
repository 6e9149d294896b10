"""Sockets as a service has to bear them: silent peers, wrong frames, readers who fall asleep, and very many of them."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
import uvicorn
from bench.sockets import memory_of_idle_sockets
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState
from websockets.asyncio.client import ClientConnection, connect

from entrepot.config import Settings
from entrepot.doors.textalk.rpc.endpoint import MAX_MESSAGE, MAX_MESSAGE_WITH_FILE
from entrepot.doors.textalk.transport.socket import PARALLEL_CALLS
from entrepot.serving.workers import server_config
from tests.support.server import Server
from tests.support.webshop import PATH

CALL = {"jsonrpc": "2.0", "id": 1, "method": "Context.get", "params": ["language"]}
HANDSHAKE = (
    "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
PING, CLOSE = 0x89, 0x88


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


async def test_peers_are_pinged_and_silent_ones_are_let_go() -> None:
    config = server_config(Settings(data_dir=Path()), "postgresql://localhost/none")
    assert config.ws_ping_interval == 20
    assert config.ws_ping_timeout == 20
    async with _pinging(config) as url, _upgraded(url) as (reader, _):
        head = await asyncio.wait_for(reader.readexactly(2), 60)
        assert head == bytes([PING, 4])
        await reader.readexactly(4)
        assert (await asyncio.wait_for(reader.readexactly(1), 60))[0] == CLOSE


@asynccontextmanager
async def _pinging(config: uvicorn.Config) -> AsyncGenerator[str]:
    """The server's own WebSocket protocol, in a hurry."""

    async def accepting(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        await receive()

    config.ws_ping_interval = config.ws_ping_timeout = 0.05
    config.app, config.factory = accepting, False
    config.load()
    state = ServerState()
    loop = asyncio.get_running_loop()

    def connection() -> asyncio.Protocol:
        return config.http_protocol_class(config=config, server_state=state, app_state={})  # pyright: ignore[reportCallIssue]

    server = await loop.create_server(connection, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await server.wait_closed()
        await asyncio.gather(*state.tasks)
