"""The ways of one lane to the database: one connection, and on a cluster one to each node with workspaces."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from entrepot.engine.batches.batch import make_ready
from entrepot.store.batches.homes import Home, home_of
from entrepot.store.connections import LaneConnection
from entrepot.store.places import Place
from entrepot.store.plans import FORGET, is_due

_MOST: Final = 10_000
"""So many workspaces' homes a lane remembers, before it asks for them anew."""


class Ways:
    """Connections are made when they are first needed, and dropped together when one is lost."""

    def __init__(self, connect: Callable[[], Awaitable[LaneConnection]]) -> None:
        self._connect = connect
        self._first: LaneConnection | None = None
        self._nodes: dict[Place, LaneConnection] = {}
        self._homes: dict[int, Home] = {}
        self._shards: dict[int, Home] = {}
        self._batches = 0
        """How many were to run on the first connection."""
        self._in_shards: dict[int, int] = {}
        """How many were to run in each shard whose functions are made."""

    async def to(self, workspace: int) -> LaneConnection:
        """The connection on which this workspace's batches run. Raises `FAULTS`."""
        if self._first is None or self._first.is_closed():
            connection = await self._connect()
            await make_ready(connection)
            self._first, self._batches = connection, 0
        if self._first.spread:
            return await self._home(self._first, workspace)
        self._batches += 1
        await _plan_in_time(self._first, self._batches)
        return self._first

    def close(self) -> None:
        """Drop them all, and what is known of where workspaces are."""
        for each in (self._first, *self._nodes.values()):
            if each is not None and not each.is_closed():
                each.terminate()
        self._first = None
        for known in (self._nodes, self._homes, self._shards, self._in_shards):
            known.clear()

    async def _home(self, first: LaneConnection, workspace: int) -> LaneConnection:
        home = self._homes.get(workspace)
        if home is None:
            home = await home_of(first, workspace, self._shards)
            if len(self._homes) >= _MOST:
                self._homes.clear()
            self._homes[workspace] = self._shards[home.shard] = home
        connection = await self._node(first, home.place)
        if home.shard not in self._in_shards:
            await make_ready(connection, home)
        self._in_shards[home.shard] = self._in_shards.get(home.shard, 0) + 1
        await _plan_in_time(connection, self._in_shards[home.shard])
        connection.shard = home.suffix
        return connection

    async def _node(self, first: LaneConnection, place: Place) -> LaneConnection:
        if (known := self._nodes.get(place)) is not None and not known.is_closed():
            return known
        # The functions of its shards went with the one before.
        self._in_shards = {
            shard: batches for shard, batches in self._in_shards.items() if self._shards[shard].place != place
        }
        self._nodes[place] = await first.beside(place)
        return self._nodes[place]


async def _plan_in_time(connection: LaneConnection, batches: int) -> None:
    """Forget plans that were made when much less was stored."""
    if is_due(batches):
        await connection.execute(FORGET)
