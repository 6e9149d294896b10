"""The outbox's statements: who has rows that are due, taking them, and writing down what came of them.

Only the oldest waiting row of a pair (subject, listener) may be taken, and the first of a subject's stream. The rows
behind it are put off as they are come upon, to the time at which their head is due, and the end of the head wakes the
next one: so no look reads the same rows twice, however many wait behind a listener that is away.

Within a stream a listener that fails holds up the others for a few tries only: order is worth a moment, not three days.

Where one pair is wanted, no condition says `state = 'waiting'` beside its key: with one, a plan made while few rows
wait would read all that wait, through a partial index, once they are many.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, TypeAlias, cast

import msgspec
from msgspec.structs import replace

from entrepot.domain.outbox.deliveries import Delivery
from entrepot.store.batches.binding import Binding, json_text
from entrepot.store.connections import Connection

_OUTBOX = Binding(Delivery, "outbox", "subject", "listener", "seq")

_DUE = "select workspace from outbox where state = 'waiting' and due_at <= $1 group by workspace"

_LOCK = f"""
select {_OUTBOX.select("o")} from outbox o where o.workspace = $1 and o.state = 'waiting' and o.due_at <= $2
order by o.due_at limit $3 for no key update skip locked
"""  # noqa: S608  (our own names)

_Key: TypeAlias = tuple[int, str, int]

WAITED_FOR = 3
"""For so many tries of a message the others of its stream wait for it, and for what waits behind it."""

_HEADS = """
select h.listener, h.seq from unnest($2::bigint[], $3::text[], $4::integer[], $5::text[], $6::bigint[])
  with ordinality k(subject, listener, seq, stream, place, row)
left join lateral (
  (select k.listener, e.seq, 1 as nearest from (
    select seq, state from outbox
    where workspace = $1 and subject = k.subject and listener = k.listener and seq < k.seq offset 0
  ) e where e.state = 'waiting' order by e.seq limit 1)
  union all
  (select e.listener, e.seq, 2 from (
    select listener, seq, place, state,
      max(case when state = 'waiting' then tries else 0 end) over (partition by listener) as tries
    from outbox where workspace = $1 and subject = k.subject and k.stream <> '' and stream = k.stream offset 0
  ) e where e.state = 'waiting' and e.place < k.place and e.tries <= $7 order by e.place limit 1)
  order by nearest limit 1
) h on true order by k.row
"""

_HOLD = """
select k.subject, k.listener, k.seq, o.due_at
from unnest($2::bigint[], $3::text[], $4::integer[]) k(subject, listener, seq)
cross join lateral (
  select due_at, state from outbox
  where workspace = $1 and subject = k.subject and listener = k.listener and seq = k.seq for share skip locked
) o where o.state <> 'delivered' and o.state <> 'parked'
"""

_SETTLE = """
update outbox set state = $5, due_at = $6, error = $7,
  payload = case when $5 = 'delivered' and listener not like 'event:%' then '{}' else payload end
where workspace = $1 and subject = $2 and listener = $3 and seq = $4
  and state <> 'delivered' and state <> 'parked' and ($5 = 'delivered' or tries = $8)
