"""Spreading a database over nodes; what needs a cluster runs where `ENTREPOT_TEST_CITUS_URL` names one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from itertools import pairwise

import pytest
from tests.engine.test_taking import take
from tests.support import cluster
from tests.support.cluster import needs_cluster, not_on_citus
from tests.support.shop import NORTH, TEA, WORKSPACE, insert, level, open_shop
from tests.support.waiting import until
from tests.worlds.conftest import contents
from typer.testing import CliRunner

from entrepot.checks import check_nodes, find_nodes, run_checks
from entrepot.cli import app
from entrepot.domain.kernel.commands import refused_as
from entrepot.domain.placing.place import Placed
from entrepot.domain.placing.record_sale import SoldLine
from entrepot.engine import Clock, Engine
from entrepot.failures import Unavailable
from entrepot.store.connections import LaneConnection, connect, connect_engine
from entrepot.store.upkeep import migrate
from entrepot.store.upkeep.distribution import EVERYWHERE, is_spread


@not_on_citus("the database is a cluster's")
def test_a_plain_server_is_told_in_one_sentence(database_url: str) -> None:
    done = CliRunner().invoke(app, ["migrate", "--distribute", "--database-url", database_url])
    assert done.exit_code == 1
    assert done.stderr.splitlines() == [
        "The database is a plain PostgreSQL server; only one with the extension Citus can spread its tables."
    ]


def test_shards_without_distributing_are_refused(database_url: str) -> None:
    done = CliRunner().invoke(app, ["migrate", "--shards", "4", "--database-url", database_url])
    assert (done.exit_code, done.stderr) == (
        2,
        "--shards says how --distribute cuts the tables; give both.\n",
    )


@not_on_citus("the database is a cluster's")
async def test_a_plain_server_has_no_nodes(database_url: str) -> None:
    connection = await connect(database_url)
    assert not await is_spread(connection)
    assert await find_nodes(connection) == []
    assert await check_nodes(connection) == []
    await connection.close()


@needs_cluster
def test_what_is_spread_already_stays_as_it_is(database_url: str) -> None:
    assert migrate.distribute(database_url, cluster.SHARDS) == []
    assert migrate.distribute(database_url) == []
    with pytest.raises(migrate.MigrationError, match="cut into 6 shards"):
        migrate.distribute(database_url, 7)


@needs_cluster
async def test_every_table_has_its_place(database_url: str) -> None:
    connection = await connect(database_url)
    rows = await connection.fetch(
        "select logicalrelid::regclass::text, partmethod::text from pg_dist_partition where not exists"
        " (select from pg_inherits where inhrelid = logicalrelid)"
    )
    assert {name for name, method in rows if method == "n"} == set(EVERYWHERE)
    assert sum(node.shards for node in await find_nodes(connection)) == cluster.SHARDS
    assert await check_nodes(connection) == []
    await connection.close()


@pytest.fixture
def whole_url(empty_database_url: str) -> str:
    """A database on the cluster whose tables nobody has spread yet."""
    cluster.join(empty_database_url)
    migrate.ensure(empty_database_url)
    return empty_database_url


@needs_cluster
async def test_a_filled_database_is_spread_while_a_server_works_in_it(whole_url: str) -> None:
    """Nothing is lost, and a lane that connected before runs its next batch on the node of the workspace."""
    made: list[LaneConnection] = []

    async def connecting() -> LaneConnection:
        made.append(await connect_engine(whole_url))
        return made[-1]

    connection = await connect(whole_url)
    await open_shop(connection)
    await insert(connection, WORKSPACE, [level(TEA, NORTH, 9)])
    engine = Engine(connecting, Clock(), lanes=1)
    await engine.start()
    assert isinstance(await engine.execute(WORKSPACE, take(SoldLine("1", "TEA", 1))), Placed)
    before = await contents(connection)
    placed = await asyncio.to_thread(migrate.distribute, whole_url, cluster.SHARDS)
    assert set(EVERYWHERE) < set(placed)
    assert {name: rows for name, rows in (await contents(connection)).items() if name in before} == before
    assert isinstance(await engine.execute(WORKSPACE, take(SoldLine("1", "TEA", 1))), Placed)
    assert [each.spread for each in made] == [False, True]
    await engine.stop()
    assert await run_checks(connection) == await check_nodes(connection) == []
    await connection.close()


@asynccontextmanager
async def ordering(url: str) -> AsyncGenerator[list[object]]:
    """What four callers are told who place one order after the other; each order told is stored once, and no other."""
    connection = await connect(url)
    await open_shop(connection)
    await insert(connection, WORKSPACE, [level(TEA, NORTH, 100_000)])
    engine = Engine(partial(connect_engine, url), Clock(), lanes=2)
    await engine.start()
    outcomes: list[object] = []
    over = asyncio.Event()

    async def caller() -> None:
        while not over.is_set():
            outcomes.append(await engine.execute(WORKSPACE, take(SoldLine("1", "TEA", 1))))

    callers = [asyncio.create_task(caller()) for _ in range(4)]
    await some_more(outcomes)
    yield outcomes
    over.set()
    await asyncio.gather(*callers)
    await engine.stop()
    placed = [each.order.id for each in outcomes if isinstance(each, Placed)]
    assert all(isinstance(each, Placed) or refused_as(each, Unavailable) for each in outcomes)
    assert sorted(placed) == [row[0] for row in await connection.fetch("select id from orders order by id")]
    assert await run_checks(connection) == []
    await connection.close()


async def some_more(outcomes: Sequence[object]) -> None:
    """Return once more orders have been placed."""

    def placed() -> int:
        return sum(isinstance(each, Placed) for each in outcomes)

    already = placed()
    await until(lambda: placed() > already + 4)


@needs_cluster
async def test_each_order_is_placed_once_while_a_database_is_spread(whole_url: str) -> None:
    """Callers wait for it, or are told that there is no service for now."""
    async with ordering(whole_url) as outcomes:
        await asyncio.to_thread(migrate.distribute, whole_url, cluster.SHARDS)
        await some_more(outcomes)


_SHARD = """
select p.shardid, n.nodename, n.nodeport from pg_dist_placement p join pg_dist_node n on n.groupid = p.groupid
where p.shardid = get_shard_id_for_distribution_column('counters', $1::bigint)
"""
_MOVE = "select citus_move_shard_placement($1, $2, $3, $4, $5, 'block_writes')"


@needs_cluster
async def test_each_order_is_placed_once_while_its_shard_moves_from_node_to_node(database_url: str) -> None:
    connection = await connect(database_url)
    async with ordering(database_url) as outcomes:
        shard, *home = await connection.fetchrow(_SHARD, WORKSPACE)
        nodes = [[node.host, node.port] for node in await find_nodes(connection)]
        for source, target in pairwise([home, *(each for each in nodes if each != home), home]):
            await connection.execute(_MOVE, shard, *source, *target)
            await some_more(outcomes)
    await connection.close()
