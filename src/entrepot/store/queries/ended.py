"""Finding what is over, in all workspaces."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping
from datetime import datetime

import msgspec

from entrepot.store.connections import Connection


class Ended(msgspec.Struct, frozen=True):
    """Rows of a table by the one column that names them, and the column that tells when each was over.

    `where` narrows them further; an index of the moment serves each of these.
    """

    table: str
    key: str
    moment: str
    where: str = "true"


async def ended_rows(
    connection: Connection, ended: Ended, before: datetime, skipped: Collection[int], limit: int
) -> Mapping[int, tuple[Hashable, ...]]:
    """The keys of rows that were over by a moment, by workspace, the oldest first; at most `limit` in all."""
    statement = f"""
        select workspace, "{ended.key}" from "{ended.table}"
        where {ended.where} and "{ended.moment}" <= $1 and workspace <> all($2::bigint[])
        order by "{ended.moment}" limit $3
    """  # noqa: S608  (our own names)
    found: dict[int, tuple[Hashable, ...]] = {}
    for workspace, key in await connection.fetch(statement, before, list(skipped), limit):
        found[workspace] = (*found.get(workspace, ()), key)
    return found
