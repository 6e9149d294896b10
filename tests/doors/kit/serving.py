"""A door made of the kit, served on a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.server import ServerState

from entrepot.doors.kit import Door, Exchange, Observer, Reply, Request, encode
from entrepot.failures import Failure

STATUS = {
    "body-beyond-limits": 400,
    "malformed-body": 400,
    "method-not-allowed": 405,
    "overloaded": 503,
    "payload-too-large": 413,
    "request-timeout": 408,
    "unauthenticated": 401,
    "unavailable": 503,
    "unknown-route": 404,
    "unsupported-media-type": 415,
}


@dataclass
class Seen:
    """An observer that remembers exchanges, and the calls in them."""

    exchanges: list[Exchange] = field(default_factory=list)
    calls: list[tuple[str, str, str | None, str]] = field(default_factory=list)
    called: asyncio.Event = field(default_factory=asyncio.Event)

    def __call__(self, exchange: Exchange, /) -> None:
        assert exchange.seconds >= 0
        assert exchange.request_id
        self.exchanges.append(exchange)
        for call in exchange.calls:
            assert call.seconds >= 0
            self.calls.append((exchange.door, call.operation, call.channel, call.outcome))
        self.called.set()


def render(failure: Failure, request: Request) -> Reply:
    return Reply(STATUS.get(failure.name, 500), encode({"failed": failure.name}))


def door(seen: Observer, **limits: Any) -> Door:
    return Door("sample", render, seen, **limits)


@dataclass
class Address:
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def raw(self, *parts: bytes, pause: float = 0) -> bytes:
        """Send the parts, each followed by a pause; the first reply that comes back."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            for part in parts:
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(pause)
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 60)
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
            return head + await asyncio.wait_for(reader.readexactly(length), 60)
        finally:
            writer.close()


@asynccontextmanager
async def serve(app: ASGIApp) -> AsyncGenerator[Address]:
    """The app behind uvicorn's own protocol, without the server's main loop, whose ticks only cost time."""
    config = uvicorn.Config(app, lifespan="off", log_config=None, http="httptools")
    config.load()
    state = ServerState()

    def connection() -> asyncio.Protocol:
        return config.http_protocol_class(config=config, server_state=state, app_state={})  # pyright: ignore[reportCallIssue]

    server = await asyncio.get_running_loop().create_server(connection, "127.0.0.1", 0)
    try:
        yield Address(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        for each in list(state.connections):
            each.shutdown()
        await server.wait_closed()
        await asyncio.gather(*state.tasks)
