"""A thousand connections that speak in one turn of the loop hold up nobody else: counted in turns, on no clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any, cast

import uvicorn
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send
from tests.support.wires import HandClock, Wire
from uvicorn.server import ServerState

from entrepot.serving.limits import Census
from entrepot.serving.requests import RequestReader
from entrepot.serving.sockets import WatchedSocket
from entrepot.serving.turnstile import OF_ALL, OF_ONE

MANY = 1_000
FLOOD, CALM = "192.0.2.1", "192.0.2.2"
GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n"
UPGRADE = (
    b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
PING = b"\x81\x84\x00\x00\x00\x00ping"
"""A message on a WebSocket."""


class Paused(Wire):
    """A wire that knows whether it is read."""

    read = True

    def pause_reading(self) -> None:
        self.read = False

    def resume_reading(self) -> None:
        self.read = True


class Crowd:
    """Connections of one process, and whose request was begun, or message taken, in which order."""

    def __init__(self, *proxies: str) -> None:
        self.begun: list[str] = []
        config: Any = uvicorn.Config(
            self.app, interface="asgi3", lifespan="off", log_config=None, ws=WatchedSocket
        )
        config.census = Census(10 * MANY, 10 * MANY, proxies)
        config.load()
        self._config = config
        self._clock = HandClock()
        self._state = ServerState()
        self.protocols: list[RequestReader] = []

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        address = scope["client"][0]
        if scope["type"] == "http":
            self.begun.append(address)
            await PlainTextResponse("ok")(scope, receive, send)
            return
        await receive()
        await send({"type": "websocket.accept"})
        while (await receive())["type"] == "websocket.receive":
            self.begun.append(address)

    def connection(self, address: str) -> tuple[Paused, Callable[[bytes], None]]:
        """One that is open: its wire, and what takes the bytes that its peer sends."""
        wire, reader = Paused(address), RequestReader(self._config, self._state, {}, self._clock)
        wire.protocol = reader
        reader.connection_made(wire)
        self.protocols.append(reader)
        return wire, lambda data: cast("asyncio.Protocol", wire.protocol).data_received(data)

    async def end(self) -> None:
        for each in self.protocols:
            each.transport.close()
        for task in self._state.tasks:
            task.cancel()
        await asyncio.gather(*self._state.tasks, return_exceptions=True)


@asynccontextmanager
async def crowd(*proxies: str) -> AsyncGenerator[Crowd]:
    made = Crowd(*proxies)
    try:
        yield made
    finally:
        await made.end()


async def until(condition: Callable[[], bool]) -> int:
    """How many turns of the loop it took."""
    turns = 0
    while not condition():
        await asyncio.sleep(0)
        turns += 1
        assert turns < 100_000
    return turns


async def test_a_request_waits_for_few_of_those_that_came_before_it_from_another_address() -> None:
    async with crowd() as here:
        flood = [here.connection(FLOOD)[1] for _ in range(MANY)]
        _, calm = here.connection(CALM)
        for say in (*flood, calm):
            say(GET + b"\r\n")
        await until(lambda: CALM in here.begun)
        assert here.begun.index(CALM) <= 2 * OF_ONE
        await until(lambda: len(here.begun) == MANY + 1)


async def test_in_no_turn_are_more_begun_than_a_turn_is_for() -> None:
    async with crowd() as here:
        flood = [here.connection(f"192.0.2.{number % 200}")[1] for number in range(MANY)]
        for say in flood:
            say(GET + b"\r\n")
        begun = [0]

        def all_are() -> bool:
            begun.append(len(here.begun))
            return begun[-1] == MANY

        await until(all_are)
        assert max(later - earlier for earlier, later in pairwise(begun)) <= OF_ALL


async def test_messages_on_sockets_wait_in_the_same_way() -> None:
    async with crowd() as here:
        flood = [here.connection(FLOOD) for _ in range(MANY // 4)]
        calm = here.connection(CALM)
        for wire, say in (*flood, calm):
            say(GET + UPGRADE)
            await wire.accepted.wait()
        for _, say in (*flood, calm):
            say(PING)
        await until(lambda: CALM in here.begun)
        assert here.begun.index(CALM) <= 2 * OF_ONE
        await until(lambda: len(here.begun) == len(flood) + 1)


async def test_what_waits_is_read_no_further_and_none_of_it_is_lost() -> None:
    async with crowd() as here:
        flood = [here.connection(FLOOD) for _ in range(2 * OF_ONE)]
        for _, say in flood:
            say(GET)
        wire, say = flood[-1]
        assert wire.read
        say(b"\r\n" + GET)
        assert not wire.read
        say(b"\r\n")
        await until(lambda: len(here.begun) == 2)
        assert wire.read


async def test_the_end_of_what_a_peer_says_comes_after_all_of_it() -> None:
    async with crowd() as here:
        flood = [here.connection(FLOOD) for _ in range(2 * OF_ONE)]
        for _, say in flood:
            say(GET + b"\r\n")
        here.protocols[-1].eof_received()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert flood[-1][0].frames[0].startswith(b"HTTP/1.1 200")


async def test_callers_behind_a_proxy_of_ours_are_many_and_wait_for_no_turn() -> None:
    async with crowd("192.0.2.0/24") as here:
        flood = [here.connection(FLOOD)[1] for _ in range(MANY)]
        for say in flood:
            say(GET + b"\r\n")
        assert await until(lambda: len(here.begun) == MANY) <= 2
