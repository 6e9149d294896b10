"""Cancelling units of an order that nobody has shipped yet: promises are taken back, and what they cost is told."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from entrepot.domain.kernel.commands import Command, Decided, Decision, Ids, refused
from entrepot.domain.kernel.records import Changes, View
from entrepot.domain.kernel.stages import Stage
from entrepot.domain.orders import line_counts as counts
from entrepot.domain.orders.access import Asker, seen_order
from entrepot.domain.orders.ending import end, ending_wants
from entrepot.domain.orders.line_counts import Units, unsent
from entrepot.domain.orders.payments import Payment, Refund
from entrepot.domain.orders.records import InvoiceLine, Order, OrderLine, OrderPart, event
from entrepot.domain.stock.holds import free_holds
from entrepot.failures import Failure
from entrepot.failures.orders import NothingToCancel, OrderUnknown, UnitsSent
from entrepot.failures.stock import TooManyToCancel

_OPEN_STATES = frozenset({"pending", "placed"})


class Cancelled(msgspec.Struct, frozen=True):
    """What a cancellation came to.

    `value` is what the cancelled units cost, with their tax and duties, and with the shipping of every part of which
    nothing is left; minor units. `refund` is how much of it the platform collected and has not given back: to be
    refunded in a step of its own, so `Order.payment_state` is as before.
    """

    order: Order
    lines: tuple[Units, ...]
    value: int
    refund: int


class CancelOrder(Command, frozen=True):
    """Cancel units that are new or acknowledged: those of `lines`, or without any, all of them.

    `reason` is free text for the order's history; `asks` is in whose name (None: the operator's). `request` is what the
    caller's request goes by, where it has a name: it stands in the history too. `whole` says that it is all or nothing,
    and that to say it again changes nothing. The result is `Cancelled`.
    """

    order: int
    lines: tuple[Units, ...] = ()
    reason: str = ""
    asks: Asker | None = None
    request: str = ""
    whole: bool = False

    @property
    def weight(self) -> int:
        """The order, its event and invoice line, and three rows per line; most orders have few."""
        return 6 + 3 * max(len(self.lines), 2)

    @property
    def ids(self) -> int:
        """That of the question to a provider."""
        return 1

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """Who asks, and the order with all that it took."""
        if stage is Stage.CHANNEL:
            return (self.asks.channel,) if self.asks else ()
        return ending_wants(stage, self.order, view)

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Refuses an order that is not there for who asks, where none can be cancelled, and lines that have too few.

        As a whole an order can be cancelled of which nothing has left.
        """
        order = seen_order(view, self.order, self.asks)
        if isinstance(order, OrderUnknown):
            return refused(order)
        lines = view.children(OrderLine, self.order)
        if self.whole and order.state == "cancelled":
            return Decided(Cancelled(order, (), 0, 0), Changes())
        if self.whole and any(map(counts.sent, lines)):
            return refused(UnitsSent(str(order.id)))
        open_units = {line.no: unsent(line) for line in lines} if _open(order) else {}
        if not (any(open_units.values()) or (open_units and self.lines)):
            return refused(NothingToCancel(str(order.id)))
        if failures := _too_many(order, self.lines, open_units):
            return refused(*failures)
        wanted = counts.added(self.lines) or {no: units for no, units in open_units.items() if units}
        return cancel_units(order, wanted, self.reason, view, now, ids, request=self.request)


def _open(order: Order) -> bool:
    """Whether anything may be cancelled: not while money for the order is on its way."""
    return order.state in _OPEN_STATES and not (order.state == "pending" and order.payment_state == "pending")


def cancelled_value(parts: Sequence[OrderPart], lines: Sequence[OrderLine]) -> int:
    """What the cancelled units of an order cost, in minor units.

    Tax and duties go by the share of the line that is cancelled, rounded half up: cancelled unit by unit, a line
    comes to exactly its own sums. Shipping is owed until nothing of its part is left.
    """
    return sum(map(_line_value, lines)) + sum(
        part.shipping + part.shipping_tax
        for part in parts
        if all(line.cancelled == line.quantity for line in lines if line.part == part.no)
    )


