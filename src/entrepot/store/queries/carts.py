"""Reading a cart by its public id."""

from __future__ import annotations

from datetime import datetime
from typing import cast
from uuid import UUID

from entrepot.domain.carts.partner_carts import CartContents, CartOwner
from entrepot.domain.carts.records import Cart, CartLine
from entrepot.domain.kernel.records import Record
from entrepot.store.batches.binding import Binding
from entrepot.store.batches.bindings import BINDINGS
from entrepot.store.connections import Connection

_bindings: dict[type[Record], Binding] = {binding.kind: binding for binding in BINDINGS}

_NUMBER = "select id from carts where workspace = $1 and uuid = $4 and channel = $2 and environment = $3"

_CART = f"""
select {_bindings[Cart].select("c")} from carts c
where workspace = $1 and uuid = $4 and channel = $2 and environment = $3 and expires_at > $5
"""  # noqa: S608  (our own names)

_LINES = f"""
select {_bindings[CartLine].select("t")} from cart_lines t where workspace = $1 and cart = $2 order by no
"""  # noqa: S608


async def cart_number(connection: Connection, workspace: int, owner: CartOwner, uuid: UUID) -> int | None:
    """The id of the owner's cart of this UUID, expired or not; None where there is none."""
    return await connection.fetchval(_NUMBER, workspace, owner.channel, owner.environment, uuid)


async def read_cart(
    connection: Connection, workspace: int, owner: CartOwner, uuid: UUID, now: datetime
) -> CartContents | None:
    """The owner's cart of this UUID as of one moment; None where there is none that has not expired."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        row = await connection.fetchrow(_CART, workspace, owner.channel, owner.environment, uuid, now)
        if row is None:
            return None
        cart = cast("Cart", _bindings[Cart].parse(row))
        lines = await connection.fetch(_LINES, workspace, cart.id)
        return CartContents(cart, tuple(cast("CartLine", _bindings[CartLine].parse(line)) for line in lines))
