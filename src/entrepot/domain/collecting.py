"""Payments of an order after it was placed: collected, cancelled, given back, and set by hand."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from datetime import datetime
from typing import Any, ClassVar, Literal

import msgspec

from entrepot.domain import certificates, vat
from entrepot.domain.certificates import Certificate, CertificateUse
from entrepot.domain.orders import Breakdown, Order, Payment, PaymentState, Refund, event
from entrepot.domain.state import Changes, Command, Decided, Decision, Ids, Stage, View, refused
from entrepot.failures.commerce import (
    PaymentNotCancellable,
    PaymentNotCapturable,
    PaymentNotRefundable,
    PaymentUnknown,
)

SettableState = Literal["unpaid", "pending", "reserved", "paid", "error"]
OPEN_STATES = frozenset({"planned", "unpaid", "pending", "reserved"})


class PaymentSet(msgspec.Struct, frozen=True):
    """A payment as it now stands, with its order."""

    order: Order
    payment: Payment


class RefundOpened(msgspec.Struct, frozen=True):
    """Money that is being given back. `done` says whether it is already; else the gateway is to be asked."""

    order: Order
    payment: Payment
    refund: Refund

    @property
    def done(self) -> bool:
        """Whether nobody outside is to be asked."""
        return self.refund.state == "done"


class PaymentCommand(Command, frozen=True, kw_only=True):
    """What the commands share on a payment of a placed order, which the order's lock guards."""

    happening: ClassVar[str] = ""

    channel: int
    order: int
    payment: int

    @property
    def weight(self) -> int:
        """Order, payment, event, refund."""
        return 4

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """The order with its payments."""
        del view
        return (self.order,) if stage is Stage.ORDER else ()

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Refuse a payment that is not there for the caller; else it is the command's own rule."""
        order = view.get(Order, self.order)
        payment = next((p for p in view.children(Payment, self.order) if p.id == self.payment), None)
        if order is None or payment is None or order.channel != self.channel:
            return refused(PaymentUnknown(str(self.payment)))
        return self.change(order, payment, view, now, ids)

    def change(self, order: Order, payment: Payment, view: View, now: datetime, ids: Ids) -> Decision:
        """What the command makes of a payment that is there."""
        raise NotImplementedError

    def settled(self, order: Order, payment: Payment, view: View, now: datetime, changes: Changes) -> Order:
        """The order with the state that its payments give it, and the event, put among the changes."""
        payments = [payment if p.key == payment.key else p for p in view.children(Payment, order.id)]
        after = msgspec.structs.replace(order, payment_state=state_of(payments, order.total))
        after, happened = event(after, self.happening, now, payment=payment.id, state=payment.state)
        changes.put(after, happened, payment)
        return after


class CapturePayment(PaymentCommand, frozen=True, kw_only=True):
    """Collect what was reserved, or note that it came in by hand. The result is `PaymentSet`.

    For a reservation at a gateway the caller has captured there before; `reference` is the gateway's name for it.
    """

    happening: ClassVar[str] = "payment-captured"

    reference: str | None = None

    def change(self, order: Order, payment: Payment, view: View, now: datetime, ids: Ids) -> Decision:
        """Refuse what is paid, cancelled or broken."""
        del ids
        if payment.state not in OPEN_STATES:
            return refused(PaymentNotCapturable(payment.state))
        paid = msgspec.structs.replace(payment, state="paid", reference=self.reference or payment.reference)
        changes = Changes()
        return Decided(PaymentSet(self.settled(order, paid, view, now, changes), paid), changes)


class CancelPayment(PaymentCommand, frozen=True, kw_only=True):
    """Give up a payment that was not collected. The result is `PaymentSet`.

    What a gateway had reserved the caller has let go there before.
    """

    happening: ClassVar[str] = "payment-cancelled"

    def change(self, order: Order, payment: Payment, view: View, now: datetime, ids: Ids) -> Decision:
        """Refuse what is paid, cancelled or broken."""
        del ids
        if failure := uncancellable(payment):
            return refused(failure)
        cancelled = msgspec.structs.replace(payment, state="cancelled")
        changes = Changes()
        return Decided(PaymentSet(self.settled(order, cancelled, view, now, changes), cancelled), changes)


class SetPayment(PaymentCommand, frozen=True, kw_only=True):
    """Set what an administrator knows of a payment; what is None stays. The result is `PaymentSet`."""

    happening: ClassVar[str] = "payment-set"

    state: SettableState | None = None
    reference: str | None = None
    params: dict[str, Any] | None = None
    external_data: dict[str, Any] | None = None

    def change(self, order: Order, payment: Payment, view: View, now: datetime, ids: Ids) -> Decision:
        """Refuse another state for what a gateway or certificate collected, or what was given back or cancelled."""
        del ids
        moves = self.state is not None and self.state != payment.state
        fixed = payment.kind != "manual" or payment.refunded or payment.state == "cancelled"
        if moves and fixed:
            return refused(PaymentNotCapturable(payment.state))
        asked = {
            name: value
            for name in ("state", "reference", "params", "external_data")
            if (value := getattr(self, name)) is not None
        }
        after = msgspec.structs.replace(payment, **asked)
        changes = Changes()
        return Decided(PaymentSet(self.settled(order, after, view, now, changes), after), changes)


