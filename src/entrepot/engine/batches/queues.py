"""What waits for the engine: one bounded queue per workspace, and the workspaces that have work, in turn."""

from __future__ import annotations

import asyncio
from collections import deque

import msgspec

from entrepot.domain.kernel.commands import Command, Refused

BATCH_WEIGHT = 2_000
"""About how many rows one batch may write."""
QUEUE_LIMIT = 4_096
"""How many commands of one workspace may wait before it is overloaded."""


class Pending(msgspec.Struct, eq=False):
    """A command with the future of its outcome. A caller who leaves cancels the future, never the command.

    `since` is when he began to wait, by the loop's clock.
    """

    command: Command
    future: asyncio.Future[object]
    since: float

    def resolve(self, outcome: object | Refused) -> None:
        """Tell the caller, if it still waits."""
        if not self.future.done():
            self.future.set_result(outcome)


class Queues:
    """Commands by workspace. A workspace is handed out only while no batch of it is in flight."""

    def __init__(self, limit: int = QUEUE_LIMIT) -> None:
        self._limit = limit
        self._waiting: dict[int, deque[Pending]] = {}
        self._busy: set[int] = set()
        self._turns: asyncio.Queue[int] = asyncio.Queue()
        self._idle = asyncio.Event()
        self._idle.set()

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    @property
    def idle(self) -> bool:
        """Whether nothing waits and nothing runs."""
        return self._idle.is_set()

    async def drained(self) -> None:
        """Wait until nothing waits and nothing runs."""
        await self._idle.wait()

    def put(self, workspace: int, pending: Pending) -> bool:
        """Queue a command; False when the workspace's queue is full."""
        queue = self._waiting.get(workspace)
        if queue is None:
            queue = self._waiting[workspace] = deque()
            self._idle.clear()
            if workspace not in self._busy:
                self._turns.put_nowait(workspace)
        if len(queue) >= self._limit:
            return False
        queue.append(pending)
        return True

    async def take(self) -> tuple[int, list[Pending]]:
        """The next workspace in turn, and as many of its commands as one batch may hold."""
        workspace = await self._turns.get()
        self._busy.add(workspace)
        return workspace, self._batch(workspace)

    def done(self, workspace: int) -> None:
        """The batch of this workspace has ended: it may have its next turn."""
        self._busy.discard(workspace)
        if workspace in self._waiting:
            self._turns.put_nowait(workspace)
        elif not self._waiting and not self._busy:
            self._idle.set()

    def _batch(self, workspace: int) -> list[Pending]:
        queue = self._waiting[workspace]
        batch, weight = [queue.popleft()], 0
        weight += batch[0].command.weight
        while queue and weight + queue[0].command.weight <= BATCH_WEIGHT:
            weight += queue[0].command.weight
            batch.append(queue.popleft())
        if not queue:
            del self._waiting[workspace]
        return batch
