"""Migrations bring a database to this release's schema, once, and never past it."""

import asyncio
import json
from collections.abc import Generator
from contextlib import contextmanager

import asyncpg
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool
from tests.conftest import fresh_database

from entrepot.doors.textalk.caller.tokens import shop_key
from entrepot.store.upkeep import migrate


def test_revision_is_read_off_the_file_name_as_alembic_reads_it() -> None:
    script = ScriptDirectory.from_config(migrate.alembic_config())
    assert migrate.revisions() == sorted(found.revision for found in script.walk_revisions())
    assert script.get_current_head() == (migrate.revisions()[-1] if migrate.revisions() else None)


def test_ensured_database_is_current_and_stays_so(database_url: str) -> None:
    assert asyncio.run(migrate.read_state(database_url)) is migrate.State.CURRENT
    migrate.ensure(database_url)
    assert asyncio.run(migrate.read_state(database_url)) is migrate.State.CURRENT


def test_database_of_a_newer_release_is_left_alone(database_url: str) -> None:
    async def pretend() -> None:
        connection = await asyncpg.connect(database_url)
        await connection.execute("create table if not exists alembic_version (version_num varchar(32))")
        await connection.execute("delete from alembic_version")
        await connection.execute("insert into alembic_version values ('9999')")
        await connection.close()

    asyncio.run(pretend())
    with pytest.raises(migrate.MigrationError, match="newer"):
        migrate.ensure(database_url)


def test_numbers_of_webshops_move_from_keys_to_settings(postgres_url: str) -> None:
    with database_of(postgres_url, "0001") as url:
        asyncio.run(_execute(url, SHOPS_OF_0001))
        migrate.ensure(url)
        rows = asyncio.run(_fetch(url, "select hash, workspace, channel, credential from directory"))
        assert [tuple(row) for row in rows] == [(shop_key(22222)[1], 5, 7, None)]
        assert asyncio.run(_fetch(url, "select kind from credentials")) == []
        ((document,),) = asyncio.run(_fetch(url, "select document from sandbox_worlds"))
    door, shop = {"uid": 22222, "name": {"sv": "Å"}}, {"minimum_purchase": {"SEK": "50.5", "JPY": "700"}}
    kept = {"door": "textalk", "keys": {"auth": "a"}, "settings": {"door": door, "shop": shop}}
    rates = {"US": {"rate": "1%", "duty_threshold": "800"}, "CA": {"rate": "5%"}}
    inner = {"channels": {"shop": kept, "b": {"door": "bonsai"}}, "taxes": {"rates": rates}}
    assert document == json.dumps(
        {"workspaces": {"w": inner}, "sandbox": True},
        ensure_ascii=False,
        separators=(",", ":"),
    )


SHOPS_OF_0001 = """
insert into channels (workspace, id, uuid, door, name, settings) values
  (5, 7, '00000000-0000-0000-0000-000000000007', 'textalk', 'shop', '{"door": {"uid": 22222}}'),
  (5, 8, '00000000-0000-0000-0000-000000000008', 'textalk', 'none', '{}'),
  (5, 9, '00000000-0000-0000-0000-000000000009', 'bonsai', 'b', '{}');
insert into credentials (workspace, id, channel, environment, kind, hash, label, hint, scopes, created_at) values
  (5, 1, 7, 'live', 'textalk:webshop', 'x', 'world:webshop', '', '[]', now());
insert into directory (kind, hash, workspace, channel, environment, credential) values
  ('textalk:webshop', 'x', 5, 7, 'live', 1);
insert into sandbox_worlds (workspace, seq, document) values (5, 1,
  '{"workspaces":{"w":{"channels":{"shop":{"door":"textalk","keys":{"webshop":"22222","auth":"a"},'
  '"settings":{"door":{"uid":22222,"name":{"sv":"Å"}},"shop":{"minimum_purchase":{"SEK":5050,"JPY":700}}}},"b":{"door":"bonsai"}},'
  '"taxes":{"rates":{"US":{"rate":"1%","duty_threshold":80000},"CA":{"rate":"5%"}}}}},"sandbox":true}');
"""


@contextmanager
def database_of(server_url: str, revision: str) -> Generator[str]:
    """A database with the schema of an older release, for what it holds when it is brought to this one's."""
    with fresh_database(server_url, "template0") as url:
        script = migrate.alembic_config()
        engine = create_async_engine(
            "postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(url), poolclass=NullPool
        )

        def upgrade(connection: sa.Connection) -> None:
            script.attributes["connection"] = connection
            command.upgrade(script, revision)

        async def run() -> None:
            async with engine.begin() as connection:
                await connection.run_sync(upgrade)
            await engine.dispose()

        asyncio.run(run())
        yield url


async def _execute(url: str, statements: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(statements)
    await connection.close()


async def _fetch(url: str, query: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetch(query)
    finally:
        await connection.close()
