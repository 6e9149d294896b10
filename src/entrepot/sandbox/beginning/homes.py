"""Where operators are at home, while their workspaces go and come."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from entrepot.store.connections import Connection

_HOMES = """
select distinct o.workspace, w.name from operators o join workspaces w on w.id = o.workspace order by 1
"""
_COME_HOME = """
update operators o set workspace = w.id from workspaces w where o.workspace = $1 and w.name = $2
"""


@asynccontextmanager
async def homes_kept(connection: Connection) -> AsyncGenerator[None]:
    """After the block operators are in the workspaces of the same names: one that came anew has another number.

    Raises what asyncpg raises.
    """
    homes = await connection.fetch(_HOMES)
    yield
    for workspace, name in homes:
        await connection.execute(_COME_HOME, workspace, name)
