"""Which databases a sandbox runs on, what it records, and what `entrepot demo` prepares."""

import asyncio
from pathlib import Path

import asyncpg
import pytest

from entrepot.cli.run.demo import prepare
from entrepot.config import Settings
from entrepot.engine.clock import real_now
from entrepot.registry import DOORS
from entrepot.sandbox.beginning.reset import Beginning
from entrepot.sandbox.guard import refusal
from entrepot.store.connections import connect
from entrepot.worlds import World, apply_world, load_world
from entrepot.worlds.applying.recorded import read_recorded, secrets_of

WORLD = """
sandbox = true
[workspaces.shop.channels.main]
door = "bonsai"
keys = {{ live = {{ env = "LIVE" }}, test = {{ generate = true }} }}
settings.external_payment.api = {{ url = "https://partner.example", api_key = {{ env = "PARTNER" }} }}
[workspaces.shop.products.{product}]
name = "A thing"
"""
SECRETS = {"LIVE": "live-key", "PARTNER": "partner-key"}


def world(product: str) -> World:
    loaded = load_world(WORLD.format(product=product))
    assert isinstance(loaded, World), loaded
    return loaded


def test_a_sandbox_takes_no_database_with_real_workspaces(database_url: str) -> None:
    assert refusal(Settings(sandbox=True), database_url) is None
    prepare(database_url, "http://127.0.0.1:1", Path("/srv/demo"))
    assert refusal(Settings(sandbox=True), database_url) is None
    assert refusal(Settings(), database_url) is None
    asyncio.run(_execute(database_url, "update workspaces set sandbox = false where name = 'south'"))
    reason = refusal(Settings(sandbox=True), database_url)
    assert reason is not None
    assert "(south)" in reason
    assert refusal(Settings(), database_url) is None


def test_the_demo_fills_an_empty_database_only(database_url: str) -> None:
    said = prepare(database_url, "http://127.0.0.1:1", Path("/srv/demo"))
    assert all(f"http://127.0.0.1:1/{door}/" in said for door in DOORS)
    assert "orders list -w north --data-dir /srv/demo" in said
    asyncio.run(_execute(database_url, "delete from products where name = 'Stoneware mug'"))
    prepare(database_url, "http://127.0.0.1:1", Path("/srv/demo"))
    assert (
        asyncio.run(_execute(database_url, "select from products where name = 'Stoneware mug'")) == "SELECT 0"
    )


async def test_a_reset_gives_the_same_keys_and_ids(database_url: str) -> None:
    connection = await connect(database_url)
    try:
        first = await apply_world(connection, world("one"), now=real_now(), environ=SECRETS)
        await apply_world(connection, world("two"), now=real_now(), environ=SECRETS)
        made = first.workspaces[0].generated[0].secret
        before = await _state(connection)
        await Beginning(lambda: True).again(connection, real_now())
        assert await _state(connection) == before
        keys = secrets_of(await read_recorded(connection))
        assert keys == {("main", "live"): "live-key", ("main", "test"): made}
        settings = await connection.fetchval("select settings::text from channels")
        assert "partner-key" in settings
    finally:
        await connection.close()


@pytest.mark.parametrize(("prune", "documents"), [(False, 2), (True, 1)])
async def test_files_are_recorded_once_and_pruned_ones_forgotten(
    database_url: str, prune: bool, documents: int
) -> None:
    connection = await connect(database_url)
    try:
        for product in ("one", "two", "one", "two", "two"):
            await apply_world(connection, world(product), now=real_now(), environ=SECRETS, prune=prune)
        recorded = await read_recorded(connection)
        assert [next(iter(w.workspaces["shop"].products)) for w in recorded] == ["one", "two"][-documents:]
    finally:
        await connection.close()


async def test_only_sandboxes_record(database_url: str) -> None:
    loaded = load_world("[workspaces.shop.products.one]\nname = 'A thing'\n")
    assert isinstance(loaded, World)
    connection = await connect(database_url)
    try:
        await apply_world(connection, loaded, now=real_now())
        assert await connection.fetchval("select count(*) from sandbox_worlds") == 0
    finally:
        await connection.close()


async def _state(connection: object) -> list[tuple[object, ...]]:
    query = (
        "select id, sku from variants union all select id, encode(hash, 'hex') from credentials order by 1"
    )
    return [tuple(row) for row in await connection.fetch(query)]  # type: ignore[attr-defined]


async def _execute(database_url: str, statement: str) -> str:
    connection = await asyncpg.connect(database_url)
    try:
        return await connection.execute(statement)
    finally:
        await connection.close()
