"""The listeners to events as they are stored."""

from __future__ import annotations

from datetime import datetime

from entrepot.gateways.events.port import EventTarget
from entrepot.store.connections import Pool
from entrepot.store.listeners import mark_listener, read_listener


class StoredListeners:
    """The listeners of all workspaces. Those of a sandbox may be on this machine."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def find(self, workspace: int, listener: int) -> EventTarget | None:
        """Where this listener is told, or None for one that was deleted."""
        async with self._pool.acquire() as connection:
            row = await read_listener(connection, workspace, listener)
        return None if row is None else EventTarget(row.url, row.secret.encode(), row.active, row.sandbox)

    async def mark(self, workspace: int, listener: int, active: bool, at: datetime) -> None:
        """Write down that it answers again, or that it has ceased to."""
        async with self._pool.acquire() as connection:
            await mark_listener(connection, workspace, listener, active, at)
