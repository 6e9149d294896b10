"""Orders as partners read them: by the names that they gave, and in lists, newest first.

Each is one statement. Who sees the workspace sees the orders channel by channel, so that a list costs the same however
many there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final, Literal, cast
from uuid import UUID

import msgspec

from entrepot.domain.channels.accounts import ChannelSettings
from entrepot.domain.orders.access import Asker, sees_others
from entrepot.domain.orders.records import ALSO_KNOWN_AS, Order, OrderLine
from entrepot.store.batches.finds import binding_of, records
from entrepot.store.connections import Connection

_ORDER: Final = binding_of[Order]
_LINE: Final = binding_of[OrderLine]
_lines = records(OrderLine)

Name = Literal["order_number", "external_order_id", "id"]
Place = tuple[datetime, int]
"""When an order was placed, and its number."""

FIRST: Final[Place] = (datetime.max.replace(tzinfo=UTC), 2**63 - 1)
"""The place after which a list begins."""

_SHOWN: Final = f"""
select {_ORDER.select("o")}, (
  select json_agg(l) from (
    select {_LINE.in_json("t")} from order_lines t where workspace = $1 and "order" = o.id order by no
  ) l
)::text, e.at, e.reason
from ({{orders}}) o left join lateral (
  select at, data ->> 'reason' reason from order_events
  where o.state = 'cancelled' and workspace = $1 and "order" = o.id and data ? 'ended' order by seq desc limit 1
) e on true order by {{order}}
"""  # noqa: S608  (our own names)

_LIST: Final = _SHOWN.format(
    orders="""
    select o.* from channels c cross join lateral (
      select * from orders where workspace = $1 and channel = c.id and environment = $3 and deleted_at is null
      and (placed_at, id) < ($4, $5) order by placed_at desc, id desc limit $6
    ) o where c.workspace = $1 and (c.id = $2 or $7) order by o.placed_at desc, o.id desc limit $6
    """,
    order="o.placed_at desc, o.id desc",
)

_BEST: Final = "(o.channel = $2) desc, o.placed_at desc, o.id desc limit 1"
"""Of several its own comes first, then the newest."""
_SEEN: Final = "environment = $3 and deleted_at is null and (channel = $2 or $4)"

_BY: Final[dict[Name, str]] = {
    "order_number": _SHOWN.format(
        orders=f"""
        select * from orders where workspace = $1 and external_id = $5 and {_SEEN}
        union all
        select * from orders where workspace = $1 and id = $6::bigint and external_id is null and {_SEEN}
        """,  # noqa: S608
        order=_BEST,
    ),
    "external_order_id": _SHOWN.format(
        orders=f"""
        select o.* from channels c cross join lateral (
          select target from "references"
          where workspace = $1 and channel = c.id and environment = $3 and kind = '{ALSO_KNOWN_AS}' and value = $5
          offset 0
        ) r cross join lateral (
          select * from orders where workspace = $1 and id = r.target and {_SEEN} offset 0
        ) o where c.workspace = $1 and (c.id = $2 or $4) and $6::bigint is null
        """,  # noqa: S608
        order=_BEST,
    ),
    "id": _SHOWN.format(
        orders=f"select * from orders where workspace = $1 and uuid = $5 and {_SEEN} and $6::bigint is null",  # noqa: S608
        order=_BEST,
    ),
}  # fmt: skip


class PartnerOrder(msgspec.Struct, frozen=True):
    """An order with its lines; of a cancelled one when that was, and why."""

    order: Order
    lines: tuple[OrderLine, ...]
    cancelled_at: datetime | None = None
    reason: str | None = None


async def find_order(
    connection: Connection, workspace: int, asker: Asker, settings: ChannelSettings, by: Name, value: str
) -> PartnerOrder | None:
    """The order of this name that whoever asks may see; of several its own, then the newest."""
    if asker.environment is None:
        raise ValueError("a partner asks in one environment")
    wanted = _uuid(value) if by == "id" else value
    if wanted is None:
        return None
    number = int(value) if by == "order_number" and _is_number(value) else None
    sees = sees_others(settings, asker.environment)
    row = await connection.fetchrow(
        _BY[by], workspace, asker.channel, asker.environment, sees, wanted, number
    )
    return None if row is None else _read(row)


async def list_orders(
    connection: Connection, workspace: int, asker: Asker, settings: ChannelSettings, after: Place, limit: int
) -> list[PartnerOrder]:
    """The orders after a place, newest first."""
    sees = sees_others(settings, asker.environment)
    rows = await connection.fetch(_LIST, workspace, asker.channel, asker.environment, *after, limit, sees)
    return [_read(row) for row in rows]


def _read(row: Sequence[Any]) -> PartnerOrder:
    *own, lines, at, reason = row
    order = cast("Order", _ORDER.parse(own))
    return PartnerOrder(order, tuple(cast("list[OrderLine]", _lines(lines or "[]"))), at, reason)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 18


def _uuid(text: str) -> UUID | None:
    try:
        found = UUID(text)
    except ValueError:
        return None
    return found if str(found) == text.lower() else None
