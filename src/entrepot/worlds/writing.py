"""Writing a plan: one set-based statement per table and kind of change."""

from __future__ import annotations

from typing import Any

from entrepot.store.connections import Connection
from entrepot.worlds.plan import Plan
from entrepot.worlds.stored import LEVELS, ROWS


async def write_plan(connection: Connection, workspace: int, plan: Plan) -> None:
    """Delete children before parents, then insert and update parents before children."""
    for binding in reversed(ROWS):
        await _run(connection, workspace, binding.delete, binding.keys(plan.table(binding.kind).deletes))
    for binding in (*ROWS, LEVELS):
        table = plan.levels if binding is LEVELS else plan.table(binding.kind)
        await _run(connection, workspace, binding.insert, binding.rows(table.creates))
        await _run(connection, workspace, binding.put, binding.rows([after for _, after in table.updates]))


async def _run(connection: Connection, workspace: int, statement: str, columns: list[list[Any]]) -> None:
    if columns[0]:
        await connection.execute(statement, workspace, *columns)
