"""Many buyers, one scarce variant, and a kill -9 in the middle: nothing is oversold, nothing is lost."""

import asyncio
import contextlib
import json
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import httpx
import pytest

from entrepot.checks import run_checks
from entrepot.store.connections import Connection, connect
from entrepot.store.embedded import EmbeddedPostgres
from entrepot.store.upkeep import migrate
from entrepot.worlds import find_workspace
from tests.conformance.bonsai import Shop, open_shop
from tests.conformance.harness import Request
from tests.support.server import Server, running_server

STOCK = 60
BUYERS = 4
ATTEMPTS = 55
HELD = STOCK // BUYERS - 1
"""So many attempts each buyer makes before all strikes have fallen: together fewer than there is stock."""

Outcome: TypeAlias = dict[str, Any]


def kill_server(server: Server) -> None:
    """kill -9 of the whole server, which is then started again on what it left."""
    server.kill()
    server.start()


def kill_database(server: Server) -> None:
    """kill -9 of the embedded PostgreSQL alone; the server has to notice and start it again."""
    server.kill_database()


@dataclass
class Race:
    """A server, how to reach its database while the server may be down, and what befalls it after how many orders."""

    server: Callable[[], AbstractContextManager[Server]]
    database: Callable[[], AbstractContextManager[str]]
    strikes: dict[int, Callable[[Server], None]]


@pytest.fixture(scope="module")
def two_workers(module_database_url: str, open_folder: Path) -> Iterator[Server]:
    """A server of two workers, so that the same claim can be made in two processes at once."""
    arguments = ["--workers", "2", "--database-url", module_database_url]
    with running_server(open_folder / "race.log", *arguments) as server:
        yield server


