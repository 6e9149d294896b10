"""Spreading a database over nodes; what needs a cluster runs where `ENTREPOT_TEST_CITUS_URL` names one."""

from __future__ import annotations

import pytest
from tests.support import cluster
from typer.testing import CliRunner

from entrepot.checks import check_nodes, find_nodes
from entrepot.cli import app
from entrepot.store.connections import connect
from entrepot.store.upkeep import migrate
from entrepot.store.upkeep.distribution import EVERYWHERE, is_spread

needs_cluster = pytest.mark.skipif(cluster.URL is None, reason="ENTREPOT_TEST_CITUS_URL names no cluster")


@pytest.mark.skipif(cluster.URL is not None, reason="the database is a cluster's")
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


@pytest.mark.skipif(cluster.URL is not None, reason="the database is a cluster's")
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
