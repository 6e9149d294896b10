"""Giving money back: a refund is reserved against what was paid, then asked for outside, then done or taken back.

No more is ever given back than was paid: what is under way counts as given until it is refused, and then nothing
remains of it.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from datetime import datetime
from typing import Literal, cast

import msgspec

from entrepot.domain.channels.charging import Steps, movable
from entrepot.domain.kernel.commands import Command, Decided, Decision, Ids, refused
from entrepot.domain.kernel.records import Changes, Record, View
from entrepot.domain.kernel.stages import Stage
from entrepot.domain.orders.access import Asker, seen_order
from entrepot.domain.orders.cancel import invoiced
from entrepot.domain.orders.owed import owed
from entrepot.domain.orders.payment_state import state_of
from entrepot.domain.orders.payments import CallersKey, Payment, Refund, RefundedLine
from entrepot.domain.orders.records import InvoiceLine, Order, OrderLine, OrderPart, event
from entrepot.domain.outbox.deliveries import Delivery
from entrepot.domain.payments.payout_returns import take_back
from entrepot.domain.payments.refund_amounts import Claim, Wanted, goods_of, without
from entrepot.domain.pricing import gift_certificates as certificates
from entrepot.domain.pricing.gift_certificates import Certificate, CertificateUse
from entrepot.failures import Failure
from entrepot.failures.orders import OrderUnknown
from entrepot.failures.payments import AmountNotRefundable, NothingToRefund, PaymentUnknown, RequestKeyUsed

LISTENER = "refund"


class Refunding(msgspec.Struct, frozen=True):
    """A refund and its order. While it is `open`, the provider that took the money is to be asked.

    `refused` says that it did not give the money back, `repeated` that it was asked for before under the same key.
    """

    order: Order
    refund: Refund
    payment: Payment
    refused: bool = False
    repeated: bool = False


class RefundGrounds(msgspec.Struct, frozen=True):
    """Why a refund is given, and until when who. Times are real, as those of `RefundOrder`.

    `return_id` is the return whose receipt it is for; `steps` are the amounts in which a card's provider can move
    money.
    """

    reason: str
    ask_again_at: datetime
    key_until: datetime
    return_id: int | None = None
    steps: Steps | None = None
    asked: CallersKey | None = None


class RefundOrder(Command, frozen=True):
    """Give back units of some lines, or an amount, or without either all that is left of a payment.

    `payment` is a payment's id; without one it is the order's first of which something is left. Units are worth their
    goods, tax and duties, and with the last unit of a part also its shipping; where both are given, the amount decides
    and the units are only counted. Times are real: until `ask_again_at` only who reserved the refund asks the
    provider, until `key_until` the provider knows its key. `asks` is in whose name (None: the operator's); `steps`
    are the amounts in which a card's provider can move money. The result is `Refunding`.

    `asked` is the caller's own key: a refund of the order that has it already is the result, as it stands now. One that
    the provider refused has left nothing, so the key asks anew.
    """

    order: int
    reason: str
    ask_again_at: datetime
    key_until: datetime
    lines: tuple[RefundedLine, ...] = ()
    amount: int | None = None
    payment: int | None = None
    asks: Asker | None = None
    steps: Steps | None = None
    asked: CallersKey | None = None

    @property
    def ids(self) -> int:
        """The refund's."""
        return 1

    @property
    def weight(self) -> int:
        """The order, its payment, refund, event and delivery, and the lines."""
        return 6 + max(len(self.lines), 2)

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """Who asks, the order with all that hangs on it, and the certificates that paid for it."""
        if stage is Stage.CHANNEL:
            return (self.asks.channel,) if self.asks else ()
        return (self.order,) if stage is Stage.ORDER else certificates_of(stage, self.order, view)

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Refuses what is unknown, of which nothing can be given back, and more than is left."""
        order = seen_order(view, self.order, self.asks)
        if isinstance(order, OrderUnknown):
            return refused(order)
        if (known := self._known(order, view)) is not None:
            return known
        payment = self._payment(order, view)
        if isinstance(payment, Failure):
            return refused(payment)
        claim = Claim(order, payment, view)
        wanted = claim.wanted(self.lines, self.amount)
        if isinstance(wanted, Failure):
            return refused(wanted)
        if failure := self._not_movable(payment, wanted.breakdown.total):
            return refused(failure)
        asking = RefundGrounds(self.reason, self.ask_again_at, self.key_until, asked=self.asked)
        return reserve(claim, wanted, asking, view, now, ids)

    def _known(self, order: Order, view: View) -> Decision | None:
        """What there is under the caller's key; the order's lock keeps another from coming between."""
        if self.asked is None:
            return None
        refunds = view.children(Refund, order.id)
        known = next((each for each in refunds if each.asked and each.asked.value == self.asked.value), None)
        if known is None:
            return None
        if known.asked is None or not known.asked.names(self.asked):
            return refused(RequestKeyUsed(self.asked.value))
        payment = view.get(Payment, (order.id, known.payment))
        if payment is None:
            raise LookupError(f"refund {known.id} is of a payment that does not exist")
        return Decided(Refunding(order, known, payment, repeated=True), Changes())

    def _not_movable(self, payment: Payment, amount: int) -> Failure | None:
        """Why the provider of a card payment could not be told of the amount."""
        if payment.kind != "card" or movable(amount, payment.currency, self.steps):
            return None
        step = (self.steps or {}).get(payment.currency, 0)
        return AmountNotRefundable(str(payment.order), payment.currency, amount, step)

    def _payment(self, order: Order, view: View) -> Payment | Failure:
        """The payment of which something is to be given back."""
        payments = view.children(Payment, order.id)
        named = [p for p in payments if self.payment in (None, p.id)]
        if self.payment is not None and not named:
            return PaymentUnknown(str(self.payment))
        left = (p for p in named if p.state == "paid" and p.refunded < p.amount)
        return next(left, None) or NothingToRefund(str(order.id))


def certificates_of(stage: Stage, order: int, view: View) -> Iterable[Hashable]:
    """What to load of the certificates that paid for an order, so that money can go back to them."""
    if stage is not Stage.CERTIFICATE:
        return ()
    return [p.method_id for p in view.children(Payment, order) if p.kind == "certificate"]


def reserve(
    claim: Claim, wanted: Wanted, asking: RefundGrounds, view: View, now: datetime, ids: Ids
) -> Decided:
    """Reserve a refund that can be given: `Refunding`, done at once where no provider must be asked."""
    refund = Refund(
        order=claim.order.id,
        id=ids.next(),
        payment=claim.payment.no,
        key_uuid=ids.uuid(),
        state="open",
        amount=wanted.breakdown.total,
        reason=asking.reason,
        breakdown=wanted.breakdown,
        lines=wanted.lines,
        reference=None,
        at=now,
        return_id=asking.return_id,
        asked=asking.asked,
    )
    payment = msgspec.structs.replace(claim.payment, refunded=claim.payment.refunded + refund.amount)
    changes = Changes((payment, *_counted(claim.lines, refund, 1)))
    if payment.kind == "card":
        payload = {"key_until": asking.key_until.isoformat()}
        again = Delivery(*delivery_key(refund.order, refund.id), payload, now, asking.ask_again_at)
        changes.put(refund, again)
        return Decided(Refunding(claim.order, refund, payment), changes)
    # Who collected the money gives it back, and we write it down; a certificate's we hold ourselves.
    if payment.kind == "certificate":
        _to_certificate(payment, refund.amount, view, now, changes)
    order, refund = _done(claim, payment, refund, None, now, changes)
    return Decided(Refunding(order, refund, payment), changes)


def refund_units(
    order: Order,
    units: Sequence[RefundedLine],
    asking: RefundGrounds,
    view: View,
    changes: Changes,
    ids: Ids,
) -> tuple[Order, list[Refund]]:
    """Reserve the worth of these units without shipping, out of the order's payments in their order, into `changes`.

    `changes` are what the same command has made of the order before. Where the payments do not hold so much any more,
    what is left of them goes back; of what a card's provider cannot move exactly, as much as it can, and the rest is
    left to be given by hand.
    """
    seen = _seen(order, view, changes)
    worth = goods_of(seen.children(OrderLine, order.id), units)
    refunds: list[Refund] = []
    for payment in view.children(Payment, order.id):
        now_order = seen.get(Order, order.id) or order
        claim = Claim(now_order, payment, seen)
        steps = asking.steps if payment.kind == "card" else None
        wanted = claim.share_of_goods(worth, () if refunds else tuple(units), steps)
        if payment.state != "paid" or wanted is None:
            continue
        decided = reserve(claim, wanted, asking, seen, now_order.changed_at, ids)
        seen.apply(decided.changes)
        changes.join(decided.changes)
        refunds.append(cast("Refunding", decided.result).refund)
        worth = without(worth, wanted.breakdown)
    return seen.get(Order, order.id) or order, refunds


def _seen(order: Order, view: View, changes: Changes) -> View:
    """What refunds look at of one order, as the changes leave it."""
    seen = View(view.workspace)
    payments = view.children(Payment, order.id)
    children = (OrderPart, OrderLine, Refund)
    records: list[Record | None] = [order, view.get(InvoiceLine, order.id), *payments]
    records += [record for kind in children for record in view.children(kind, order.id)]
    for payment in payments:
        records.append(view.get(Certificate, payment.method_id))
        records.append(view.get(CertificateUse, (payment.method_id, order.id)))
    for record in records:
        if record is not None:
            seen.load(record)
    seen.apply(changes)
    return seen


class EndRefund(Command, frozen=True):
    """What the provider said of an open refund; of several who ask, the first decides. The result is `Refunding`.

    A refund that it refused leaves nothing behind. Where somebody else has ended the refund so, `known` tells of it.
    """

    known: Refund
    state: Literal["done", "refused"]
    reference: str | None = None

    @property
    def weight(self) -> int:
        """The order, its payment, refund and event, and some lines."""
        return 6

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """The order with all that hangs on it, and the delivery that would ask again."""
        del view
        match stage:
            case Stage.ORDER:
                return (self.known.order,)
            case Stage.DELIVERY:
                return (delivery_key(self.known.order, self.known.id),)
            case _:
                return ()

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Done, or what was reserved for it can be refunded again."""
        del ids
        order, refund = view.get(Order, self.known.order), view.get(Refund, self.known.key)
        payment = view.get(Payment, (self.known.order, self.known.payment))
        if order is None or payment is None:
            raise LookupError(f"order {self.known.order} has no payment {self.known.payment}")
        if refund is None:
            return Decided(Refunding(order, self.known, payment, refused=True), Changes())
        if refund.state != "open":
            return Decided(Refunding(order, refund, payment), Changes())
        changes = Changes()
        if (again := view.get(Delivery, delivery_key(refund.order, refund.id))) is not None:
            changes.remove(again)
        if self.state == "done":
            order, refund = _done(Claim(order, payment, view), payment, refund, self.reference, now, changes)
            return Decided(Refunding(order, refund, payment), changes)
        payment = msgspec.structs.replace(payment, refunded=payment.refunded - refund.amount)
        changes.put(payment, *_counted(view.children(OrderLine, order.id), refund, -1))
        changes.remove(refund)
        return Decided(Refunding(order, refund, payment, refused=True), changes)


def delivery_key(order: int, refund: int) -> tuple[int, str, int]:
    """The name of the delivery that asks for a refund again: subject, listener, number."""
    return (order, f"{LISTENER}:{refund}", 1)


def _counted(lines: Iterable[OrderLine], refund: Refund, sign: Literal[1, -1]) -> list[OrderLine]:
    taken = {each.line: each.quantity for each in refund.lines}
    return [
        msgspec.structs.replace(line, refunded=line.refunded + sign * taken[line.no])
        for line in lines
        if line.no in taken
    ]


def _done(
    claim: Claim, payment: Payment, refund: Refund, reference: str | None, now: datetime, changes: Changes
) -> tuple[Order, Refund]:
    done = msgspec.structs.replace(refund, state="done", reference=reference, at=now)
    others = [known for known in claim.refunds if known.id != done.id]
    payments = [payment if p.no == payment.no else p for p in claim.payments]
    state = state_of(payments, owed(claim.order, claim.parts, claim.lines), [*others, done])
    order = msgspec.structs.replace(claim.order, payment_state=state)
    order, happened = event(
        order, "refunded", now, refund=done.id, payment=payment.id, amount=done.amount, reason=done.reason
    )
    changes.put(order, happened, done)
    take_back(order, payment, done, claim.parts, claim.lines, now, changes)
    if claim.invoice is not None:
        given = [*(known for known in others if known.state == "done"), done]
        counted = {line.no: line for line in (*claim.lines, *_pending_counts(claim.lines, changes))}
        amount = invoiced(order, claim.parts, list(counted.values()), given)
        changes.put(msgspec.structs.replace(claim.invoice, amount=amount))
    return order, done


def _pending_counts(lines: Sequence[OrderLine], changes: Changes) -> list[OrderLine]:
    """The lines as this very change set counts them."""
    numbers = {line.no for line in lines}
    return [line for line in changes.records(OrderLine) if line.no in numbers]


def _to_certificate(payment: Payment, amount: int, view: View, now: datetime, changes: Changes) -> None:
    certificate = view.get(Certificate, payment.method_id)
    use = view.get(CertificateUse, (payment.method_id, payment.order))
    if certificate is None or use is None:
        raise LookupError(f"payment {payment.id} names a certificate that does not exist")
    changes.put(certificates.spent(certificate, -amount, now))
    left = use.amount - amount
    if left:
        changes.put(msgspec.structs.replace(use, amount=left))
    else:
        changes.remove(use)
