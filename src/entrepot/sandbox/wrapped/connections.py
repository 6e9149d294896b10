"""Connections that may fail by order: of the engine's lanes, and of the pool for reads."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from entrepot.sandbox.register import FaultRegister, InjectedFaultError
from entrepot.sandbox.targets import ENGINE, READS
from entrepot.store.connections import Connection, LaneConnection, Pool, Transaction
from entrepot.store.places import Place

READ_LIMIT = 5.0
"""Seconds after which a read is given up (the pool's `statement_timeout`)."""


class FaultyConnection:
    """A lane's connection. Of which workspace a batch is, its first statement says."""

    def __init__(self, connection: LaneConnection, faults: FaultRegister) -> None:
        self._connection = connection
        self._faults = faults
        self._workspace: int | None = None
        self.shard = ""

    @property
    def spread(self) -> bool:
        """Whether tables are spread over nodes."""
        return self._connection.spread

    @property
    def whole(self) -> bool:
        """Whether it is to a cluster on which tables are not spread."""
        return self._connection.whole

    async def beside(self, place: Place) -> LaneConnection:
        """One to another node, which may fail as this one."""
        return FaultyConnection(await self._connection.beside(place), self._faults)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    async def fetch(self, query: str, *args: Any) -> list[Any]:
        """All rows of a statement; the first one of a batch may find that the connection is gone."""
        if self._workspace is None and args:
            self._workspace = args[0]
            await self._begin()
        return await self._connection.fetch(query, *args)

    async def fetchrow(self, query: str, *args: Any) -> Any:
        """The first row, or None."""
        return await self._connection.fetchrow(query, *args)

    async def fetchval(self, query: str, *args: Any) -> Any:
        """The first value of the first row, or None."""
        return await self._connection.fetchval(query, *args)

    def parts(self, query: str, *args: Any, size: int) -> AsyncGenerator[list[Any]]:
        """The rows of a statement from a cursor."""
        return self._connection.parts(query, *args, size=size)

    async def execute(self, query: str, *args: Any) -> str:
        """Run a statement for its effect."""
        return await self._connection.execute(query, *args)

    async def ahead(self, query: str, *args: object) -> None:
        """Let a statement that answers no rows travel ahead of the next one."""
        await self._connection.ahead(query, *args)

    def transaction(self, **options: Any) -> Transaction:
        """A transaction, not yet begun, which may be cut off at its commit."""
        self._workspace = None
        return _FaultyTransaction(self, self._connection.transaction(**options))

    def is_closed(self) -> bool:
        """Whether it is of no more use."""
        return self._connection.is_closed()

    def terminate(self) -> None:
        """Drop it at once."""
        self._connection.terminate()

    async def close(self) -> None:
        """Take leave of the server."""
        await self._connection.close()

    async def _begin(self) -> None:
        fault = self._faults.strike(ENGINE, self._workspace, kinds=("refuse", "slow"))
        if fault is None:
            return
        if fault.order.kind == "slow":
            await fault.wait(fault.order.delay or 0)
            return
        self.terminate()
        raise ConnectionRefusedError(ENGINE)

    async def end(self, transaction: Transaction) -> None:
        """Commit, and lose the connection before, while or after the server does it, as ordered."""
        fault = self._faults.strike(ENGINE, self._workspace, kinds=("drop",))
        if fault is None:
            await transaction.commit()
            return
        if fault.order.at == "after-commit":
            await transaction.commit()
        elif fault.order.at != "before-commit":
            await self._cut_off(transaction)
        self.terminate()
        raise ConnectionResetError(ENGINE)

    async def _cut_off(self, transaction: Transaction) -> None:
        """Send the commit and hang up, so that whether it was done is only known to the server."""
        commit = asyncio.ensure_future(transaction.commit())
        for _ in range(2):  # the first turn writes, the second sends
            await asyncio.sleep(0)
        self.terminate()
        with contextlib.suppress(Exception):
            await commit


class _FaultyTransaction:
    def __init__(self, connection: FaultyConnection, transaction: Transaction) -> None:
        self._connection = connection
        self._transaction = transaction

    async def start(self) -> None:
        """Begin."""
        await self._transaction.start()

    async def commit(self) -> None:
        """Make it durable, unless a fault comes between."""
        await self._connection.end(self._transaction)

    async def rollback(self) -> None:
        """Undo it."""
        await self._transaction.rollback()

    async def __aenter__(self) -> object:
        await self.start()
        return self

    async def __aexit__(self, *error: object) -> object:
        await (self.commit() if error[0] is None else self.rollback())
        return None


class FaultyPool:
    """The pool for reads, some of whose connections cannot be had, come late or do not answer."""

    def __init__(self, pool: Pool, faults: FaultRegister) -> None:
        self._pool = pool
        self._faults = faults

    def acquire(self) -> AbstractAsyncContextManager[Connection]:
        """A connection for the length of a block. Raises what a lost server would, or InjectedFaultError."""
        return self._acquire()

    async def close(self) -> None:
        """Close every connection."""
        await self._pool.close()

    @asynccontextmanager
    async def _acquire(self) -> AsyncGenerator[Connection]:
        await self._strike()
        async with self._pool.acquire() as connection:
            yield connection

    async def _strike(self) -> None:
        fault = self._faults.strike(READS)
        if fault is None:
            return
        if fault.order.kind == "error":
            raise InjectedFaultError(READS)
        if fault.order.kind == "refuse":
            raise ConnectionRefusedError(READS)
        timed_out = fault.order.kind == "timeout"
        await fault.wait(READ_LIMIT if timed_out and fault.order.delay is None else fault.order.delay or 0)
        if timed_out:
            raise TimeoutError(READS)
