"""Reading one order that an account may see, with what it is told of it."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

import msgspec

from entrepot.domain.channels.accounts import ChannelSettings, Environment
from entrepot.domain.fulfilment.records import Shipment, ShipmentLine
from entrepot.domain.kernel.records import R, Record
from entrepot.domain.orders.access import Asker, may_see
from entrepot.domain.orders.payments import Refund
from entrepot.domain.orders.records import Order, OrderLine, OrderPart
from entrepot.store.batches.binding import Binding
from entrepot.store.batches.bindings import BINDINGS
from entrepot.store.connections import Connection

_bindings: dict[type[Record], Binding] = {binding.kind: binding for binding in BINDINGS}
_ORDER = _bindings[Order].select("o")

_BY_UUID = f"select {_ORDER} from orders o where workspace = $1 and uuid = $2"  # noqa: S608

# Both environments are named, so that each is one look-up in the index. An ended order has freed the name and keeps it.
_BY_EXTERNAL_ID = f"""
select {_ORDER}
from unnest(array[$4, case $4 when 'live' then 'test' else 'live' end]) with ordinality e(name, place)
cross join lateral (
  select * from orders
  where workspace = $1 and channel = $2 and environment = e.name and external_id = $3
    and deleted_at is null order by id desc limit 1
) o
order by e.place limit 1
"""  # noqa: S608


class OwnOrder(msgspec.Struct, frozen=True):
    """An order with its parts, lines, refunds and shipments, each kind in order."""

    order: Order
    parts: tuple[OrderPart, ...]
    lines: tuple[OrderLine, ...]
    refunds: tuple[Refund, ...] = ()
    shipments: tuple[Shipment, ...] = ()
    contents: tuple[ShipmentLine, ...] = ()


async def order_by_uuid(
    connection: Connection, workspace: int, asker: Asker, settings: ChannelSettings, uuid: UUID
) -> OwnOrder | None:
    """The order of this UUID; None where there is none for an account with these settings."""
    found = await _read(connection, _BY_UUID, workspace, uuid)
    return found if found and may_see(asker, settings, found.order) else None


async def order_by_external_id(
    connection: Connection, workspace: int, channel: int, environment: Environment, external_id: str
) -> OwnOrder | None:
    """The account's order under an id that it gave itself.

    A live and a test order may share one: then it is that of `environment`.
    """
    return await _read(connection, _BY_EXTERNAL_ID, workspace, channel, external_id, environment)


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
            await _children(connection, workspace, order.id, Shipment),
            await _children(connection, workspace, order.id, ShipmentLine),
        )


async def _children(connection: Connection, workspace: int, order: int, kind: type[R]) -> tuple[R, ...]:
    rows = await connection.fetch(_OF_ORDER[kind], workspace, order)
    return tuple(cast("R", _bindings[kind].parse(row)) for row in rows)


def _of_order(kind: type[Record]) -> str:
    binding = _bindings[kind]
    return (
        f"select {binding.select('t')} from {binding.table} t "  # noqa: S608  (our own names)
        f'where workspace = $1 and "order" = $2 order by {", ".join(binding.key_names[1:])}'
    )


_KINDS = (OrderPart, OrderLine, Refund, Shipment, ShipmentLine)
_OF_ORDER: dict[type[Record], str] = {kind: _of_order(kind) for kind in _KINDS}
