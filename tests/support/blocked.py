"""Who waits for a lock in a database, on whichever of its nodes the row lies."""

from __future__ import annotations

import json
from collections.abc import Sequence

from entrepot.store.connections import Connection
from tests.support import cluster

_WAIT = """
select coalesce(json_agg({process}), '[]')::text from pg_stat_activity
where datname = current_database() and wait_event_type = 'Lock'
"""
_HERE = _WAIT.format(process="pid")
# What a node does for a process of another one, it does under the name of that process.
_ASKED = _WAIT.format(
    process="coalesce(substring(application_name, 'gpid=([0-9]+)')::bigint % 10000000000, pid)"
)
_EVERYWHERE = "select result from run_command_on_all_nodes($1)"


async def blocked(connection: Connection) -> Sequence[int]:
    """The processes that wait for a lock, as they stand now; of a cluster, those that callers are connected to."""
    if cluster.URL is None:
        await connection.execute(
            "select pg_stat_clear_snapshot()"
        )  # a transaction goes on seeing what it saw first
        return json.loads(await connection.fetchval(_HERE))
    return [pid for row in await connection.fetch(_EVERYWHERE, _ASKED) for pid in json.loads(row[0])]
