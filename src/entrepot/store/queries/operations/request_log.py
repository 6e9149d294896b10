"""Reading the integration log: a page of it by any filter, one entry, and what came since."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from entrepot.store.connections import Connection

PAGE: Final = 50
_COLUMNS: Final = (
    "l.at, l.id, l.channel, l.door, l.operation, l.outcome, l.status, l.request_id, l.orders, l.micros"
)


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries of one workspace are looked for; None is any. `since` is the earliest, `until` the first beyond."""

    workspace: int
    since: datetime | None = None
    until: datetime | None = None
    channel: int | None = None
    door: str | None = None
    failed: bool | None = None
    outcome: str | None = None
    request_id: str | None = None
    order: int | None = None


class Line(msgspec.Struct, frozen=True):
    """An entry as the list shows it."""

    at: datetime
    id: UUID
    channel: int | None
    door: str
    operation: str
    outcome: str
    status: int
    request_id: str
    orders: list[int]
    micros: int


class Full(msgspec.Struct, frozen=True):
    """An entry with all that was kept."""

    line: Line
    entry: dict[str, Any]


Place = tuple[datetime, UUID]
"""Where a page goes on: after this entry, towards older ones."""


async def list_entries(
    connection: Connection, wanted: Wanted, after: Place | None, limit: int = PAGE
) -> list[Line]:
    """A page of entries, newest first."""
    conditions, values = _conditions(wanted)
    if after is not None:
        values += after
        conditions.append(f"(l.at, l.id) < (${len(values) - 1}, ${len(values)})")
    source = f"select {_COLUMNS} from request_log l where {' and '.join(conditions)}"
    if wanted.request_id is not None or wanted.order is not None:
        # So few that they are found first and ordered then; the planner cannot know how few.
        source = f"with l as materialized ({source}) select {_COLUMNS} from l"
    rows = await connection.fetch(f"{source} order by l.at desc, l.id desc limit {limit + 1}", *values)
    return [Line(*tuple(row)) for row in rows]


async def find_entry(connection: Connection, workspace: int, at: datetime, number: UUID) -> Full | None:
    """One entry; None if the workspace has none such."""
    row = await connection.fetchrow(
        f"select {_COLUMNS}, l.entry from request_log l where l.workspace = $1 and l.at = $2 and l.id = $3",
        workspace,
        at,
        number,
    )
    return Full(Line(*tuple(row)[:10]), msgspec.json.decode(row[10])) if row else None


def _conditions(wanted: Wanted) -> tuple[list[str], list[Any]]:
    values: list[Any] = [wanted.workspace]
    conditions = ["l.workspace = $1"]

    def add(condition: str, value: Any) -> None:
        if value is not None:
            values.append(value)
            conditions.append(condition.format(f"${len(values)}"))

    add("l.at >= {}", wanted.since)
    add("l.at < {}", wanted.until)
    add("l.channel = {}", wanted.channel)
    add("l.door = {}", wanted.door)
    add("l.outcome = {}", wanted.outcome)
    add("l.request_id = {}", wanted.request_id)
    add("l.orders @> array[{}::bigint]", wanted.order)
    if wanted.failed is not None:
        conditions.append("l.outcome <> 'ok'" if wanted.failed else "l.outcome = 'ok'")
    if wanted.outcome not in (None, "ok"):
        conditions.append("l.outcome <> 'ok'")  # so that the index of failures is used
    return conditions, values
