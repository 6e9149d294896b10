"""Giving money back: a refund is reserved against what was paid, then asked for outside, then done or taken back.

No more is ever given back than was paid: what is under way counts as given until it has failed.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from datetime import datetime
from typing import Literal

import msgspec

from entrepot.domain.cancelling import invoiced, share_of
from entrepot.domain.orders import (
    Breakdown,
    InvoiceLine,
    Order,
    OrderLine,
    OrderPart,
    Payment,
    Refund,
    RefundedLine,
    event,
)
from entrepot.domain.outbox import Delivery
from entrepot.domain.state import Changes, Command, Decided, Decision, Ids, Stage, View, refused
from entrepot.failures import Failure
from entrepot.failures.orders import OrderUnknown
from entrepot.failures.payments import NothingToRefund, RefundTooLarge, UnitsNotRefundable

LISTENER = "refund"
REFUNDABLE = frozenset({"paid", "partially_refunded"})


class Refunding(msgspec.Struct, frozen=True):
    """A refund and its order. While it is `open`, the provider that took the money is to be asked."""

    order: Order
    refund: Refund
    payment: Payment


class RefundOrder(Command, frozen=True):
    """Give back units of some lines, or an amount, or without either all that is left.

    Units are worth their goods, tax and duties, and with the last unit of a part also its shipping; where both are
    given, the amount decides and the units are only counted. Times are real: until `ask_again_at` only who reserved
    the refund asks the provider, until `give_up_at` the provider knows its key. The result is `Refunding`.
    """

    order: int
    reason: str
    ask_again_at: datetime
    give_up_at: datetime
    lines: tuple[RefundedLine, ...] = ()
    amount: int | None = None

    @property
    def weight(self) -> int:
        """The order, its payment, refund, event and delivery, and the lines."""
        return 6 + max(len(self.lines), 2)

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """The order with all that hangs on it."""
        del view
        return (self.order,) if stage is Stage.ORDER else ()

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Refuses an unknown order, one of which nothing can be given back, and more than is left."""
        order = view.get(Order, self.order)
        if order is None:
            return refused(OrderUnknown(str(self.order)))
        payment = _refundable(order, view)
        if payment is None:
            return refused(NothingToRefund(str(order.id)))
        claim = _Claim(order, payment, view)
        wanted = claim.wanted(self.lines, self.amount)
        if isinstance(wanted, Failure):
            return refused(wanted)
        refund = Refund(
            order=order.id,
            no=1 + max((known.no for known in claim.refunds), default=0),
            key_uuid=ids.uuid(),
            state="open",
            amount=wanted.breakdown.total,
            reason=self.reason,
            breakdown=wanted.breakdown,
            lines=wanted.lines,
            reference=None,
            at=now,
        )
        return self._reserved(claim, refund, now)

    def _reserved(self, claim: _Claim, refund: Refund, now: datetime) -> Decided:
        payment = msgspec.structs.replace(claim.payment, refunded=claim.payment.refunded + refund.amount)
        changes = Changes((payment, *_counted(claim.lines, refund, 1)))
        if payment.kind != "card":
            # Who collected the money gives it back; we write it down.
            order, refund = _done(claim, refund, None, now, changes)
            return Decided(Refunding(order, refund, payment), changes)
        payload = {"refund": refund.no, "give_up_at": self.give_up_at.isoformat()}
        again = Delivery(self.order, f"{LISTENER}:{refund.no}", 1, payload, now, self.ask_again_at)
        changes.put(refund, again)
        return Decided(Refunding(claim.order, refund, payment), changes)


