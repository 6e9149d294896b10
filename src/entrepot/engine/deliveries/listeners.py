"""The listeners to events as they are stored."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import msgspec

from entrepot.domain.channels.accounts import ChannelSettings
from entrepot.engine.deliveries.events import Found
from entrepot.engine.deliveries.handler import Job
from entrepot.gateways.events.port import EventTarget, NotPosted, Posted
from entrepot.store.connections import Pool
from entrepot.store.queries.listeners import Try, note_try, read_listener
from entrepot.store.queries.sold.sales import SaleReturn, sale_return

_settings = msgspec.json.Decoder(ChannelSettings).decode


class StoredListeners:
    """The listeners of all workspaces; with `private` they may be on this machine. `now` is the business time."""

    def __init__(self, pool: Pool, now: Callable[[], datetime], *, private: bool) -> None:
        self._pool = pool
        self._now = now
        self._private = private

    async def find(self, workspace: int, listener: int) -> Found | None:
        """See `EventListeners.find`."""
        async with self._pool.acquire() as connection:
            row = await read_listener(connection, workspace, listener, self._now())
        if row is None:
            return None
        return Found(
            EventTarget(row.url, row.secret.encode(), self._private), row.door, _settings(row.settings)
        )

    async def sale_return(self, workspace: int, number: int) -> SaleReturn | None:
        """See `EventListeners.sale_return`."""
        async with self._pool.acquire() as connection:
            return await sale_return(connection, workspace, number)

    async def note(self, job: Job, listener: int, answer: Posted | NotPosted, at: datetime) -> None:
        """See `EventListeners.note`."""
        reason = answer.reason if isinstance(answer, NotPosted) else ""
        done = Try(job.subject, at, answer.status, reason, isinstance(answer, Posted))
        async with self._pool.acquire() as connection:
            await note_try(connection, job.workspace, listener, done)
