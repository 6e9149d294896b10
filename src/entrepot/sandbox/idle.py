"""Waiting until nothing goes on: what a test does after it has set something in motion."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Final

import msgspec

from entrepot.engine.clock import real_now
from entrepot.engine.upkeep.housekeeping import PENDING_HOURS
from entrepot.sandbox.sandbox import Sandbox
from entrepot.store.connections import Connection

LOOK_EVERY: Final = 0.02

_MESSAGES: Final = "select count(*) from outbox where state = 'waiting' and due_at <= $1"
_STEPS: Final = "select count(*) from carrier_consignments where due_at <= $1"
_ATTEMPTS: Final = "select count(*) from attempts where state = 'open'"
_PENDING: Final = "select count(*) from orders where state = 'pending' and placed_at < $1"


class Waiting(msgspec.Struct, frozen=True):
    """What goes on: whether commands are queued or somebody outside is being asked; messages of the outbox that are
    due, steps of the simulated carrier that are, attempts that are open, and orders that wait too long to be paid.
    """

    busy: bool
    outbox: int
    carrier: int
    attempts: int
    orders: int

    @property
    def over(self) -> bool:
        """Whether nothing does."""
        return not (self.busy or self.outbox or self.carrier or self.attempts or self.orders)


async def wait_until_idle(sandbox: Sandbox, patience: float) -> Waiting:
    """What still goes on once nothing does, or after so many seconds. Raises what asyncpg raises."""
    deadline = asyncio.get_running_loop().time() + patience
    async with sandbox.acquire() as connection:
        while True:
            waiting = await _look(sandbox, connection)
            if waiting.over or asyncio.get_running_loop().time() >= deadline:
                return waiting
            await asyncio.sleep(LOOK_EVERY)


async def _look(sandbox: Sandbox, connection: Connection) -> Waiting:
    # What is done between both looks at the process leaves rows, which the look at the database between them finds.
    before = sandbox.quiet
    now = sandbox.clock.now()
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        outbox = await connection.fetchval(_MESSAGES, real_now())
        carrier = await connection.fetchval(_STEPS, now)
        attempts = await connection.fetchval(_ATTEMPTS)
        pending = await connection.fetchval(_PENDING, now - timedelta(hours=PENDING_HOURS))
    return Waiting(not (before and sandbox.quiet), outbox, carrier, attempts, pending)
