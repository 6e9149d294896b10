"""What 0027 makes of files that the release before it left: those of orders are bought, those of carts are not."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import asyncpg
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Connection as Bound
from sqlalchemy.ext.asyncio import create_async_engine

from entrepot.store.upkeep import migrate

AT = datetime(2026, 1, 1, tzinfo=UTC)
_WORKSPACE = """
insert into workspaces (id, uuid, name, sandbox, settings, created_at)
values (1, gen_random_uuid(), 'w', true, '{}', $1)
"""
_CART = """
insert into carts (workspace, id, uuid, channel, environment, created_at, changed_at, expires_at, data, currency,
  language, buyer, codes, version)
values (1, 5, gen_random_uuid(), 1, 'live', $1, $1, $1, '{}', 'SEK', 'en', '{}', '[]', 0)
"""
_FILE = """
insert into files (workspace, id, cart, line, choice, name, type, size, digest, created_at)
values (1, $1, $2, 1, 1, 'a', 'b', 1, '', $3)
"""


async def _fill(url: str) -> None:
    engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://", 1))
    connection = await asyncpg.connect(url)
    tables = await connection.fetch("select tablename from pg_tables where schemaname = 'public'")
    await connection.execute("drop table " + ", ".join(f'"{row[0]}"' for row in tables) + " cascade")

    def before(bound: Bound) -> None:
        config = migrate.alembic_config()
        config.attributes["connection"] = bound
        own = ScriptDirectory.from_config(config).get_revision("0027")
        command.upgrade(config, str(own.down_revision))

    async with engine.begin() as bound:
        await bound.run_sync(before)
    await engine.dispose()
    await connection.execute(_WORKSPACE, AT)
    await connection.execute(_CART, AT)
    for number, cart in ((10, 5), (11, 6)):
        await connection.execute(_FILE, number, cart, AT)
    await connection.close()


async def _bought(url: str) -> dict[int, bool]:
    connection = await asyncpg.connect(url)
    try:
        return {
            row[0]: row[1]
            for row in await connection.fetch("select id, bought from files where workspace = 1")
        }
    finally:
        await connection.close()


def test_files_of_carts_are_not_bought_and_those_of_orders_are(database_url: str) -> None:
    asyncio.run(_fill(database_url))
    migrate.ensure(database_url)
    assert asyncio.run(_bought(database_url)) == {10: False, 11: True}
