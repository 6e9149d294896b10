"""What waits for the engine: one bounded queue per workspace, and the workspaces that have work, in turn.

Within a workspace the addresses that call have fair shares of each batch, counted in rows, as reads have
(`store/sharing.py`): a flood from one of them puts the others back by its share, not by its length.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from heapq import heappop, heappush

import msgspec

from entrepot.domain.kernel.commands import Command, Refused

BATCH_WEIGHT = 2_000
"""About how many rows one batch may write."""
QUEUE_LIMIT = 4_096
"""How many commands of one workspace may wait before it is overloaded."""
REMEMBERED = 1_024
"""Of how many addresses it is known what they had, before that is looked through for the first time."""


class Pending(msgspec.Struct, eq=False):
    """A command with the future of its outcome. A caller who leaves cancels the future, never the command.

    `since` is when he began to wait, by the loop's clock; `address` is his, empty where nobody outside asked.
    """

    command: Command
    future: asyncio.Future[object]
    since: float
    address: str = ""

    def resolve(self, outcome: object | Refused) -> None:
        """Tell the caller, if it still waits."""
        if not self.future.done():
            self.future.set_result(outcome)


class Line:
    """What waits of one workspace: commands by address, of which the one comes next that has had least.

    Each address keeps the order of its own commands.
    """

    def __init__(self) -> None:
        self._waiting: dict[str, deque[Pending]] = {}
        self._had: dict[str, int] = {}
        self._turns: list[tuple[int, int, str]] = []
        self._numbers = itertools.count()
        self._now = 0
        """What whoever had the last turn had had before it, in rows."""
        self._length = 0
        self._most = REMEMBERED

    def __len__(self) -> int:
        return self._length

    def of(self, address: str) -> int:
        """How many commands of an address wait."""
        return len(self._waiting.get(address, ()))

    def put(self, pending: Pending) -> None:
        """Queue a command."""
        self._length += 1
        own = self._waiting.setdefault(pending.address, deque())
        own.append(pending)
        if len(own) == 1:
            self._queue(pending.address)

    def fits(self, weight: int) -> bool:
        """Whether somebody waits whose next command has at most this weight."""
        return bool(self._turns) and self._waiting[self._turns[0][2]][0].command.weight <= weight

    def take(self) -> Pending:
        """The next command."""
        self._now, _, address = heappop(self._turns)
        own = self._waiting[address]
        pending = own.popleft()
        self._length -= 1
        self._had[address] = self._now + pending.command.weight
        if own:
            self._queue(address)
        else:
            del self._waiting[address]
            self._forget()
        return pending

    def _forget(self) -> None:
        """Of those who do not wait, whoever has had no more than the others by now is as good as new."""
        if len(self._had) > 2 * len(self._waiting) + REMEMBERED:
            self._had = {
                each: had for each, had in self._had.items() if had > self._now or each in self._waiting
            }

    def _queue(self, address: str) -> None:
        self._had[address] = max(self._now, self._had.get(address, 0))
        heappush(self._turns, (self._had[address], next(self._numbers), address))


class Queues:
    """Commands by workspace. A workspace is handed out only while no batch of it is in flight."""

    def __init__(self, limit: int = QUEUE_LIMIT) -> None:
        self._limit = limit
        self._waiting: dict[int, Line] = {}
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
        """Queue a command; False when the workspace's queue is full, or an address would have more than half of it."""
        queue = self._waiting.get(workspace)
        if queue is None:
            queue = self._waiting[workspace] = Line()
            self._idle.clear()
            if workspace not in self._busy:
                self._turns.put_nowait(workspace)
        most = self._limit // 2 if pending.address else self._limit
        if len(queue) >= self._limit or queue.of(pending.address) >= most:
            return False
        queue.put(pending)
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
        batch = [queue.take()]
        left = BATCH_WEIGHT - batch[0].command.weight
        while queue.fits(left):
            batch.append(queue.take())
            left -= batch[-1].command.weight
        if not queue:
            del self._waiting[workspace]
        return batch
