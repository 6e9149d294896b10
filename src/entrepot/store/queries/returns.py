"""Reading returns: lists of a workspace, and one with its lines and history; and what stock owes to orders."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

import msgspec
from sqlalchemy import func, select

from entrepot.domain.channels.accounts import ChannelSettings
from entrepot.domain.fulfilment.records import Return, ReturnEvent, ReturnLine
from entrepot.domain.kernel.records import R
from entrepot.domain.orders.access import Asker, sees_others
from entrepot.store import tables
from entrepot.store.batches.finds import binding_of
from entrepot.store.connections import Connection
from entrepot.store.queries._core import Rows, fetch, record_columns
from entrepot.store.queries.own_orders import MOST_COUNTED

MOST_RETURNS = 1_000
"""The longest page of returns."""
MOST_OWED = 10_000

_returns, _orders = tables.fulfilment.returns, tables.orders.orders


class ReturnDetails(msgspec.Struct, frozen=True):
    """One return with its lines and history, and how many decimals the units of the order's lines have."""

    ret: Return
    lines: tuple[ReturnLine, ...]
    events: tuple[ReturnEvent, ...]
    scales: dict[int, int]

    @property
    def comes_back(self) -> bool:
        """Whether anything of it came back, or will."""
        return any(line.comes_back for line in self.lines)


class ReturnSearch(msgspec.Struct, frozen=True):
    """Which returns to list; None does not filter. `since` is the earliest `opened_at`, `until` the first too late."""

    order: int | None = None
    number: int | None = None
    since: datetime | None = None
    until: datetime | None = None


class Waiting(msgspec.Struct, frozen=True):
    """An order line that holds units where some are owed."""

    order: int
    line: int
    quantity: int


class OwedRow(msgspec.Struct, frozen=True):
    """Units of a variant that are promised at a location and not there, and who waits there, the oldest order first."""

    sku: str
    scale: int
    location: str
    owed: int
    waiting: tuple[Waiting, ...]


async def list_returns(
    connection: Connection,
    workspace: int,
    *,
    order: int | None = None,
    limit: int = 50,
    before: int | None = None,
) -> list[Return]:
    """One page of the workspace's returns (of one order), newest first; `before` is the id before which it starts."""
    statement: Rows = select(*record_columns(_returns)).where(_returns.c.workspace == workspace)
    if order is not None:
        statement = statement.where(_returns.c.order == order)
    if before is not None:
        statement = statement.where(_returns.c.id < before)
    limit = max(1, min(limit, MOST_RETURNS))
    rows = await fetch(connection, statement.order_by(_returns.c.id.desc()).limit(limit))
    return [cast("Return", binding_of[Return].parse(row)) for row in rows]


