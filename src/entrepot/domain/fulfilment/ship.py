"""Sending what was ordered: promised units leave their locations."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from datetime import datetime

import msgspec

from entrepot.domain.kernel.records import Changes, Command, Decided, Decision, Ids, Stage, View, refused
from entrepot.domain.orders.records import Order, OrderLine, OrderPart, event
from entrepot.domain.stock import levels as stock
from entrepot.domain.stock.levels import Hold, Level
from entrepot.failures.commerce import OrderLocked
from entrepot.failures.orders import OrderUnknown


class Sent(msgspec.Struct, frozen=True):
    """The order, and the lines of it that were sent just now."""

    order: Order
    lines: tuple[OrderLine, ...]


class SendPart(Command, frozen=True, kw_only=True):
    """Send all that is still to be sent of one part of an order (None: of all). The result is `Sent`.

    What was sent before stays so: to send nothing more is no failure.
    """

    channel: int
    order: int
    part: int | None = None

    @property
    def weight(self) -> int:
        """The order, its event, and three rows per line; most orders have few."""
        return 10

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """The order with its holds, then the levels at which they stand."""
        match stage:
            case Stage.ORDER:
                return (self.order,)
            case Stage.STOCK:
                return {hold.variant for hold in view.children(Hold, self.order)}
            case _:
                return ()

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Refuse an unknown order or part, and an order that was cancelled."""
        del ids
        order = view.get(Order, self.order)
        if order is None or order.channel != self.channel or not self._has_part(view):
            return refused(OrderUnknown(str(self.order)))
        if order.state != "placed":
            return refused(OrderLocked(str(self.order)))
        waiting = [line for line in view.children(OrderLine, order.id) if self._of_part(line) and _open(line)]
        if not waiting:
            return Decided(Sent(order, ()), Changes())
        changes = Changes()
        return Decided(send(order, waiting, self.part, view, now, changes), changes)

    def _has_part(self, view: View) -> bool:
        return self.part is None or view.get(OrderPart, (self.order, self.part)) is not None

    def _of_part(self, line: OrderLine) -> bool:
        return self.part is None or line.part == self.part


class LeaveUnsent(SendPart, frozen=True, kw_only=True):
    """Say of one part of an order (None: of all) that it was not sent. The result is `Sent`, without lines."""

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Refuse an unknown order or part, and one of which all was sent: that does not come back by itself."""
        del now, ids
        order = view.get(Order, self.order)
        if order is None or order.channel != self.channel or not self._has_part(view):
            return refused(OrderUnknown(str(self.order)))
        if is_sent([line for line in view.children(OrderLine, order.id) if self._of_part(line)]):
            return refused(OrderLocked(str(self.order)))
        return Decided(Sent(order, ()), Changes())


def is_sent(lines: Sequence[OrderLine]) -> bool:
    """Whether something was sent of these lines, and nothing is left to be sent."""
    return not any(map(_open, lines)) and any(line.shipped + line.delivered for line in lines)


def send(
    order: Order, waiting: Sequence[OrderLine], part: int | None, view: View, now: datetime, changes: Changes
) -> Sent:
    """Send what is open of these lines, all of one order."""
    lines = tuple(_sent(line) for line in waiting)
    after, happened = event(order, "sent", now, part=part, lines=[line.no for line in lines])
    changes.put(after, happened, *lines)
    _ship_holds(order.id, {line.no for line in lines}, view, changes)
    return Sent(after, lines)


def _open(line: OrderLine) -> int:
    return line.new + line.acknowledged


def _sent(line: OrderLine) -> OrderLine:
    return msgspec.structs.replace(line, new=0, acknowledged=0, shipped=line.shipped + _open(line))


def _ship_holds(order: int, lines: set[int], view: View, changes: Changes) -> None:
    levels: dict[Hashable, Level] = {}
    for held in view.children(Hold, order):
        if held.line not in lines:
            continue
        key = (held.variant, held.location)
        level = levels.get(key) or view.get(Level, key)
        if level is None:
            raise LookupError(f"the hold of order {order} stands at a level that does not exist")
        levels[key] = stock.ship(level, held.quantity)
        changes.remove(held)
    changes.put(*levels.values())
