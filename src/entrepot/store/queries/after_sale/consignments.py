"""Reading what there is to carry of an order or of a return, and of which orders returns are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from entrepot.domain.fulfilment.records import Return, ReturnLine
from entrepot.domain.kernel.records import View
from entrepot.domain.kernel.stages import Stage
from entrepot.domain.orders.line_counts import unsent
from entrepot.domain.orders.records import Order, OrderLine, OrderPart
from entrepot.domain.orders.whole_units import Scales
from entrepot.store.batches.readers import PlainReader
from entrepot.store.batches.stages import bring
from entrepot.store.connections import Connection

_ORDERS_OF = """
select r.id, r."order" from unnest((select $2::bigint[])) k(id)
cross join lateral (select id, "order" from returns where workspace = $1 and id = k.id offset 0) r
"""


_SCALES = """
select l."order", l.no, l.scale from unnest((select $2::bigint[])) k(number)
cross join lateral (
  select "order", no, scale from order_lines where workspace = $1 and "order" = k.number and scale > 0 offset 0
) l
"""
_RETURNS_SCALES = """
select l.return_id, l.no, o.scale from unnest((select $2::bigint[]), (select $3::bigint[])) k(id, number)
cross join lateral (
  select return_id, no, line, "order" from return_lines
  where workspace = $1 and "order" = k.number and return_id = k.id offset 0
) l
cross join lateral (
  select scale from order_lines where workspace = $1 and "order" = l."order" and no = l.line and scale > 0 offset 0
) o
"""


class Carriage(msgspec.Struct, frozen=True):
    """An order (with `ret` a return of it), and how many units of which lines are to be carried or on their way."""

    order: Order
    ret: Return | None
    parts: tuple[OrderPart, ...]
    left: tuple[tuple[OrderLine, int], ...]

    @property
    def key(self) -> str:
        """By what a carrier knows it."""
        return (self.order.uuid if self.ret is None else self.ret.uuid).hex


async def read_carriage(
    connection: Connection, workspace: int, order: int, ret: int | None
) -> Carriage | None:
    """What there is to carry now; None where there is no such order or return."""
    view = View(workspace)
    await bring(PlainReader(connection, workspace), {Stage.ORDER: [order], Stage.RETURN: [order]}, view)
    placed = view.get(Order, order)
    coming = None if ret is None else view.get(Return, (order, ret))
    if placed is None or (ret is not None and coming is None):
        return None
    lines = sorted(view.children(OrderLine, order), key=lambda line: line.no)
    counted = _out(placed, lines) if coming is None else _back(view, coming, lines)
    left = tuple((line, units) for line, units in counted if units)
    return Carriage(placed, coming, tuple(view.children(OrderPart, order)), left)


async def orders_of_returns(connection: Connection, workspace: int, returns: Iterable[int]) -> dict[int, int]:
    """Of which order each of these returns is; unknown ones are left out."""
    return dict(await connection.fetch(_ORDERS_OF, workspace, list(returns)))


async def scales_of(
    connection: Connection, workspace: int, orders: Iterable[int], returns: Mapping[int, int]
) -> tuple[dict[int, Scales], dict[int, Scales]]:
    """How many decimals the lines of these orders have, and those of these returns, each given with its order."""
    out = await connection.fetch(_SCALES, workspace, list(orders))
    back = await connection.fetch(_RETURNS_SCALES, workspace, list(returns), list(returns.values()))
    return _by_number(out), _by_number(back)


def _by_number(rows: Iterable[tuple[int, int, int]]) -> dict[int, Scales]:
    found: dict[int, dict[int, int]] = {}
    for number, no, scale in rows:
        found.setdefault(number, {})[no] = scale
    return {number: Scales(of_lines) for number, of_lines in found.items()}


def _out(order: Order, lines: Iterable[OrderLine]) -> Iterable[tuple[OrderLine, int]]:
    if order.state != "placed":
        return ()
    return [(line, unsent(line) + line.shipped) for line in lines]


def _back(view: View, ret: Return, lines: Iterable[OrderLine]) -> Iterable[tuple[OrderLine, int]]:
    under_way: dict[int, int] = {}
    for each in view.children(ReturnLine, ret.order):
        if each.return_id == ret.id:
            under_way[each.line] = under_way.get(each.line, 0) + each.under_way
    return [(line, under_way.get(line.no, 0)) for line in lines]
