"""Migrations bring a database to this release's schema, once, and never past it."""

import asyncio

import asyncpg
import pytest
from alembic.script import ScriptDirectory

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