class EndRefund(Command, frozen=True):
    """What the provider said of an open refund; of several who ask, the first decides. The result is `Refunding`."""

    order: int
    no: int
    state: Literal["done", "failed"]
    reference: str | None = None

    @property
    def weight(self) -> int:
        """The order, its payment, refund and event, and some lines."""
        return 6

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """The order with all that hangs on it."""
        del view
        return (self.order,) if stage is Stage.ORDER else ()

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Done, or what was reserved for it can be refunded again."""
        del ids
        order, refund = view.get(Order, self.order), view.get(Refund, (self.order, self.no))
        payment = view.children(Payment, self.order)[0] if order else None
        if order is None or refund is None or payment is None:
            raise LookupError(f"order {self.order} has no refund {self.no}")
        if refund.state != "open":
            return Decided(Refunding(order, refund, payment), Changes())
        claim, changes = _Claim(order, payment, view), Changes()
        if self.state == "done":
            order, refund = _done(claim, refund, self.reference, now, changes)
        else:
            order, refund, payment = _failed(claim, refund, now, changes)
        return Decided(Refunding(order, refund, payment), changes)


class _Wanted(msgspec.Struct, frozen=True):
    breakdown: Breakdown
    lines: tuple[RefundedLine, ...]


class _Claim:
    """What is left to be given back of an order."""

    def __init__(self, order: Order, payment: Payment, view: View) -> None:
        self.order = order
        self.payment = payment
        self.parts = view.children(OrderPart, order.id)
        self.lines = view.children(OrderLine, order.id)
        self.refunds = view.children(Refund, order.id)
        self.invoice = view.get(InvoiceLine, order.id)

    def wanted(self, lines: Sequence[RefundedLine], amount: int | None) -> _Wanted | Failure:
        units = self._units(lines)
        if isinstance(units, Failure):
            return units
        left = self._left()
        if not lines and amount is None:
            units = tuple(RefundedLine(x.no, x.quantity - x.refunded) for x in self.lines if _open_units(x))
            return _Wanted(left, units)
        worth = self._worth(units) if lines else left
        asked = worth.total if amount is None else amount
        if not 1 <= asked <= left.total:
            return RefundTooLarge(str(self.order.id), asked, left.total)
        return _Wanted(divided(asked, worth, left), units)

    def _units(self, lines: Sequence[RefundedLine]) -> tuple[RefundedLine, ...] | Failure:
        known = {line.no: line for line in self.lines}
        asked: dict[int, int] = {}
        for line in lines:
            asked[line.line] = asked.get(line.line, 0) + line.quantity
            open_units = _open_units(known[line.line]) if line.line in known else 0
            if line.quantity < 1 or asked[line.line] > open_units:
                return UnitsNotRefundable(str(self.order.id), line.line, asked[line.line], open_units)
        return tuple(RefundedLine(no, quantity) for no, quantity in asked.items())

    def _worth(self, units: Sequence[RefundedLine]) -> Breakdown:
        taken = {each.line: each.quantity for each in units}
        parts = self._last_of_parts(taken)
        lines = [(line, taken[line.no]) for line in self.lines if line.no in taken]
        return Breakdown(
            sum(_slice(line.goods, line, quantity) for line, quantity in lines),
            sum(_slice(line.tax, line, quantity) for line, quantity in lines),
            sum(part.shipping for part in parts),
            sum(part.shipping_tax for part in parts),
            sum(_slice(line.duties, line, quantity) for line, quantity in lines),
        )

    def _last_of_parts(self, taken: dict[int, int]) -> list[OrderPart]:
        """The parts of which nothing is left that was not given back."""
        touched = {line.part for line in self.lines if line.no in taken}
        kept = {line.part for line in self.lines if _open_units(line) > taken.get(line.no, 0)}
        return [part for part in self.parts if part.no in touched - kept]

    def _left(self) -> Breakdown:
        """What was paid and not given back, by what it was paid for."""
        order = self.order
        given = [refund.breakdown for refund in self.refunds if refund.state != "failed"]
        goods = order.goods - sum(each.goods for each in given)
        goods_tax = order.goods_tax - sum(each.goods_tax for each in given)
        shipping_tax = order.shipping_tax - sum(each.shipping_tax for each in given)
        duties = order.duties - sum(each.duties for each in given)
        left = self.payment.amount - self.payment.refunded
        # Shipping takes what else an order may cost, so that the parts are always the whole.
        return Breakdown(
            goods, goods_tax, left - goods - goods_tax - shipping_tax - duties, shipping_tax, duties
        )


def divided(amount: int, worth: Breakdown, left: Breakdown) -> Breakdown:
    """An amount by what it is given back for: in the proportions of `worth`, and never more than is `left` of each."""
    parts = {name: getattr(worth, name) for name in _PARTS}
    limits = {name: getattr(left, name) for name in _PARTS}
    whole = sum(parts.values())
    given = {name: min(amount * part // whole if whole else 0, limits[name]) for name, part in parts.items()}
    for name in _PARTS:
        more = min(amount - sum(given.values()), limits[name] - given[name])
        given[name] += more
    return Breakdown(**given)


_PARTS = ("goods", "goods_tax", "shipping", "shipping_tax", "duties")


def _refundable(order: Order, view: View) -> Payment | None:
    """The payment of which something is left; None where there is none."""
    if order.payment_state not in REFUNDABLE:
        return None
    payments = view.children(Payment, order.id)
    return next((p for p in payments[:1] if p.state == "paid" and p.refunded < p.amount), None)


def _open_units(line: OrderLine) -> int:
    return line.quantity - line.refunded


def _slice(amount: int, line: OrderLine, quantity: int) -> int:
    """The share of so many more units: refunded unit by unit, a line comes to exactly its own sums."""
    before = share_of(amount, line.refunded, line.quantity)
    return share_of(amount, line.refunded + quantity, line.quantity) - before


def _counted(lines: Iterable[OrderLine], refund: Refund, sign: Literal[1, -1]) -> list[OrderLine]:
    taken = {each.line: each.quantity for each in refund.lines}
    return [
        msgspec.structs.replace(line, refunded=line.refunded + sign * taken[line.no])
        for line in lines
        if line.no in taken
    ]


def _done(
    claim: _Claim, refund: Refund, reference: str | None, now: datetime, changes: Changes
) -> tuple[Order, Refund]:
    done = msgspec.structs.replace(refund, state="done", reference=reference, at=now)
    given = [known for known in claim.refunds if known.state == "done" and known.no != done.no]
    total = sum(known.amount for known in given) + done.amount
    state = "refunded" if total >= claim.payment.amount else "partially_refunded"
    order = msgspec.structs.replace(claim.order, payment_state=state)
    order, happened = event(order, "refunded", now, refund=done.no, amount=done.amount, reason=done.reason)
    changes.put(order, happened, done)
    if claim.invoice is not None:
        counted = {line.no: line for line in (*claim.lines, *_pending_counts(claim.lines, changes))}
        amount = invoiced(order, claim.parts, list(counted.values()), [*given, done])
        changes.put(msgspec.structs.replace(claim.invoice, amount=amount))
    return order, done


def _pending_counts(lines: Iterable[OrderLine], changes: Changes) -> list[OrderLine]:
    """The lines as this very change set counts them."""
    numbers = {line.no for line in lines}
    return [line for line in changes.records(OrderLine) if line.no in numbers]


def _failed(claim: _Claim, refund: Refund, now: datetime, changes: Changes) -> tuple[Order, Refund, Payment]:
    failed = msgspec.structs.replace(refund, state="failed", at=now)
    payment = msgspec.structs.replace(claim.payment, refunded=claim.payment.refunded - refund.amount)
    order, happened = event(claim.order, "refund-failed", now, refund=refund.no, amount=refund.amount)
    changes.put(order, happened, failed, payment, *_counted(claim.lines, refund, -1))
    return order, failed, payment
