"""A client that means well: it orders and reads at an even pace, whatever others do, and notes how it is served."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Sequence
from contextlib import asynccontextmanager
from statistics import median

import httpx
import msgspec

from torture import world
from torture.book import Book
from torture.doors import Bonsai, told

_READ = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "Article.list",
    "params": [{"uid": True, "name": "en", "price": True}, {"limit": 5}],
}
_PATH = f"/textalk/backend/jsonrpc/v1?webshop={world.SHOP}"
EVERY = 0.1
"""Seconds from one request to the next, however long they take."""
NOTICED = 1.0
"""A pause between two answers of more seconds than this counts as time without service."""


class Sample(msgspec.Struct, frozen=True):
    """One request: when it was due by the monotonic clock, how long it took in seconds, and whether it was served."""

    at: float
    took: float
    served: bool


class Calmness(msgspec.Struct, frozen=True):
    """How the calm client was served: milliseconds of what was, and seconds in which nothing was."""

    requests: int
    unserved: int
    p50: float
    p99: float
    worst: float
    without: float


class Calm:
    """The client while it runs. Its orders are in the book, as everybody's."""

    def __init__(
        self, http: httpx.AsyncClient, book: Book, chance: random.Random, name: str = "calm"
    ) -> None:
        self._http = http
        self._book = book
        self._customer = Bonsai(http, chance)
        self._name = name
        self.samples: list[Sample] = []
        self.lost = 0
        """How many of its questions, orders apart, were not answered at all."""

    async def run(self) -> None:
        """Order, read and look whether the server is ready, in turn, until cancelled; what is under way then ends."""
        under_way: set[asyncio.Task[None]] = set()
        number, due = 0, time.monotonic()
        try:
            while True:
                task = asyncio.create_task(self._ask(number, due))
                under_way.add(task)
                task.add_done_callback(under_way.discard)
                number, due = number + 1, due + EVERY
                await asyncio.sleep(due - time.monotonic())
        finally:
            await asyncio.gather(*under_way)

    async def unfinished(self, patience: float) -> None:
        """Bring the orders to their end of which nobody knows."""
        for entry in list(self._book.of("open")):
            if entry.name.startswith(self._name):
                await self._book.settle(self._customer, entry.name, patience)

    async def _ask(self, number: int, due: float) -> None:
        steps = (self._order, self._read, self._look)
        served = await steps[number % len(steps)](number)
        self.samples.append(Sample(due, time.monotonic() - due, served))

    async def _order(self, number: int) -> bool:
        return await self._book.ask(self._customer, f"{self._name}{number}") != "open"

    async def _read(self, _: int) -> bool:
        return await self._answered(self._http.post(_PATH, json=_READ))

    async def _look(self, _: int) -> bool:
        return await self._answered(self._http.get("/readyz"))

    async def _answered(self, call: Awaitable[httpx.Response]) -> bool:
        try:
            return told(await call).good
        except httpx.TransportError:
            self.lost += 1
            return False


def calmness(samples: Sequence[Sample], start: float, end: float) -> Calmness:
    """Of the requests that were due in this time."""
    within = [each for each in samples if start <= each.at < end]
    times = sorted(each.took * 1000 for each in within if each.served) or [0.0]
    return Calmness(
        requests=len(within),
        unserved=sum(not each.served for each in within),
        p50=median(times),
        p99=times[int(len(times) * 0.99)],
        worst=times[-1],
        without=sum(pauses(within, start, end)),
    )


def pauses(samples: Sequence[Sample], start: float, end: float) -> list[float]:
    """The times in which nothing was served although somebody asked, in seconds; short ones are nobody's concern."""
    ends = sorted(each.at + each.took for each in samples if each.served and each.at + each.took < end)
    steps = zip([start, *ends], [*ends, end], strict=True)
    return [after - before for before, after in steps if after - before > NOTICED]


def recovery(samples: Sequence[Sample], at: float) -> float:
    """Seconds from a blow until a request that came after it was served."""
    served = [each.at + each.took for each in samples if each.served and each.at >= at]
    return min(served, default=float("inf")) - at


@asynccontextmanager
async def running(calm: Calm) -> AsyncGenerator[Calm]:
    """The client for the length of a block."""
    task = asyncio.create_task(calm.run())
    try:
        yield calm
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
