"""How many rows each statement reads, of those that the doors really send, with the plans that they really get.

PostgreSQL counts what a transaction reads of every table and index, inside functions too, where EXPLAIN of the call
sees nothing. A connection that records reads these counts before and after each statement.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import asyncpg

_READ = """
select sum(case when relkind = 'r' then pg_stat_get_xact_tuples_returned(oid) + pg_stat_get_xact_tuples_fetched(oid)
                else pg_stat_get_xact_tuples_returned(oid) end)::bigint
from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'i')
"""
_ASIDE = (
    "begin",
    "start",
    "commit",
    "rollback",
    "savepoint",
    "release",
    "set",
    "create",
    "listen",
    "select pg_",
)
_connection: Any = asyncpg.Connection


@dataclass(frozen=True)
class Sent:
    """A statement that was run: its text, the rows that it read, and the rows that it answered."""

    text: str
    read: int
    answered: int
    arguments: tuple[Any, ...] = ()


sent: list[Sent] = []
"""Everything since it was last cleared; the connections that record are in this process."""


class _Recording(_connection):
    async def fetch(self, query: str, *args: Any, **options: Any) -> Any:
        return await self._counted(query, super().fetch, args, options)

    async def fetchrow(self, query: str, *args: Any, **options: Any) -> Any:
        return await self._counted(query, super().fetchrow, args, options)

    async def fetchval(self, query: str, *args: Any, **options: Any) -> Any:
        return await self._counted(query, super().fetchval, args, options)

    async def execute(self, query: str, *args: Any, **options: Any) -> Any:
        return await self._counted(query, super().execute, args, options)

    async def ahead(self, query: str, *args: Any) -> None:
        """By itself, since what travels together cannot be counted apart."""
        await self.execute(query, *args)

    async def _counted(
        self, query: str, run: Callable[..., Awaitable[Any]], args: Any, options: dict[str, Any]
    ) -> Any:
        if query.strip().lower().startswith(_ASIDE):
            return await run(query, *args, **options)
        if self.is_in_transaction():
            return await self._between(query, run, args, options)
        async with self.transaction():
            return await self._between(query, run, args, options)

    async def _between(
        self, query: str, run: Callable[..., Awaitable[Any]], args: Any, options: dict[str, Any]
    ) -> Any:
        before = await super().fetchval(_READ)
        result = await run(query, *args, **options)
        after = await super().fetchval(_READ)
        sent.append(Sent(query, after - before, len(result) if isinstance(result, list) else 1, args))
        return result


def _counted(options: dict[str, Any]) -> dict[str, Any]:
    """The options of a connection that counts, whatever class it would have been of."""
    given: Any = options.get("connection_class", _connection)

    class Counted(_Recording, given):
        """Both at once."""

    return {**options, "connection_class": Counted}


async def _connect(*args: Any, **options: Any) -> Any:
    return await asyncpg.connect(*args, **_counted(options))


recording = SimpleNamespace(connect=_connect)
"""Put in place of asyncpg where connections are made."""
