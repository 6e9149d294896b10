"""Reads in one state of the database: a repeatable-read, read-only transaction of asyncpg."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol

import asyncpg

from entrepot.doors.textalk.classes.declaration import Snapshot


class Reads(Protocol):
    """Where reads come from."""

    def snapshot(self) -> AbstractAsyncContextManager[Snapshot]:
        """One state of the database for as long as it is open."""
        ...


class PooledReads:
    """Reads on connections of a pool; its `statement_timeout` bounds each statement."""

    def __init__(self, pool: "asyncpg.Pool[Any]") -> None:
        self._pool = pool

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Snapshot]:
        """A snapshot on a connection of its own."""
        async with (
            self._pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            yield _Connection(connection)


class _Connection:
    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def fetch(self, statement: str, arguments: Sequence[object]) -> Sequence[Sequence[Any]]:
        return await self._connection.fetch(statement, *arguments)
