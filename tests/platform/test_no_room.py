"""A database that answers and takes no writes: its disk is full, or it is a standby. It is told, and passes.

The disk is full for the table that every batch writes to: its file is the system's own device that is always full, so
that PostgreSQL hears the true ENOSPC. No privilege and no other test's disk is needed for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from tests.support.own_postgres import OwnPostgres
from tests.support.server import Server, running_server
from tests.support.waiting import eventually

from entrepot.cli.run.demo import apply_demo
from entrepot.doors.bonsai.demo import MUG, order
from entrepot.store.connections import connect
from entrepot.store.upkeep import migrate

FULL = Path("/dev/full")
LIST = {"jsonrpc": "2.0", "id": 1, "method": "Article.list", "params": ["uid", {"limit": 1}]}
"""A call that only reads."""


@pytest.fixture(scope="module")
def postgres(open_folder: Path) -> Iterator[OwnPostgres]:
    made = OwnPostgres(open_folder / "full")
    made.start()
    yield made
    made.end()


@pytest.fixture(scope="module")
def server(postgres: OwnPostgres, open_folder: Path) -> Iterator[Server]:
    migrate.ensure(postgres.url)
    asyncio.run(apply_demo(postgres.url))
    with running_server(open_folder / "full.log", "--sandbox", "--database-url", postgres.url) as running:
        yield running


@pytest.fixture
async def http(server: Server) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=120) as client:
        yield client


async def run(postgres: OwnPostgres, *statements: str) -> str:
    """The value of the last statement."""
    connection = await connect(postgres.url)
    try:
        for each in statements[:-1]:
            await connection.execute(each)
        return str(await connection.fetchval(statements[-1]))
    finally:
        await connection.close()


def placed(http: httpx.AsyncClient, token: str) -> asyncio.Task[httpx.Response]:
    body = order(MUG)
    body["payment"]["token"] = token
    headers = {"API-Key": "demo-api-key"}
    return asyncio.create_task(http.post("/bonsai/orders/V1/submit", json=body, headers=headers))


async def ready(http: httpx.AsyncClient) -> tuple[int, str]:
    reply = await http.get("/readyz")
    assert (reply.status_code == 200) is ("retry-after" not in reply.headers)
    return reply.status_code, reply.text.strip()


async def becomes(http: httpx.AsyncClient, said: tuple[int, str]) -> None:
    async def is_so() -> bool:
        return await ready(http) == said

    await eventually(is_so)


async def test_a_full_disk_is_told_and_passes(http: httpx.AsyncClient, postgres: OwnPostgres) -> None:
    assert await ready(http) == (200, "ok")
    table = Path(await run(postgres, "show data_directory")) / await run(
        postgres, "select pg_relation_filepath('batches')"
    )
    kept = table.with_suffix(".kept")
    postgres.stop()
    table.rename(kept)
    table.symlink_to(FULL)
    postgres.start()
    try:
        await becomes(http, (503, "the database's disk is full"))
        refused = await placed(http, "no-room")
        assert (refused.status_code, "retry-after" in refused.headers) == (503, True), refused.text
        assert await ready(http) == (503, "the database's disk is full")
        assert "result" in (await http.post("/textalk/backend/jsonrpc/v1?webshop=22222", json=LIST)).json()
    finally:
        postgres.stop()
        table.unlink()
        kept.rename(table)
        postgres.start()
    await becomes(http, (200, "ok"))
    assert (await placed(http, "no-room")).status_code == 200


async def test_a_standby_is_told_and_an_order_waits_for_its_promotion(
    http: httpx.AsyncClient, postgres: OwnPostgres
) -> None:
    """As after a failover: the server that is reached only reads, until it is the one that writes."""
    await run(postgres, "alter system set default_transaction_read_only = on", "select pg_reload_conf()")
    await becomes(http, (503, "the database is read-only"))
    waiting = placed(http, "failed-over")
    assert await ready(http) == (503, "the database is read-only")
    assert not waiting.done()
    promoted = ("set default_transaction_read_only = off", "alter system reset default_transaction_read_only")
    await run(postgres, *promoted, "select pg_reload_conf()")
    assert (await waiting).status_code == 200
    await becomes(http, (200, "ok"))
