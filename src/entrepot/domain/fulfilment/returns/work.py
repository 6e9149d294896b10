"""What the commands on a return share: the return while its units move, and how it is told."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from datetime import datetime
from typing import ClassVar

import msgspec

from entrepot.domain.fulfilment.records import Return, ReturnEvent, ReturnLine
from entrepot.domain.kernel.commands import Command, Decided, Decision, Ids, refused
from entrepot.domain.kernel.records import Changes, View
from entrepot.domain.kernel.stages import Stage
from entrepot.domain.orders import line_counts as counts
from entrepot.domain.orders.access import Asker, seen_order
from entrepot.domain.orders.line_counts import Units
from entrepot.domain.orders.payments import Refund
from entrepot.domain.orders.records import Order, OrderLine, event
from entrepot.domain.orders.whole_units import Scales
from entrepot.failures import Failure
from entrepot.failures.fulfilment import ReturnUnknown, TooManyUnits
from entrepot.failures.orders import OrderUnknown

Possible = Callable[[ReturnLine], int]
"""How many units of a return's line can go one way."""


class ReturnState(msgspec.Struct, frozen=True):
    """A return as it now stands, with its order, lines and history, and the decimals of the order's lines' units.

    `moved` are the units that moved just now, by the return's own lines; `refunds` is the money reserved with it.
    """

    order: Order
    ret: Return
    lines: tuple[ReturnLine, ...]
    events: tuple[ReturnEvent, ...]
    scales: dict[int, int]
    moved: tuple[Units, ...] = ()
    refunds: tuple[Refund, ...] = ()


def of_return(lines: Iterable[ReturnLine], order: Scales) -> Scales:
    """The decimals of a return's lines, by their own numbers; `order` has those of the order's lines."""
    return order.through({each.no: each.line for each in lines})


class Told(msgspec.Struct, frozen=True):
    """When something happened, and what the carrier calls it; each of a return's events is told once."""

    at: datetime
    event_id: str | None = None


class Returning:
    """One return of an order while its units move."""

    def __init__(self, order: Order, ret: Return, view: View, now: datetime) -> None:
        self.order = order
        self.ret = ret
        self.lines = {
            each.no: each for each in view.children(ReturnLine, order.id) if each.return_id == ret.id
        }
        self.of_order = {line.no: line for line in view.children(OrderLine, order.id)}
        self.events = [each for each in view.children(ReturnEvent, order.id) if each.return_id == ret.id]
        self.changes = Changes()
        self.moved: dict[int, int] = {}
        self._now = now

    @property
    def now(self) -> datetime:
        """The time of the command."""
        return self._now

    @property
    def is_cancelled(self) -> bool:
        """Whether nothing of it came back, or will."""
        return not any(line.comes_back for line in self.lines.values())

    def wanted(self, units: Iterable[Units], possible: Possible) -> Mapping[int, int] | Failure:
        """These units by line of the return, or without any all that can go that way."""
        asked = counts.added(units)
        if not asked:
            return {no: possible(line) for no, line in self.lines.items() if possible(line)}
        for no, quantity in asked.items():
            line = self.lines.get(no)
            most = possible(line) if line else 0
            if not 1 <= quantity <= most:
                return TooManyUnits(str(self.order.id), no, quantity, most)
        return asked

    def take(self, no: int, quantity: int, *stages: str, to: str) -> None:
        """Move units of a line out of these stages, in this order, to another."""
        line = self.lines[no]
        for stage in stages:
            part = min(getattr(line, stage), quantity)
            moved = {stage: getattr(line, stage) - part, to: getattr(line, to) + part}
            line = msgspec.structs.replace(line, **moved)
            quantity -= part
            self.moved[no] = self.moved.get(no, 0) + part
        self.put(line)

    def put(self, line: ReturnLine) -> None:
        """The line as it now is."""
        self.lines[line.no] = line
        self.changes.put(line)

    def put_order_line(self, line: OrderLine) -> None:
        """The order's line as it now is."""
        self.of_order[line.no] = line
        self.changes.put(line)

    def state(self, refunds: Iterable[Refund] = ()) -> ReturnState:
        """The return as it now stands."""
        return ReturnState(
            self.order,
            self.ret,
            tuple(sorted(self.lines.values(), key=lambda line: line.no)),
            tuple(sorted(self.events, key=lambda each: each.seq)),
            {line.no: line.scale for line in self.of_order.values()},
            counts.listed(self.moved),
            tuple(refunds),
        )

    def finished(self, kind: str, told: Told, **data: object) -> Decided:
        """Write what happened, in the history of the return and of its order."""
        seq = self.ret.events + 1
        self.ret = msgspec.structs.replace(self.ret, events=seq, changed_at=self._now)
        happened = ReturnEvent(self.order.id, self.ret.id, seq, told.event_id, told.at, kind, dict(data))
        counted = counts.counted(self.order, list(self.of_order.values()))
        self.order, noted = event(counted, f"return-{kind}", self._now, **{"return": self.ret.id}, **data)
        self.events.append(happened)
        self.changes.put(self.ret, happened, self.order, noted)
        return Decided(self.state(), self.changes)


class ReturnCommand(Command, frozen=True, kw_only=True):
    """What the commands on an open return share: its order and id, in whose name (None: the operator's), what is told.

    `lines` are units by the return's own lines; without any, all that can go that way do. `at` is when it happened, by
    default now. An event whose id was told before changes nothing.
    """

    stages: ClassVar[frozenset[Stage]] = frozenset({Stage.CHANNEL, Stage.ORDER, Stage.RETURN})

    order: int
    return_id: int
    asks: Asker | None = None
    lines: tuple[Units, ...] = ()
    event_id: str | None = None
    at: datetime | None = None

    @property
    def weight(self) -> int:
        """The return, the order, both their events, and two rows per line; most returns have few."""
        return 12

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """Who asks, and the order with its returns."""
        del view
        match stage:
            case Stage.CHANNEL:
                return (self.asks.channel,) if self.asks else ()
            case Stage.ORDER | Stage.RETURN:
                return (self.order,)
            case _:
                return ()

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Refuses a return that is not there for whoever asks; else it is the command's own rule."""
        order = seen_order(view, self.order, self.asks)
        ret = view.get(Return, (self.order, self.return_id))
        if isinstance(order, OrderUnknown) or ret is None:
            return refused(ReturnUnknown(str(self.return_id)))
        work = Returning(order, ret, view, now)
        if self.event_id is not None and self._told(view):
            return Decided(work.state(), Changes())
        return self.act(work, Told(self.at or now, self.event_id), view, ids)

    def act(self, work: Returning, told: Told, view: View, ids: Ids) -> Decision:
        """What the command makes of a return that is there."""
        raise NotImplementedError

    def _told(self, view: View) -> bool:
        events = view.children(ReturnEvent, self.order)
        return any(each.return_id == self.return_id and each.event_id == self.event_id for each in events)
