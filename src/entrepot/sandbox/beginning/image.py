"""All that a sandbox's tables held at one moment, to be put back much sooner than a world is applied.

Of a whole server, or of one workspace: every table has its rows by workspace, so that nothing of another is touched.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any, Final, NamedTuple, cast

from entrepot.store import tables
from entrepot.store.connections import Connection

KEPT: Final = (
    tables.operations.operators,
    tables.operations.operator_proofs,
    tables.simulated.sandbox.sandbox_snapshots,
)
"""What is no part of a state: operators are people of the server, and snapshots are states themselves."""
LARGE: Final = 4_000_000
"""Bytes of a table beyond which emptying it as a whole is quicker than deleting its rows."""

_NAMES: Final = tuple(str(each.name) for each in tables.metadata.sorted_tables if each not in KEPT)
_LOG: Final = tables.operations.request_log.name
"""What came and went is no part of a state."""
_WORKSPACES: Final = tables.tenancy.workspaces.name
_LARGEST = """
select coalesce(max(pg_relation_size(oid)), 0) from pg_class
where relkind = 'r' and relnamespace = 'public'::regnamespace
"""
_FILLED: Final = " union all ".join(
    f"select '{name}' where exists (select 1 from \"{name}\")"  # noqa: S608  (Citus wants a column there)
    for name in _NAMES
    if name != _LOG
)


class ImageTooLargeError(Exception):
    """There is more in the tables than an image may have."""


class Content(NamedTuple):
    """The rows of one table, in PostgreSQL's own binary form."""

    table: str
    rows: bytes


Image = Sequence[Content]
"""The tables that hold anything, parents before children."""


async def take_image(
    connection: Connection, workspace: int | None = None, most: int | None = None
) -> list[Content]:
    """What the tables hold, of this workspace or of all.

    Raises ImageTooLargeError where that is more than `most` bytes, and what asyncpg raises.
    """
    filled = {row[0] for row in await connection.fetch(_FILLED)}
    reading, contents = _Reading(most), list[Content]()
    for name in (each for each in _NAMES if each in filled):
        if rows := await reading.of(connection, name, workspace):
            contents.append(Content(name, rows))
    return contents


async def put_back(connection: Connection, image: Image) -> None:
    """Fill tables that are empty, or have no row of the image's workspace. Raises what asyncpg raises."""
    for table, rows in image:
        # Where the source were a file, each of its pieces would be read by a thread.
        await cast("Any", connection).copy_to_table(table, source=_once(rows), format="binary")


async def empty(connection: Connection, workspace: int | None = None) -> None:
    """Delete the rows of a workspace, or empty every table but those that are kept. Raises what asyncpg raises."""
    if workspace is None and await connection.fetchval(_LARGEST) > LARGE:
        await connection.execute(f"truncate {', '.join(map(_quoted, _NAMES))}")
    else:
        # Rows by the hundred are gone sooner than eighty tables and their indexes are made anew.
        which = (f"delete from {_quoted(name)}{_where(name, workspace)}" for name in reversed(_NAMES))  # noqa: S608
        await connection.execute("; ".join(which))


class _Reading:
    """Reads tables into memory, until that is too much."""

    _BARE: Final = 21
    """The bytes of a binary copy without rows: its signature, two numbers and its end."""

    def __init__(self, most: int | None) -> None:
        self._most = most
        self._read = 0

    @property
    def _is_over(self) -> bool:
        return self._most is not None and self._read > self._most

    async def of(self, connection: Connection, table: str, workspace: int | None) -> bytes:
        """The table's rows; empty where it has none."""
        pieces: list[bytes] = []

        async def keep(piece: bytes) -> None:
            # What is too much is let go: a COPY that is broken off would take its connection with it.
            self._read += len(piece)
            if not self._is_over:
                pieces.append(piece)

        query = f"select * from {_quoted(table)}{_where(table, workspace)}"  # noqa: S608
        await cast("Any", connection).copy_from_query(query, output=keep, format="binary")
        if self._is_over:
            raise ImageTooLargeError
        rows = b"".join(pieces)
        return rows if len(rows) > self._BARE else b""


async def _once(rows: bytes) -> AsyncIterator[bytes]:
    yield rows


def _where(table: str, workspace: int | None) -> str:
    if workspace is None:
        return ""
    return f" where {'id' if table == _WORKSPACES else 'workspace'} = {workspace:d}"


def _quoted(name: str) -> str:
    return f'"{name}"'
