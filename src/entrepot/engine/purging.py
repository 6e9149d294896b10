"""Deleting carts that have expired, a few at a time, so that orders between them wait milliseconds."""

from __future__ import annotations

from entrepot.domain.carts import PurgeCarts
from entrepot.engine.engine import Engine
from entrepot.store.connections import Pool
from entrepot.store.queries.carts import expired_carts

CHUNK = 100


async def purge_carts(engine: Engine, reads: Pool) -> int:
    """Delete the expired carts of all workspaces; how many went. Raises what the plain read raises.

    A workspace that refuses for the moment keeps its carts until the next time.
    """
    purged = 0
    while True:
        async with reads.acquire() as connection:
            found = await expired_carts(connection, engine.clock.now(), CHUNK)
        gone = 0
        for workspace, carts in found.items():
            outcome = await engine.execute(workspace, PurgeCarts(carts))
            gone += outcome if isinstance(outcome, int) else 0
        purged += gone
        if gone < CHUNK:
            return purged
