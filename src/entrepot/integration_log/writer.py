"""Writing the log beside the requests: never on their way, and never more than so much that waits."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from time import monotonic
from typing import Final, NamedTuple

import asyncpg
import structlog

from entrepot.doors.kit import Exchange
from entrepot.engine.chance import random_uuid
from entrepot.engine.clock import real_now
from entrepot.integration_log.copying import CopyIn
from entrepot.integration_log.entries import Row, row_of, size_of
from entrepot.store.connections import FAULTS, is_away
from entrepot.store.sharing import Pace

EVERY: Final = 0.2
AT_MOST: Final = 2.0
"""Seconds from one COPY to the next, the least and the most: where each takes its time, as on a cluster, fewer do."""
SHARE: Final = 0.05
"""As much of its time as the database may spend on the log, unless so much waits that it must."""
AT_ONCE: Final = 500
MOST_ENTRIES: Final = 10_000
MOST_BYTES: Final = 64_000_000
PAUSE: Final = 1.0
"""Seconds after a fault until it is tried again."""
SMALL: Final = 10_000
"""An exchange of more bytes becomes a row on a thread, beside the requests."""
LAST_MOMENT: Final = 3.0
"""Seconds that a process which stops spends on what waits."""

_log = structlog.stdlib.get_logger("entrepot.integration_log")

Copy = Callable[[Sequence[Row]], Awaitable[None]]
"""Writes rows. Raises what asyncpg raises, and then some of them may have been written."""


class Waiting(NamedTuple):
    """An exchange of which a row is still to be made, about how many bytes it holds, and when it ended."""

    size: int
    exchange: Exchange
    ended: datetime


class RequestLog:
    """The observer that keeps exchanges. `copy` is what writes them; a sandbox puts its faults around it."""

    def __init__(
        self,
        database_url: str,
        keep: timedelta,
        *,
        around: Callable[[Copy], Copy] = lambda copy: copy,
        dropped: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._copy_in = CopyIn(database_url, keep)
        self._copy, self._insert = around(self._copy_in), around(self._copy_in.insert)
        self._tell_dropped = dropped
        self._waiting: deque[Waiting] = deque()
        self._bytes = 0
        self._full = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._retrying: list[Row] = []
        self._under_way = 0
        self._ending = False
        self.dropped = 0
        """How many entries were not kept, because too much waited or they could not be written."""

    def __call__(self, exchange: Exchange, /) -> None:
        """Let the exchange wait to be written."""
        size = size_of(exchange)
        if len(self._waiting) >= MOST_ENTRIES or self._bytes + size > MOST_BYTES:
            self._drop(1)
            return
        self._waiting.append(Waiting(size, exchange, real_now()))
        self._bytes += size
        if len(self._waiting) >= AT_ONCE:
            self._full.set()

    @property
    def waiting(self) -> int:
        """How many entries are not written yet."""
        return len(self._waiting) + self._under_way

    @property
    def ready(self) -> bool:
        """Whether there is where to write."""
        return self._copy_in.ready

    def start(self) -> None:
        """Begin to write."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Write what waits, if that is done in a moment, and end."""
        self._ending = True
        self._full.set()
        last = asyncio.ensure_future(self._end())
        await asyncio.wait((last,), timeout=LAST_MOMENT)
        # The driver cannot be cancelled while it waits for a silent server: its connection is taken away instead.
        self._copy_in.end()
        await asyncio.wait((last,), timeout=LAST_MOMENT)
        last.cancel()
        await asyncio.wait((last,))
        if self.waiting:
            _log.warning("the integration log was not written to its end", entries=self.waiting)

    async def _end(self) -> None:
        if self._task is not None:
            await self._task
        with suppress(*FAULTS):
            await self.flush()

    async def settle(self) -> None:
        """Return once all that was observed so far is written; it takes as long as the database is away."""
        while self.waiting or self._retrying:
            if self._waiting:  # else nobody would take the word back
                self._full.set()
            await asyncio.sleep(0.005)

    async def flush(self) -> None:
        """Write all that waits. Raises what asyncpg raises; what could not be written waits on."""
        while self._retrying or self._waiting:
            await self._write_some()

    async def _run(self) -> None:
        taken = 0.0
        while not self._ending:
            try:
                await self._copy_in.tend()
                await self._pause(min(max(EVERY, taken / SHARE), AT_MOST))
                began = monotonic()
                await self.flush()
                taken = monotonic() - began
            except FAULTS as error:
                _log.warning("the integration log cannot be written", error=type(error).__name__)
                self._copy_in.close()
                await asyncio.sleep(0 if self._ending else PAUSE)
            except Exception:
                _log.exception("the integration log failed")
                await asyncio.sleep(PAUSE)

    async def _pause(self, seconds: float) -> None:
        """Until there is enough for one COPY, or the time is over."""
        try:
            async with asyncio.timeout(seconds):
                await self._full.wait()
        except TimeoutError:
            pass

    async def _write_some(self) -> None:
        if self._retrying:
            await self._write_again()
            return
        taken = self._taken()
        self._under_way = len(taken)
        self._retrying = await _rows(taken)
        self._drop(len(taken) - len(self._retrying))
        try:
            await self._copy(self._retrying)
        except asyncpg.PostgresError as error:
            if is_away(error):
                raise
            return  # one by one it is seen which of them is at fault, if any
        self._retrying, self._under_way = [], 0

    async def _write_again(self) -> None:
        """Write those whose COPY failed, each by itself: some may be there, where only the answer was lost."""
        while self._retrying:
            self._under_way = len(self._retrying)
            try:
                await self._insert(self._retrying[:1])
            except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError):
                self._drop(1)  # it is no row, or of a day that has no partition
            del self._retrying[0]
        self._under_way = 0

    def _taken(self) -> list[Waiting]:
        """The oldest of those that wait, which then wait no more."""
        taken = [self._waiting.popleft() for _ in range(min(AT_ONCE, len(self._waiting)))]
        self._bytes -= sum(each.size for each in taken)
        if len(self._waiting) < AT_ONCE:
            self._full.clear()
        return taken

    def _drop(self, count: int) -> None:
        if count:
            self.dropped += count
            self._tell_dropped(count)


async def _rows(waiting: Sequence[Waiting]) -> list[Row]:
    """Made many in a row, which costs half of making each when it comes: the processor has the code at hand."""
    rows: list[Row] = []
    pace = Pace()
    for each in waiting:
        row = _row(each) if each.size <= SMALL else await asyncio.to_thread(_row, each)
        if row is not None:
            rows.append(row)
        if pace.over:
            await pace.pause()
    return rows


def _row(waiting: Waiting) -> Row | None:
    exchange = waiting.exchange
    try:
        return row_of(exchange, waiting.ended - timedelta(seconds=exchange.seconds), random_uuid())
    except Exception:  # what is wrong with one must not cost the others
        _log.exception("an exchange could not be kept", request_id=exchange.request_id)
        return None
