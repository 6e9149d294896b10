"""What falls due by itself: pending orders that nobody paid in time, what is over, and old marks of batches."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog

from entrepot.domain.channels.retention import Retention
from entrepot.domain.orders.expire import ExpirePending
from entrepot.engine.batches.engine import Engine
from entrepot.engine.clock import real_now
from entrepot.engine.upkeep.purging import purge
from entrepot.store.connections import FAULTS, Pool

EVERY_SECONDS = 5.0
PENDING_HOURS = 24
"""How long a pending order waits for its payment (decision bonsai second reading 3)."""
BATCH_HOURS = 1
FORGET_SECONDS = 300.0
CHUNK = 500
FORGOTTEN_AT_ONCE = 10_000
_FULL = f"DELETE {FORGOTTEN_AT_ONCE}"

_log = structlog.stdlib.get_logger("entrepot.housekeeping")

_PENDING = """
select workspace, id from orders where state = 'pending' and placed_at < $1 order by workspace, placed_at limit $2
"""
_FORGET = """
delete from batches where workspace = $1 and id in (
  select id from batches where workspace = $1 and at < $2 order by at limit $3
)
"""
_BATCHES = "select workspace from batches where at < $1 group by workspace limit $2"


class Housekeeping:
    """Looks every few seconds, in all workspaces; what it does goes through the engine like everything else."""

    def __init__(
        self, engine: Engine, reads: Pool, retention: Retention, *, every: float = EVERY_SECONDS
    ) -> None:
        self._engine = engine
        self._reads = reads
        self._retention = retention
        self._every = every
        self._task: asyncio.Task[None] | None = None
        self._forget_at = 0.0
        self._poked = asyncio.Event()

    def poke(self) -> None:
        """Look at once: the clock was set."""
        self._poked.set()

    def start(self) -> None:
        """Look until stopped."""
        self._task = asyncio.create_task(self._look())

    async def stop(self) -> None:
        """Stop looking."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _look(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._poked.wait(), self._every)
            self._poked.clear()
            try:
                await self._tidy()
            except FAULTS as error:
                _log.warning("housekeeping could not look", error=type(error).__name__)
            except Exception:  # what is wrong with one row must not end the look for all the others
                _log.exception("housekeeping failed")

    async def _tidy(self) -> None:
        await self.expire_pending(self._engine.clock.now())
        now = asyncio.get_running_loop().time()
        seldom = now >= self._forget_at
        await purge(self._engine, self._reads, self._retention, seldom=seldom)
        if seldom:
            self._forget_at = now + FORGET_SECONDS
            await self.forget_batches(real_now())

    async def expire_pending(self, now: datetime) -> None:
        """Give up pending orders that have waited too long, by business time."""
        async with self._reads.acquire() as connection:
            rows = await connection.fetch(_PENDING, now - timedelta(hours=PENDING_HOURS), CHUNK)
        for workspace, order in rows:
            await self._engine.execute(workspace, ExpirePending(order, timedelta(hours=PENDING_HOURS)))

    async def forget_batches(self, now: datetime) -> None:
        """Forget batches so old that no connection of theirs can still be in doubt."""
        before = now - timedelta(hours=BATCH_HOURS)
        async with self._reads.acquire() as connection:
            workspaces = [row[0] for row in await connection.fetch(_BATCHES, before, CHUNK)]
        if workspaces:
            await self._delete(workspaces, before)

    async def _delete(self, workspaces: Sequence[int], before: datetime) -> None:
        # The engine's own marks are nobody's state: no command, and short statements of a bounded size.
        connection = await self._engine.connect()
        try:
            for workspace in workspaces:
                gone = _FULL
                while gone == _FULL:
                    gone = await connection.execute(_FORGET, workspace, before, FORGOTTEN_AT_ONCE)
        finally:
            await connection.close()
