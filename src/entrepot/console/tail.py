"""The live tail: entries as they are written, as an event stream."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from entrepot.console.filters import Filters, moment_of, wanted
from entrepot.console.log_pages import LogPages, Sight, row
from entrepot.engine.clock import real_now
from entrepot.store.connections import FAULTS, Pool
from entrepot.store.queries.operations.operators import Proof
from entrepot.store.queries.operations.request_log import Line, Wanted, list_entries

EVERY: Final = 1.0
MOST: Final = 20
"""So many tails one process runs."""
BACK: Final = timedelta(seconds=30)
"""Entries are written a moment after they came in: so far back each look goes."""
MOST_BACK: Final = timedelta(minutes=10)
"""So long a page may have been open before it begins to follow."""
AT_ONCE: Final = 200
LOOK_AGAIN: Final = 15
"""After so many looks it is asked whether the session still holds."""


class Tails:
    """The tails of one process."""

    def __init__(self, reads: Pool, pages: LogPages, ending: Callable[[], bool]) -> None:
        self._reads = reads
        self._pages = pages
        self._ending = ending
        self._running = 0

    async def stream(
        self, filters: Filters, seen: str, proof: Proof, still_there: Callable[[], Awaitable[bool]]
    ) -> Response:
        """An event for each new entry that fits the filters, until the browser leaves or the session ends.

        `seen` is how far the page had got, so that nothing is lost between it and the stream.
        """
        if self._running >= MOST:
            return PlainTextResponse("too many tails\n", 503, {"retry-after": "30"})
        async with self._reads.acquire() as connection:
            sight = await self._pages.sight(connection, proof, filters.workspace)
        begun = _begun(seen)
        asked, faults = wanted(filters, sight.workspace, begun)
        if faults:
            return PlainTextResponse("\n".join(faults), 400)
        return StreamingResponse(
            self._events(asked, begun, sight, still_there), media_type="text/event-stream"
        )

    async def _events(
        self, asked: Wanted, begun: datetime, sight: Sight, still_there: Callable[[], Awaitable[bool]]
    ) -> AsyncIterator[str]:
        self._running += 1
        seen, looks, since = _Seen(), 0, begun
        try:
            yield "retry: 3000\n\n"
            while not self._ending():
                for line in await self._new(msgspec.structs.replace(asked, since=since), seen):
                    yield _event(row(line, sight))
                since = max(begun, real_now() - BACK)
                await asyncio.sleep(EVERY)
                looks += 1
                if looks % LOOK_AGAIN == 0:
                    if not await still_there():
                        return
                    yield ": still here\n\n"
        finally:
            self._running -= 1

    async def _new(self, asked: Wanted, seen: _Seen) -> list[Line]:
        """What was not told yet, oldest first."""
        try:
            async with self._reads.acquire() as connection:
                lines = await list_entries(connection, asked, None, AT_ONCE)
        except FAULTS:
            return []
        return [line for line in reversed(lines) if seen.first(line.id)]


def _begun(seen: str) -> datetime:
    """From when on entries are told: that which the page showed last, if that is not long ago."""
    now = real_now()
    place = moment_of(seen)
    return now if place is None else min(max(place, now - MOST_BACK), now)


class _Seen:
    """The entries that were told, as many as one look can bring several times."""

    def __init__(self) -> None:
        self._order: deque[UUID] = deque(maxlen=10 * AT_ONCE)
        self._known: set[UUID] = set()

    def first(self, number: UUID) -> bool:
        """Whether it was not told yet; from now on it was."""
        if number in self._known:
            return False
        if len(self._order) == self._order.maxlen:
            self._known.discard(self._order[0])
        self._order.append(number)
        self._known.add(number)
        return True


def _event(text: str) -> str:
    return "".join(f"data: {line}\n" for line in text.splitlines()) + "\n"
