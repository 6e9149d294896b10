"""A database whose connections fall silent: every use ends in time, and new connections serve at once."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import pytest
from torture.silent_proxy import SilentProxy, silent_proxy

import entrepot
from entrepot.store.connections import (
    FAULTS,
    Pool,
    connect,
    connect_engine,
    is_away,
    outbox_pool,
    read_pool,
    write_pool,
)
from entrepot.store.places import places_of
from entrepot.store.silence import Limits
from entrepot.store.upkeep import migrate

BRISK = Limits(connect=2, acquire=2, statement=1, release=1)
"""Limits for tests, that no verdict hangs on: what must end ends by them or not at all."""
OFTEN = Limits(connect=2, acquire=2, statement=0.2, release=1)
"""The same, where a statement that takes longer is asked after."""
POOLS = pytest.mark.parametrize("make", [read_pool, outbox_pool, write_pool], ids=lambda make: make.__name__)


@pytest.fixture
async def proxy(database_url: str) -> AsyncIterator[SilentProxy]:
    async with silent_proxy(database_url) as running:
        yield running


async def asked(pool: Pool) -> object:
    async with pool.acquire() as connection, connection.transaction():
        return await connection.fetchval("select 1")


async def ended(*work: Awaitable[object]) -> list[object]:
    async with asyncio.timeout(60):
        return list(await asyncio.gather(*work, return_exceptions=True))


@POOLS
async def test_whoever_waits_on_a_silent_connection_is_told(
    proxy: SilentProxy, make: Callable[..., Awaitable[Pool]]
) -> None:
    pool = await make(proxy.url, limits=BRISK)
    assert await ended(*[asked(pool) for _ in range(20)]) == [1] * 20
    proxy.silence(deaf=True)
    told = await ended(*[asked(pool) for _ in range(20)])
    assert all(isinstance(each, FAULTS) for each in told), told
    await ended(pool.close())


@POOLS
async def test_new_connections_serve_after_the_first_that_was_dropped(
    proxy: SilentProxy, make: Callable[..., Awaitable[Pool]]
) -> None:
    """One caller meets the silence. Nobody after him does, though the pool had more such connections."""
    pool = await make(proxy.url, limits=BRISK)
    release = asyncio.Event()

    async def held() -> None:
        async with pool.acquire() as connection:
            await connection.fetchval("select 1")
            await release.wait()

    holding = [asyncio.create_task(held()) for _ in range(2)]
    async with asyncio.timeout(60):
        while proxy.connections < 2:  # noqa: ASYNC110  (nobody tells)
            await asyncio.sleep(0.01)
    release.set()
    await ended(*holding)
    proxy.silence()
    (told,) = await ended(asked(pool))
    assert isinstance(told, FAULTS)
    for _ in range(5):
        assert await ended(asked(pool)) == [1]
    await ended(pool.close())


@POOLS
async def test_a_pool_closes_while_a_connection_is_silent(
    proxy: SilentProxy, make: Callable[..., Awaitable[Pool]]
) -> None:
    pool = await make(proxy.url, limits=BRISK)
    lent = pool.acquire()
    connection = await lent.__aenter__()
    await connection.fetchval("select 1")
    proxy.silence(deaf=True)
    assert await ended(pool.close()) == [None]


def beside(silent: str, url: str) -> str:
    """Both servers in one URL, the silent one first."""
    first, second = places_of(silent)[0], places_of(url)[0]
    parts = urlsplit(url)
    user, at, _ = parts.netloc.rpartition("@")
    hosts = f"host={first.host},{second.host}&port={first.port},{second.port}"
    return f"{parts.scheme}://{user}{at}{parts.path}?{hosts}"


@POOLS
async def test_a_server_that_says_nothing_does_not_hide_the_one_that_answers(
    proxy: SilentProxy, database_url: str, make: Callable[..., Awaitable[Pool]]
) -> None:
    """The time for a connection is each server's own: all of it may be spent on the first."""
    proxy.silence(deaf=True)
    limits = Limits(connect=1, acquire=30, statement=30, release=1)
    pool = await make(beside(proxy.url, database_url), limits=limits)
    assert await ended(*[asked(pool) for _ in range(3)]) == [1] * 3
    await ended(pool.close())


async def test_a_caller_who_gives_up_does_not_wait_for_the_silent_side(proxy: SilentProxy) -> None:
    pool = await read_pool(proxy.url, limits=BRISK)
    await asked(pool)
    proxy.silence(deaf=True)

    async def impatient() -> None:
        async with asyncio.timeout(0.05):
            await asked(pool)

    (told,) = await ended(impatient())
    assert isinstance(told, FAULTS)
    proxy.silence()
    assert await ended(asked(pool)) == [1]
    await ended(pool.close())


