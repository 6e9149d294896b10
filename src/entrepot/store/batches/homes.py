"""Where a workspace's rows lie in a database that is spread over nodes: its batches run there, on the shards.

Citus plans a statement on a table that is spread anew each time, since the node depends on the workspace, and that is
most of what an order costs there. A shard is a table like any other, whose plans are kept. Who writes to one by its
own name must hold the lock that Citus' own writers hold, and then see that the shard is still there: whoever moves or
splits it takes that lock against them all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from entrepot.store.connections import Connection
from entrepot.store.places import Place
from entrepot.store.upkeep.distribution import is_spread

MOVED: Final = "EN002"
"""The SQLSTATE of a batch whose shard is no longer where it was looked for."""

_SHARE: Final = 5
"""The number of ShareLock, as writers take it."""
_TABLE: Final = re.compile(r'\b(from|join|into|update|using) "?(\w+)"?(?![\w"(])')
_WHERE: Final = """
select p.shardid, n.nodename, n.nodeport from pg_catalog.pg_dist_placement p
join pg_catalog.pg_dist_node n on n.groupid = p.groupid and n.noderole = 'primary'
where p.shardid = (select pg_catalog.get_shard_id_for_distribution_column('counters', $1::bigint))
"""
"""The function is volatile: in a subquery of its own it is called once, and not for each shard of every table."""
_BESIDE: Final = """
select w.id, n.nodename, n.nodeport from (
  select id, pg_catalog.get_shard_id_for_distribution_column('counters', id) as shard
  from unnest($1::bigint[]) as t(id) offset 0
) w
join pg_catalog.pg_dist_placement p on p.shardid = w.shard
join pg_catalog.pg_dist_node n on n.groupid = p.groupid and n.noderole = 'primary'
where n.groupid <> (select groupid from pg_catalog.pg_dist_local_group)
"""
_SHARDS: Final = """
select t.logicalrelid::regclass::text, pg_catalog.shard_name(t.logicalrelid, s.shardid)
from pg_catalog.pg_dist_shard a join pg_catalog.pg_dist_partition p on p.logicalrelid = a.logicalrelid
join pg_catalog.pg_dist_partition t on t.colocationid = p.colocationid or t.partmethod = 'n'
join pg_catalog.pg_dist_shard s on s.logicalrelid = t.logicalrelid
  and (s.shardminvalue = a.shardminvalue or t.partmethod = 'n')
where a.shardid = $1
"""
_EVERYWHERE: Final = """
select t.logicalrelid::regclass::text, pg_catalog.shard_name(t.logicalrelid, s.shardid)
from pg_catalog.pg_dist_partition t join pg_catalog.pg_dist_shard s on s.logicalrelid = t.logicalrelid
where t.partmethod = 'n'
"""

STILL_WHOLE: Final = f"""
if exists (select from pg_catalog.pg_dist_partition) then raise exception using errcode = '{MOVED}'; end if;"""
"""PL/pgSQL of a batch where tables lie together on a cluster: once they are spread, its lane must look for the node."""


class MovedError(ConnectionError):
    """The workspace's rows have left this node; whoever asks anew learns where they are."""


class Home(msgspec.Struct, frozen=True):
    """A shard of the first table that is spread, its node, and what each table is called there.

    Where nothing is spread there is no shard, and tables have their own names.
    """

    shard: int
    place: Place
    tables: Mapping[str, str]

    @property
    def suffix(self) -> str:
        """What ends the names of this shard's functions."""
        return f"_{self.shard}"

    @property
    def guard(self) -> str:
        """PL/pgSQL that keeps the shard here until the transaction ends, or fails where it is not."""
        return f"""
perform lock_shard_metadata({_SHARE}, array[{self.shard}]);
if not exists (
  select from pg_catalog.pg_dist_placement p
  join pg_catalog.pg_dist_local_group g on g.groupid = p.groupid where p.shardid = {self.shard}
) then raise exception using errcode = '{MOVED}'; end if;"""

    def renamed(self, text: str) -> str:
        """Statements with the tables' names here."""
        return renamed(text, self.tables)


def renamed(text: str, tables: Mapping[str, str]) -> str:
    """Statements with other names for these tables."""
    return _TABLE.sub(
        lambda found: f"{found[1]} {tables[found[2]]}" if found[2] in tables else found[0], text
    )


async def copies_on_each_node(connection: Connection) -> dict[str, str]:
    """What the tables that stand on every node are called there; none where nothing is spread."""
    if not await is_spread(connection):
        return {}
    return {row[0].strip('"'): row[1] for row in await connection.fetch(_EVERYWHERE)}


async def home_of(connection: Connection, workspace: int, known: Mapping[int, Home]) -> Home:
    """Where a workspace's rows are; what tables are called is taken from what is known. Raises `MovedError`."""
    row = await connection.fetchrow(_WHERE, workspace)
    if row is None:  # between two statements of Citus' own
        raise MovedError(f"workspace {workspace} has no node")
    shard, place = row[0], Place(row[1], row[2])
    if (home := known.get(shard)) is not None and home.place == place:
        return home
    names = await connection.fetch(_SHARDS, shard)
    return Home(shard, place, {name.strip('"'): own for name, own in names})


async def nodes_beside(connection: Connection, workspaces: Sequence[int]) -> dict[int, Place]:
    """On which node each workspace's rows are, of those whose rows are not on the connection's own server."""
    return {row[0]: Place(row[1], row[2]) for row in await connection.fetch(_BESIDE, workspaces)}
