"""Whether the database server admits as many connections as the workers open."""

import asyncio

from entrepot.serving.listening import ServeError
from entrepot.store.connections import WORKER_CONNECTIONS, connect
from entrepot.store.embedded.process import CONNECTIONS

RESERVE = 20
"""For start-up, commands beside the server, and what PostgreSQL keeps for its superusers."""

_ADMITTED = """
select least(
  current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
    - coalesce(current_setting('reserved_connections', true)::int, 0),
  (select nullif(rolconnlimit, -1) from pg_roles where rolname = current_user),
  (select nullif(datconnlimit, -1) from pg_database where datname = current_database()))
"""


def connections_for(workers: int) -> int:
    """The limit for a server of our own."""
    return max(CONNECTIONS, workers * WORKER_CONNECTIONS + RESERVE)


def check_capacity(database_url: str, workers: int) -> None:
    """Raise ServeError where the workers could open more connections than the server admits."""
    admitted, needed = asyncio.run(_admitted(database_url)), workers * WORKER_CONNECTIONS
    if needed > admitted:
        raise ServeError(
            f"--workers: {workers} workers x {WORKER_CONNECTIONS} connections = {needed}, but the database admits "
            f"{admitted}. Start fewer workers, or raise max_connections (or the limit of the user or database)."
        )


async def _admitted(database_url: str) -> int:
    connection = await connect(database_url)
    try:
        return int(await connection.fetchval(_ADMITTED))
    finally:
        await connection.close()
