"""Which databases a server may run on: a sandbox empties its own, so it takes none that has anything else."""

from __future__ import annotations

import asyncio

import structlog

from entrepot.config import Settings
from entrepot.store.connections import Connection, connect

_REAL = "select name from workspaces where not sandbox order by name limit 5"
_MADE_HERE = "select name from workspaces where sandbox order by name limit 5"
_log = structlog.stdlib.get_logger("entrepot.sandbox")


def refusal(settings: Settings, database_url: str) -> str | None:
    """Why the server must not run on this database, or None.

    A sandbox needs a database of its own. The other way round is allowed, since a sandbox's workspaces are tenants
    like others and several processes may be tried on them, but it is said: the keys may stand in a public file.
    Raises what asyncpg raises.
    """
    real, made_here = asyncio.run(_workspaces(database_url))
    if settings.sandbox and real:
        return (
            f"--sandbox: the database has workspaces that were not made in a sandbox ({', '.join(real)}); "
            "a sandbox would empty it. Start without --sandbox, or name another --data-dir or --database-url."
        )
    if made_here and not settings.sandbox:
        _log.warning("the database has sandbox workspaces, whose keys may be public", workspaces=made_here)
    return None


async def _workspaces(database_url: str) -> tuple[list[str], list[str]]:
    connection = await connect(database_url)
    try:
        return await real_workspaces(connection), await sandbox_workspaces(connection)
    finally:
        await connection.close()


async def real_workspaces(connection: Connection) -> list[str]:
    """The names of workspaces that no sandbox made, at most five."""
    return [row[0] for row in await connection.fetch(_REAL)]


async def sandbox_workspaces(connection: Connection) -> list[str]:
    """The names of workspaces that were made in a sandbox, at most five."""
    return [row[0] for row in await connection.fetch(_MADE_HERE)]
