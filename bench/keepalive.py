"""Requests over keep-alive connections: the loop of every load that our own clients send."""

from __future__ import annotations

import asyncio
import time
from asyncio import StreamReader, StreamWriter
from collections.abc import Callable, Collection
from urllib.parse import urlsplit

from bench.messages import Answers

Make = Callable[[int], bytes]
"""From the number of a request, from 1, to the request itself."""


class Site:
    """A server, as a plain HTTP client sees it: enough to measure with, and exact in what it counts."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.host, self._port = parts.hostname or "", parts.port or 80

    async def ask(self, request: bytes) -> tuple[bytes, bytes]:
        """Status and body of the reply to a single request."""
        reader, writer = await self.connect()
        try:
            return await asked(reader, writer, request)
        finally:
            writer.close()
            await writer.wait_closed()

    async def load(
        self, make: Make, good: Collection[bytes], connections: int, seconds: float, most: int
    ) -> Answers:
        """Send over so many connections until the time is over or so many were sent, and wait for the last answers."""
        load = _Load(make, good, time.perf_counter() + seconds, most)
        started = time.perf_counter()
        await asyncio.gather(*(self._send(load) for _ in range(connections)))
        return load.answers(time.perf_counter() - started)

    async def _send(self, load: _Load) -> None:
        reader, writer = await self.connect()
        while (request := load.next()) is not None:
            started = time.perf_counter()
            status, _ = await asked(reader, writer, request)
            load.note(status, time.perf_counter() - started)
        writer.close()
        await writer.wait_closed()

    async def connect(self) -> tuple[StreamReader, StreamWriter]:
        """A connection that is kept."""
        return await asyncio.open_connection(self.host, self._port)


class _Load:
    """What is still to be sent, and what has come back."""

    def __init__(self, make: Make, good: Collection[bytes], end: float, most: int) -> None:
        self._make, self._good, self._end, self._most = make, good, end, most
        self._sent = 0
        self._refused = 0
        self._times: list[float] = []

    def next(self) -> bytes | None:
        if self._sent >= self._most or time.perf_counter() >= self._end:
            return None
        self._sent += 1
        return self._make(self._sent)

    def note(self, status: bytes, took: float) -> None:
        self._times.append(took)
        self._refused += status not in self._good

    def answers(self, took: float) -> Answers:
        times = sorted(self._times) or [0.0]
        p50, p99 = (times[int(len(times) * share)] * 1000 for share in (0.5, 0.99))
        return Answers(len(self._times), took, self._refused, 0, p50, p99)


async def asked(reader: StreamReader, writer: StreamWriter, request: bytes) -> tuple[bytes, bytes]:
    """Status and body of the reply to a request over a kept connection."""
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    return head[9:12], await reader.readexactly(int(length.partition(b":")[2]))