"""

_WAKE = """
update outbox set due_at = $5 where workspace = $1 and subject = $2 and listener = $3 and seq = (
  select e.seq from (
    select seq, state from outbox
    where workspace = $1 and subject = $2 and listener = $3 and seq > $4 offset 0
  ) e where e.state = 'waiting' order by e.seq limit 1
)
"""

_WAKE_STREAM = """
update outbox set due_at = $5 where workspace = $1 and subject = $2 and (listener, seq) in (
  select e.listener, e.seq from (
    select listener, seq, place, state from outbox where workspace = $1 and subject = $2 and stream = $3 offset 0
  ) e where e.state = 'waiting' and e.place > $4 order by e.place limit 1
)
"""

_POSTPONE = """
update outbox set due_at = $5, error = $6
where workspace = $1 and subject = $2 and listener = $3 and seq = $4 and tries = $7
"""

_DELIVERED = """
select workspace, subject, listener, seq from outbox
where state = 'delivered' and state <> 'waiting' and due_at < $1 order by due_at limit $2
"""
_PARKED = """
select workspace, subject, listener, seq from outbox
where state = 'parked' and state <> 'waiting' and due_at < $1 and split_part(listener, ':', 1) = any($3::text[])
order by due_at limit $2
"""


class Taken(msgspec.Struct, frozen=True):
    """What one turn came to: the rows that are now leased to the caller, and how many were put off."""

    deliveries: tuple[Delivery, ...]
    put_off: int


async def due_workspaces(connection: Connection, now: datetime) -> list[int]:
    """The workspaces in which rows are due: one read, without locks."""
    return [row[0] for row in await connection.fetch(_DUE, now)]


async def take(
    connection: Connection,
    workspace: int,
    now: datetime,
    lease_until: datetime,
    give_up_at: datetime,
    limit: int,
) -> Taken:
    """Lease up to `limit` rows; nobody else gets them before `lease_until`. `give_up_at` is for first tries.

    Whether a row has its turn is read after it is locked: a head that ended before is seen. One that has not is held,
    so that it ends after this and finds the row to wake it. A head that cannot be held is ending now, and may have
    looked for rows to wake before this one was written: what waits for it stays due.
    """
    async with connection.transaction():
        found = [_delivery(row) for row in await connection.fetch(_LOCK, workspace, now, limit)]
        if not found:
            return Taken((), 0)
        heads = await _heads(connection, workspace, found)
        held = await _hold(connection, workspace, [head for head in heads if head is not None])
        turns = list(zip(found, heads, strict=True))
        leased = [_leased(row, lease_until, give_up_at) for row, head in turns if head is None]
        put_off = [_put_off(row, held[head], now, lease_until) for row, head in turns if head in held]
        await connection.execute(_OUTBOX.put, workspace, _OUTBOX.rows([*leased, *put_off]))
    return Taken(tuple(leased), len(put_off))


async def _heads(connection: Connection, workspace: int, rows: Sequence[Delivery]) -> list[_Key | None]:
    """For each row the one that it waits for; None where it has its turn."""
    columns = _columns([(*row.key, row.stream, row.place) for row in rows], 5)
    found = await connection.fetch(_HEADS, workspace, *columns, WAITED_FOR)
    return [
        None if listener is None else (row.subject, listener, seq)
        for row, (listener, seq) in zip(rows, found, strict=True)
    ]


async def _hold(connection: Connection, workspace: int, heads: Sequence[_Key]) -> dict[_Key | None, datetime]:
    """Keep heads from ending before this transaction does; when those that could be held are due."""
    if not heads:
        return {}
    found = await connection.fetch(_HOLD, workspace, *_columns(heads, 3))
    return {(subject, listener, seq): due_at for subject, listener, seq, due_at in found}


async def settle(
    connection: Connection, workspace: int, row: Delivery, now: datetime, *, delivered: bool, error: str = ""
) -> None:
    """The row is done with, delivered or parked, and the next ones of its pair and stream are due.

    Both at once: a next row that were woken later might by then be leased to somebody. What was delivered keeps no
    payload, which may hold a code; that of an event only names what happened, and may be told again. Parking needs
    the lease; that something was delivered is true without it.
    """
    key = (workspace, row.subject, row.listener, row.seq)
    async with connection.transaction():
        state = "delivered" if delivered else "parked"
        if await connection.execute(_SETTLE, *key, state, now, error, row.tries) != "UPDATE 0":
            await connection.execute(_WAKE, *key, now)
            if row.stream:
                await connection.execute(_WAKE_STREAM, workspace, row.subject, row.stream, row.place, now)


async def postpone(
    connection: Connection, workspace: int, row: Delivery, due_at: datetime, error: str
) -> None:
    """Try again at `due_at`, unless the lease was lost and somebody else has the row."""
    key = (workspace, row.subject, row.listener, row.seq)
    await connection.execute(_POSTPONE, *key, due_at, error, row.tries)


async def prune_delivered(connection: Connection, before: datetime, limit: int) -> int:
    """Delete up to `limit` rows that were delivered before a moment; how many there were."""
    return await _delete(connection, await connection.fetch(_DELIVERED, before, limit))


async def prune_parked(connection: Connection, before: datetime, limit: int, handlers: list[str]) -> int:
    """Delete up to `limit` rows for these handlers that were parked before a moment; how many there were."""
    return await _delete(connection, await connection.fetch(_PARKED, before, limit, handlers))


async def _delete(connection: Connection, rows: Iterable[Sequence[Any]]) -> int:
    by_workspace: dict[int, list[tuple[int, str, int]]] = {}
    for workspace, *key in rows:
        by_workspace.setdefault(workspace, []).append((key[0], key[1], key[2]))
    for workspace, keys in by_workspace.items():
        await connection.execute(_OUTBOX.delete, workspace, json_text(sorted(keys)))
    return sum(map(len, by_workspace.values()))


def _delivery(row: Any) -> Delivery:
    return cast("Delivery", _OUTBOX.parse(row))


def _leased(row: Delivery, lease_until: datetime, give_up_at: datetime) -> Delivery:
    last = row.give_up_at or give_up_at
    return replace(row, due_at=lease_until, tries=row.tries + 1, give_up_at=last)


def _put_off(row: Delivery, head: datetime, now: datetime, lease_until: datetime) -> Delivery:
    """Wait as long as the head does; one that is due is being taken, now or by somebody else."""
    return replace(row, due_at=head if head > now else lease_until)


def _columns(keys: Sequence[tuple[object, ...]], count: int) -> list[list[object]]:
    return [[key[at] for key in keys] for at in range(count)]
