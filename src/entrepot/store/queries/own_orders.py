"""Reading orders that an account may see, with what it is told of them: each time one statement, of one moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import func, select

from entrepot.domain.channels.accounts import ChannelSettings, Environment
from entrepot.domain.fulfilment.records import Shipment, ShipmentEvent, ShipmentLine
from entrepot.domain.kernel.records import Record
from entrepot.domain.orders.access import Asker, may_see, sees_others
from entrepot.domain.orders.payments import Refund
from entrepot.domain.orders.records import Order, OrderLine, OrderPart, Progress
from entrepot.store import tables
from entrepot.store.batches.finds import binding_of
from entrepot.store.connections import Connection
from entrepot.store.queries._core import Rows, fetch

MOST_COUNTED = 50_100
"""Up to here orders of a list are counted; nobody pages further."""
_LARGEST_NUMBER = 2**53

_BY_UUID = "(select * from orders where workspace = $1 and uuid = $2) o"

# Both environments are named, so that each is one look-up in the index. An ended order has freed the name and keeps it.
_BY_EXTERNAL_ID = """
unnest(array[$4, case $4 when 'live' then 'test' else 'live' end]) with ordinality e(name, place)
cross join lateral (
  select * from orders
  where workspace = $1 and channel = $2 and environment = e.name and external_id = $3
    and deleted_at is null order by id desc limit 1
) o
order by e.place limit 1
"""
_BY_NUMBERS = """
unnest((select $2::bigint[]), (select $3::text[]), (select $4::text[]))
with ordinality k(channel, environment, number, place)
cross join lateral (
  select * from orders
  where workspace = $1 and channel = k.channel and environment = k.environment and external_id = k.number
    and deleted_at is null
  order by id desc limit 1
) o
"""
_BY_IDS = """
unnest((select $2::bigint[])) with ordinality k(id, place)
cross join lateral (select * from orders where workspace = $1 and id = k.id offset 0) o
"""

_orders, _shipments = tables.orders.orders, tables.fulfilment.shipments


class OwnOrder(msgspec.Struct, frozen=True):
    """An order with its parts, lines, refunds and shipments, each kind in order."""

    order: Order
    parts: tuple[OrderPart, ...]
    lines: tuple[OrderLine, ...]
    refunds: tuple[Refund, ...] = ()
    shipments: tuple[Shipment, ...] = ()
    contents: tuple[ShipmentLine, ...] = ()
    tracking: tuple[ShipmentEvent, ...] = ()


class OrderName(NamedTuple):
    """A number that an account gave to an order of its own."""

    channel: int
    environment: Environment
    number: str


class OrderSearch(msgspec.Struct, frozen=True):
    """Which orders to list; None does not filter. `since` is the earliest `placed_at`, `until` the first too late.

    `order` is its id, `shipment` an order's id with the number of one of its shipments.
    """

    since: datetime | None = None
    until: datetime | None = None
    order: int | None = None
    tracking: str | None = None
    shipment: tuple[int, int] | None = None
    progress: Progress | None = None
    storefront: UUID | None = None


async def order_by_uuid(
    connection: Connection, workspace: int, asker: Asker, settings: ChannelSettings, uuid: UUID
) -> OwnOrder | None:
    """The order of this UUID; None where there is none for an account with these settings."""
    row = await connection.fetchrow(_told(_BY_UUID), workspace, uuid)
    found = _own(row) if row else None
    return found if found and may_see(asker, settings, found.order) else None


async def order_by_external_id(
    connection: Connection, workspace: int, channel: int, environment: Environment, external_id: str
) -> OwnOrder | None:
    """The account's order under an id that it gave itself.

    A live and a test order may share one: then it is that of `environment`.
    """
    row = await connection.fetchrow(_told(_BY_EXTERNAL_ID), workspace, channel, external_id, environment)
    return _own(row) if row else None


async def orders_by_number(
    connection: Connection, workspace: int, names: Sequence[OrderName]
) -> Mapping[OrderName, OwnOrder]:
    """The orders that go by these numbers, the newest of each; unknown ones are left out."""
    columns = zip(*names, strict=True)
    rows = await connection.fetch(_told(_BY_NUMBERS, "k.place"), workspace, *map(list, columns))
    return {names[row[-1] - 1]: _own(row) for row in rows}


async def orders_by_id(
    connection: Connection, workspace: int, numbers: Sequence[int]
) -> Mapping[int, OwnOrder]:
    """The orders of these ids, whoever may see them; unknown ones are left out."""
    rows = await connection.fetch(_told(_BY_IDS, "k.id"), workspace, list(numbers))
    return {row[-1]: _own(row) for row in rows}


async def order_by_id(
    connection: Connection, workspace: int, asker: Asker, settings: ChannelSettings, name: str
) -> OwnOrder | None:
    """The order whose id is written so; None where there is none for an account with these settings."""
    if not (name.isascii() and name.isdigit() and len(name) <= 16 and int(name) < _LARGEST_NUMBER):
        return None
    found = (await orders_by_id(connection, workspace, [int(name)])).get(int(name))
    return found if found and may_see(asker, settings, found.order) else None


async def search_orders(
    connection: Connection,
    workspace: int,
    asker: Asker,
    settings: ChannelSettings,
    search: OrderSearch,
    *,
    limit: int,
    offset: int,
    oldest_first: bool = False,
) -> tuple[list[int], int]:
    """One page of the ids of an account's orders, newest first, and how many there are (at most `MOST_COUNTED`).

    What an account sees of others comes by its id, its own by when it was placed.
    """
    found = _found(workspace, asker, settings, search)
    whole = sees_others(settings, asker.environment)
    order = (_orders.c.id,) if whole else (_orders.c.placed_at, _orders.c.id)
    page = found.order_by(*(each if oldest_first else each.desc() for each in order))
    rows = await fetch(connection, page.limit(limit).offset(offset))
    counted: Rows = select(func.count()).select_from(found.limit(MOST_COUNTED).subquery())
    total = await fetch(connection, counted)
    return [row[0] for row in rows], total[0][0]


def _found(workspace: int, asker: Asker, settings: ChannelSettings, search: OrderSearch) -> Rows:
    statement: Rows = select(_orders.c.id).where(
        _orders.c.workspace == workspace, _orders.c.deleted_at.is_(None)
    )
    if asker.environment is not None:
        statement = statement.where(_orders.c.environment == asker.environment)
    if not sees_others(settings, asker.environment):
        statement = statement.where(_orders.c.channel == asker.channel)
    if search.since is not None:
        statement = statement.where(_orders.c.placed_at >= search.since)
    if search.until is not None:
        statement = statement.where(_orders.c.placed_at < search.until)
    if search.progress is not None:
        statement = statement.where(_orders.c.progress == search.progress)
    if search.storefront is not None:
        statement = statement.where(_orders.c.data["storefront"].astext == str(search.storefront))
    if search.order is not None:
        statement = statement.where(_orders.c.id == search.order)
    return _shipped_as(statement, workspace, search)


def _shipped_as(statement: Rows, workspace: int, search: OrderSearch) -> Rows:
    shipped = select(_shipments.c.order).where(_shipments.c.workspace == workspace)
    if search.tracking is not None:
        own = shipped.where(_shipments.c.tracking == search.tracking, _shipments.c.tracking != "")
        statement = statement.where(_orders.c.id.in_(own))
    if search.shipment is not None:
        order, no = search.shipment
        own = shipped.where(_shipments.c.order == order, _shipments.c.no == no)
        statement = statement.where(_orders.c.id.in_(own))
    return statement


_KINDS: tuple[type[Record], ...] = (OrderPart, OrderLine, Refund, Shipment, ShipmentLine, ShipmentEvent)
_order = msgspec.json.Decoder(Order).decode
_parse: tuple[Any, ...] = tuple(msgspec.json.Decoder(tuple[kind, ...]).decode for kind in _KINDS)


@cache
def _told(source: str, *more: str) -> str:
    """The statement that reads the orders `o` of a source with all their children, as JSON texts."""
    order = f"(select to_json(t)::text from (select {binding_of[Order].in_json('o')}) t)"  # noqa: S608
    return f"select {', '.join([order, *map(_of_order, _KINDS), *more])} from {source}"  # noqa: S608  (our own names)


def _of_order(kind: type[Record]) -> str:
    binding = binding_of[kind]
    order = ", ".join(f'c."{name}"' for name in binding.key_names[1:])
    return (
        f"(select coalesce(json_agg(t), '[]')::text from (select {binding.in_json('c')} "  # noqa: S608
        f'from {binding.table} c where c.workspace = $1 and c."order" = o.id order by {order}) t)'
    )


def _own(row: Sequence[Any]) -> OwnOrder:
    children = (parse(text) for parse, text in zip(_parse, row[1:], strict=False))
    return OwnOrder(_order(row[0]), *children)
