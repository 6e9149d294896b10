"""Plain reads around attempts: the attempt itself, its account's settings, and the order that it became."""

from __future__ import annotations

from typing import cast

import msgspec

from entrepot.domain.channels.accounts import ChannelSettings
from entrepot.domain.kernel.records import View
from entrepot.domain.kernel.stages import Stage
from entrepot.domain.orders.owed import collectable
from entrepot.domain.orders.payments import Payment, Refund
from entrepot.domain.orders.records import Order, OrderLine, OrderPart
from entrepot.domain.placing.attempts import Attempt
from entrepot.domain.placing.place import Placed
from entrepot.store.batches.readers import PlainReader
from entrepot.store.batches.stages import bring
from entrepot.store.connections import Connection

_SETTINGS = "select settings from channels where workspace = $1 and id = $2"
_ACCOUNT_OF = """
select c.settings, o.environment from orders o join channels c on c.workspace = o.workspace and c.id = o.channel
where o.workspace = $1 and o.id = $2
"""
_UNTOLD = """
select "order" from attempts
where workspace = $1 and channel = $2 and environment = $3 and request = $4 and untold order by id desc limit 1
"""
# Few attempts are open at a time, in all workspaces together, and an index knows them.
_PAYING = "select id from attempts where workspace = $1 and \"order\" = $2 and state = 'open'"
_settings = msgspec.json.Decoder(ChannelSettings).decode


async def read_attempt(connection: Connection, workspace: int, number: int) -> Attempt | None:
    """The attempt as it stands now."""
    view = View(workspace)
    await bring(PlainReader(connection, workspace), {Stage.ATTEMPT: [number]}, view)
    return view.get(Attempt, number)


async def read_placed(connection: Connection, workspace: int, number: int) -> Placed | None:
    """An order with its parts, lines and first payment."""
    view = View(workspace)
    await bring(PlainReader(connection, workspace), {Stage.ORDER: [number]}, view)
    order = view.get(Order, number)
    if order is None:
        return None
    payments = view.children(Payment, number)
    parts, lines = view.children(OrderPart, number), view.children(OrderLine, number)
    return Placed(order, tuple(parts), tuple(lines), payments[0] if payments else None)


async def paying_attempt(connection: Connection, workspace: int, order: int) -> int | None:
    """The open attempt at paying an order."""
    return await connection.fetchval(_PAYING, workspace, order)


async def read_untold(
    connection: Connection, workspace: int, channel: int, environment: str, request: str
) -> Placed | None:
    """The order that came of this very request after its caller had been told of a failure."""
    order = await connection.fetchval(_UNTOLD, workspace, channel, environment, request)
    return None if order is None else await read_placed(connection, workspace, order)


async def read_refund(
    connection: Connection, workspace: int, number: int, refund_id: int
) -> tuple[Order, Refund, Payment] | None:
    """A refund with its order and the payment that it is of."""
    view = View(workspace)
    await bring(PlainReader(connection, workspace), {Stage.ORDER: [number]}, view)
    order, refund = view.get(Order, number), view.get(Refund, (number, refund_id))
    payment = view.get(Payment, (number, refund.payment)) if refund else None
    return (order, refund, payment) if order and refund and payment else None


async def read_payment(
    connection: Connection, workspace: int, number: int, payment: int
) -> tuple[Order, Payment, int] | None:
    """A payment by its id, with its order, and how much of it is due in minor units."""
    view = View(workspace)
    await bring(PlainReader(connection, workspace), {Stage.ORDER: [number]}, view)
    order = view.get(Order, number)
    found = next((p for p in view.children(Payment, number) if p.id == payment), None)
    return (order, found, collectable(order, found, view)) if order and found else None


async def read_settings(connection: Connection, workspace: int, channel: int) -> ChannelSettings:
    """An account's settings. Raises `LookupError` where there is no such account."""
    text = await connection.fetchval(_SETTINGS, workspace, channel)
    if text is None:
        raise LookupError(f"there is no channel {channel}")
    return _settings(cast("str", text))


async def read_account_of(connection: Connection, workspace: int, order: int) -> tuple[ChannelSettings, str]:
    """The settings of the account that placed an order, and the order's environment.

    Raises `LookupError` where there is no such order.
    """
    row = await connection.fetchrow(_ACCOUNT_OF, workspace, order)
    if row is None:
        raise LookupError(f"there is no order {order}")
    return _settings(row[0]), row[1]