@pytest.fixture
def on_own_database(two_workers: Server, module_database_url: str) -> Race:
    """The database outlives the server."""
    database = partial(contextlib.nullcontext, module_database_url)
    return Race(partial(contextlib.nullcontext, two_workers), database, {STOCK // 3: kill_server})


@pytest.fixture
def on_embedded_database(open_folder: Path) -> Race:
    """The database is killed alone first, then with the server."""
    folder = open_folder / "embedded"
    server = partial(running_server, open_folder / "embedded.log", "--data-dir", str(folder))
    strikes = {STOCK // 4: kill_database, STOCK // 2: kill_server}
    return Race(server, partial(_migrated, folder), strikes)


@contextlib.contextmanager
def _migrated(folder: Path) -> Generator[str]:
    with EmbeddedPostgres(folder) as url:
        migrate.ensure(url)
        yield url


@pytest.mark.parametrize("kind", ["on_own_database", "on_embedded_database"])
def test_kill_in_the_middle_of_a_race(request: pytest.FixtureRequest, kind: str) -> None:
    race: Race = request.getfixturevalue(kind)
    with race.database() as url:
        shop = asyncio.run(_prepare(url))
    with race.server() as server:
        outcomes = _run(race, server, shop)
    with race.database() as url:
        asyncio.run(_assert_exact(url, outcomes))


async def _prepare(url: str) -> Shop:
    async with _connected(url) as connection:
        return await open_shop(connection, "race", {"products/lamp/stock/main": STOCK})


@asynccontextmanager
async def _connected(url: str) -> AsyncGenerator[Connection]:
    connection = await connect(url)
    yield connection
    await connection.close()


def _run(race: Race, server: Server, shop: Shop) -> list[Outcome]:
    """All outcomes; each strike falls when so many orders are acknowledged, while stock is left."""
    outcomes: list[Outcome] = []
    with ThreadPoolExecutor(BUYERS) as pool, _buyers(server, shop) as buyers:
        reading = [pool.submit(_read, buyer, outcomes) for buyer in buyers]
        for acknowledged, strike in race.strikes.items():
            _wait_for_orders(outcomes, acknowledged)
            strike(server)
        for buyer in buyers:
            _say(buyer, "go on")
        for each in reading:
            each.result(timeout=300)
    return outcomes


@contextlib.contextmanager
def _buyers(server: Server, shop: Shop) -> Generator[list["subprocess.Popen[str]"]]:
    body = json.dumps(shop.submit().body)
    buyers = [_buyer(server.url, shop.key(), f"buyer{number}", body) for number in range(BUYERS)]
    try:
        yield buyers
        assert [buyer.wait(timeout=60) for buyer in buyers] == [0] * BUYERS
    finally:
        for buyer in buyers:
            buyer.kill()
            buyer.wait()
            assert buyer.stdin is not None
            assert buyer.stdout is not None
            buyer.stdin.close()
            buyer.stdout.close()


def _buyer(url: str, key: str, name: str, body: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tests.engine.buyer", url, key, name, str(ATTEMPTS), str(HELD)]
    buyer = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8")
    _say(buyer, body)
    return buyer


def _say(buyer: "subprocess.Popen[str]", line: str) -> None:
    assert buyer.stdin is not None
    print(line, file=buyer.stdin, flush=True)


def _read(buyer: "subprocess.Popen[str]", outcomes: list[Outcome]) -> None:
    assert buyer.stdout is not None
    outcomes.extend(map(json.loads, buyer.stdout))


def _orders(outcomes: list[Outcome]) -> list[Outcome]:
    return [outcome for outcome in outcomes if "order" in outcome]


def _wait_for_orders(outcomes: list[Outcome], count: int) -> None:
    deadline = time.monotonic() + 120
    while len(_orders(outcomes)) < count:
        assert time.monotonic() < deadline, f"only {len(outcomes)} outcomes"
        time.sleep(0.002)


async def _assert_exact(url: str, outcomes: list[Outcome]) -> None:
    """Every attempt has one outcome; what was acknowledged, and nothing else, is there exactly once."""
    assert len({outcome["id"] for outcome in outcomes}) == len(outcomes) == BUYERS * ATTEMPTS
    codes = {outcome["code"] for outcome in outcomes if "code" in outcome}
    assert "OUT_OF_STOCK" in codes
    assert codes <= {"OUT_OF_STOCK", "DUPLICATE_EXTERNAL_ORDER"}
    placed = {outcome["id"] for outcome in outcomes if outcome.get("code") != "OUT_OF_STOCK"}
    numbers = {outcome["id"]: outcome["order"] for outcome in _orders(outcomes)}
    async with _connected(url) as connection:
        workspace = await find_workspace(connection, "race")
        rows = await connection.fetch("select external_id, id from orders where workspace = $1", workspace)
        assert len(rows) == len(placed) == STOCK
        assert {row[0] for row in rows} == placed
        assert dict(rows).items() >= numbers.items()
        level = await connection.fetchrow(_LEVEL, workspace)
        assert tuple(level) == (0, STOCK)
        # Each order has taken its external id and its token.
        assert await connection.fetchval(_NAMES, workspace) == 2 * STOCK
        assert await run_checks(connection) == []


_LEVEL = "select available, reserved from stock where workspace = $1 and variant = 101"
_NAMES = 'select count(*) from "references" where workspace = $1'


async def test_the_same_order_ten_times_at_once_is_one_order(
    two_workers: Server, module_database_url: str
) -> None:
    async with _connected(module_database_url) as connection:
        shop = await open_shop(connection, "twins")
        request = shop.submit({"external_order_id": "A-1"})
        codes = await asyncio.gather(*(_code(two_workers.url, request) for _ in range(10)))
        assert sorted(codes) == ["", *["DUPLICATE_EXTERNAL_ORDER"] * 9]
        workspace = await shop.id()
        assert await connection.fetchval("select count(*) from orders where workspace = $1", workspace) == 1
        level = await connection.fetchrow(_LEVEL, workspace)
        assert tuple(level) == (9, 1)


async def _code(url: str, request: Request) -> str:
    """The code of the refusal, "" for success, of a request on a connection of its own that is open already."""
    async with httpx.AsyncClient(base_url=url, verify=False, trust_env=False, timeout=60) as client:
        await client.get("/healthz")
        reply = await client.post(request.path, json=request.body, headers=dict(request.headers))
    return reply.json()["errors"][0]["code"] if "errors" in reply.json() else ""
