"""Writing a plan: one set-based statement per table and kind of change."""

from __future__ import annotations

from collections.abc import Iterator

from entrepot.domain.channels.accounts import Reference
from entrepot.store.batches.binding import Binding, json_text
from entrepot.store.batches.bindings import REFERENCES
from entrepot.store.connections import Connection
from entrepot.worlds.plan.areas import AREAS
from entrepot.worlds.plan.differences import Plan, TablePlan
from entrepot.worlds.plan.stored import LEVELS

FILLED = 500
"""From so many new rows on, what PostgreSQL knows of a table is too old to plan with."""


async def analyse(connection: Connection, plan: Plan) -> None:
    """Let PostgreSQL count again what was filled: by itself it does so minutes later, or after the next query."""
    for binding, table in _tables(plan):
        if len(table.creates) >= FILLED:
            await connection.execute(f'analyze "{binding.table}"')


async def write_plan(connection: Connection, workspace: int, plan: Plan) -> None:
    """Delete children before parents, then insert and update parents before children; names are freed, then taken."""
    tables = [*_tables(plan)]
    for binding, table in (*_names(plan), *reversed(tables)):
        if table.deletes:
            keys = json_text([each.key for each in table.deletes])
            await connection.execute(binding.delete, workspace, keys)
    for binding, table in (*tables, *_names(plan)):
        if table.creates:
            await connection.execute(binding.insert, workspace, binding.rows(table.creates))
        if table.updates:
            after = [after for _, after in table.updates]
            await connection.execute(binding.put, workspace, binding.rows(after))


def _tables(plan: Plan) -> Iterator[tuple[Binding, TablePlan]]:
    for area in AREAS:
        yield area.binding, plan.table(area.kind)
    yield LEVELS, plan.levels


def _names(plan: Plan) -> Iterator[tuple[Binding, TablePlan]]:
    yield REFERENCES, TablePlan(Reference, [*plan.names.takes], [], [*plan.names.frees])
