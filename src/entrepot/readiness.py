"""Whether a process can do what it is there for: read from its database, and write to it."""

from __future__ import annotations

import asyncio
import os
from typing import Final
from uuid import UUID

import asyncpg

from entrepot.engine.batches.writing import why_not_written
from entrepot.engine.clock import real_now
from entrepot.engine.worker import Worker
from entrepot.store.connections import FAULTS, Connection

LIMIT: Final = 5.0
"""Seconds for which the database is waited for: whoever asks gives up soon himself."""

SILENT: Final = "the database does not answer"

# What every batch begins with, of a workspace that is nobody's. It takes room in a table and in its indexes as an order
# does, and is taken back, so that no row is left and nothing waits for a disk.
_TRIED: Final = "insert into batches (workspace, id, at) values (0, $1, $2)"


class Readiness:
    """Asks a worker's database. Where batches are written anyway, the last one's outcome is the answer.

    Else a row is written and taken back, once for all who ask at the same time and at most once in `writing.FRESH`
    seconds.
    """

    def __init__(self, worker: Worker) -> None:
        self._pool = worker.pool
        self._books = worker.books
        self._writing = worker.engine.writing
        self._trying = asyncio.Lock()

    async def fault(self) -> str | None:
        """Why the process is not ready, in plain words without anything secret; None where it is."""
        try:
            async with asyncio.timeout(LIMIT):
                async with self._pool.acquire() as connection:
                    await connection.fetchval("select 1")
                return await self._written()
        except FAULTS:
            return SILENT

    async def _written(self) -> str | None:
        async with self._trying:
            if not self._writing.is_fresh:
                await self._try()
        return self._writing.fault

    async def _try(self) -> None:
        try:
            async with self._books.acquire() as connection:
                await _write(connection)
        except asyncpg.PostgresError as error:
            state = str(error.sqlstate or "")
            if why_not_written(state) is None:
                raise
            self._writing.refused(state)
        else:
            self._writing.done()


async def _write(connection: Connection) -> None:
    transaction = connection.transaction()
    await transaction.start()
    try:
        await connection.execute(_TRIED, UUID(bytes=os.urandom(16), version=4), real_now())
    finally:
        await transaction.rollback()
