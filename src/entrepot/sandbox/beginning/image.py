"""All that a sandbox's tables held at one moment, to be put back much sooner than a world is applied."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any, Final, NamedTuple, cast

from entrepot.store import tables
from entrepot.store.connections import Connection

OPERATORS: Final = (tables.operations.operators, tables.operations.operator_proofs)
"""They are people of the server, not of its worlds."""
LARGE: Final = 4_000_000
"""Bytes of a table beyond which emptying it as a whole is quicker than deleting its rows."""

_NAMES: Final = tuple(each.name for each in tables.metadata.sorted_tables if each not in OPERATORS)
_LOG: Final = tables.operations.request_log.name
"""What came and went is no part of a state."""
_LARGEST = """
select coalesce(max(pg_relation_size(oid)), 0) from pg_class
where relkind = 'r' and relnamespace = 'public'::regnamespace
"""
_NOTHING: Final = 21
"""The bytes of a binary copy without rows: its signature, two numbers and its end."""


class Content(NamedTuple):
    """The rows of one table, in PostgreSQL's own binary form."""

    table: str
    rows: bytes


Image = Sequence[Content]
"""The tables that hold anything, parents before children."""


async def take_image(connection: Connection) -> Image:
    """What the tables hold. Raises what asyncpg raises."""
    contents = [Content(name, await _read(connection, name)) for name in _NAMES if name != _LOG]
    return [each for each in contents if len(each.rows) > _NOTHING]


async def put_back(connection: Connection, image: Image) -> None:
    """Fill tables that are empty. Raises what asyncpg raises."""
    for table, rows in image:
        await cast("Any", connection).copy_to_table(table, source=io.BytesIO(rows), format="binary")


async def empty_all(connection: Connection) -> None:
    """Empty every table but the operators'. Raises what asyncpg raises."""
    if await connection.fetchval(_LARGEST) > LARGE:
        await connection.execute(f"truncate {', '.join(map(_quoted, _NAMES))}")
    else:
        # Rows by the hundred are gone sooner than eighty tables and their indexes are made anew.
        await connection.execute("; ".join(f"delete from {_quoted(name)}" for name in reversed(_NAMES)))  # noqa: S608


async def _read(connection: Connection, table: str) -> bytes:
    output = io.BytesIO()
    await cast("Any", connection).copy_from_table(table, output=output, format="binary")
    return output.getvalue()


def _quoted(name: str) -> str:
    return f'"{name}"'
