"""Loads: orders sent over HTTP by wrk, or by a client of our own where there is no wrk."""

from __future__ import annotations

import asyncio
import random
import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from bench import orders
from bench.world import Target

_SCRIPT = Path(__file__).with_name("submit.lua")


class Load(msgspec.Struct, frozen=True):
    """What is sent: bodies of one payment method at random targets. `tokens` has %d for an order's number."""

    name: str
    method: str
    targets: Sequence[Target]
    tokens: str


class Answers(msgspec.Struct, frozen=True):
    """What came back. `refused` are replies that are no success, `lost` are connections that failed."""

    requests: int
    seconds: float
    refused: int
    lost: int
    p50: float
    p99: float

    @property
    def accepted(self) -> int:
        """Orders that were acknowledged."""
        return self.requests - self.refused

    @property
    def rate(self) -> float:
        """Acknowledged orders per second."""
        return self.accepted / self.seconds


class Sender:
    """Sends loads to one server; no two orders of its life share a number."""

    def __init__(self, url: str, connections: int, wrk: str | None) -> None:
        self.url = url
        self.connections = connections
        self.wrk = wrk
        self._runs = 0
        self._numbers = 0

    @property
    def name(self) -> str:
        """What generates the load."""
        return "wrk" if self.wrk else "client-bound"

    async def send(self, load: Load, seconds: float) -> Answers:
        """Send for so long, over all connections at once."""
        self._runs += 1
        if self.wrk is None:
            return await self.send_from_here(load, seconds=seconds)
        answers = await self._send_by_wrk(self.wrk, load, seconds)
        self._numbers += answers.requests + self.connections
        return answers

    async def send_from_here(self, load: Load, *, seconds: float = 60, most: int = 10**9) -> Answers:
        """Send with our own client until the time is over or so many were sent; every request is answered."""
        self._runs += 1
        client = _Client(self.url, load, f"run{self._runs}-", self._numbers, most)
        answers = await client.run(self.connections, seconds)
        self._numbers += answers.requests
        return answers

    async def _send_by_wrk(self, wrk: str, load: Load, seconds: float) -> Answers:
        with tempfile.TemporaryDirectory(prefix="entrepot-bench-") as folder:
            body, targets = Path(folder, "body"), Path(folder, "targets")
            body.write_text(orders.template(load.method))
            targets.write_text("".join(f"{t.key} {t.product} {t.variant}\n" for t in load.targets))
            options = [
                f"-t1 -c{self.connections} -d{seconds:g}s".split(),
                ["-s", str(_SCRIPT), self.url, "--"],
            ]
            script = [
                orders.PATH,
                str(body),
                str(targets),
                f"run{self._runs}-",
                load.tokens,
                str(self._numbers),
            ]
            process = await asyncio.create_subprocess_exec(
                wrk, *options[0], *options[1], *script, stdout=asyncio.subprocess.PIPE
            )
            output, _ = await process.communicate()
        return msgspec.json.decode(output.splitlines()[-1], type=Answers)


class _Client:
    """A plain HTTP client over keep-alive connections: enough to measure with, and exact in what it counts."""

    def __init__(self, url: str, load: Load, run: str, first: int, most: int) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port or 80
        self._load, self._body = load, orders.template(load.method)
        self._run, self._first, self._most = run, first, most
        self._sent = 0
        self._refused = 0
        self._times: list[float] = []

    async def run(self, connections: int, seconds: float) -> Answers:
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


def find_wrk() -> str | None:
    """wrk, where it is installed."""
    return shutil.which("wrk")
