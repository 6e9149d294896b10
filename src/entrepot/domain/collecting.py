"""Payments of an order after it was placed: collected, cancelled, and set by hand."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from datetime import datetime
from typing import Any, ClassVar, Literal

import msgspec

from entrepot.domain.orders import Order, Payment, PaymentState, Refund, event
from entrepot.domain.state import Changes, Command, Decided, Decision, Ids, Stage, View, refused
from entrepot.failures.commerce import (
    PaymentNotCancellable,
    PaymentNotCapturable,
    PaymentUnknown,
)

SettableState = Literal["unpaid", "pending", "reserved", "paid", "error"]
OPEN_STATES = frozenset({"planned", "unpaid", "pending", "reserved"})


class PaymentSet(msgspec.Struct, frozen=True):
    """A payment as it now stands, with its order."""

    order: Order
    payment: Payment


class PaymentCommand(Command, frozen=True, kw_only=True):
    """What the commands share on a payment of a placed order, which the order's lock guards."""

    happening: ClassVar[str] = ""

    channel: int
    order: int
    payment: int

    @property
    def weight(self) -> int:
        """Order, payment, event, delivery."""
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
        state = state_of(payments, order.total, view.children(Refund, order.id))
        after = msgspec.structs.replace(order, payment_state=state)
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


def uncancellable(payment: Payment) -> PaymentNotCancellable | None:
    """Why a payment cannot be cancelled."""
    return None if payment.state in OPEN_STATES else PaymentNotCancellable(payment.state)


def state_of(payments: Sequence[Payment], total: int, refunds: Iterable[Refund]) -> PaymentState:
    """What the payments of an order of this total make of it: the least advanced of those that count.

    What is still asked of a provider is not given back yet.
    """
    counting = [p for p in payments if p.state not in {"cancelled", "error", "planned"}]
    if not counting:
        return "cancelled" if any(p.state == "cancelled" for p in payments) else "unpaid"
    for state in ("unpaid", "pending", "reserved"):
        if any(p.state == state for p in counting):
            return state
    paid = sum(p.amount for p in counting)
    if paid < total:
        return "unpaid"
    refunded = sum(p.refunded for p in counting) - sum(r.amount for r in refunds if r.state == "open")
    if not refunded:
        return "paid"
    return "refunded" if refunded == paid else "partially_refunded"
