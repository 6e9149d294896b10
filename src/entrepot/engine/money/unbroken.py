"""Work that a caller who leaves does not stop: what was begun is driven to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from entrepot.engine.batches.engine import Outcome


class Unbroken:
    """Runs work that is waited for, by its caller or by nobody."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Outcome]] = set()

    async def run(self, work: Coroutine[Any, Any, Outcome]) -> Outcome:
        """The outcome of the work, which goes on if this is cancelled."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return await asyncio.shield(task)

    @property
    def idle(self) -> bool:
        """Whether nothing is under way."""
        return not self._tasks

    async def stop(self) -> None:
        """Wait for what is under way."""
        await asyncio.gather(*self._tasks, return_exceptions=True)
