"""Who listens to events: where they are told, and what the tries to tell them came to."""

from __future__ import annotations

from datetime import datetime

import msgspec

from entrepot.store.connections import Connection

INACTIVE_AFTER = 3
"""Failed tries in a row after which a listener counts as inactive. It is told on, and active with the first success."""
KEPT_TRIES = 100
"""How many of a listener's last tries its log keeps."""

_FIND = """
select l.url, l.secret, c.door, c.settings from event_listeners l
join channels c on c.workspace = l.workspace and c.id = l.channel
where l.workspace = $1 and l.id = $2
  and (l.owner = '' or exists (
    select from credentials c
    where c.workspace = $1 and c.id = nullif(l.owner, '')::bigint and c.revoked_at is null
      and (c.expires_at is null or c.expires_at > $3)
  ) or exists (
    select from administrators a where a.workspace = $1 and a.id = nullif(l.owner, '')::bigint and a.active
  ))
"""
_COUNT = """
update event_listeners set tries = tries + 1,
  failures = case when $3 then 0 else failures + 1 end,
  active = $3 or failures + 1 < $4,
  inactive_since = case when $3 then null when active and failures + 1 >= $4 then $5 else inactive_since end
where workspace = $1 and id = $2 returning tries
"""
_LOG = """
insert into event_listener_log (workspace, listener, id, at, subject, status, error)
values ($1, $2, $3, $4, $5, $6, $7)
"""
_FORGET = "delete from event_listener_log where workspace = $1 and listener = $2 and id <= $3"


class ListenerRow(msgspec.Struct, frozen=True):
    """A listener as the outbox needs it; `door` and `settings` (as JSON) are its channel's."""

    url: str
    secret: str
    door: str
    settings: str

    def __repr__(self) -> str:
        return f"ListenerRow(door={self.door!r})"


class Try(msgspec.Struct, frozen=True):
    """One try to tell of a subject: when, the status if one came, what was wrong, and whether it succeeded."""

    subject: int
    at: datetime
    status: int | None
    error: str
    succeeded: bool


async def read_listener(
    connection: Connection, workspace: int, listener: int, at: datetime
) -> ListenerRow | None:
    """The listener; None for one that was deleted, or whose owner's token or account holds no more.

    One without an owner stands in its account's settings.
    """
    row = await connection.fetchrow(_FIND, workspace, listener, at)
    return None if row is None else ListenerRow(*row)


async def note_try(connection: Connection, workspace: int, listener: int, done: Try) -> None:
    """Keep the listener's status and its log. The row's lock puts tries that end together one after the other."""
    async with connection.transaction():
        number = await connection.fetchval(
            _COUNT, workspace, listener, done.succeeded, INACTIVE_AFTER, done.at
        )
        if number is None:
            return
        entry = (done.at, done.subject, done.status, done.error)
        await connection.execute(_LOG, workspace, listener, number, *entry)
        await connection.execute(_FORGET, workspace, listener, number - KEPT_TRIES)
