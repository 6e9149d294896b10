"""Beginning anew: all but the operators emptied, and every world that was applied applied again, in one transaction."""

from __future__ import annotations

from datetime import datetime

from entrepot.sandbox.guard import real_workspaces
from entrepot.store import tables
from entrepot.store.connections import Connection
from entrepot.worlds import apply_world
from entrepot.worlds.applying.recorded import read_recorded

_LOCK_LIMIT = "set local lock_timeout = '5s'"
_OPERATORS = (
    tables.operations.operators,
    tables.operations.operator_proofs,
    tables.operations.operator_tries,
)
"""They are people of the server, not of its worlds; a workspace that is made anew has another number."""
_HOMES = """
select distinct o.workspace, w.name from operators o join workspaces w on w.id = o.workspace order by 1
"""
_COME_HOME = """
update operators o set workspace = w.id from workspaces w where o.workspace = $1 and w.name = $2
"""


class NotASandboxError(Exception):
    """The database has workspaces that were not made in a sandbox; the text names them."""


class WorldLostError(Exception):
    """A recorded world cannot be applied any more; the text says why. Nothing has changed."""


async def begin_anew(connection: Connection, now: datetime) -> None:
    """Empty the database and apply its worlds again, or change nothing.

    Raises NotASandboxError, WorldLostError and what asyncpg raises. Nobody else may be at work in the database.
    """
    async with connection.transaction():
        if real := await real_workspaces(connection):
            raise NotASandboxError(f"not made in a sandbox: {', '.join(real)}")
        await connection.execute(_LOCK_LIMIT)
        worlds = await read_recorded(connection)
        homes = await connection.fetch(_HOMES)
        await connection.execute(_empty_all())
        for world in worlds:
            report = await apply_world(connection, world, now=now, environ={})
            if report.conflicts:
                raise WorldLostError("; ".join(map(str, report.conflicts)))
        for workspace, name in homes:
            await connection.execute(_COME_HOME, workspace, name)


def _empty_all() -> str:
    names = ", ".join(f'"{each.name}"' for each in tables.metadata.sorted_tables if each not in _OPERATORS)
    return f"truncate {names}"
