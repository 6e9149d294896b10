"""The simulated order hub: its clients, its number of orders, and keys asked twice, late or in the wrong order."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from entrepot.gateways.hubs.port import HubFailed, HubRefused, TakenOver, Withdrawn
from entrepot.gateways.hubs.simulated import (
    FULL,
    UNKNOWN,
    WITHDRAWN,
    SimulatedHub,
    read_clients,
    register_clients,
)
from tests.gateways.hubs.orders import hub_order


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Any]:
    async with asyncpg.create_pool(database_url, min_size=1, max_size=8) as made:
        await register(made, 1, {"shop": 2, "closed": 0})
        yield made


async def register(pool: Any, workspace: int, clients: dict[str, int]) -> None:
    async with pool.acquire() as connection:
        await register_clients(connection, workspace, clients)


async def books(pool: Any, workspace: int = 1) -> tuple[dict[str, str], int]:
    """The state of each key, and how many orders the shop has there."""
    orders = await pool.fetch(
        "select key, state from hub_orders where workspace = $1 order by key", workspace
    )
    has = "select open from hub_clients where workspace = $1 and client = 'shop'"
    return dict(orders), await pool.fetchval(has, workspace)


async def test_an_order_is_taken_over_once_per_key(pool: Any) -> None:
    hub = SimulatedHub(pool, 1)
    answers = await asyncio.gather(*(hub.hand_over(hub_order()) for _ in range(8)))
    assert answers == [TakenOver()] * 8
    assert await books(pool) == ({"k1": "open"}, 1)


async def test_whom_the_hub_does_not_know_it_refuses(pool: Any) -> None:
    assert await SimulatedHub(pool, 1).hand_over(hub_order(client="nobody")) == HubRefused(UNKNOWN)
    assert await SimulatedHub(pool, 2).hand_over(hub_order()) == HubRefused(UNKNOWN)
    assert await books(pool) == ({}, 0)


async def test_a_client_has_so_many_orders_there_and_no_more(pool: Any) -> None:
    hub = SimulatedHub(pool, 1)
    answers = await asyncio.gather(*(hub.hand_over(hub_order(f"k{number}")) for number in range(8)))
    assert sorted(map(repr, answers)) == [repr(HubRefused(FULL))] * 6 + [repr(TakenOver())] * 2
    assert await hub.hand_over(hub_order("k9", client="closed")) == HubRefused(FULL)
    states, count = await books(pool)
    assert (list(states.values()), count) == (["open", "open"], 2)
    await register(pool, 1, {"shop": 3})
    assert await read_clients(pool, 1) == {"shop": 3, "closed": 0}
    assert await hub.hand_over(hub_order("k10")) == TakenOver()


async def test_what_is_withdrawn_makes_room_once(pool: Any) -> None:
    hub = SimulatedHub(pool, 1)
    await hub.hand_over(hub_order())
    assert [await hub.withdraw("k1") for _ in range(3)] == [Withdrawn()] * 3
    assert await books(pool) == ({"k1": "withdrawn"}, 0)


async def test_a_hand_over_that_comes_after_its_withdrawal_is_refused(pool: Any) -> None:
    hub = SimulatedHub(pool, 1)
    assert await hub.withdraw("k1") == Withdrawn()
    assert await hub.hand_over(hub_order()) == HubRefused(WITHDRAWN)
    assert await books(pool) == ({"k1": "withdrawn"}, 0)


@pytest.mark.parametrize("round_no", range(5))
async def test_hand_over_and_withdrawal_at_once_never_leave_an_order_that_counts_twice(
    pool: Any, round_no: int
) -> None:
    hub, key = SimulatedHub(pool, 1), f"k{round_no}"
    calls = [
        hub.hand_over(hub_order(key)),
        hub.withdraw(key),
        hub.hand_over(hub_order(key)),
        hub.withdraw(key),
    ]
    await asyncio.gather(*calls)
    assert await books(pool) == ({key: "withdrawn"}, 0)


async def test_workspaces_do_not_share_keys(pool: Any) -> None:
    await register(pool, 2, {"shop": 1})
    await SimulatedHub(pool, 1).hand_over(hub_order())
    assert await SimulatedHub(pool, 2).withdraw("k1") == Withdrawn()
    assert (await books(pool))[0] == {"k1": "open"}


async def test_books_that_cannot_be_used_are_an_answer(pool: Any) -> None:
    hub = SimulatedHub(pool, 1)
    await pool.execute("drop table hub_orders")
    assert await hub.hand_over(hub_order()) == HubFailed("the simulated hub cannot use its books")
    assert await hub.withdraw("k1") == HubFailed("the simulated hub cannot use its books")
