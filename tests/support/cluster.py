"""The nodes of a Citus cluster, where the tests are given one: databases are made on all of them at once.

`ENTREPOT_TEST_CITUS_URL` names a database on the coordinator that has the extension and knows its nodes.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from functools import cache
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

URL = os.environ.get("ENTREPOT_TEST_CITUS_URL")
SHARDS = 6
_NODES = "select nodename, nodeport, shouldhaveshards from pg_dist_node where noderole = 'primary' order by groupid"
_AWAY = (
    "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and pid <> pg_backend_pid()"
)

Nodes = Sequence[tuple[str, int, bool]]

needs_cluster = pytest.mark.skipif(URL is None, reason="ENTREPOT_TEST_CITUS_URL names no cluster")
"""Marks what only a cluster can show."""


def not_on_citus(why: str) -> pytest.MarkDecorator:
    """Marks what a cluster cannot show; `why` completes the sentence "on Citus ..."."""
    return pytest.mark.skipif(URL is not None, reason=f"on Citus {why}")


def servers(url: str) -> list[str]:
    """The same database on each node, the coordinator first; of a single server the URL itself."""
    if URL is None:
        return [url]
    return [_at(url, host, port) for host, port, _ in _known_nodes()]


def join(url: str) -> None:
    """Make one cluster of a database that stands on each node, empty."""
    assert URL is not None
    asyncio.run(_join(url, _known_nodes()))


def close(url: str) -> None:
    """Let nobody connect to it, nor its own workers, which would keep it from being copied or dropped."""
    asyncio.run(_on_each(servers(url), urlsplit(url).path[1:]))


async def _on_each(urls: Sequence[str], name: str) -> None:
    await asyncio.gather(*(_close(_named(each, "postgres"), name) for each in urls))


@cache
def _known_nodes() -> Nodes:
    assert URL is not None
    return asyncio.run(_nodes(URL))


async def _nodes(url: str) -> Nodes:
    connection = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await connection.fetch(_NODES)]
    finally:
        await connection.close()


async def _join(url: str, nodes: Nodes) -> None:
    for host, port, _ in nodes:
        await _run(_at(url, host, port), "create extension citus")
    (host, port, _), *others = nodes
    await _run(url, f"select citus_set_coordinator_host('{host}', {port})")
    for each, at, _ in others:
        await _run(url, f"select citus_add_node('{each}', {at})")
    for each, at, holds in nodes:
        await _run(url, f"select citus_set_node_property('{each}', {at}, 'shouldhaveshards', {holds})")


async def _close(url: str, name: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(f"alter database {name} allow_connections false")
        while await connection.fetch(_AWAY, name):  # noqa: ASYNC110  (they go in their own time)
            await asyncio.sleep(0.05)
    finally:
        await connection.close()


async def _run(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def _at(url: str, host: str, port: int) -> str:
    user = urlsplit(url).netloc.rpartition("@")[0]
    return urlunsplit(urlsplit(url)._replace(netloc=f"{user}@{host}:{port}" if user else f"{host}:{port}"))


def _named(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
