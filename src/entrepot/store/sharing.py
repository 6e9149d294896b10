"""Shares of a worker's reads: whose turn it is, where more callers want a connection and the processor than there are.

Hierarchical start-time fair queuing: P. Goyal, X. Guo and H. M. Vin, "A Hierarchical CPU Scheduler for Multimedia
Operating Systems", OSDI 1996. Every tenant, every address and every address at a tenant has a tag: how much it has had,
counted from when it last wanted nothing. Who has had least comes next: whoever is over his share waits behind others,
and nobody is held back while nobody else waits.
"""

from __future__ import annotations

import asyncio
import ipaddress
import itertools
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from contextvars import ContextVar
from functools import lru_cache
from time import perf_counter
from typing import Final, NamedTuple

from entrepot.store.connections import READ_CONNECTIONS, Connection, Pool

LIGHT: Final = 250
"""A read of at most so many rows is light; what is heavier leaves places for those that are."""
HEAVY_AT_ONCE: Final = 2
"""So many heavy reads have a connection at once, in one worker."""
TURN_SECONDS: Final = 25.0
"""How long a read waits for its turn."""
MOST_WAITING: Final = 2_000
"""So many reads of one tenant wait in one worker; further ones are told at once that there is no place."""
SLICE_SECONDS: Final = 0.0003
"""After so long on the processor a heavy read lets everybody else have a turn of the loop.

A call needs a dozen turns, and waits for a slice of each heavy read in every one."""
_SUBSCRIBER_BITS: Final = 64
"""Every subscriber has at least so large a network of IPv6 addresses to himself."""


class Flow(NamedTuple):
    """Whose share it is: a tenant, 0 while nobody knows which, and the address that calls."""

    workspace: int
    address: str


OURS: Final = Flow(-1, "")
"""What the server does of itself, and look-ups that many callers share."""
_served: ContextVar[Flow] = ContextVar("whose share is used", default=OURS)


def serve(workspace: int, address: str | None) -> None:
    """From here on what this task reads, or tasks that it starts, counts as this caller's."""
    _served.set(Flow(workspace, subscriber(address) if address else ""))


def caller_address() -> str:
    """The address for which this task works, empty where it works for nobody outside."""
    return _served.get().address