def invoiced(
    order: Order, parts: Sequence[OrderPart], lines: Sequence[OrderLine], refunds: Sequence[Refund]
) -> int:
    """What an account owes for an order whose money it collected: all but what was cancelled or given back.

    Units that were both count once.
    """
    both = [
        msgspec.structs.replace(line, cancelled=min(line.cancelled, line.refunded), refunded=0)
        for line in lines
    ]
    shipped = sum(refund.breakdown.shipping + refund.breakdown.shipping_tax for refund in refunds)
    gone = cancelled_value(parts, lines) - cancelled_value((), lines)
    twice = cancelled_value((), both) + min(shipped, gone)
    given = sum(refund.amount for refund in refunds)
    return max(order.total - cancelled_value(parts, lines) - given + min(twice, given), 0)


def share_of(amount: int, units: int, of: int) -> int:
    """The share that so many units have in a line's amount, rounded half up."""
    return (2 * amount * units + of) // (2 * of) if of else 0


def _too_many(order: Order, asked: Sequence[Units], open_units: Mapping[int, int]) -> list[Failure]:
    """Each asked line that has fewer units to cancel, or of which less than one is asked."""
    less = {line.no for line in asked if line.quantity < 1}
    return [
        TooManyToCancel(str(order.id), no, units, open_units.get(no, 0))
        for no, units in counts.added(asked).items()
        if no in less or units > open_units.get(no, 0)
    ]


def cancel_all(
    order: Order, reason: str, view: View, now: datetime, ids: Ids, kind: str = "cancelled", why: str = ""
) -> Decided:
    """Cancel every unit that is new or acknowledged, as `cancel_units` does; `why` is the ended order's reason."""
    wanted = {line.no: unsent(line) for line in view.children(OrderLine, order.id) if unsent(line)}
    return cancel_units(order, wanted, reason, view, now, ids, kind, why)


def cancel_units(
    order: Order,
    wanted: Mapping[int, int],
    reason: str,
    view: View,
    now: datetime,
    ids: Ids,
    kind: str = "cancelled",
    why: str = "",
    *,
    request: str = "",
) -> Decided:
    """Cancel these units by line, which can all be cancelled; the result is `Cancelled`.

    An order of which nothing is left has ended, and only its last event says so. `kind` is what the history calls it,
    `request` what the request to do so goes by.
    """
    parts, lines = view.children(OrderPart, order.id), view.children(OrderLine, order.id)
    after = [counts.cancel(line, wanted[line.no]) if line.no in wanted else line for line in lines]
    value = cancelled_value(parts, after) - cancelled_value(parts, lines)
    taken = counts.listed(wanted)
    changes = Changes(line for line in after if line.no in wanted)
    ended = all(line.cancelled == line.quantity for line in after)
    order = counts.counted(order, after)
    if ended:
        order = end(order, why, view, now, ids, changes)
    else:
        free_holds(order.id, view, changes, wanted)
    told = {"reason": reason, "lines": taken, "value": value} | ({"ended": True} if ended else {})
    told |= {"request": request} if request else {}
    order, happened = event(order, kind, now, **told)
    changes.put(order, happened)
    _invoice(order, parts, after, view, changes)
    return Decided(
        Cancelled(order, taken, value, _refund(_payments(order.id, view, changes), value)), changes
    )


def _invoice(
    order: Order, parts: Sequence[OrderPart], lines: Sequence[OrderLine], view: View, changes: Changes
) -> None:
    invoice = view.get(InvoiceLine, order.id)
    if invoice is not None:
        given = [refund for refund in view.children(Refund, order.id) if refund.state == "done"]
        changes.put(msgspec.structs.replace(invoice, amount=invoiced(order, parts, lines, given)))


def _payments(order: int, view: View, changes: Changes) -> list[Payment]:
    """The order's payments as this very change set leaves them."""
    changed = {payment.key: payment for payment in changes.records(Payment)}
    return [changed.get(payment.key, payment) for payment in view.children(Payment, order)]


def _line_value(line: OrderLine) -> int:
    return sum(share_of(cost, line.cancelled, line.quantity) for cost in (line.goods, line.tax, line.duties))


def _refund(payments: Iterable[Payment], value: int) -> int:
    collected = sum(p.amount - p.refunded for p in payments if p.kind != "external" and p.state == "paid")
    return min(value, collected)
