"""Recovery: attempts whose lease has ended, in all workspaces, are found and brought to their end."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import datetime

import structlog

from entrepot.engine.clock import real_now
from entrepot.engine.money.attempts import AttemptProcessor, log_stuck
from entrepot.store.connections import FAULTS, Pool

AT_A_TIME = 32
"""How many attempts one process recovers at once."""
OF_ONE_WORKSPACE = 8
"""How many of these may be of one workspace, so that one silent provider leaves room for the others."""

_EXPIRED = """
select workspace, id from (
  select workspace, id, row_number() over (partition by workspace order by lease_until, id) place
  from attempts where state = 'open' and lease_until < $1
) waiting where place <= $2 order by place limit $3
"""
_log = structlog.stdlib.get_logger("entrepot.attempts")

Name = tuple[int, int]
"""Workspace and attempt."""


class Recovery:
    """Looks every second; what an attempt waits for outside holds up no other."""

    def __init__(self, attempts: AttemptProcessor, reads: Pool, *, every: float = 1.0) -> None:
        self._attempts = attempts
        self._reads = reads
        self._every = every
        self._task: asyncio.Task[None] | None = None
        self._under_way: dict[Name, asyncio.Task[None]] = {}

    def start(self) -> None:
        """Look until stopped."""
        self._task = asyncio.create_task(self._look())

    async def stop(self) -> None:
        """Stop looking; what is being recovered is left to the next look, of any process."""
        tasks = [*self._under_way.values(), *([self._task] if self._task else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _look(self) -> None:
        while True:
            try:
                for name in await self._expired(real_now()):
                    self._begin(name)
            except FAULTS as error:
                _log.warning("recovery could not look", error=type(error).__name__)
            await asyncio.sleep(self._every)

    def _begin(self, name: Name) -> None:
        of_workspace = Counter(workspace for workspace, _ in self._under_way)[name[0]]
        if name in self._under_way or len(self._under_way) >= AT_A_TIME or of_workspace >= OF_ONE_WORKSPACE:
            return
        task = self._under_way[name] = asyncio.create_task(self._recover(*name))
        task.add_done_callback(lambda _: self._under_way.pop(name, None))

    async def _recover(self, workspace: int, attempt: int) -> None:
        try:
            await self._attempts.recover(workspace, attempt)
        except Exception as error:  # whatever is wrong with one attempt, the others go on
            log_stuck(workspace, attempt, error)

    async def _expired(self, now: datetime) -> list[Name]:
        async with self._reads.acquire() as connection:
            rows = await connection.fetch(_EXPIRED, now, OF_ONE_WORKSPACE, 4 * AT_A_TIME)
        return [(row[0], row[1]) for row in rows]
