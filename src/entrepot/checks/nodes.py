"""A database that is spread over nodes: whether each node is there, and whether each table has its place."""

from __future__ import annotations

from entrepot.checks.findings import Finding
from entrepot.store.connections import Connection
from entrepot.store.upkeep.distribution import Node, is_spread, nodes_of, tables_without_place


async def find_nodes(connection: Connection) -> list[Node]:
    """The nodes over which the tables are spread, the coordinator first; none where one server holds everything."""
    return await nodes_of(connection) if await is_spread(connection) else []


async def check_nodes(connection: Connection) -> list[Finding]:
    """Violations where a node is not active, or a table was left on the coordinator alone."""
    nodes = await find_nodes(connection)
    away = [f"the node {node.host}:{node.port} is not active" for node in nodes if not node.active]
    left = await tables_without_place(connection) if nodes else []
    unplaced = [f"{name} lies on the coordinator alone: run `entrepot migrate --distribute`" for name in left]
    return [Finding("violation", "nodes", None, detail) for detail in (*away, *unplaced)]
