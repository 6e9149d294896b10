"""Reads in one state of the database: a repeatable-read, read-only transaction of asyncpg."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final, Protocol

from entrepot.doors.textalk.declare.declaration import Snapshot
from entrepot.store.connections import READ_CONNECTIONS, Connection, Pool

AT_ONCE: Final = READ_CONNECTIONS - 1
"""So many read what callers ask for, however long that takes: look-ups of tokens find a connection at all times."""


class Reads(Protocol):
    """Where reads come from."""

    def snapshot(self) -> AbstractAsyncContextManager[Snapshot]:
        """One state of the database for as long as it is open."""
        ...


class PooledReads:
    """Reads on connections of a pool; its `statement_timeout` bounds each statement."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._slots = asyncio.Semaphore(AT_ONCE)

    @asynccontextmanager
    async def snapshot(self) -> AsyncGenerator[Snapshot]:
        """A snapshot on a connection of its own."""
        async with (
            self._slots,
            self._pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            yield _Connected(connection)


class _Connected:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def fetch(self, statement: str, arguments: Sequence[object]) -> Sequence[Sequence[Any]]:
        return await self._connection.fetch(statement, *arguments)
