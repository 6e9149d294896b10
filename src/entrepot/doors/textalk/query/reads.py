"""Reads in one state of the database: a repeatable-read, read-only transaction of asyncpg."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import Any, Protocol

from entrepot.doors.kit.answers import ANSWERS
from entrepot.doors.textalk.declare.declaration import Snapshot
from entrepot.store.connections import Connection
from entrepot.store.sharing import Bill, SharedPool


class Reads(Protocol):
    """Where reads come from."""

    def snapshot(self, cost: int = 1, *, alone: bool = False) -> AbstractAsyncContextManager[Snapshot]:
        """One state of the database for as long as it is open, for a read of about so many rows.

        A statement that is `alone` sees one state by itself.
        """
        ...


class PooledReads:
    """Reads on connections of a pool; its `statement_timeout` bounds each statement."""

    def __init__(self, pool: SharedPool) -> None:
        self._pool = pool

    @asynccontextmanager
    async def snapshot(self, cost: int = 1, *, alone: bool = False) -> AsyncGenerator[Snapshot]:
        """A snapshot on a connection of its own, in the caller's turn; it is charged what it came to."""
        bill = Bill(cost)
        async with (
            self._pool.acquire(bill) as connection,
            # Its begin and its end are round trips of their own.
            nullcontext() if alone else connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            if bill.heavy and ANSWERS.is_full(bill.flow.address):
                raise TimeoutError("the caller takes no answers")
            snapshot = _Connected(connection)
            try:
                yield snapshot
            finally:
                bill.cost = snapshot.rows


class _Connected:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.rows = 1

    async def fetch(self, statement: str, arguments: Sequence[object]) -> Sequence[Sequence[Any]]:
        rows = await self._connection.fetch(statement, *arguments)
        self.rows += len(rows)
        return rows

    async def parts(
        self, statement: str, arguments: Sequence[object], size: int
    ) -> AsyncGenerator[Sequence[Sequence[Any]]]:
        async for rows in self._connection.parts(statement, *arguments, size=size):
            self.rows += len(rows)
            yield rows