@lru_cache(4096)
def subscriber(address: str) -> str:
    """Whom an address stands for: itself, or of IPv6 its subscriber's network. What is no address stands for itself."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    found = getattr(found, "ipv4_mapped", None) or found
    if found.version == 4:
        return str(found)
    return str(ipaddress.ip_network((int(found), _SUBSCRIBER_BITS), strict=False))


class Bill:
    """What a read costs, in rows: estimated before it begins, and set to what it came to before it ends."""

    __slots__ = ("cost", "flow", "heavy", "number", "paid", "turn")

    def __init__(self, cost: int = 1, flow: Flow | None = None) -> None:
        self.cost = cost
        self.flow = _served.get() if flow is None else flow
        self.heavy = cost > LIGHT
        self.number = 0
        self.paid = 0
        self.turn: asyncio.Future[None] | None = None


class Turns:
    """Places for reads, given in turn. Not for use by several threads."""

    def __init__(self, places: int = READ_CONNECTIONS, heavy: int = HEAVY_AT_ONCE) -> None:
        self._free = places
        self._free_heavy = heavy
        self._places = places
        self._numbers = itertools.count()
        self._waiting: dict[tuple[Flow, bool], deque[Bill]] = {}
        self._counts: dict[int, int] = {}
        self._tags: dict[object, float] = {}
        self._now = 0.0
        """The tag of whoever had the last turn."""

    @asynccontextmanager
    async def turn(self, bill: Bill) -> AsyncGenerator[None]:
        """A place for the length of a block. Raises TimeoutError where there is none for too long, or too many wait."""
        await self._wait(bill)
        try:
            yield
        finally:
            self._leave(bill)

    async def _wait(self, bill: Bill) -> None:
        tenant = bill.flow.workspace
        if self._counts.get(tenant, 0) >= MOST_WAITING:
            raise TimeoutError("too many reads wait")
        if not self._waiting and self._free and (self._free_heavy or not bill.heavy):
            self._admit(bill)  # as nearly always: nobody to be compared with, and nothing to wait for
            return
        bill.number, bill.turn = next(self._numbers), asyncio.get_running_loop().create_future()
        self._waiting.setdefault((bill.flow, bill.heavy), deque()).append(bill)
        self._counts[tenant] = self._counts.get(tenant, 0) + 1
        self._give()
        try:
            async with asyncio.timeout(TURN_SECONDS):
                await bill.turn
        except BaseException:
            self._give_up(bill)
            raise

    def _give_up(self, bill: Bill) -> None:
        """Whoever waits no more leaves the queue, or the place that was given to him meanwhile."""
        if bill.paid:
            self._leave(bill)
        else:
            self._unqueue(bill)

    def _unqueue(self, bill: Bill) -> None:
        queue = self._waiting[bill.flow, bill.heavy]
        queue.remove(bill)
        if not queue:
            del self._waiting[bill.flow, bill.heavy]
        tenant = bill.flow.workspace
        self._counts[tenant] -= 1
        if not self._counts[tenant]:
            del self._counts[tenant]

    def _give(self) -> None:
        while self._free and (bill := self._next()) is not None:
            self._unqueue(bill)
            self._admit(bill)
            if bill.turn is not None and not bill.turn.done():
                bill.turn.set_result(None)

    def _admit(self, bill: Bill) -> None:
        self._free -= 1
        self._free_heavy -= bill.heavy
        self._now = self._rank(bill)[0]
        bill.paid = max(bill.cost, 1)
        for each in _sharers(bill.flow):
            self._tags[each] = self._tag(each) + bill.paid

    def _next(self) -> Bill | None:
        """Of those who fit, the one who has had least."""
        heads = (queue[0] for (_, heavy), queue in self._waiting.items() if self._free_heavy or not heavy)
        return min(heads, key=self._rank, default=None)

    def _rank(self, bill: Bill) -> tuple[float, float, int]:
        """First whoever's tenant and address have both had little, then who has at that tenant; then who came first."""
        tenant, address, both = _sharers(bill.flow)
        return max(self._tag(tenant), self._tag(address)), self._tag(both), bill.number

    def _tag(self, sharer: object) -> float:
        return max(self._now, self._tags.get(sharer, 0.0))

    def _leave(self, bill: Bill) -> None:
        self._free += 1
        self._free_heavy += bill.heavy
        for each in _sharers(bill.flow):
            if each in self._tags:
                self._tags[each] += max(bill.cost, 1) - bill.paid
        self._forget()
        self._give()

    def _forget(self) -> None:
        """Nobody owes anything once nobody wants anything; and what is not ahead of the others need not be known."""
        if self._free == self._places and not self._waiting:
            self._tags.clear()
            self._now = 0.0
        elif len(self._tags) > 10_000:
            self._tags = {each: tag for each, tag in self._tags.items() if tag > self._now}


def _sharers(flow: Flow) -> tuple[object, object, object]:
    """Everyone whose share a flow uses."""
    return flow.workspace, flow.address, flow


class SharedPool:
    """A pool whose connections are lent in turn."""

    def __init__(self, pool: Pool, turns: Turns | None = None) -> None:
        self._pool = pool
        self._turns = turns or Turns()

    def acquire(self, bill: Bill | None = None) -> AbstractAsyncContextManager[Connection]:
        """A connection for the length of a block, for a read of one row unless a bill says otherwise.

        Raises TimeoutError where it is not the caller's turn for too long, and what the pool below raises.
        """
        return self._lent(bill or Bill())

    async def close(self) -> None:
        """Close every connection."""
        await self._pool.close()

    @asynccontextmanager
    async def _lent(self, bill: Bill) -> AsyncGenerator[Connection]:
        async with self._turns.turn(bill), self._pool.acquire() as connection:
            yield connection


class Pace:
    """Work on the loop in slices: whoever has much to do asks after each small part whether others shall go first."""

    def __init__(self, clock: Callable[[], float] = perf_counter) -> None:
        self._clock = clock
        self._began = clock()

    @property
    def over(self) -> bool:
        """Whether the slice is used up."""
        return self._clock() - self._began >= SLICE_SECONDS

    async def pause(self) -> None:
        """Let everybody else who can go on do so; then a new slice begins."""
        await asyncio.sleep(0)
        self._began = self._clock()
