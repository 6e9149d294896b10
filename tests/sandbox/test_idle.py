"""Waiting until nothing goes on: messages, the carrier's steps and attempts, and no longer than asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx
import pytest

from entrepot.store.connections import Connection, connect
from tests.sandbox.conftest import Sandbox

_ON = """
update channels set settings = settings || '{"carrier": {"gateway": "simulated"}}' where door = 'bonsai'
"""


@pytest.fixture
async def connection(sandbox: Sandbox, module_database_url: str) -> AsyncIterator[Connection]:
    connection = await connect(module_database_url)
    await connection.execute(_ON)
    yield connection
    await connection.close()


async def idle(sandbox: Sandbox, wait: int) -> httpx.Response:
    return await sandbox.http.get("/sandbox/idle", params={"wait": wait})


async def test_the_clock_moves_and_the_order_is_delivered_once_it_is_idle(
    sandbox: Sandbox, connection: Connection
) -> None:
    order = (await sandbox.order()).json()["data"]["orderNumber"]
    assert (await idle(sandbox, 30)).json() == {"idle": True}
    progress = "select progress from orders where id = $1"
    assert await connection.fetchval(progress, order) == "new"
    await sandbox.http.post("/sandbox/clock", json={"offset": "+10m"})
    reply = await idle(sandbox, 30)
    assert (reply.status_code, reply.json()) == (200, {"idle": True})
    assert await connection.fetchval(progress, order) == "delivered"


async def test_what_does_not_end_is_told_with_what_it_is(sandbox: Sandbox, connection: Connection) -> None:
    del connection
    await sandbox.fault("carriers.announce", "slow", delay=100, lasts=600)
    await sandbox.order()
    await sandbox.until_hit()
    reply = await idle(sandbox, 0)
    assert reply.status_code == 408
    assert reply.json()["error"]
    assert reply.json()["waiting"] == {"busy": True, "outbox": 0, "carrier": 0, "attempts": 0, "orders": 0}
    await sandbox.http.delete("/sandbox/faults")
    assert (await idle(sandbox, 30)).json() == {"idle": True}


async def test_an_open_attempt_is_waited_for(sandbox: Sandbox, connection: Connection) -> None:
    del connection
    await sandbox.fault("tokens.validate", "slow", delay=100)
    placing = asyncio.create_task(sandbox.order(key="validated-api-key"))
    await sandbox.until_hit()
    assert (await idle(sandbox, 0)).json()["waiting"]["attempts"] == 1
    await sandbox.http.delete("/sandbox/faults")
    await placing
    assert (await idle(sandbox, 30)).status_code == 200


async def test_an_order_that_nobody_paid_in_time_is_given_up_by_then(
    sandbox: Sandbox, connection: Connection
) -> None:
    await connection.execute(
        "update orders set state = 'pending', placed_at = $1 where id = $2",
        datetime.now(UTC),
        order := (await sandbox.order()).json()["data"]["orderNumber"],
    )
    await sandbox.http.post("/sandbox/clock", json={"offset": "+25h"})
    assert (await idle(sandbox, 30)).json() == {"idle": True}
    assert await connection.fetchval("select state from orders where id = $1", order) == "cancelled"


@pytest.mark.parametrize("wait", ["31", "-1", "1.5", "x", "9999999999", "%00"])
async def test_only_so_many_seconds_are_waited(sandbox: Sandbox, wait: str) -> None:
    reply = await sandbox.http.get(f"/sandbox/idle?wait={wait}")
    assert (reply.status_code, "error" in reply.json()) == (400, True)


async def test_it_is_only_read(sandbox: Sandbox) -> None:
    assert (await sandbox.http.post("/sandbox/idle")).status_code == 405
