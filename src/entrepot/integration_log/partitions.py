"""The log's partitions, one for each day of real time: made two weeks ahead, dropped when their time is over.

A new one is made by itself and then attached, which takes a lock that neither readers nor writers of the log feel; an
old one is detached in the same manner before it is dropped.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from entrepot.store.connections import Connection
from entrepot.store.upkeep.distribution import is_spread

AHEAD: Final = 14
_DAY: Final = timedelta(days=1)
_LOCK: Final = 0x656E7472_6C6F6700  # of ours alone, among the advisory locks of the database

_EXISTING: Final = """
select c.relname, i.inhrelid is not null, coalesce(i.inhdetachpending, false)
from pg_class c join pg_namespace n on n.oid = c.relnamespace left join pg_inherits i on i.inhrelid = c.oid
where n.nspname = 'public' and c.relkind = 'r' and c.relname ~ '^request_log_[0-9]{8}$'
"""


async def tend(connection: Connection, now: datetime, keep: timedelta) -> bool:
    """Make the first partition that is missing, or drop one whose every moment is longer ago than `keep`.

    The result is whether there was any. It is one at a time since a cluster takes its time for each, while what is
    to be written waits. Several processes may do it at once: they wait for each other. Raises what asyncpg raises.
    """
    await connection.execute("select pg_advisory_lock($1)", _LOCK)
    try:
        there = {row[0]: (row[1], row[2]) for row in await connection.fetch(_EXISTING)}
        today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        for day in (today + ahead * _DAY for ahead in range(AHEAD + 1)):
            if not there.get(name_of(day), (False,))[0]:
                await _add(connection, day)
                return True
        for name, (attached, leaving) in there.items():
            if day_of(name) + _DAY <= now - keep:
                await _drop(connection, name, attached=attached, leaving=leaving)
                return True
    finally:
        await connection.execute("select pg_advisory_unlock($1)", _LOCK)
    return False


def name_of(day: datetime) -> str:
    """The partition's name."""
    return f"request_log_{day:%Y%m%d}"


def day_of(name: str) -> datetime:
    """The day's beginning."""
    return datetime.strptime(name[-8:], "%Y%m%d").replace(tzinfo=UTC)


async def _add(connection: Connection, day: datetime) -> None:
    name, begin, end = name_of(day), day.isoformat(), (day + _DAY).isoformat()
    within = f"at >= '{begin}' and at < '{end}'"
    async with connection.transaction():
        # What was made by a process that ended before it was attached holds nothing.
        await connection.execute(f"drop table if exists {name}")
        await connection.execute(
            f"create table {name} (like request_log including defaults including indexes)"
        )
        # Attaching then need not look whether it is so.
        await connection.execute(f"alter table {name} add constraint {name}_at check ({within})")
        await connection.execute(
            f"alter table request_log attach partition {name} for values from ('{begin}') to ('{end}')"
        )
        await connection.execute(f"alter table {name} drop constraint {name}_at")


async def _drop(connection: Connection, name: str, *, attached: bool, leaving: bool) -> None:
    if attached and not await is_spread(connection):  # nodes detach what they drop, and nothing beforehand
        how = "finalize" if leaving else "concurrently"
        await connection.execute(f"alter table request_log detach partition {name} {how}")
    await connection.execute(f"drop table {name}")
