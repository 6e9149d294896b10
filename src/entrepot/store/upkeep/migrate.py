"""Bring a database to the schema of this release.

A server that starts on an up-to-date database pays one query; Alembic is imported only when there is work.
"""

import asyncio
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import asyncpg

from entrepot.store.connections import connect, is_away
from entrepot.store.patience import look_after
from entrepot.store.primary import reach
from entrepot.store.silence import USUAL, Limits
from entrepot.store.upkeep.distribution import DistributionError, spread

if TYPE_CHECKING:
    from collections.abc import Callable

    from alembic.config import Config
    from sqlalchemy import Connection

PATIENCE: Final = 600.0
"""Seconds for which a migration waits for whoever keeps its tables."""
MIGRATIONS = Path(__file__).parents[1] / "migrations"
OLDEST_SERVER = 15


class MigrationError(Exception):
    """The database cannot be brought to this release's schema; the text says why."""


class State(Enum):
    """How a database's schema compares with this release's."""

    CURRENT = "up to date"
    BEHIND = "behind this release"
    EXPANDED = "written by a newer release, and served by this one too"
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

    def work(connection: "Connection") -> None:
        placed[:] = spread(connection, shards)

    asyncio.run(_change(database_url, work))
    return placed


async def read_state(database_url: str, limits: Limits = USUAL) -> State:
    """Compare the database's schema with this release's; changes nothing."""
    connection: Any = await connect(database_url, limits)
    try:
        _check_server(connection.get_server_version().major)
        found, serves = await _current_revision(connection)
    finally:
        await connection.close()
    known = revisions()
    if found is not None and found not in known:
        return State.EXPANDED if serves is not None and serves <= known[-1] else State.AHEAD
    return State.CURRENT if found == (known[-1] if known else None) else State.BEHIND


def _check_server(major: int) -> None:
    if major < OLDEST_SERVER:
        text = f"The database server is PostgreSQL {major}; Entrepôt needs {OLDEST_SERVER} or newer."
        raise MigrationError(text)


_FOUND: Final = "select version_num, to_jsonb(v) ->> 'serves' from alembic_version v"
"""The database's revision, and the oldest one whose release can serve it; a release that knew of none wrote none."""


async def _current_revision(
    connection: "asyncpg.Connection[asyncpg.Record]",
) -> tuple[str | None, str | None]:
    try:
        row = await connection.fetchrow(_FOUND)
    except asyncpg.UndefinedTableError:
        row = None
    return (row[0], row[1]) if row else (None, None)


_LOCK_SECONDS: Final = 2
"""So long a migration waits for a table at most: whoever comes after it waits behind it."""
_AGAIN: Final = frozenset({"55P03", "40P01"})


async def _change(
    database_url: str,
    work: "Callable[[Connection], None]",
    patience: float = PATIENCE,
    limits: Limits = USUAL,
) -> None:
    """Try until nobody keeps a table: a server at work lets go of them at once, a backup at its end."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + patience
    while not await _changed(database_url, work, limits, last=loop.time() > deadline):  # noqa: ASYNC110  (nobody tells)
        await asyncio.sleep(_LOCK_SECONDS)  # callers of a server that runs have their turn


async def _changed(
    database_url: str, work: "Callable[[Connection], None]", limits: Limits, *, last: bool
) -> bool:
    """Whether it is done; where somebody keeps a table, nothing is."""
    from sqlalchemy.exc import DBAPIError
    from sqlalchemy.ext.asyncio import create_async_engine
    from sqlalchemy.pool import NullPool

    looking: list[asyncio.Task[None]] = []

    async def connected() -> object:
        connection = await reach(database_url, timeout=limits.connect)
        looking.append(asyncio.create_task(look_after(connection, database_url, limits, limits.statement)))
        return connection

    engine = create_async_engine("postgresql+asyncpg://", async_creator=connected, poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(work)
        return True
    except DistributionError as error:
        raise MigrationError(str(error)) from error
    except DBAPIError as error:
        cause = (error.orig.__cause__ or error.orig) if error.orig else error
        kind = type(cause).__name__
        if is_away(cause):
            raise MigrationError(f"The database went away while the schema was changed ({kind}).") from error
        if getattr(cause, "sqlstate", None) in _AGAIN:
            if not last:
                return False
            text = f"The schema cannot be changed ({kind}): somebody keeps its tables, such as a backup."
            raise MigrationError(text) from error
        text = f"The schema cannot be changed ({kind}). The database's account must own the database."
        raise MigrationError(text) from error
    finally:
        for each in looking:
            each.cancel()
        await engine.dispose()


def _upgrade_on(connection: "Connection") -> None:
    from alembic import command

    connection.exec_driver_sql(f"set local lock_timeout = '{_LOCK_SECONDS}s'")
    # Two servers may start on one new database: the second waits here, then finds nothing to do.
    connection.exec_driver_sql(
        "create table if not exists alembic_version "
        "(version_num varchar(32) not null constraint alembic_version_pkc primary key)"
    )
    connection.exec_driver_sql("lock table alembic_version in access exclusive mode")
    config = alembic_config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    connection.exec_driver_sql("alter table alembic_version add column if not exists serves varchar(32)")
    connection.exec_driver_sql(f"update alembic_version set serves = '{serves()}'")  # noqa: S608  (our own number)


def serves() -> str:
    """The oldest revision whose release can serve this release's schema, as the migrations themselves say.

    One that says nothing can be served by no release before it.
    """
    from alembic.script import ScriptDirectory

    script = ScriptDirectory.from_config(alembic_config())
    return max(getattr(each.module, "serves", each.revision) for each in script.walk_revisions())


def alembic_config() -> "Config":
    """Alembic's configuration, made here so that no ini file has to be shipped."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config
