"""Bring a database to the schema of this release.

A server that starts on an up-to-date database pays one query; Alembic is imported only when there is work.
"""

import asyncio
from enum import Enum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg

from entrepot.store.primary import reach
from entrepot.store.silence import USUAL
from entrepot.store.upkeep.distribution import DistributionError, spread

if TYPE_CHECKING:
    from collections.abc import Callable

    from alembic.config import Config
    from sqlalchemy import Connection

MIGRATIONS = Path(__file__).parents[1] / "migrations"
OLDEST_SERVER = 15


class MigrationError(Exception):
    """The database cannot be brought to this release's schema; the text says why."""


class State(Enum):
    """How a database's schema compares with this release's."""

    CURRENT = "up to date"
    BEHIND = "behind this release"
    AHEAD = "written by a newer release"


def revisions() -> list[str]:
    """All revisions of this release, oldest first: the four digits with which the files' names start."""
    return sorted(path.name[:4] for path in (MIGRATIONS / "versions").glob("[0-9][0-9][0-9][0-9]_*.py"))


def ensure(database_url: str) -> None:
    """Apply the migrations that the database lacks, all in one transaction or none.

    Raises MigrationError for a server before PostgreSQL 15 or a schema of a newer release, and what
    asyncpg raises (OSError, PostgresError) when the database cannot be reached.
    """
    state = asyncio.run(read_state(database_url))
    if state is State.AHEAD:
        text = (
            "The database was written by a newer Entrepôt; run that one, or restore a backup of this one's."
        )
        raise MigrationError(text)
    if state is State.BEHIND:
        asyncio.run(_change(database_url, _upgrade_on))


def distribute(database_url: str, shards: int | None = None) -> list[str]:
    """Spread the tables of an up-to-date database over the nodes of its cluster; the names of those that were not yet.

    Raises MigrationError where there is no cluster or the tables are cut otherwise, and what asyncpg raises.
    """
    placed: list[str] = []
    asyncio.run(_change(database_url, lambda connection: placed.extend(spread(connection, shards))))
    return placed


async def read_state(database_url: str) -> State:
    """Compare the database's schema with this release's; changes nothing."""
    connection = await reach(database_url, timeout=USUAL.connect)
    try:
        _check_server(connection.get_server_version().major)
        found = await _current_revision(connection)
    finally:
        await connection.close()
    known = revisions()
    if found is not None and found not in known:
        return State.AHEAD
    return State.CURRENT if found == (known[-1] if known else None) else State.BEHIND


def _check_server(major: int) -> None:
    if major < OLDEST_SERVER:
        text = f"The database server is PostgreSQL {major}; Entrepôt needs {OLDEST_SERVER} or newer."
        raise MigrationError(text)


async def _current_revision(connection: "asyncpg.Connection[asyncpg.Record]") -> str | None:
    try:
        return await connection.fetchval("select version_num from alembic_version")
    except asyncpg.UndefinedTableError:
        return None


async def _change(database_url: str, work: "Callable[[Connection], None]") -> None:
    from sqlalchemy.exc import DBAPIError
    from sqlalchemy.ext.asyncio import create_async_engine
    from sqlalchemy.pool import NullPool

    engine = create_async_engine(
        "postgresql+asyncpg://",
        async_creator=partial(reach, database_url, timeout=USUAL.connect),
        poolclass=NullPool,
    )
    try:
        async with engine.begin() as connection:
            await connection.run_sync(work)
    except DistributionError as error:
        raise MigrationError(str(error)) from error
    except DBAPIError as error:
        kind = type(error.orig.__cause__ or error.orig).__name__ if error.orig else type(error).__name__
        text = f"The schema cannot be changed ({kind}). The database's account must own the database."
        raise MigrationError(text) from error
    finally:
        await engine.dispose()


def _upgrade_on(connection: "Connection") -> None:
    from alembic import command

    # Two servers may start on one new database: the second waits here, then finds nothing to do.
    connection.exec_driver_sql(
        "create table if not exists alembic_version "
        "(version_num varchar(32) not null constraint alembic_version_pkc primary key)"
    )
    connection.exec_driver_sql("lock table alembic_version in access exclusive mode")
    config = alembic_config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def alembic_config() -> "Config":
    """Alembic's configuration, made here so that no ini file has to be shipped."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config
