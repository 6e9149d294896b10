"""A load generator of our own, for where there is no wrk, and for loads whose every answer is counted."""

from __future__ import annotations

import asyncio
import random
import time
from urllib.parse import urlsplit

from bench import orders
from bench.messages import Answers, Load


class Client:
    """A plain HTTP client over keep-alive connections: enough to measure with, and exact in what it counts."""

    def __init__(self, url: str, load: Load, run: str, first: int, most: int) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port or 80
        self._load, self._body = load, orders.template(load.method)
        self._run, self._first, self._most = run, first, most
        self._sent = 0
        self._refused = 0
        self._times: list[float] = []

    async def run(self, connections: int, seconds: int) -> Answers:
        """Send over so many connections until the time is over, then wait for the last answers."""
        started = time.perf_counter()
        await asyncio.gather(*(self._connection(started + seconds) for _ in range(connections)))
        took = time.perf_counter() - started
        times = sorted(self._times) or [0.0]
        p50, p99 = (times[int(len(times) * share)] * 1000 for share in (0.5, 0.99))
        return Answers(len(self._times), took, self._refused, 0, p50, p99)

    async def _connection(self, end: float) -> None:
        reader, writer = await asyncio.open_connection(self._host, self._port)
        while self._sent < self._most and time.perf_counter() < end:
            self._sent += 1
            started = time.perf_counter()
            writer.write(self._request(self._sent))
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            await reader.readexactly(int(length.partition(b":")[2]))
            self._times.append(time.perf_counter() - started)
            self._refused += not head.startswith(b"HTTP/1.1 200 ")
        writer.close()
        await writer.wait_closed()

    def _request(self, number: int) -> bytes:
        target = random.choice(self._load.targets)
        values = {
            orders.PRODUCT: target.product,
            orders.VARIANT: str(target.variant),
            orders.TOKEN: self._load.tokens % (self._first + number),
            orders.NUMBER: f"{self._run}{number}",
        }
        body = self._body
        for name, value in values.items():
            body = body.replace(name, value)
        head = (
            f"POST {orders.PATH} HTTP/1.1\r\nHost: {self._host}\r\nAPI-Key: {target.key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return (head + body).encode()