async def show_return(connection: Connection, workspace: int, number: int) -> ReturnDetails | None:
    """The return of this id with all that belongs to it, as of one moment; None where there is none."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        found = await _of_return(connection, workspace, number, Return, "id")
        if not found:
            return None
        lines = await _of_return(connection, workspace, number, ReturnLine, "return_id", found[0].order)
        events = await _of_return(connection, workspace, number, ReturnEvent, "return_id", found[0].order)
        counted = await connection.fetch(_SCALES, workspace, found[0].order)
        return ReturnDetails(found[0], lines, events, {row[0]: row[1] for row in counted})


async def search_returns(
    connection: Connection,
    workspace: int,
    asker: Asker,
    settings: ChannelSettings,
    search: ReturnSearch,
    *,
    limit: int,
    offset: int,
) -> tuple[list[int], int]:
    """One page of the ids of returns of orders that an account sees, newest first, and how many there are.

    They are counted up to `MOST_COUNTED`.
    """
    joined = _returns.join(
        _orders, (_orders.c.workspace == _returns.c.workspace) & (_orders.c.id == _returns.c.order)
    )
    found: Rows = select(_returns.c.id).select_from(joined)
    found = found.where(_returns.c.workspace == workspace, _orders.c.deleted_at.is_(None))
    if asker.environment is not None:
        found = found.where(_orders.c.environment == asker.environment)
    if not sees_others(settings, asker.environment):
        found = found.where(_orders.c.channel == asker.channel)
    for column, value in ((_returns.c.order, search.order), (_returns.c.id, search.number)):
        found = found if value is None else found.where(column == value)
    if search.since is not None:
        found = found.where(_returns.c.opened_at >= search.since)
    if search.until is not None:
        found = found.where(_returns.c.opened_at < search.until)
    rows = await fetch(connection, found.order_by(_returns.c.id.desc()).limit(limit).offset(offset))
    counted: Rows = select(func.count()).select_from(found.limit(MOST_COUNTED).subquery())
    total = await fetch(connection, counted)
    return [row[0] for row in rows], total[0][0]


async def returns_by_id(
    connection: Connection, workspace: int, numbers: Sequence[int]
) -> dict[int, ReturnDetails]:
    """The returns of these ids with all that belongs to them, in one statement; unknown ones are left out."""
    rows = await connection.fetch(_BY_IDS, workspace, list(numbers))
    parsed = (ReturnDetails(*(parse(text) for parse, text in zip(_PARSE, row, strict=True))) for row in rows)
    return {details.ret.id: details for details in parsed}


async def list_owed(connection: Connection, workspace: int) -> list[OwedRow]:
    """What is promised and not there, by SKU and location, with the order lines that wait for it."""
    rows = await connection.fetch(_OWED, workspace, MOST_OWED)
    return [
        OwedRow(row[0], row[1], row[2], row[3], tuple(msgspec.json.decode(row[4], type=list[Waiting])))
        for row in rows
    ]


async def _of_return(
    connection: Connection, workspace: int, number: int, kind: type[R], column: str, order: int | None = None
) -> tuple[R, ...]:
    binding = binding_of[kind]
    table = tables.metadata.tables[binding.table]
    statement: Rows = select(*record_columns(table)).where(
        table.c.workspace == workspace, table.c[column] == number
    )
    if order is not None:
        statement = statement.where(table.c.order == order)
    rows = await fetch(connection, statement.order_by(*table.primary_key.columns))
    return tuple(cast("R", binding.parse(row)) for row in rows)


_SCALES = 'select no, scale from order_lines where workspace = $1 and "order" = $2 order by no'


def _children(kind: type[ReturnLine | ReturnEvent], key: str) -> str:
    binding = binding_of[kind]
    return (
        f"(select coalesce(json_agg(t), '[]')::text from (select {binding.in_json('c')} "  # noqa: S608
        f'from {binding.table} c where c.workspace = $1 and c."order" = r."order" and c.return_id = r.id '
        f"order by c.{key}) t)"
    )


_BY_IDS = f"""
select (select to_json(t)::text from (select {binding_of[Return].in_json("r")}) t),
  {_children(ReturnLine, "no")}, {_children(ReturnEvent, "seq")}, (
    select coalesce(json_object_agg(l.no, l.scale), '{{}}')::text
    from order_lines l where l.workspace = $1 and l."order" = r."order"
  )
from unnest((select $2::bigint[])) k(id)
cross join lateral (select * from returns where workspace = $1 and id = k.id offset 0) r
"""  # noqa: S608  (names of our own columns)
_PARSE: tuple[Any, ...] = (
    msgspec.json.Decoder(Return).decode,
    msgspec.json.Decoder(tuple[ReturnLine, ...]).decode,
    msgspec.json.Decoder(tuple[ReturnEvent, ...]).decode,
    msgspec.json.Decoder(dict[int, int]).decode,
)

_OWED = """
select v.sku, v.scale, p.code, s.owed, (
  select json_agg(json_build_object('order', h."order", 'line', h.line, 'quantity', h.quantity)
    order by h."order", h.line)
  from holds h where h.workspace = $1 and h.variant = s.variant and h.location = s.location
)::text
from stock s
join variants v on v.workspace = $1 and v.id = s.variant
join locations p on p.workspace = $1 and p.id = s.location
where s.workspace = $1 and s.owed > 0
order by v.sku, p.code limit $2
"""
