"""The ways of one lane to the database: one connection, and on a cluster one to each node with workspaces."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from entrepot.engine.batches.batch import make_ready
from entrepot.store.batches.homes import Home, home_of
from entrepot.store.connections import LaneConnection
from entrepot.store.places import Place

_MOST: Final = 10_000
"""So many workspaces' homes a lane remembers, before it asks for them anew."""

PLANNED_ANEW, RARER = 16, 4
"""A connection's statements are planned again at its batch of this number, and at each that is so many times as far.

A plan that was made while a table was empty may read all rows of a workspace for one key of them, since to PostgreSQL
either way looked as good; it makes new ones by itself only once the table was analysed. On a cluster plans are made for
the values at hand.
"""
_TURNS: Final = frozenset(PLANNED_ANEW * RARER**turn for turn in range(16))


class Ways:
    """Connections are made when they are first needed, and dropped together when one is lost."""

    def __init__(self, connect: Callable[[], Awaitable[LaneConnection]]) -> None:
        self._connect = connect
        self._first: LaneConnection | None = None
        self._nodes: dict[Place, LaneConnection] = {}
        self._homes: dict[int, Home] = {}
        self._shards: dict[int, Home] = {}
        self._ready: set[int] = set()
        self._batches = 0
        """How many were to run on the first connection."""

    async def to(self, workspace: int) -> LaneConnection:
        """The connection on which this workspace's batches run. Raises `FAULTS`."""
        if self._first is None or self._first.is_closed():
            connection = await self._connect()
            await make_ready(connection)
            self._first, self._batches = connection, 0
        if self._first.spread:
            return await self._home(self._first, workspace)
        await self._plan_anew(self._first)
        return self._first

    def close(self) -> None:
        """Drop them all, and what is known of where workspaces are."""
        for each in (self._first, *self._nodes.values()):
            if each is not None and not each.is_closed():
                each.terminate()
        self._first = None
        for known in (self._nodes, self._homes, self._shards, self._ready):
            known.clear()

    async def _plan_anew(self, connection: LaneConnection) -> None:
        """Forget plans that were made when much less was stored."""
        self._batches += 1
        if self._batches in _TURNS:
            await connection.execute("discard plans")

    async def _home(self, first: LaneConnection, workspace: int) -> LaneConnection:
        home = self._homes.get(workspace)
        if home is None:
            home = await home_of(first, workspace, self._shards)
            if len(self._homes) >= _MOST:
                self._homes.clear()
            self._homes[workspace] = self._shards[home.shard] = home
        connection = await self._node(first, home.place)
        if home.shard not in self._ready:
            await make_ready(connection, home)
            self._ready.add(home.shard)
        connection.shard = home.suffix
        return connection

    async def _node(self, first: LaneConnection, place: Place) -> LaneConnection:
        if (known := self._nodes.get(place)) is not None and not known.is_closed():
            return known
        # The functions of its shards went with the one before.
        self._ready -= {shard for shard, home in self._shards.items() if home.place == place}
        self._nodes[place] = await first.beside(place)
        return self._nodes[place]
