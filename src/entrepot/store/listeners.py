"""Who listens to events: where they are told, and whether they answer."""

from __future__ import annotations

from datetime import datetime

from entrepot.gateways.events.port import EventTarget
from entrepot.store.connections import Pool

_FIND = """
select l.url, l.secret, l.active, w.sandbox from event_listeners l join workspaces w on w.id = l.workspace
where l.workspace = $1 and l.id = $2
"""
_MARK = """
update event_listeners set active = $3, inactive_since = case when $3 then null else $4::timestamptz end
where workspace = $1 and id = $2
"""
_LOG = """
insert into event_listener_log (workspace, listener, id, at, status, error)
select $1, l.id, coalesce((select max(g.id) from event_listener_log g where g.workspace = $1 and g.listener = $2), 0) + 1,
  $3, null, $4
from event_listeners l where l.workspace = $1 and l.id = $2
on conflict do nothing
"""


class StoredListeners:
    """The listeners of all workspaces. Those of a sandbox may be on this machine."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def find(self, workspace: int, listener: int) -> EventTarget | None:
        """Where this listener is told, or None for one that was deleted."""
        async with self._pool.acquire() as connection:
            row = await connection.fetchrow(_FIND, workspace, listener)
        return None if row is None else EventTarget(row[0], row[1].encode(), row[2], row[3])

    async def mark(self, workspace: int, listener: int, active: bool, at: datetime) -> None:
        """Write down that it answers again, or that it has ceased to."""
        words = "answers" if active else "does not answer"
        async with self._pool.acquire() as connection:
            await connection.execute(_MARK, workspace, listener, active, at)
            await connection.execute(_LOG, workspace, listener, at, words)
