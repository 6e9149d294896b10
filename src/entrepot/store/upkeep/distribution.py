"""A database on several nodes: which tables stand on every node, and which are spread over the nodes by workspace.

The nodes are those of Citus, an extension of PostgreSQL. A table that is spread is cut into shards; all rows of one
workspace lie in shards of one node.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from entrepot.store.connections import Connection

if TYPE_CHECKING:
    import sqlalchemy as sa

EVERYWHERE: Final = ("workspaces", "directory", "channels", "credentials", "operators", "operator_proofs")
"""What every request reads and few write, parents before children: a copy on each node, so that a look-up is local."""
ANCHOR: Final = "counters"
"""The first table that is spread; the others lie where its rows do."""
SHARDS: Final = 32

_CATALOGUE: Final = "select to_regclass('pg_catalog.pg_dist_partition') is not null"
_SPREAD: Final = "select logicalrelid::regclass::text from pg_catalog.pg_dist_partition"
_SHARDS: Final = f"select count(*) from pg_catalog.pg_dist_shard where logicalrelid = '{ANCHOR}'::regclass"  # noqa: S608
_NODES: Final = """
select n.nodename, n.nodeport, n.groupid = 0, n.isactive, (
  select count(*) from pg_catalog.pg_dist_placement p join pg_catalog.pg_dist_shard s on s.shardid = p.shardid
  where p.groupid = n.groupid and s.logicalrelid = 'counters'::regclass
) from pg_catalog.pg_dist_node n where n.noderole = 'primary' order by n.groupid
"""
_TABLES: Final = """
select c.relname, array(
  select distinct f.confrelid::regclass::text from pg_constraint f
  where f.conrelid = c.oid and f.contype = 'f' and f.confrelid <> c.oid
) from pg_class c
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition and exists (
  select from pg_attribute a where a.attrelid = c.oid and a.attname = 'workspace' and not a.attisdropped
) order by c.relname
"""
ONE_AFTER_THE_OTHER: Final = "set local citus.multi_shard_modify_mode = 'sequential'"
"""What stands everywhere and what is spread refer to each other, so that nodes must not go ahead by themselves within
a transaction that changes both. Where there are no nodes this means nothing."""
BY_NODES: Final = f"{ONE_AFTER_THE_OTHER}; set local citus.enable_local_execution = off"
"""The same for a transaction that also does something to whole tables: Citus refuses that once the coordinator itself
has changed a row, instead of a node. To be said before anything else."""


class DistributionError(Exception):
    """The tables cannot be spread; the text says why."""


class Node(msgspec.Struct, frozen=True):
    """A server of the cluster, and how many shards of each table lie there."""

    host: str
    port: int
    coordinates: bool
    active: bool
    shards: int


async def is_spread(connection: Connection) -> bool:
    """Whether the database's tables are spread over nodes."""
    if not await connection.fetchval(_CATALOGUE):
        return False
    return ANCHOR in {row[0] for row in await connection.fetch(_SPREAD)}


async def nodes_of(connection: Connection) -> list[Node]:
    """The nodes of a database that is spread, the coordinator first."""
    return [Node(*row) for row in await connection.fetch(_NODES)]


async def tables_without_place(connection: Connection) -> list[str]:
    """The tables of a database that is spread which lie on the coordinator alone."""
    known = {row[0].strip('"') for row in await connection.fetch(_SPREAD)}
    return [row[0] for row in await connection.fetch(_TABLES) if row[0] not in known]


def is_spread_now(connection: sa.Connection) -> bool:
    """The same, within a migration."""
    return bool(_value(connection, _CATALOGUE)) and ANCHOR in _spread(connection)


def spread(connection: sa.Connection, shards: int | None = None) -> list[str]:
    """Give every table its place that has none yet; their names. Raises `DistributionError`.

    `shards` is into how many shards each table is cut; None keeps what is, or takes `SHARDS`.
    """
    if not _value(connection, _CATALOGUE):
        raise DistributionError(
            "The database is a plain PostgreSQL server; only one with the extension Citus can spread its tables."
        )
    known = _spread(connection)
    if shards is not None and ANCHOR in known and (found := _value(connection, _SHARDS)) != shards:
        raise DistributionError(
            f"The tables are cut into {found} shards already; Citus' alter_distributed_table changes that."
        )
    connection.exec_driver_sql(ONE_AFTER_THE_OTHER)
    placed = [name for name in _in_order(connection) if name not in known]
    for name in placed:
        place(connection, name, shards)
    return placed


def place(connection: sa.Connection, name: str, shards: int | None = None) -> None:
    """Give one table its place."""
    if name in EVERYWHERE:
        connection.exec_driver_sql(f"select create_reference_table('\"{name}\"')")
        return
    how = f"shard_count => {shards or SHARDS}" if name == ANCHOR else f"colocate_with => '{ANCHOR}'"
    connection.exec_driver_sql(f"select create_distributed_table('\"{name}\"', 'workspace', {how})")


def _spread(connection: sa.Connection) -> set[str]:
    return {row[0].strip('"') for row in connection.exec_driver_sql(_SPREAD)}


def _in_order(connection: sa.Connection) -> list[str]:
    """All tables of workspaces: those that stand everywhere, the anchor, then parents before children."""
    parents = {row[0]: {each.strip('"') for each in row[1]} for row in connection.exec_driver_sql(_TABLES)}
    done = [name for name in EVERYWHERE if name in parents or name == EVERYWHERE[0]]
    done += [ANCHOR]
    waiting = [name for name in parents if name not in done]
    while waiting:
        ready = [name for name in waiting if parents[name] <= {*done, name}]
        done += ready
        waiting = [name for name in waiting if name not in ready]
    return done


def _value(connection: sa.Connection, statement: str) -> Any:
    return connection.exec_driver_sql(statement).scalar()
