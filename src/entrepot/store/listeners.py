"""Who listens to events: where they are told, and whether they answer."""

from __future__ import annotations

from datetime import datetime

import msgspec

from entrepot.store.connections import Connection

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
select $1, l.id,
  coalesce((select max(g.id) from event_listener_log g where g.workspace = $1 and g.listener = $2), 0) + 1,
  $3, null, $4
from event_listeners l where l.workspace = $1 and l.id = $2
on conflict do nothing
"""


class ListenerRow(msgspec.Struct, frozen=True):
    """A listener as the outbox needs it; `sandbox` is its workspace's."""

    url: str
    secret: str
    active: bool
    sandbox: bool

    def __repr__(self) -> str:
        return f"ListenerRow(active={self.active}, sandbox={self.sandbox})"


async def read_listener(connection: Connection, workspace: int, listener: int) -> ListenerRow | None:
    """The listener, or None for one that was deleted."""
    row = await connection.fetchrow(_FIND, workspace, listener)
    return None if row is None else ListenerRow(*row)


async def mark_listener(
    connection: Connection, workspace: int, listener: int, active: bool, at: datetime
) -> None:
    """Write down that a listener answers again, or that it has ceased to; its log has it too."""
    words = "answers" if active else "does not answer"
    await connection.execute(_MARK, workspace, listener, active, at)
    await connection.execute(_LOG, workspace, listener, at, words)
