"""The connections by which a process writes the log: one, and on a cluster one to each node that it has rows for.

There each part of the rows goes to the node that keeps it. One COPY of them all would be the coordinator's work, which
cuts it up, sends it on, and ends it in two phases.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final, cast

from entrepot.engine.clock import real_now
from entrepot.integration_log.entries import COLUMNS, Row
from entrepot.integration_log.partitions import tend
from entrepot.store.batches.homes import nodes_beside
from entrepot.store.connections import Connection, connect
from entrepot.store.places import Place, narrowed
from entrepot.store.upkeep.distribution import is_spread

TEND_EVERY: Final = 3_600.0
LONGEST_COPY: Final = 30.0
"""Seconds after which a database that takes rows has gone silent."""
MOST_KNOWN: Final = 10_000
"""So many workspaces' nodes are remembered, before they are asked for anew."""

_VALUES: Final = ", ".join(f"${number}" for number in range(1, len(COLUMNS) + 1))
_INSERT: Final = f"""
insert into request_log ({", ".join(COLUMNS)}) values ({_VALUES}) on conflict do nothing
"""  # noqa: S608


class CopyIn:
    """Connections are made when they are first needed, and dropped together."""

    def __init__(self, database_url: str, keep: timedelta) -> None:
        self._url = database_url
        self._keep = keep
        self._first: Connection | None = None
        self._spread = False
        self._nodes: dict[Place, Connection] = {}
        self._where: dict[int, Place | None] = {}
        self._tended = float("-inf")
        self._ready = False
        self._ended = False

    @property
    def ready(self) -> bool:
        """Whether there is where to write."""
        return self._ready

    async def __call__(self, rows: Sequence[Row]) -> None:
        """Write the rows with one COPY, or one for each node."""
        first = await self._open()
        for place, part in (await self._by_node(first, rows)).items():
            await _copy(first if place is None else await self._node(place), part)

    async def insert(self, rows: Sequence[Row]) -> None:
        """Write those that are not there yet."""
        connection = await self._open()
        for row in rows:
            await connection.execute(_INSERT, *row)

    async def tend(self) -> None:
        """Look after the partitions: one that is missing, and then all of them once an hour."""
        now = asyncio.get_running_loop().time()
        if now - self._tended >= TEND_EVERY:
            first = await self._open()
            more = await tend(first, real_now(), self._keep)
            self._ready = True  # today's is made first
            self._tended = self._tended if more else now
            # The tables may have been spread meanwhile, and shards moved.
            self._spread = await is_spread(first)
            self._where.clear()

    def close(self) -> None:
        """Give the connections up; a COPY on its way fails."""
        for each in (self._first, *self._nodes.values()):
            if each is not None:
                each.terminate()
        self._first = None
        self._nodes.clear()
        self._where.clear()

    def end(self) -> None:
        """Give them up for good."""
        self._ended = True
        self.close()

    async def _open(self) -> Connection:
        if self._first is None or self._first.is_closed():
            self._first = await self._connect(self._url)
        return self._first

    async def _node(self, place: Place) -> Connection:
        known = self._nodes.get(place)
        if known is None or known.is_closed():
            known = self._nodes[place] = await self._connect(narrowed(self._url, place))
        return known

    async def _connect(self, url: str) -> Connection:
        if self._ended:
            raise ConnectionAbortedError
        return await connect(url)

    async def _by_node(self, first: Connection, rows: Sequence[Row]) -> Mapping[Place | None, Sequence[Row]]:
        """The rows by the node that keeps them; None is the server that is asked first.

        Where a shard has just moved, the node that had it sends them on.
        """
        if not self._spread:
            return {None: rows}
        if len(self._where) > MOST_KNOWN:
            self._where.clear()
        if unknown := list({row.workspace for row in rows} - self._where.keys()):
            self._where |= dict.fromkeys(unknown) | await nodes_beside(first, unknown)
        parts: dict[Place | None, list[Row]] = {}
        for row in rows:
            parts.setdefault(self._where.get(row.workspace), []).append(row)
        return parts


async def _copy(connection: Connection, rows: Sequence[Row]) -> None:
    # The driver's own limit asks the server to end the COPY, and waits for one that says nothing.
    limit = asyncio.get_running_loop().call_later(LONGEST_COPY, connection.terminate)
    try:
        await cast("Any", connection).copy_records_to_table("request_log", records=rows, columns=COLUMNS)
    finally:
        limit.cancel()
