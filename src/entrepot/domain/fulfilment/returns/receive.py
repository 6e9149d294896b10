"""Units are back: they are counted, the money for them goes back where the placing channel wants it so, and each is put
into stock again or thrown away.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import ClassVar, Final

import msgspec

from entrepot.domain.channels.accounts import Channel
from entrepot.domain.channels.charging import Steps
from entrepot.domain.fulfilment.records import ReturnLine
from entrepot.domain.fulfilment.returns.work import ReturnCommand, Returning, Told
from entrepot.domain.kernel.commands import Decided, Decision, Ids, refused
from entrepot.domain.kernel.records import Changes, View
from entrepot.domain.kernel.stages import Stage
from entrepot.domain.orders import line_counts as counts
from entrepot.domain.orders.line_counts import Units
from entrepot.domain.orders.payments import RefundedLine
from entrepot.domain.orders.records import Order, OrderLine
from entrepot.domain.outbox.deliveries import AT_ONCE
from entrepot.domain.payments.refund import RefundGrounds, certificates_of, refund_units
from entrepot.domain.stock import levels as stock
from entrepot.domain.stock.adjust import level_at
from entrepot.domain.stock.levels import Level
from entrepot.failures import Failure
from entrepot.failures.fulfilment import TooManyUnits
from entrepot.failures.stock import StockUnknown

MOST_REFUNDS: Final = 32
"""The most payments out of which the money for one receipt is taken; an order has fewer."""
REASON: Final = "Customer Returned"


class ReceiveReturn(ReturnCommand, frozen=True, kw_only=True):
    """Units have arrived. The result is `ReturnState`, with the refunds that were reserved.

    Whether money goes back by itself is the placing channel's setting. `key_until` is real time: until then the
    provider knows the key of a refund that is asked for now; the outbox asks. `steps` are the amounts in which card
    providers can move money, by the name that settings have for them.
    """

    stages: ClassVar[frozenset[Stage]] = frozenset(
        {
            Stage.CHANNEL,
            Stage.ORDER,
            Stage.RETURN,
            Stage.PLACER,
            Stage.CERTIFICATE,
        }
    )

    key_until: datetime
    steps: Mapping[str, Steps] = msgspec.field(default_factory=dict[str, Steps])

    @property
    def ids(self) -> int:
        """One per payment that money may come out of."""
        return MOST_REFUNDS

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """The return; who placed the order, and the certificates that paid for it."""
        order = view.get(Order, self.order)
        if stage is Stage.PLACER:
            return (order.channel,) if order else ()
        return certificates_of(stage, self.order, view) or super().wants(stage, view)

    def act(self, work: Returning, told: Told, view: View, ids: Ids) -> Decision:
        """Refuses more units of a line than are under way."""
        wanted = work.wanted(self.lines, lambda line: line.under_way)
        if isinstance(wanted, Failure):
            return refused(wanted)
        if not wanted:
            return Decided(work.state(), Changes())
        came: dict[int, int] = {}
        for no, quantity in wanted.items():
            work.take(no, quantity, "at_center", "in_transit", "initiated", to="received")
            line = work.of_order[work.lines[no].line]
            came[line.no] = came.get(line.no, 0) + quantity
            work.put_order_line(counts.take_back(line, quantity))
        decided = work.finished("received", told, lines=counts.listed(wanted))
        placer = view.get(Channel, work.order.channel)
        if placer is None or placer.settings.returns.refund == "manual" or work.order.environment != "live":
            return decided
        steps = self.steps.get(placer.settings.cards.gateway)
        return self._with_money(work, came, steps, view, ids)

    def _with_money(
        self, work: Returning, came: dict[int, int], steps: Steps | None, view: View, ids: Ids
    ) -> Decided:
        units = tuple(_unrefunded(work.of_order[no], quantity) for no, quantity in came.items())
        reasons = {work.lines[no].reason: None for no in work.moved if work.lines[no].reason}
        asking = RefundGrounds(
            ", ".join(reasons)[:1_000] or REASON, AT_ONCE, self.key_until, work.ret.id, steps
        )
        order, refunds = refund_units(
            work.order, [each for each in units if each.quantity], asking, view, work.changes, ids
        )
        work.order = order
        return Decided(work.state(refunds), work.changes)


def _unrefunded(line: OrderLine, came: int) -> RefundedLine:
    """Of the units that came back just now, those for which no money went back: neither now nor by hand before."""
    open_units = line.returned + line.cancelled - line.refunded
    return RefundedLine(line.no, max(min(came, open_units), 0))


class Inspection(msgspec.Struct, frozen=True):
    """What becomes of received units of a return's line."""

    no: int
    restock: int = 0
    scrap: int = 0


