"""Reading what labels of returns are made from, and which label stands under a key."""

from __future__ import annotations

from uuid import UUID

import msgspec

from entrepot.domain.fulfilment.records import Return, ReturnLabel, ReturnLine
from entrepot.domain.kernel.records import View
from entrepot.domain.kernel.stages import Stage
from entrepot.domain.orders.records import Order
from entrepot.store.batches.readers import PlainReader
from entrepot.store.batches.stages import bring
from entrepot.store.connections import Connection

_LABEL = "select label from returns where workspace = $1 and label_key = $2"


class ReturnedOrder(msgspec.Struct, frozen=True):
    """A return with its order, and whether anything of it came back or still will."""

    ret: Return
    order: Order
    comes_back: bool


async def read_returned(
    connection: Connection, workspace: int, order: int, number: int
) -> ReturnedOrder | None:
    """The return of this id with the order that it is of; None where there is none."""
    view = View(workspace)
    reader = PlainReader(connection, workspace)
    await bring(reader, {Stage.ORDER: [order], Stage.RETURN: [order]}, view)
    placed, ret = view.get(Order, order), view.get(Return, (order, number))
    if placed is None or ret is None:
        return None
    lines = [each for each in view.children(ReturnLine, order) if each.return_id == number]
    return ReturnedOrder(ret, placed, any(each.comes_back for each in lines))


async def label_of(connection: Connection, workspace: int, key: UUID) -> ReturnLabel | None:
    """The label that was asked for under this key for a return, once it is there."""
    text = await connection.fetchval(_LABEL, workspace, key)
    return None if text is None else msgspec.json.decode(text, type=ReturnLabel)
