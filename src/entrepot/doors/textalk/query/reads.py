"""Reads in one state of the database: a repeatable-read, read-only transaction of asyncpg."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol

from entrepot.doors.textalk.classes.declaration import Snapshot
from entrepot.store.connections import Connection, Pool


class Reads(Protocol):
    """Where reads come from."""

    def snapshot(self) -> AbstractAsyncContextManager[Snapshot]:
        """One state of the database for as long as it is open."""
        ...


class PooledReads:
    """Reads on connections of a pool; its `statement_timeout` bounds each statement."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @asynccontextmanager
    async def snapshot(self) -> AsyncGenerator[Snapshot]:
        """A snapshot on a connection of its own."""
        async with (
            self._pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            yield _Connected(connection)


class _Connected:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def fetch(self, statement: str, arguments: Sequence[object]) -> Sequence[Sequence[Any]]:
        return await self._connection.fetch(statement, *arguments)
