"""Reading orders: lists with filters, and one order with all that belongs to it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, DateTime, func, literal_column, select, tuple_, union_all

from entrepot.domain.channels.accounts import Environment
from entrepot.domain.fulfilment.records import Return, ReturnLine, Shipment, ShipmentEvent, ShipmentLine
from entrepot.domain.kernel.ids import from_cuid
from entrepot.domain.kernel.records import R
from entrepot.domain.orders.payments import Payment
from entrepot.domain.orders.records import InvoiceLine, Order, OrderEvent, OrderLine, OrderPart, OrderState
from entrepot.domain.stock.levels import Hold
from entrepot.store import tables
from entrepot.store.batches.binding import Binding
from entrepot.store.batches.bindings import BINDINGS
from entrepot.store.connections import Connection
from entrepot.store.queries._core import Rows, fetch, record_columns

MOST_ORDERS = 1_000
"""The longest page of orders."""
_LARGEST_NUMBER = 2**53

_bindings: dict[type, Binding] = {binding.kind: binding for binding in BINDINGS}
_orders = tables.orders.orders
_references = tables.orders.references


class OrderFilter(msgspec.Struct, frozen=True):
    """Which orders to list; None does not filter. `since` is the earliest `placed_at`."""

    state: OrderState | None = None
    channel: int | None = None
    environment: Environment | None = None
    since: datetime | None = None


class OrderPage(msgspec.Struct, frozen=True):
    """Orders, newest first; `before` is where the next page starts, None on the last one."""

    orders: tuple[Order, ...]
    before: int | None


class OrderDetails(msgspec.Struct, frozen=True):
    """One order with all that belongs to it, each kind in its own order."""

    order: Order
    parts: tuple[OrderPart, ...]
    lines: tuple[OrderLine, ...]
    payments: tuple[Payment, ...]
    events: tuple[OrderEvent, ...]
    holds: tuple[Hold, ...]
    invoice: InvoiceLine | None
    shipments: tuple[Shipment, ...]
    contents: tuple[ShipmentLine, ...]
    tracking: tuple[ShipmentEvent, ...]
    returns: tuple[Return, ...]
    returned: tuple[ReturnLine, ...]


async def list_orders(
    connection: Connection,
    workspace: int,
    wanted: OrderFilter | None = None,
    *,
    limit: int = 50,
    before: int | None = None,
) -> OrderPage:
    """One page of the workspace's orders, newest first; at most `MOST_ORDERS`. It starts below the order `before`.

    Those of one channel come by when they were placed, all others by their numbers.
    """
    limit = max(1, min(limit, MOST_ORDERS))
    wanted = wanted or OrderFilter()
    if wanted.channel is None:
        statement = _filtered(workspace, wanted).order_by(_orders.c.id.desc())
        statement = statement if before is None else statement.where(_orders.c.id < before)
        rows = await fetch(connection, statement.limit(limit + 1))
    else:
        rows = await fetch(connection, _of_channel(workspace, wanted, limit + 1, before))
    orders = tuple(cast("Order", _bindings[Order].parse(row)) for row in rows[:limit])
    return OrderPage(orders, orders[-1].id if len(rows) > limit else None)


async def order_numbers(connection: Connection, workspace: int, name: str) -> list[int]:
    """The numbers of the orders that go by this name: number, UUID, cuid, or else an account's external id.

    Several accounts may have given the same external id; every other name leads to one order at most.
    """
    for statement in _by_name(workspace, name):
        rows = await fetch(connection, statement)
        if rows:
            return [row[0] for row in rows]
    return []


async def show_order(connection: Connection, workspace: int, number: int) -> OrderDetails | None:
    """The order of this number with all that belongs to it, as of one moment; None where there is none."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        rows = await fetch(connection, _filtered(workspace, OrderFilter()).where(_orders.c.id == number))
        if not rows:
            return None
        invoices = await _children(connection, workspace, number, InvoiceLine)
        return OrderDetails(
            cast("Order", _bindings[Order].parse(rows[0])),
            await _children(connection, workspace, number, OrderPart),
            await _children(connection, workspace, number, OrderLine),
            await _children(connection, workspace, number, Payment),
            await _children(connection, workspace, number, OrderEvent),
            await _children(connection, workspace, number, Hold),
            invoices[0] if invoices else None,
            await _children(connection, workspace, number, Shipment),
            await _children(connection, workspace, number, ShipmentLine),
            await _children(connection, workspace, number, ShipmentEvent),
            await _children(connection, workspace, number, Return),
            await _children(connection, workspace, number, ReturnLine),
        )


def _of_channel(workspace: int, wanted: OrderFilter, limit: int, before: int | None) -> Rows:
    """A channel's orders, newest first: of each environment one read of the index that leads there, at any size."""
    environments: tuple[Environment, ...] = (
        ("live", "test") if wanted.environment is None else (wanted.environment,)
    )
    placed, number = _orders.c.placed_at, _orders.c.id
    pages: list[Rows] = []
    for environment in environments:
        page = _filtered(workspace, msgspec.structs.replace(wanted, environment=environment))
        if before is not None:
            page = page.where(tuple_(placed, number) < tuple_(_placed_at(workspace, before), before))
        pages.append(select(page.order_by(placed.desc(), number.desc()).limit(limit).subquery()))
    found = union_all(*pages).subquery()
    return select(found).order_by(found.c.placed_at.desc(), found.c.id.desc()).limit(limit)


def _placed_at(workspace: int, order: int) -> ColumnElement[Any]:
    """When an order was placed; of one that is not there, later than all."""
    placed = select(_orders.c.placed_at).where(_orders.c.workspace == workspace, _orders.c.id == order)
    return func.coalesce(
        placed.scalar_subquery(), literal_column("'infinity'::timestamptz", DateTime(timezone=True))
    )


def _filtered(workspace: int, wanted: OrderFilter) -> Rows:
    statement: Rows = select(*record_columns(_orders)).where(_orders.c.workspace == workspace)
    for name in ("state", "channel", "environment"):
        if (value := getattr(wanted, name)) is not None:
            statement = statement.where(_orders.c[name] == value)
    if wanted.since is not None:
        statement = statement.where(_orders.c.placed_at >= wanted.since)
    return statement


def _by_name(workspace: int, name: str) -> list[Rows]:
    own: Rows = select(_orders.c.id).where(_orders.c.workspace == workspace)
    found: list[Rows] = []
    if name.isascii() and name.isdigit() and len(name) <= 16 and int(name) < _LARGEST_NUMBER:
        found.append(own.where(_orders.c.id == int(name)))
    if (uuid := _uuid(name)) is not None:
        found.append(own.where(_orders.c.uuid == uuid))
    external = own.where(_orders.c.external_id == name.replace("\0", ""))
    return [*found, external.order_by(_orders.c.id).limit(100)]


def _uuid(name: str) -> UUID | None:
    try:
        return from_cuid(name) or UUID(name)
    except ValueError:
        return None


async def _children(connection: Connection, workspace: int, number: int, kind: type[R]) -> tuple[R, ...]:
    binding = _bindings[kind]
    table = tables.metadata.tables[binding.table]
    statement: Rows = (
        select(*record_columns(table))
        .where(table.c.workspace == workspace, table.c.order == number)
        .order_by(*table.primary_key.columns)
    )
    return tuple(cast("R", binding.parse(row)) for row in await fetch(connection, statement))