@POOLS
async def test_a_connection_that_ends_between_preparing_and_running_is_one_that_was_lost(
    database_url: str, make: Callable[..., Awaitable[Pool]], monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = await make(database_url)
    async with pool.acquire() as lent:
        connection: Any = cast("Any", lent)._con
        prepare = type(connection)._get_statement

        async def prepared_and_ended(self: Any, *args: Any, **options: Any) -> object:
            statement = await prepare(self, *args, **options)
            self.terminate()
            return statement

        monkeypatch.setattr(type(connection), "_get_statement", prepared_and_ended)
        with pytest.raises(FAULTS):
            await lent.fetch("select $1::integer", 1)
    await ended(pool.close())


async def test_a_lanes_connection_is_dropped(proxy: SilentProxy) -> None:
    connection = await connect_engine(proxy.url, BRISK)
    await connection.fetchval("select 1")
    transaction = connection.transaction()
    await transaction.start()
    proxy.silence()
    (told,) = await ended(transaction.commit())
    assert isinstance(told, FAULTS)
    assert connection.is_closed()


async def test_a_plain_connection_is_not_waited_for_without_end(proxy: SilentProxy) -> None:
    proxy.silence(deaf=True)
    (told,) = await ended(connect(proxy.url, BRISK))
    assert isinstance(told, FAULTS)


@pytest.mark.parametrize(
    ("kind", "deaf"),
    [("statement", False), ("commit", False), ("statement", True)],
    ids=["statement", "commit", "nobody answers"],
)
async def test_a_tool_that_waits_on_a_silent_connection_is_told(
    proxy: SilentProxy, kind: str, deaf: bool
) -> None:
    connection = await connect(proxy.url, OFTEN)
    transaction = connection.transaction()
    await transaction.start()
    proxy.silence(deaf=deaf)
    (told,) = await ended(transaction.commit() if kind == "commit" else connection.fetchval("select 1"))
    assert isinstance(told, FAULTS)
    assert is_away(told)
    assert await ended(connection.close()) == [None]


async def test_a_tool_takes_leave_of_a_silent_database_in_time(proxy: SilentProxy) -> None:
    connection = await connect(proxy.url, BRISK)
    await connection.fetchval("select 1")
    proxy.silence(deaf=True)
    assert await ended(connection.close()) == [None]


async def test_a_tools_statement_takes_its_time_while_the_database_works_on_it(
    proxy: SilentProxy, database_url: str
) -> None:
    """It waits for a lock, longer than it takes to ask after it three times."""
    keeper, connection = await connect(database_url), await connect(proxy.url, OFTEN)
    await keeper.execute("select pg_advisory_lock(1)")
    waiting = asyncio.create_task(connection.fetchval("select 2 from pg_advisory_lock(1)"))
    async with asyncio.timeout(60):
        while proxy.connections < 1 + 3:  # noqa: ASYNC110  (nobody tells)
            await asyncio.sleep(0.01)
    await keeper.execute("select pg_advisory_unlock(1)")
    assert await ended(waiting) == [2]
    assert await ended(connection.fetchval("select 3")) == [3]
    await keeper.close()
    await connection.close()


async def test_a_migration_that_waits_on_a_silent_connection_is_given_up(proxy: SilentProxy) -> None:
    def work(connection: Any) -> None:
        connection.exec_driver_sql("select 1")
        proxy.silence()
        connection.exec_driver_sql("select 2")

    (told,) = await ended(migrate._change(proxy.url, work, limits=OFTEN))
    assert isinstance(told, migrate.MigrationError)
    assert "went away" in str(told)


async def test_a_server_that_starts_does_not_wait_without_end_for_the_schemas_state(
    proxy: SilentProxy,
) -> None:
    proxy.silence(deaf=True)
    (told,) = await ended(migrate.read_state(proxy.url, BRISK))
    assert isinstance(told, FAULTS)


def test_no_connection_is_made_but_by_these() -> None:
    """Each of them has its limits, as shown above."""
    sources = Path(entrepot.__file__).parent
    made = re.compile(r"asyncpg\.connect\(|create_pool\(|(?<!def )\breach\(")
    found = {
        str(path.relative_to(sources))
        for path in sources.rglob("*.py")
        if made.search(path.read_text("utf-8"))
    }
    assert found == {
        "store/connections.py",
        "store/patience.py",
        "store/primary.py",
        "store/silence.py",
        "store/upkeep/migrate.py",
    }


async def test_the_system_looks_whether_the_database_is_there(database_url: str) -> None:
    async with silent_proxy(database_url) as proxy:
        pool = await read_pool(proxy.url)
        lane: Any = await connect_engine(proxy.url)
        async with pool.acquire() as lent:
            for connection in (cast("Any", lent)._con, lane):
                peer = connection._transport.get_extra_info("socket")
                assert peer.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
                assert peer.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 10_000
                assert peer.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 10
        await lane.close()
        await pool.close()
