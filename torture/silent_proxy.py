"""A TCP proxy before a database, whose established connections can go silent as after a failover nobody was told of."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit


class SilentProxy:
    """Passes bytes on until it is told to be silent: then what is open stays open, and nothing comes through.

    With `deaf` new connections, too, are taken and never answered.
    """

    def __init__(self, url: str) -> None:
        self._target = urlsplit(url)
        self._voice = [True]
        self._tasks: set[asyncio.Task[None]] = set()
        self._ends: list[asyncio.StreamWriter] = []
        self.connections = 0
        self.deaf = False
        self.url = ""

    def silence(self, *, deaf: bool = False) -> None:
        """Let nothing more through on what is open now."""
        self._voice[0] = False
        self._voice = [True]
        self.deaf = deaf

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of a client."""
        self.connections += 1
        voice = [False] if self.deaf else self._voice
        there, back = await self._reach()
        both = [asyncio.create_task(_pass_on(*way, voice)) for way in ((reader, back), (there, writer))]
        self._tasks.update(both)
        for task, end in zip(both, (back, writer), strict=True):
            self._ends.append(end)
            task.add_done_callback(partial(_close, end))

    async def close(self) -> None:
        """Drop every connection."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for end in self._ends:
            end.transport.abort()
        await asyncio.gather(*(end.wait_closed() for end in self._ends), return_exceptions=True)

    async def _reach(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        query = dict(parse_qsl(self._target.query))
        host, port = (
            query.get("host", self._target.hostname or ""),
            int(query.get("port", self._target.port or 5432)),
        )
        if host.startswith("/"):
            return await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
        return await asyncio.open_connection(host, port)


def _close(end: asyncio.StreamWriter, _: object) -> None:
    end.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, voice: list[bool]) -> None:
    while piece := await reader.read(65_536):
        if voice[0]:
            writer.write(piece)
            await writer.drain()


@asynccontextmanager
async def silent_proxy(url: str) -> AsyncGenerator[SilentProxy]:
    """A proxy before the database of this URL, under a URL of its own."""
    proxy = SilentProxy(url)
    server = await asyncio.start_server(proxy.handle, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    parts = urlsplit(url)
    user, at, _ = parts.netloc.rpartition("@")
    kept = urlencode([each for each in parse_qsl(parts.query) if each[0] not in ("host", "port")])
    proxy.url = urlunsplit(parts._replace(netloc=f"{user}{at}127.0.0.1:{port}", query=kept))
    try:
        yield proxy
    finally:
        server.close()
        await proxy.close()
