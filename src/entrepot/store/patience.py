"""Connections whose statements may take any time, for as long as the database works on them.

How long a statement of a tool takes nobody knows beforehand: checking millions of orders takes minutes. A database that
has fallen silent says as little. So every while a second connection asks whether the statement is still worked on;
where twice in a row it was not, or nobody answered, the first connection is given up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, Final, TypeVar, cast

import asyncpg

from entrepot.store.primary import reach
from entrepot.store.silence import Limits, watched

T = TypeVar("T")

_AT_REST: Final = "select state_change from pg_stat_activity where pid = $1 and state like 'idle%'"
_KNOWN: Final = "select 1 from pg_stat_activity where pid = $1"
_SILENT: Final = "nobody answered"


async def look_after(connection: Any, url: str, limits: Limits, first: float = 0) -> None:
    """Give a connection up once the database does not work for it: asked after `first` seconds, then every
    `limits.statement`. Ends with the connection, and where it is cancelled.
    """
    before: object = None
    await asyncio.sleep(first)
    while not connection.is_closed():
        found = await _rest(connection.get_server_pid(), url, limits)
        if found is not None and found == before:
            connection.terminate()
            return
        before = found
        await asyncio.sleep(limits.statement)


async def _rest(pid: int, url: str, limits: Limits) -> object:
    """Since when the server process of a connection rests, or that nobody can tell; None while it works."""
    try:
        async with asyncio.timeout(2 * limits.connect):
            aside = await reach(url, timeout=limits.connect)
            try:
                return await _asked(aside, pid)
            finally:
                aside.terminate()
    except asyncpg.PostgresError as fault:
        # Whoever refuses us, as for want of room, is there; a server that starts or ends works on nothing.
        return _SILENT if isinstance(fault, asyncpg.CannotConnectNowError) else None
    except (OSError, TimeoutError, asyncpg.InterfaceError):
        return _SILENT


async def _asked(aside: Any, pid: int) -> object:
    if await aside.fetchval(_KNOWN, pid) is None:
        return _SILENT
    return await aside.fetchval(_AT_REST, pid)


class _Patient:
    """Mixed into a connection that is watched: what takes long is looked into before it is dropped."""

    limits: Limits
    url: str
    _looking: asyncio.Task[None] | None = None

    async def _within(self, work: Awaitable[T]) -> T:
        try:
            return await cast("Any", super())._within(work)
        finally:
            if self._looking is not None:
                self._looking.cancel()
                self._looking = None

    def _overdue(self) -> None:
        self._looking = asyncio.get_running_loop().create_task(look_after(self, self.url, self.limits))


def patient(url: str, limits: Limits) -> type[Any]:
    """The class of such connections to the database of this URL."""
    return type("Patient", (_Patient, watched(limits)), {"url": url, "__slots__": ()})
