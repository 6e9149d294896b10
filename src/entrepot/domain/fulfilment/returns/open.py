"""Opening a return: delivered units are announced to come back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Sequence
from datetime import datetime
from typing import Any, ClassVar, Final

import msgspec

from entrepot.domain.channels.accounts import Channel, Reference
from entrepot.domain.fulfilment.records import Return, ReturnLine
from entrepot.domain.fulfilment.returns.label import ask_for_label
from entrepot.domain.fulfilment.returns.work import Returning, Told
from entrepot.domain.kernel.commands import Command, Decided, Decision, Ids, refused
from entrepot.domain.kernel.records import Changes, View
from entrepot.domain.kernel.stages import Stage
from entrepot.domain.orders import line_counts as counts
from entrepot.domain.orders.access import Asker, seen_order
from entrepot.domain.orders.records import Order, OrderLine
from entrepot.failures import Failure
from entrepot.failures.fulfilment import (
    DuplicateReturn,
    NothingDelivered,
    ReturnItemUnknown,
    TooManyToReturn,
)
from entrepot.failures.orders import OrderTooLarge, OrderUnknown

RETURN_NAME: Final = "external-return"
MOST_WISHES: Final = 1_000


class ReturnWish(msgspec.Struct, frozen=True):
    """So many units of an order line (by its number), or of a SKU: then of its lines in their order."""

    quantity: int
    reason: str = ""
    line: int | None = None
    sku: str | None = None

    @property
    def item(self) -> str:
        """What the caller named."""
        return str(self.line) if self.line is not None else self.sku or ""


class OpenReturn(Command, frozen=True, kw_only=True):
    """Announce that units come back: these, or without any all that stand delivered. The result is `ReturnState`.

    `name` is what the channel that asks calls the return; the same name again, with the same units, is the same return.
    Where that channel (for the operator: the one that placed the order) has a label service, the outbox asks it for a
    label.
    """

    stages: ClassVar[frozenset[Stage]] = frozenset(
        {Stage.CHANNEL, Stage.REFERENCE, Stage.ORDER, Stage.RETURN, Stage.PLACER}
    )

    order: int
    asks: Asker | None = None
    wishes: tuple[ReturnWish, ...] = ()
    name: str | None = None
    data: dict[str, Any] = msgspec.field(default_factory=dict[str, Any])

    @property
    def ids(self) -> int:
        """The return's."""
        return 1

    @property
    def weight(self) -> int:
        """The return, its name and label, the order, both their events, and two rows per line."""
        return 7 + 2 * max(len(self.wishes), 2)

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """Who asks, the name, and the order with its returns; where it is the operator, who placed it."""
        match stage:
            case Stage.CHANNEL:
                return (self.asks.channel,) if self.asks else ()
            case Stage.REFERENCE:
                return [name] if (name := self._name) else ()
            case Stage.ORDER | Stage.RETURN:
                return (self.order,)
            case Stage.PLACER:
                order = None if self.asks else view.get(Order, self.order)
                return (order.channel,) if order else ()
            case _:
                return ()

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Refuses an order that is not there for who asks; then lines that it lacks, that did not arrive, too many."""
        order = seen_order(view, self.order, self.asks)
        if isinstance(order, OrderUnknown):
            return refused(order)
        if (name := self._name) and (taken := view.get(Reference, name)):
            return self._known(order, taken, view, now)
        lines = sorted(view.children(OrderLine, order.id), key=lambda line: line.no)
        wishes = self.wishes or tuple(
            ReturnWish(line.delivered, line=line.no) for line in lines if line.delivered
        )
        if failures := _faults(order, lines, wishes):
            return refused(*failures)
        return self._opened(order, lines, wishes, view, now, ids)

    @property
    def _name(self) -> tuple[int, str, str, str] | None:
        if self.name is None or self.asks is None:
            return None
        return (self.asks.channel, self.asks.environment or "live", RETURN_NAME, self.name)

    def _known(self, order: Order, taken: Reference, view: View, now: datetime) -> Decision:
        ret = view.get(Return, (order.id, taken.target))
        work = None if ret is None else Returning(order, ret, view, now)
        if work is None or not self._is_of(work.lines.values()):
            return refused(DuplicateReturn(self.name or ""))
        return Decided(work.state(), Changes())

    def _is_of(self, lines: Collection[ReturnLine]) -> bool:
        """Whether these are the units that are wished for; of a SKU, all of its lines together."""
        if not self.wishes:
            return True
        wished, stands = Counter[tuple[int | None, str | None]](), Counter[tuple[int | None, str | None]]()
        for wish in self.wishes:
            wished[(wish.line, None) if wish.line is not None else (None, wish.sku)] += wish.quantity
        for line in lines:
            by_line = (line.line, None)
            stands[by_line if by_line in wished else (None, line.sku)] += line.quantity
        return wished == stands

    def _opened(
        self,
        order: Order,
        lines: Sequence[OrderLine],
        wishes: Sequence[ReturnWish],
        view: View,
        now: datetime,
        ids: Ids,
    ) -> Decided:
        channel = self.asks.channel if self.asks else None
        ret = Return(order.id, ids.next(), ids.uuid(), channel, self.name, self.data, now, now)
        work = Returning(order, ret, view, now)
        ask_for_label(work, view.get(Channel, order.channel if channel is None else channel), now, ids)
        left = {line.no: line.delivered for line in lines}
        for wish in wishes:
            quantity = wish.quantity
            for line in _of(wish, lines):
                part = min(left[line.no], quantity)
                if not part:
                    continue
                left[line.no] -= part
                quantity -= part
                no = len(work.lines) + 1
                work.put(ReturnLine(order.id, ret.id, no, line.no, line.sku, wish.reason, part, part))
                work.moved[no] = part
                work.put_order_line(counts.send_back(work.of_order[line.no], part))
        if name := self._name:
            work.changes.put(Reference(*name, ret.id))
        return work.finished("opened", Told(now), lines=counts.listed(work.moved))


def _of(wish: ReturnWish, lines: Iterable[OrderLine]) -> list[OrderLine]:
    if wish.line is not None:
        return [line for line in lines if line.no == wish.line]
    return [line for line in lines if line.sku == wish.sku]


def _faults(order: Order, lines: Sequence[OrderLine], wishes: Sequence[ReturnWish]) -> list[Failure]:
    """The faults of the first kind that there is, of all wishes."""
    number = str(order.id)
    if len(wishes) > MOST_WISHES:
        return [OrderTooLarge("lines", MOST_WISHES)]
    places = list(enumerate(wishes))
    if unknown := [(place, wish) for place, wish in places if not _of(wish, lines)]:
        return [ReturnItemUnknown(number, wish.item, place) for place, wish in unknown]
    waiting = [(place, wish) for place, wish in places if not any(map(counts.arrived, _of(wish, lines)))]
    if waiting or not wishes:
        unsent: list[Failure] = [NothingDelivered(number, wish.item, place) for place, wish in waiting]
        return unsent or [NothingDelivered(number, "")]
    left = {line.no: line.delivered for line in lines}
    return [
        failure for place, wish in places if (failure := _taken(number, place, wish, _of(wish, lines), left))
    ]


def _taken(
    order: str, place: int, wish: ReturnWish, lines: Sequence[OrderLine], left: dict[int, int]
) -> Failure | None:
    """Whether so many are left; they are taken off `left`."""
    there = sum(left[line.no] for line in lines)
    if not 1 <= wish.quantity <= there:
        return TooManyToReturn(order, wish.item, wish.quantity, there, place)
    quantity = wish.quantity
    for line in lines:
        part = min(left[line.no], quantity)
        left[line.no] -= part
        quantity -= part
    return None
