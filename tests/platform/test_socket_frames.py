"""Messages on WebSockets that never become whole: how much of a process they may take, and for how long at a time."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from entrepot.doors.kit.body import IN_FLIGHT, MOST_BY_ONE
from entrepot.serving.limits import MOST_FRAGMENTS, PARSED_AT_ONCE, Census
from entrepot.serving.requests import RequestReader
from entrepot.serving.sockets import WatchedSocket

TEXT, MORE, LAST = 0x01, 0x00, 0x80
TRY_AGAIN, TOO_BIG = 1013, 1009
HEAD = (
    b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
LARGE = 9_000_000


def frame(kind: int, data: bytes = b"", length: int | None = None) -> bytes:
    """A frame, masked with nothing; `length` is what it says of itself where that is not so."""
    size = len(data) if length is None else length
    told = bytes([0x80 | size]) if size < 126 else bytes([0xFF]) + struct.pack("!Q", size)
    return bytes([kind]) + told + bytes(4) + data


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Every message back as its length."""
    assert (await receive())["type"] == "websocket.connect"
    await send({"type": "websocket.accept"})
    while (event := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": str(len(event["text"]))})


@pytest.fixture
async def url() -> AsyncIterator[str]:
    config: Any = uvicorn.Config(echo, lifespan="off", log_config=None, http=RequestReader, ws=WatchedSocket)
    config.census = Census(1_000, 1_000, ())
    config.load()
    state = ServerState()
    server = await asyncio.get_running_loop().create_server(
        lambda: RequestReader(config, state, {}), "127.0.0.1", 0
    )
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()
    for each in list(state.connections):
        each.transport.abort()
    await asyncio.gather(*state.tasks, return_exceptions=True)


class Peer:
    """One that speaks frames."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def of(cls, url: str) -> Peer:
        """One whose handshake is done."""
        parts = urlsplit(url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        writer.write(HEAD)
        assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
        return cls(reader, writer)

    async def say(self, data: bytes) -> None:
        """Send it, or as much as is taken."""
        self.writer.write(data)
        try:
            await self.writer.drain()
        except OSError:
            return

    async def hears(self) -> bytes | int:
        """The next text, or the code with which the server closes."""
        async with asyncio.timeout(60):
            kind, size = await self.reader.readexactly(2)
            data = await self.reader.readexactly(size)
        return struct.unpack("!H", data[:2])[0] if kind & 0x0F == 8 else data


@pytest.mark.parametrize("kind", ["half a frame", "fragments"])
async def test_messages_that_are_not_whole_count_among_the_bodies_on_their_way(url: str, kind: str) -> None:
    half = (
        frame(TEXT | LAST, bytes(LARGE), LARGE + 1) if kind == "half a frame" else frame(TEXT, bytes(LARGE))
    )
    peers = [await Peer.of(url) for _ in range(MOST_BY_ONE // LARGE + 1)]
    for peer in peers[:-1]:
        await peer.say(half)
    async with asyncio.timeout(60):
        while IN_FLIGHT.used < (len(peers) - 1) * LARGE:  # noqa: ASYNC110  (nobody tells)
            await asyncio.sleep(0.01)
    await peers[-1].say(half)
    assert await peers[-1].hears() == TRY_AGAIN
    whole = frame(LAST | MORE) if kind == "fragments" else b"x"
    await peers[0].say(whole)
    assert await peers[0].hears() in (str(LARGE).encode(), str(LARGE + 1).encode())
    for peer in peers:
        peer.writer.transport.abort()
    async with asyncio.timeout(60):
        while IN_FLIGHT.used:  # noqa: ASYNC110  (nobody tells)
            await asyncio.sleep(0.01)


async def test_a_message_of_frames_without_end_is_given_up(url: str) -> None:
    peer = await Peer.of(url)
    await peer.say(frame(TEXT) + frame(MORE) * (MOST_FRAGMENTS + 2_000))
    assert await peer.hears() == TOO_BIG
    peer.writer.transport.abort()


async def test_others_have_turns_while_many_small_frames_are_parsed(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At most so many bytes in each turn, and all of them in their order."""
    parsed: list[int] = []
    inner = WatchedSocket._parse

    def counted(self: WatchedSocket, data: bytes) -> None:
        parsed.append(len(data))
        inner(self, data)

    monkeypatch.setattr(WatchedSocket, "_parse", counted)
    peer = await Peer.of(url)
    count = 4 * PARSED_AT_ONCE // len(frame(MORE, b"x"))
    await peer.say(frame(TEXT, b"x") + frame(MORE, b"x") * count + frame(LAST | MORE, b"x"))
    assert await peer.hears() == str(count + 2).encode()
    await peer.say(frame(TEXT | LAST, b"again"))
    assert await peer.hears() == b"5"
    assert max(parsed) <= PARSED_AT_ONCE
    assert len(parsed) > 4
    peer.writer.transport.abort()
