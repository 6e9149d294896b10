"""Customers at all five doors, who order without rest and keep one book together."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import httpx

from torture.audit import SETTLED_WITHIN
from torture.balancer import Balancer
from torture.book import Book
from torture.doors import CUSTOMERS, Customer
from torture.house import House

_TIMEOUT = 45.0
"""Seconds after which a customer takes an answer for lost: a server that works says something within thirty."""


@asynccontextmanager
async def client(*houses: House) -> AsyncGenerator[httpx.AsyncClient]:
    """What sends requests to these servers in turn: any number of connections, no proxy."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    balancer = Balancer(houses, limits)
    async with httpx.AsyncClient(base_url=houses[0].url, transport=balancer, timeout=_TIMEOUT) as http:
        yield http


class Crowd:
    """So many customers a door. Each takes one order after the other to its end, with a pause between."""

    def __init__(self, http: httpx.AsyncClient, book: Book, seed: int, each: int, pause: float) -> None:
        self._http, self._book, self._seed, self._pause = http, book, seed, pause
        self._each = each
        self._closing = False

    @asynccontextmanager
    async def ordering(self) -> AsyncGenerator[None]:
        """They order for the length of the block; then each brings to its end what he has begun."""
        async with asyncio.TaskGroup() as group:
            for number in range(self._each):
                for kind in CUSTOMERS:
                    customer = kind(self._http, random.Random(f"{self._seed} {kind.door} {number}"))
                    group.create_task(self._order(customer, number))
            try:
                yield
            finally:
                self._closing = True

    async def _order(self, customer: Customer, number: int) -> None:
        for count in itertools.count():
            if self._closing:
                return
            started = time.monotonic()
            await self._book.settle(customer, f"{customer.door[0]}{number}n{count}", SETTLED_WITHIN)
            await asyncio.sleep(max(0.0, self._pause - (time.monotonic() - started)))
