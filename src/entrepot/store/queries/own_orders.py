"""Reading one order of one account, with what the account is told of it."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

import msgspec

from entrepot.domain.kernel.records import R, Record
from entrepot.domain.orders.records import Order, OrderLine, OrderPart, Refund
from entrepot.store.batches.binding import Binding
from entrepot.store.batches.bindings import BINDINGS
from entrepot.store.connections import Connection

_bindings: dict[type[Record], Binding] = {binding.kind: binding for binding in BINDINGS}
_ORDER = _bindings[Order].select("o")

_BY_UUID = f"select {_ORDER} from orders o where workspace = $1 and channel = $2 and uuid = $3"  # noqa: S608

# Both environments are named, so that each is one look-up in the index. An ended order has freed the name and keeps it.
_BY_EXTERNAL_ID = f"""
select {_ORDER}
from unnest(array['live', 'test']) e(name)
cross join lateral (
  select * from orders
  where workspace = $1 and channel = $2 and environment = e.name and external_id = $3 order by id desc limit 1
) o
order by o.id desc limit 1
"""  # noqa: S608


class OwnOrder(msgspec.Struct, frozen=True):
    """An order with its parts, lines and refunds, each kind in order."""

    order: Order
    parts: tuple[OrderPart, ...]
    lines: tuple[OrderLine, ...]
    refunds: tuple[Refund, ...]


async def order_by_uuid(connection: Connection, workspace: int, channel: int, uuid: UUID) -> OwnOrder | None:
    """The account's order of this UUID; None where it has none."""
    return await _read(connection, _BY_UUID, workspace, channel, uuid)


async def order_by_external_id(
    connection: Connection, workspace: int, channel: int, external_id: str
) -> OwnOrder | None:
    """The account's newest order under an id that it gave itself; a live and a test order may share one."""
    return await _read(connection, _BY_EXTERNAL_ID, workspace, channel, external_id)


async def _read(connection: Connection, query: str, workspace: int, *values: Any) -> OwnOrder | None:
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        row = await connection.fetchrow(query, workspace, *values)
        if row is None:
            return None
        order = cast("Order", _bindings[Order].parse(row))
        return OwnOrder(
            order,
            await _children(connection, workspace, order.id, OrderPart),
            await _children(connection, workspace, order.id, OrderLine),
            await _children(connection, workspace, order.id, Refund),
        )


async def _children(connection: Connection, workspace: int, order: int, kind: type[R]) -> tuple[R, ...]:
    rows = await connection.fetch(_OF_ORDER[kind], workspace, order)
    return tuple(cast("R", _bindings[kind].parse(row)) for row in rows)


def _of_order(kind: type[Record]) -> str:
    binding = _bindings[kind]
    return (
        f"select {binding.select('t')} from {binding.table} t "  # noqa: S608  (our own names)
        f'where workspace = $1 and "order" = $2 order by {binding.key_names[-1]}'
    )


_OF_ORDER: dict[type[Record], str] = {kind: _of_order(kind) for kind in (OrderPart, OrderLine, Refund)}
