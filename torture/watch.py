"""A server under watch: how a calm client is served, what all customers are told, how large the workers become."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

from torture import calm
from torture.audit import SETTLED_WITHIN
from torture.book import Book
from torture.calm import Calm
from torture.crowd import Crowd, client
from torture.house import House

_LOOK = 0.1
_SHOWN = 4_000


class Watched:
    """A server, its calm client and the book, while something is done to it."""

    def __init__(self, houses: Sequence[House], client: Calm, book: Book) -> None:
        self._houses, self.calm, self.book = houses, client, book
        self.memory = 0

    @property
    def faults(self) -> list[str]:
        """What customers were told that nobody should be, and what the log calls a fault of our own."""
        logs = [each.log.read_text("utf-8", "replace") for each in self._houses if each.log.exists()]
        said = [trace for log in logs for trace in log.split("Traceback ")[1:]]
        return [*self.book.faults, *(f"in the log: Traceback {each[:_SHOWN]}" for each in said)]

    async def look(self) -> None:
        """Note how large the workers become, until cancelled."""
        while True:
            self.memory = max(self.memory, *(each.memory_of_workers() for each in self._houses))
            await asyncio.sleep(_LOOK)

    async def quiet(self, seconds: float = 0.0) -> float:
        """Wait until the calm client is served, and so long again; the moment when it was."""
        await self.served_again(time.monotonic())
        served = time.monotonic()
        await asyncio.sleep(seconds)
        return served

    async def served_again(self, at: float) -> float:
        """Seconds from this moment until a request that came after it was served; waits for it."""
        async with asyncio.timeout(SETTLED_WITHIN):
            while (took := calm.recovery(self.calm.samples, at)) == float("inf"):
                await asyncio.sleep(_LOOK)
        return took


@asynccontextmanager
async def watched(
    house: House,
    seed: int,
    each: int = 0,
    every: float = 0.0,
    name: str = "calm",
    beside: Sequence[House] = (),
) -> AsyncGenerator[Watched]:
    """The calm client, and beside it so many customers a door, each with an order every so many seconds.

    At the end whatever they began comes to its end. `name` tells this client's orders from another one's;
    `beside` are further servers on the same database, which are asked in turn with the first.
    """
    book = Book()
    async with client(house, *beside) as http:
        quiet_one = Calm(http, book, random.Random(seed), name)
        watch = Watched((house, *beside), quiet_one, book)
        looking = asyncio.create_task(watch.look())
        try:
            async with calm.running(quiet_one), Crowd(http, book, seed, each, every).ordering():
                yield watch
            await quiet_one.unfinished(SETTLED_WITHIN)
        finally:
            looking.cancel()
