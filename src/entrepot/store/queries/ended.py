"""Finding what is over, in all workspaces."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping
from datetime import datetime
from typing import Final

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


_OVER: Final = """
progress in (
  'cancelled', 'shipped', 'partially_shipped', 'delivered', 'partially_delivered', 'returned', 'partially_returned')
and case when state = 'placed' then
  (payment_state in ('paid', 'partially_refunded', 'refunded') or total = 0) and not exists (
    select from order_lines l where l.workspace = orders.workspace and l."order" = orders.id
      and l.new + l.acknowledged + l.return_initiated > 0
  ) and (environment <> 'live' or not exists (
    select from return_lines r join order_lines l
      on l.workspace = r.workspace and l."order" = r."order" and l.no = r.line
    where r.workspace = orders.workspace and r."order" = orders.id and r.received > r.restocked + r.scrapped
      and l.tracked and l.variant is not null
  ))
else
  state in ('cancelled', 'failed') and payment_state not in ('pending', 'reserved') and not exists (
    select from payments p where p.workspace = orders.workspace and p."order" = orders.id
      and p.kind in ('card', 'manual') and p.state = 'paid' and p.refunded < p.amount
  )
end
and not exists (
  select from refunds r where r.workspace = orders.workspace and r."order" = orders.id and r.state = 'open'
) and not exists (
  select from outbox m where m.workspace = orders.workspace and m.subject = orders.id and m.state <> 'delivered'
)
"""

ENDED_ORDERS: Final = Ended("orders", "id", "changed_at", _OVER)
"""Orders of which nothing is left to do (`domain.upkeep.purge_orders.is_over`), and of which nobody is to be told."""


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
