"""An answer that the server takes as a whole is, byte by byte, the one that ASGI's messages come to."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.server import ServerState

from entrepot.doors.kit import CorsPolicy, Endpoint, Reply, Request, Resource, Router
from entrepot.doors.kit.messages import PART, WholeSend
from entrepot.failures import MethodNotAllowed, Overloaded, RequestTimeout
from entrepot.serving.limits import Census
from entrepot.serving.requests import RequestReader
from tests.doors.kit.serving import Seen, door

LONG = 30 * PART
REPLIES = {
    "ok": Reply(200, b'{"a":1}'),
    "empty": Reply(200),
    "none": Reply(204, headers=((b"x-none", b"1"),)),
    "same": Reply(304, headers=((b"etag", b'"1"'),)),
    "text": Reply(201, b"text", media_type=b"text/plain"),
    "own": Reply(200, b"x", ((b"x-own", b"\xe9"), (b"X-Other", b"2"))),
    "refused": Reply(503, b"{}", failure=Overloaded(3)),
    "method": Reply(405, b"{}", failure=MethodNotAllowed("PUT", ("GET", "HEAD"))),
    "late": Reply(408, b"{}", ((b"connection", b"close"),), failure=RequestTimeout(30)),
    "long": Reply(200, b"x" * LONG),
}
END = b" HTTP/1.1\r\nHost: test\r\nX-Request-Id: r1\r\nConnection: close\r\n\r\n"


def router() -> Router:
    api = door(Seen())

    async def say(request: Request) -> Reply:
        return REPLIES[request.params["name"]]

    shown = Endpoint(api, "shown", say)
    policy = CorsPolicy("https://a.example", ["GET"], ["X-Key"], ["Link"])
    return Router(api, [Resource("/{name}", {"GET": shown, "POST": shown})], cors=policy)


class Sends:
    """An app before another that knows by which kind of `send` each answer goes."""

    def __init__(self, app: ASGIApp, *, between: bool) -> None:
        self._app = app
        self._between = between
        self.whole: list[bool] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def said(message: Message) -> None:
            await send(message)

        given = said if self._between else send
        self.whole.append(isinstance(given, WholeSend))
        await self._app(scope, receive, given)


@asynccontextmanager
async def served(*, between: bool) -> AsyncGenerator[tuple[Sends, int]]:
    app = Sends(router(), between=between)
    config: Any = uvicorn.Config(app, lifespan="off", log_config=None)
    config.load()
    config.census = Census(1_000, 1_000, ())
    state = ServerState()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: RequestReader(config, state, {}), "127.0.0.1", 0)
    try:
        yield app, server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()
        await asyncio.gather(*state.tasks)


async def answers(port: int, asked: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(asked)
    try:
        return await asyncio.wait_for(reader.read(), 60)
    finally:
        writer.close()


@pytest.mark.parametrize("method", [b"GET", b"HEAD"])
@pytest.mark.parametrize("name", REPLIES)
async def test_both_ways_come_to_the_same_bytes(name: str, method: bytes) -> None:
    asked = method + b" /" + name.encode() + END
    async with served(between=False) as (straight, port):
        whole = await answers(port, asked)
    async with served(between=True) as (wrapped, port):
        parts = await answers(port, asked)
    assert whole == parts
    assert whole.startswith(f"HTTP/1.1 {REPLIES[name].status} ".encode())
    assert (straight.whole, wrapped.whole) == ([True], [False])


@pytest.mark.parametrize("between", [False, True])
async def test_answers_to_requests_sent_together_come_in_their_order(*, between: bool) -> None:
    kept = b" HTTP/1.1\r\nHost: test\r\n\r\n"
    asked = b"".join((b"GET /text", kept, b"POST /none", kept, b"HEAD /ok", kept, b"GET /own", END))
    async with served(between=between) as (_, port):
        said = await answers(port, asked)
    assert re.findall(rb"HTTP/1\.1 ([0-9]{3}) ", said) == [b"201", b"204", b"200", b"200"]
    assert said.count(b"connection: close") == 1
    assert said.endswith(b"\r\n\r\nx")


async def test_a_body_that_was_announced_is_asked_for_and_then_answered() -> None:
    async with served(between=False) as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(
            b"POST /text HTTP/1.1\r\nHost: test\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"
        )
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 60)
        assert head == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"{}")
        assert (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 60)).startswith(b"HTTP/1.1 201 ")
        writer.close()


@pytest.mark.parametrize("header", [(b"x-own", b"a\r\nb: c"), (b"x own", b"a"), (b"", b"a")])
async def test_a_header_that_would_be_more_than_one_is_never_sent(
    monkeypatch: pytest.MonkeyPatch, header: tuple[bytes, bytes]
) -> None:
    monkeypatch.setitem(REPLIES, "own", Reply(200, b"x", (header,)))
    async with served(between=False) as (_, port):
        said = await answers(port, b"GET /own" + END)
    assert said.startswith(b"HTTP/1.1 500 ")
    assert b"b: c" not in said