def inspections(restock: Iterable[Units], scrap: Iterable[Units]) -> tuple[Inspection, ...]:
    """These units of a return's lines are put into stock, and these are thrown away."""
    kept, thrown = counts.added(restock), counts.added(scrap)
    return tuple(Inspection(no, kept.get(no, 0), thrown.get(no, 0)) for no in sorted({**kept, **thrown}))


class InspectReturn(ReturnCommand, frozen=True, kw_only=True):
    """Received units are put into stock at a location, or thrown away. The result is `ReturnState`.

    Without `inspections` all that wait to be looked at are put into stock. Lines that took no stock (untracked ones,
    those of test orders and of orders that were only recorded) give none back: their units are only counted.
    """

    stages: ClassVar[frozenset[Stage]] = frozenset(
        {Stage.CHANNEL, Stage.ORDER, Stage.RETURN, Stage.LOCATION, Stage.VARIANT, Stage.STOCK}
    )

    location: int
    inspections: tuple[Inspection, ...] = ()

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """The return; the location, and the stock of the order's variants."""
        match stage:
            case Stage.LOCATION:
                return (self.location,)
            case Stage.VARIANT | Stage.STOCK:
                order = view.get(Order, self.order)
                return {line.variant for line in _stocked(order, view)} if order else ()
            case _:
                return super().wants(stage, view)

    def act(self, work: Returning, told: Told, view: View, ids: Ids) -> Decision:
        """Refuses more units of a line than wait, and an unknown location."""
        del ids
        wanted = self.inspections or tuple(
            Inspection(line.no, line.uninspected) for line in work.lines.values() if line.uninspected
        )
        if not wanted:
            return Decided(work.state(), Changes())
        stocked = {line.no: line.variant for line in _stocked(work.order, view)}
        levels: dict[int, Level] = {}
        for each in wanted:
            if failure := _inspected(work, each):
                return refused(failure)
            variant = stocked.get(work.lines[each.no].line)
            if variant is None:
                continue
            level = levels.get(variant) or level_at(view, variant, self.location)
            if isinstance(level, StockUnknown):
                return refused(level)
            levels[variant] = stock.scrap(stock.restock(level, each.restock), each.scrap)
        work.changes.put(*levels.values())
        told_lines = [msgspec.to_builtins(each) for each in wanted]
        return work.finished("inspected", told, lines=told_lines, location=self.location)


def _inspected(work: Returning, each: Inspection) -> Failure | None:
    line: ReturnLine | None = work.lines.get(each.no)
    asked, waiting = each.restock + each.scrap, line.uninspected if line else 0
    if line is None or min(each.restock, each.scrap) < 0 or not 1 <= asked <= waiting:
        return TooManyUnits(str(work.order.id), each.no, asked, waiting)
    work.put(
        msgspec.structs.replace(
            line, restocked=line.restocked + each.restock, scrapped=line.scrapped + each.scrap
        )
    )
    return None


def _stocked(order: Order, view: View) -> Iterator[OrderLine]:
    """The lines whose units came out of stock."""
    if order.environment == "live":
        yield from (line for line in view.children(OrderLine, order.id) if line.tracked and line.variant)
