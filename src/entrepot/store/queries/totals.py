"""Reading what carts come to: the very sums by which checkout would place them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from entrepot.domain.carts.records import Cart
from entrepot.domain.carts.totals import CartReading, Totals, total
from entrepot.domain.kernel.records import View
from entrepot.store.batches.readers import PlainReader
from entrepot.store.batches.stages import load
from entrepot.store.connections import Connection


async def read_totals(
    connection: Connection, workspace: int, channel: int, carts: Sequence[int]
) -> Mapping[int, Totals]:
    """The totals of a channel's carts by id, as things stand now; carts that are not there are left out.

    For one state of the database the caller reads in a transaction of its own.
    """
    view = View(workspace)
    await load(PlainReader(connection, workspace), [CartReading(channel, number) for number in carts], view)
    found = [cart for number in carts if (cart := view.get(Cart, number)) and cart.channel == channel]
    return {cart.id: total(cart, view) for cart in found}
