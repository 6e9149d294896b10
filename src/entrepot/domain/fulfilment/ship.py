"""Working on what was ordered and sending it: promised units leave their locations."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from datetime import datetime
from typing import ClassVar

import msgspec

from entrepot.domain.fulfilment.parcels import Fulfilling, Parcel
from entrepot.domain.fulfilment.records import Shipment
from entrepot.domain.kernel.commands import Command, Decided, Decision, Ids, refused
from entrepot.domain.kernel.records import Changes, View
from entrepot.domain.kernel.stages import Stage
from entrepot.domain.orders import line_counts as counts
from entrepot.domain.orders.access import Asker, seen_order
from entrepot.domain.orders.line_counts import Units
from entrepot.domain.orders.records import Order, OrderLine, OrderPart, event
from entrepot.domain.stock.levels import Hold
from entrepot.failures import Failure
from entrepot.failures.fulfilment import TooManyUnits
from entrepot.failures.orders import OrderLocked, OrderUnknown


class Acknowledged(msgspec.Struct, frozen=True):
    """The order, and the units on which work began just now."""

    order: Order
    lines: tuple[Units, ...]


class Shipped(msgspec.Struct, frozen=True):
    """The order, the shipments that were asked for, and the units that left just now.

    `shipments` may be older than the command: then nothing left now. `left` is what is still to be sent of the part
    (or, where none was named, of the order).
    """

    order: Order
    shipments: tuple[Shipment, ...]
    lines: tuple[Units, ...]
    left: tuple[Units, ...] = ()


class FulfilmentCommand(Command, frozen=True, kw_only=True):
    """What the commands on a placed order share: the order, in whose name it is asked (None: the operator's).

    `at` is when it happened, by default now; the order's own history says when it was learnt.
    """

    stages: ClassVar[frozenset[Stage]] = frozenset({Stage.CHANNEL, Stage.ORDER, Stage.SHIPMENT, Stage.STOCK})

    order: int
    asks: Asker | None = None
    lines: tuple[Units, ...] = ()
    at: datetime | None = None

    @property
    def weight(self) -> int:
        """The order, its event, a shipment with its event, and four rows per line; most orders have few."""
        return 6 + 4 * max(len(self.lines), 2)

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """Who asks; the order with its holds and shipments, then the levels at which the holds stand."""
        match stage:
            case Stage.CHANNEL:
                return (self.asks.channel,) if self.asks else ()
            case Stage.ORDER | Stage.SHIPMENT:
                return (self.order,)
            case Stage.STOCK:
                return {hold.variant for hold in view.children(Hold, self.order)}
            case _:
                return ()

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Refuses an order that is not there for whoever asks, and one that is not placed."""
        del ids
        order = seen_order(view, self.order, self.asks)
        if isinstance(order, OrderUnknown):
            return refused(order)
        if order.state != "placed":
            return refused(OrderLocked(str(self.order)))
        return self.act(order, view, now)

    def act(self, order: Order, view: View, now: datetime) -> Decision:
        """What the command makes of an order that is there."""
        raise NotImplementedError


class Acknowledge(FulfilmentCommand, frozen=True, kw_only=True):
    """Work has begun on units: on all, or of each of `lines` on so many units in all. The result is `Acknowledged`.

    Units that went further count too, so to say it again changes nothing.
    """

    def act(self, order: Order, view: View, now: datetime) -> Decision:
        """Refuses more units of a line than it has left."""
        lines = {line.no: line for line in view.children(OrderLine, order.id)}
        wanted: dict[int, int] = {}
        for no, quantity in (counts.added(self.lines) or _all(lines.values())).items():
            line = lines.get(no)
            left = line.quantity - line.cancelled if line else 0
            if line is None or not 1 <= quantity <= left:
                return refused(TooManyUnits(str(order.id), no, quantity, left))
            if (more := quantity - (left - line.new)) > 0:
                wanted[no] = more
        if not wanted:
            return Decided(Acknowledged(order, ()), Changes())
        after = [counts.acknowledge(lines[no], quantity) for no, quantity in wanted.items()]
        order = counts.counted(order, counts.merged(list(lines.values()), after))
        order, happened = event(order, "acknowledged", now, lines=counts.listed(wanted))
        return Decided(Acknowledged(order, counts.listed(wanted)), Changes((order, happened, *after)))


def _all(lines: Iterable[OrderLine]) -> dict[int, int]:
    return {line.no: line.quantity - line.cancelled for line in lines if line.quantity > line.cancelled}


class ShipUnits(FulfilmentCommand, frozen=True, kw_only=True):
    """Send units of an order, or without any all that can be sent (of one `part`). The result is `Shipped`.

    What was sent before stays so: to send nothing more is no failure, and a parcel of the same label is sent once.
    Units that are owed and not there cannot be sent: where no units are named, the others go without them.
    """

    part: int | None = None
    parcel: Parcel = Parcel()

    def act(self, order: Order, view: View, now: datetime) -> Decision:
        """Refuses an unknown part, more units than are left to send, and units that are not there."""
        if self.part is not None and view.get(OrderPart, (order.id, self.part)) is None:
            return refused(OrderUnknown(str(order.id)))
        work = Fulfilling(order, view, now, self.at)
        if self.parcel.label and (known := work.labelled(self.parcel.label)):
            return Decided(Shipped(order, tuple(known), (), work.left(self.part)), Changes())
        wanted = work.unsent(self.lines, self.part)
        if isinstance(wanted, Failure):
            return refused(wanted)
        if not wanted:
            return Decided(Shipped(order, (), ()), Changes())
        going = wanted if self.lines else work.there(wanted) or wanted
        if failure := work.ship(going, self.parcel):
            return refused(failure)
        sent = counts.listed(going)
        order = work.finished("sent", shipments=[each.no for each in work.shipments], lines=sent)
        return Decided(Shipped(order, work.shipments, sent, work.left(self.part)), work.changes)


class LeaveUnsent(FulfilmentCommand, frozen=True, kw_only=True):
    """Say of one part of an order (None: of all) that it was not sent. The result is `Shipped`, of nothing."""

    part: int | None = None

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Refuse an unknown order or part, and one of which all was sent: that does not come back by itself."""
        del now, ids
        order = seen_order(view, self.order, self.asks)
        if isinstance(order, OrderUnknown):
            return refused(order)
        if self.part is not None and view.get(OrderPart, (order.id, self.part)) is None:
            return refused(OrderUnknown(str(order.id)))
        lines = view.children(OrderLine, order.id)
        if is_sent([line for line in lines if self.part in (None, line.part)]):
            return refused(OrderLocked(str(self.order)))
        return Decided(Shipped(order, (), ()), Changes())


def is_sent(lines: Sequence[OrderLine]) -> bool:
    """Whether something was sent of these lines, and nothing is left to be sent."""
    return not any(map(counts.unsent, lines)) and any(map(counts.sent, lines))


def send_all(order: Order, view: View, now: datetime, changes: Changes) -> Order | Failure:
    """Send what is still to be sent of a placed order, into a change set that has changed the order before."""
    work = Fulfilling(order, view, now)
    wanted = work.unsent((), None)
    if isinstance(wanted, Failure) or not wanted:
        return wanted if isinstance(wanted, Failure) else order
    if failure := work.ship(wanted, Parcel()):
        return failure
    sent = work.finished("sent", shipments=[each.no for each in work.shipments], lines=counts.listed(wanted))
    changes.join(work.changes)
    return sent