class RefundPayment(PaymentCommand, frozen=True, kw_only=True):
    """Give money back: `amount` minor units or all that is left, never more than was paid. It makes `RefundOpened`.

    By hand and to a certificate it is done at once. Through a gateway it is open until `CloseRefund`: the amount
    counts as given back from now on, so that no second refund can exceed what was paid.
    """

    happening: ClassVar[str] = "refund-opened"

    amount: int | None = None
    reason: str = ""

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """The certificate too, where one paid."""
        found = next((p for p in view.children(Payment, self.order) if p.id == self.payment), None)
        if found is None or found.kind != "certificate":
            return super().wants(stage, view)
        match stage:
            case Stage.CERTIFICATE:
                return (found.method_id,)
            case Stage.CERTIFICATE_USE:
                return ((found.method_id, self.order),)
            case _:
                return super().wants(stage, view)

    def change(self, order: Order, payment: Payment, view: View, now: datetime, ids: Ids) -> Decision:
        """Refuse what is not paid, and amounts of nothing or more than is left."""
        left = refundable(payment)
        amount = left if self.amount is None else self.amount
        if not 0 < amount <= left:
            return refused(PaymentNotRefundable(payment.state, left))
        refund = self._refund(order, payment, amount, view, now, ids)
        after = msgspec.structs.replace(payment, refunded=payment.refunded + amount)
        changes = Changes((refund,))
        if payment.kind == "certificate":
            _to_certificate(payment, amount, view, now, changes)
        return Decided(RefundOpened(self.settled(order, after, view, now, changes), after, refund), changes)

    def _refund(
        self, order: Order, payment: Payment, amount: int, view: View, now: datetime, ids: Ids
    ) -> Refund:
        no = max((refund.no for refund in view.children(Refund, order.id)), default=0) + 1
        return Refund(
            order=order.id,
            no=no,
            key_uuid=ids.uuid(),
            state="open" if payment.kind == "card" else "done",
            amount=amount,
            reason=self.reason,
            breakdown=breakdown(order, amount),
            lines=(),
            reference=payment.reference,
            at=now,
        )


class CloseRefund(PaymentCommand, frozen=True, kw_only=True):
    """Say what the gateway made of an open refund. The result is `PaymentSet`; a refund that is closed stays so."""

    happening: ClassVar[str] = "refund-closed"

    refund: int
    succeeded: bool

    def change(self, order: Order, payment: Payment, view: View, now: datetime, ids: Ids) -> Decision:
        """Where it failed, the money counts as not given back."""
        del ids
        refund = view.get(Refund, (order.id, self.refund))
        if refund is None or refund.state != "open":
            return Decided(PaymentSet(order, payment), Changes())
        if self.succeeded:
            closed, after = msgspec.structs.replace(refund, state="done"), payment
        else:
            closed = msgspec.structs.replace(refund, state="failed")
            after = msgspec.structs.replace(payment, refunded=payment.refunded - refund.amount)
        changes = Changes((closed,))
        return Decided(PaymentSet(self.settled(order, after, view, now, changes), after), changes)


def uncancellable(payment: Payment) -> PaymentNotCancellable | None:
    """Why a payment cannot be cancelled."""
    return None if payment.state in OPEN_STATES else PaymentNotCancellable(payment.state)


def refundable(payment: Payment) -> int:
    """How much of a payment can be given back: what an account collected itself is not ours."""
    return payment.amount - payment.refunded if payment.state == "paid" and payment.kind != "external" else 0


def state_of(payments: Sequence[Payment], total: int) -> PaymentState:
    """What the payments of an order of this total make of it: the least advanced of those that count."""
    counting = [p for p in payments if p.state not in {"cancelled", "error", "planned"}]
    if not counting:
        return "cancelled" if any(p.state == "cancelled" for p in payments) else "unpaid"
    for state in ("unpaid", "pending", "reserved"):
        if any(p.state == state for p in counting):
            return state
    if sum(p.amount for p in counting) < total:
        return "unpaid"
    refunded = sum(p.refunded for p in counting)
    if not refunded:
        return "paid"
    return "refunded" if refunded == sum(p.amount for p in counting) else "partially_refunded"


def breakdown(order: Order, amount: int) -> Breakdown:
    """A part of an order's value by what it was paid for, in proportion; the fee and coins count with the goods."""
    other = order.goods_tax + order.shipping + order.shipping_tax + order.duties
    weights = [max(order.total - other, 0), order.goods_tax, order.shipping, order.shipping_tax, order.duties]
    return Breakdown(*vat.allot(amount, weights))


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
