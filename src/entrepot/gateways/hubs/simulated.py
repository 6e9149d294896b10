"""The simulated order hub: somebody else's system with books and rules of its own, in the same database.

It knows its clients, and how many orders each may have there at a time. It refuses whom it does not know, and is full
beyond that number. A key that was withdrawn stays withdrawn, so a hand-over that comes late finds it closed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager

from entrepot.gateways.hubs.port import (
    HandOver,
    HubFailed,
    HubOrder,
    HubRefused,
    TakenOver,
    Withdrawal,
    Withdrawn,
)
from entrepot.store.connections import FAULTS, Connection, Pool

LIMIT_SECONDS = 10.0
UNKNOWN = "the simulated hub does not know the client"
FULL = "the simulated hub is full"
WITHDRAWN = "the order was withdrawn from the simulated hub"

_ENTER = """
insert into hub_orders (workspace, key, client, environment, order_id, state) values ($1, $2, $3, $4, $5, 'open')
on conflict (workspace, key) do nothing returning state
"""
_STATE = "select state from hub_orders where workspace = $1 and key = $2"
_ADMIT = """
update hub_clients set open = open + 1 where workspace = $1 and client = $2 and open < capacity returning open
"""
_KNOWN = "select exists (select from hub_clients where workspace = $1 and client = $2)"
_CLOSE = """
insert into hub_orders (workspace, key, client, environment, order_id, state) values ($1, $2, '', '', '', 'withdrawn')
on conflict (workspace, key) do nothing returning state
"""
_WITHDRAW = """
update hub_orders set state = 'withdrawn' where workspace = $1 and key = $2 and state = 'open' returning client
"""
_LEAVE = "update hub_clients set open = open - 1 where workspace = $1 and client = $2"
_CLIENTS = "select client, capacity from hub_clients where workspace = $1"
_REGISTER = """
insert into hub_clients (workspace, client, capacity, open)
select $1, u.client, u.capacity, 0 from unnest($2::text[], $3::bigint[]) u(client, capacity) order by u.client
on conflict (workspace, client) do update set capacity = excluded.capacity
"""


class _NotTakenError(Exception):
    """Nothing of the order is entered; the text says why."""


class SimulatedHub:
    """The hub as one workspace's accounts see it."""

    def __init__(self, pool: Pool, workspace: int) -> None:
        self._pool = pool
        self._workspace = workspace

    async def hand_over(self, order: HubOrder) -> HandOver:
        """See `OrderHub.hand_over`."""
        try:
            async with self._books() as connection:
                return await self._enter(connection, order)
        except _NotTakenError as refusal:
            return HubRefused(str(refusal))
        except FAULTS:
            return HubFailed("the simulated hub cannot use its books")

    async def withdraw(self, key: str) -> Withdrawal:
        """See `OrderHub.withdraw`."""
        try:
            async with self._books() as connection:
                await self._take_back(connection, key)
        except FAULTS:
            return HubFailed("the simulated hub cannot use its books")
        return Withdrawn()

    @asynccontextmanager
    async def _books(self) -> AsyncGenerator[Connection]:
        """The books for one entry, which counts as a whole or not at all."""
        async with (
            asyncio.timeout(LIMIT_SECONDS),
            self._pool.acquire() as connection,
            connection.transaction(),
        ):
            yield connection

    async def _enter(self, connection: Connection, order: HubOrder) -> HandOver:
        """Raises `_NotTakenError` where the entry has to go again."""
        entry = (order.client, order.environment, order.order_id)
        if await connection.fetchval(_ENTER, self._workspace, order.key, *entry) is None:
            state = await connection.fetchval(_STATE, self._workspace, order.key)
            return TakenOver() if state == "open" else HubRefused(WITHDRAWN)
        if await connection.fetchval(_ADMIT, self._workspace, order.client) is None:
            known = await connection.fetchval(_KNOWN, self._workspace, order.client)
            raise _NotTakenError(FULL if known else UNKNOWN)
        return TakenOver()

    async def _take_back(self, connection: Connection, key: str) -> None:
        if await connection.fetchval(_CLOSE, self._workspace, key) is not None:
            return
        client = await connection.fetchval(_WITHDRAW, self._workspace, key)
        if client is not None:
            await connection.execute(_LEAVE, self._workspace, client)


async def read_clients(connection: Connection, workspace: int) -> dict[str, int]:
    """How many orders each client of the hub may have there. Raises what asyncpg raises."""
    return dict(await connection.fetch(_CLIENTS, workspace))


async def register_clients(connection: Connection, workspace: int, clients: Mapping[str, int]) -> None:
    """Make these clients known, each with the number of orders that it may have there. Raises what asyncpg raises."""
    await connection.execute(_REGISTER, workspace, list(clients), list(clients.values()))
