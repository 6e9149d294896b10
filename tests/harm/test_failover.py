"""A database of a primary and a synchronous standby: who writes is found by every way, and a fall loses nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

import pytest
from torture.failover import Falls, failover
from torture.pair import Node, Pair, pair
from typer.testing import CliRunner

from entrepot.cli import app
from entrepot.domain.stock.adjust import ReceiveStock
from entrepot.engine.batches.batch import Batch, make_ready, own_rule
from entrepot.store.batches.readers import AlreadyCommittedError
from entrepot.store.connections import Connection, connect, connect_engine, outbox_pool, read_pool, write_pool
from entrepot.store.embedded import EmbeddedPostgres
from entrepot.store.primary import StandbyError, reach
from entrepot.store.upkeep import migrate
from entrepot.store.upkeep.backups import dump, restore
from tests.harm.test_ten_of_each import SEED, assert_right
from tests.support.shop import AT, NORTH, TEA, WORKSPACE, open_shop
from tests.support.waiting import eventually

ONE = Falls(times=1, pause=0.0, workers=1, each=1)
WHERE = "select current_setting('unix_socket_directories')"
STALLED = (
    "select pid from pg_stat_activity where wait_event = 'SyncRep' and query not like '%pg_stat_activity%'"
)


@pytest.fixture(scope="module")
async def both(open_folder: Path) -> AsyncIterator[Pair]:
    async with pair(open_folder / "pair") as made:
        await asyncio.to_thread(migrate.ensure, made.url)
        yield made


def url_of(*nodes: Node, **more: str) -> str:
    hosts = ",".join(quote(str(node.socket), safe="/") for node in nodes)
    asked = "".join(f"&{name}={value}" for name, value in more.items())
    return f"postgresql://postgres@/entrepot?host={hosts}&port=5432{asked}"


async def through(make: Callable[[str], Awaitable[Any]], url: str) -> object:
    """Where a pool or a connection leads."""
    made = await make(url)
    try:
        if hasattr(made, "acquire"):
            async with made.acquire() as connection:
                return await connection.fetchval(WHERE)
        return await made.fetchval(WHERE)
    finally:
        await made.close()


@pytest.mark.parametrize("make", [connect, connect_engine, read_pool, outbox_pool, write_pool])
@pytest.mark.parametrize("more", [{}, {"target_session_attrs": "read-write"}], ids=["plain", "asked"])
async def test_every_connection_leads_to_the_primary_wherever_it_stands_in_the_url(
    both: Pair, make: Callable[[str], Awaitable[Any]], more: dict[str, str]
) -> None:
    for nodes in ((both.primary, both.standby), (both.standby, both.primary)):
        assert await through(make, url_of(*nodes, **more)) == str(both.primary.socket)


@pytest.mark.parametrize("make", [connect, connect_engine, read_pool, outbox_pool, write_pool])
async def test_of_one_server_that_must_write_even_a_session_that_only_reads_may_be_had(
    both: Pair, make: Callable[[str], Awaitable[Any]]
) -> None:
    url = url_of(both.primary, target_session_attrs="read-write")
    assert await through(make, url) == str(both.primary.socket)


async def test_where_only_standbys_answer_nothing_is_connected(both: Pair) -> None:
    with pytest.raises(StandbyError):
        await reach(url_of(both.standby, both.standby))


async def test_schema_checks_backups_and_restores_are_the_primarys(both: Pair, tmp_path: Path) -> None:
    url, programs = url_of(both.standby, both.primary), EmbeddedPostgres(tmp_path).binary
    await asyncio.to_thread(migrate.ensure, url)
    file = tmp_path / "backup"
    await asyncio.to_thread(dump, url, file, programs)
    await asyncio.to_thread(partial(restore, replace=True), url, file, programs)
    checked = await asyncio.to_thread(CliRunner().invoke, app, ["check", "--database-url", url])
    assert checked.output == "Everything holds.\n"


@pytest.mark.parametrize("make", [connect, connect_engine, outbox_pool, write_pool])
async def test_no_timeout_of_the_database_ends_the_wait_for_the_standby(
    both: Pair, make: Callable[[str], Awaitable[Any]]
) -> None:
    """It would be reported as a success."""
    await both.primary.run("alter role postgres set statement_timeout = '1s'")
    made: Any = await make(both.url)
    lent = made.acquire() if hasattr(made, "acquire") else None
    connection = cast("Connection", await lent.__aenter__() if lent else made)
    assert await connection.fetchval("show statement_timeout") == "0"
    if lent:
        await lent.__aexit__(None, None, None)
    await made.close()
    await both.primary.run("alter role postgres reset statement_timeout")


async def test_a_batch_whose_wait_for_the_standby_was_cut_off_is_told_once_the_standby_has_it(
    both: Pair,
) -> None:
    """It is there for all to see, on the primary. That is not enough to say so."""
    watching = await connect(both.primary.url)
    await open_shop(watching)
    first, second = [await connect_engine(both.url) for _ in range(2)]
    for each in (first, second):
        await make_ready(each)
    batch, there = (
        Batch(WORKSPACE, [ReceiveStock(TEA, NORTH, 7)]),
        await second.fetchval("select pg_backend_pid()"),
    )
    both.standby.freeze()
    cut_off = asyncio.create_task(batch.run(first, own_rule, AT))
    await watching.execute(
        "select pg_terminate_backend($1)", await eventually(partial(watching.fetchval, STALLED))
    )
    await eventually(
        partial(watching.fetchval, "select received = 7 from stock where workspace = $1", WORKSPACE)
    )
    again = asyncio.create_task(batch.run(second, own_rule, AT))

    async def stalled() -> bool:
        return again.done() or await watching.fetchval(f"{STALLED} and pid = $1", there)

    await eventually(stalled)
    assert not again.done()
    both.standby.resume()
    with pytest.raises(AlreadyCommittedError):
        await again
    first.terminate()
    await asyncio.gather(cut_off, return_exceptions=True)
    second.terminate()
    await watching.close()


@pytest.mark.torture
async def test_primary_falls_and_the_standby_has_every_order_that_was_acknowledged(
    both: Pair, open_folder: Path
) -> None:
    """It is the last one here: afterwards the pair is none."""
    assert_right([await failover(open_folder, both, SEED, ONE, print)])
