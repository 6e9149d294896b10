"""Writing a plan: one set-based statement per table and kind of change."""

from __future__ import annotations

from entrepot.store.batches.binding import json_text
from entrepot.store.connections import Connection
from entrepot.worlds.plan.differences import Plan
from entrepot.worlds.plan.stored import LEVELS, ROWS

FILLED = 500
"""From so many new rows on, what PostgreSQL knows of a table is too old to plan with."""


async def analyse(connection: Connection, plan: Plan) -> None:
    """Let PostgreSQL count again what was filled: by itself it does so minutes later, or after the next query."""
    for binding in (*ROWS, LEVELS):
        table = plan.levels if binding is LEVELS else plan.table(binding.kind)
        if len(table.creates) >= FILLED:
            await connection.execute(f'analyze "{binding.table}"')


async def write_plan(connection: Connection, workspace: int, plan: Plan) -> None:
    """Delete children before parents, then insert and update parents before children."""
    for binding in reversed(ROWS):
        if deletes := plan.table(binding.kind).deletes:
            await connection.execute(binding.delete, workspace, json_text([each.key for each in deletes]))
    for binding in (*ROWS, LEVELS):
        table = plan.levels if binding is LEVELS else plan.table(binding.kind)
        if table.creates:
            await connection.execute(binding.insert, workspace, binding.rows(table.creates))
        if table.updates:
            after = [after for _, after in table.updates]
            await connection.execute(binding.put, workspace, binding.rows(after))
