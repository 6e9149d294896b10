"""SQLAlchemy Core statements for asyncpg's own interface."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, Table
from sqlalchemy.dialects.postgresql import asyncpg

from entrepot.store.connections import Connection

Rows = Select[*tuple[Any, ...]]
"""A statement whose columns are only known when it runs."""

_dialect = asyncpg.dialect()


async def fetch(connection: Connection, statement: Rows) -> list[Any]:
    """The rows of a Core statement; JSON values come as text, as asyncpg leaves them."""
    compiled = statement.compile(dialect=_dialect, compile_kwargs={"render_postcompile": True})
    values = compiled.params
    return await connection.fetch(str(compiled), *(values[name] for name in compiled.positiontup or ()))


def record_columns(table: Table) -> list[Any]:
    """The table's columns in the order of its record's fields, for `Binding.parse`."""
    return [column for column in table.columns if column.name != "workspace"]
