"""What idle WebSockets cost the server: a thousand are opened, each is asked once, and then they wait."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import msgspec
from websockets.asyncio.client import ClientConnection, connect

from entrepot.serving.descriptors import allow_many_connections

COUNT = 1_000
AT_ONCE = 50
_CALL = '{"jsonrpc":"2.0","id":1,"method":"Context.get","params":["language"]}'


class Figure(msgspec.Struct, frozen=True):
    """How many sockets were open at once, and how many bytes of the server's memory each took."""

    sockets: int
    bytes_each: float

    @property
    def line(self) -> str:
        """The figure in words."""
        return f"{self.sockets} idle sockets: {self.bytes_each / 1000:.1f} kB each"


async def memory_of_idle_sockets(url: str, memory: Callable[[], int], count: int = COUNT) -> Figure:
    """The server's memory per idle socket; `url` is the door's path on it, `memory` its resident bytes.

    Raises `RuntimeError` if a socket does not answer, at first or after all of them have been opened.
    """
    allow_many_connections()
    async with open_sockets(url, AT_ONCE) as first:
        await ask_all(first)
    before = memory()
    async with open_sockets(url, count) as sockets:
        await ask_all(sockets)
        figure = Figure(count, (memory() - before) / count)
        await ask_all(sockets)
    return figure


@asynccontextmanager
async def open_sockets(url: str, count: int) -> AsyncGenerator[Sequence[ClientConnection]]:
    """So many sockets, all of them open, for the length of the block."""
    address = url.replace("http", "ws", 1)
    opened: list[ClientConnection] = []
    async with AsyncExitStack() as stack:
        for start in range(0, count, AT_ONCE):
            asked = [
                connect(address, compression=None, proxy=None, ping_interval=None, open_timeout=60)
                for _ in range(min(AT_ONCE, count - start))
            ]
            for socket in await asyncio.gather(*asked):
                stack.push_async_callback(socket.close)
                opened.append(socket)
        yield opened
        await asyncio.gather(*(socket.close() for socket in opened))


async def ask_all(sockets: Sequence[ClientConnection]) -> None:
    """Send each a call and wait for its answer; raises `RuntimeError` for one that is no result."""
    for start in range(0, len(sockets), AT_ONCE):
        await asyncio.gather(*(_ask(socket) for socket in sockets[start : start + AT_ONCE]))


async def _ask(socket: ClientConnection) -> None:
    await socket.send(_CALL)
    answer = msgspec.json.decode(await socket.recv())
    if "result" not in answer:
        raise RuntimeError(f"a socket answered {answer}")
