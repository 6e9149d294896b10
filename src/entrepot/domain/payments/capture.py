"""Payments of an order after it was placed: collected, cancelled, and set by hand."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from datetime import datetime
from typing import Any, ClassVar, Literal

import msgspec

from entrepot.domain.kernel.commands import Command, Decided, Decision, Ids, refused
from entrepot.domain.kernel.records import Changes, View
from entrepot.domain.kernel.stages import Stage
from entrepot.domain.orders.access import Asker, seen_order
from entrepot.domain.orders.owed import collectable, owed_of
from entrepot.domain.orders.payment_state import OPEN_STATES, ask_provider, delivery_key, state_of
from entrepot.domain.orders.payments import Payment, ProviderRequest, Refund
from entrepot.domain.orders.records import Order, event
from entrepot.domain.outbox.deliveries import Delivery
from entrepot.failures import Failure
from entrepot.failures.orders import OrderUnknown
from entrepot.failures.payments import PaymentNotCancellable, PaymentNotCapturable, PaymentUnknown

SettableState = Literal["unpaid", "pending", "reserved", "paid", "error"]
HAPPENED = {"paid": "payment-captured", "cancelled": "payment-cancelled"}
"""What an order's history calls it, by the state that a payment came to."""


class PaymentSet(msgspec.Struct, frozen=True):
    """A payment as it now stands, with its order."""

    order: Order
    payment: Payment


class PaymentAsked(msgspec.Struct, frozen=True):
    """The provider that holds the money is to be asked; `first` says that nobody else has asked this yet.

    `amount` is how much of it is due, in minor units: no more is collected, and the rest of a reservation lapses.
    """

    order: Order
    payment: Payment
    asking: ProviderRequest
    first: bool
    amount: int


class PaymentCommand(Command, frozen=True, kw_only=True):
    """What the commands share on a payment of a placed order, which the order's lock guards.

    `asks` is in whose name (None: the platform's own).
    """

    order: int
    payment: int
    asks: Asker | None = None

    @property
    def weight(self) -> int:
        """Order, payment, event, delivery."""
        return 4

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """Who asks, and the order with its payments."""
        del view
        match stage:
            case Stage.CHANNEL:
                return (self.asks.channel,) if self.asks else ()
            case Stage.ORDER:
                return (self.order,)
            case _:
                return ()

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Refuse a payment that is not there for the caller; else it is the command's own rule."""
        order = seen_order(view, self.order, self.asks)
        payment = next((p for p in view.children(Payment, self.order) if p.id == self.payment), None)
        if isinstance(order, OrderUnknown) or payment is None:
            return refused(PaymentUnknown(str(self.payment)))
        return self.change(order, payment, view, now, ids)

    def change(self, order: Order, payment: Payment, view: View, now: datetime, ids: Ids) -> Decision:
        """What the command makes of a payment that is there."""
        raise NotImplementedError

    @staticmethod
    def written(order: Order, payment: Payment, happening: str, view: View, now: datetime) -> Decided:
        """The payment as it now stands, and the order with the state that its payments give it: `PaymentSet`."""
        payments = [payment if p.key == payment.key else p for p in view.children(Payment, order.id)]
        state = state_of(payments, owed_of(order, view), view.children(Refund, order.id))
        after = msgspec.structs.replace(order, payment_state=state)
        after, happened = event(after, happening, now, payment=payment.id, state=payment.state)
        return Decided(PaymentSet(after, payment), Changes((after, happened, payment)))


class AskedPayment(PaymentCommand, frozen=True, kw_only=True):
    """What collecting and giving up share: for money that a card's provider holds, the provider is asked first.

    The result then is `PaymentAsked`, and `EndAsking` says what came of it; else it is `PaymentSet`. `ask_again_at`
    is real time: until then only who asked first asks the provider.
    """

    what: ClassVar[Literal["capture", "cancel"]]
    after: ClassVar[Literal["paid", "cancelled"]]

    ask_again_at: datetime

    @property
    def ids(self) -> int:
        """The question's."""
        return 1

    def refusal(self, payment: Payment) -> Failure:
        """How it is said that the payment's state does not allow it."""
        raise NotImplementedError

    def amount(self, order: Order, payment: Payment, view: View) -> int:
        """Of how much it is: of all of the payment."""
        del order, view
        return payment.amount

    def change(self, order: Order, payment: Payment, view: View, now: datetime, ids: Ids) -> Decision:
        """Refuse what is paid, cancelled or broken, or being asked the other way."""
        if payment.state not in OPEN_STATES or (payment.asking and payment.asking.what != self.what):
            return refused(self.refusal(payment))
        if payment.asking is not None:
            due = collectable(order, payment, view)
            return Decided(PaymentAsked(order, payment, payment.asking, first=False, amount=due), Changes())
        due = self.amount(order, payment, view)
        if due <= 0:
            return refused(self.refusal(payment))
        if payment.kind == "card":
            changes, asking = Changes(), ProviderRequest(self.what, ids.next())
            asked = ask_provider(payment, self.what, asking.no, now, changes, self.ask_again_at)
            return Decided(PaymentAsked(order, asked, asking, first=True, amount=due), changes)
        done = msgspec.structs.replace(payment, state=self.after, amount=due)
        return self.written(order, done, HAPPENED[self.after], view, now)


class CapturePayment(AskedPayment, frozen=True, kw_only=True):
    """Collect what is due of what was reserved, or note that it came in by hand; refused where nothing is due."""

    what = "capture"
    after = "paid"

    def amount(self, order: Order, payment: Payment, view: View) -> int:
        """Of what is due: what was cancelled meanwhile is not."""
        return collectable(order, payment, view)

    def refusal(self, payment: Payment) -> Failure:
        """Not capturable."""
        return PaymentNotCapturable(payment.state)


class CancelPayment(AskedPayment, frozen=True, kw_only=True):
    """Give up a payment that was not collected."""

    what = "cancel"
    after = "cancelled"

    def refusal(self, payment: Payment) -> Failure:
        """Not cancellable."""
        return PaymentNotCancellable(payment.state)


class EndAsking(PaymentCommand, frozen=True, kw_only=True):
    """What the provider said to the question `no`; None: it refused, and the payment is as it was before.

    What it did is true whoever asked: it counts even where the question has been given up. `captured` is how much the
    provider says it took, in minor units. The result is `PaymentSet`.
    """

    no: int
    state: Literal["paid", "cancelled"] | None
    captured: int | None = None

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """The delivery too, which would ask again."""
        return (delivery_key(self.order, self.no),) if stage is Stage.DELIVERY else super().wants(stage, view)

    def change(self, order: Order, payment: Payment, view: View, now: datetime, ids: Ids) -> Decision:
        """Write it down once; nothing of a question that was refused remains."""
        del ids
        decided = self._ended(order, payment, view, now)
        if (again := view.get(Delivery, delivery_key(order.id, self.no))) is not None:
            decided.changes.remove(again)
        return decided

    def _ended(self, order: Order, payment: Payment, view: View, now: datetime) -> Decided:
        if payment.state == "reserved" and self.state is not None:
            amount = payment.amount if self.captured is None else self.captured
            done = msgspec.structs.replace(payment, state=self.state, amount=amount, asking=None)
            return self.written(order, done, HAPPENED[self.state], view, now)
        if payment.asking is None or payment.asking.no != self.no:
            return Decided(PaymentSet(order, payment), Changes())
        payment = msgspec.structs.replace(payment, asking=None)
        return Decided(PaymentSet(order, payment), Changes((payment,)))


class SetPayment(PaymentCommand, frozen=True, kw_only=True):
    """Set what an administrator knows of a payment; what is None stays. The result is `PaymentSet`."""

    state: SettableState | None = None
    reference: str | None = None
    params: dict[str, Any] | None = None
    external_data: dict[str, Any] | None = None

    def change(self, order: Order, payment: Payment, view: View, now: datetime, ids: Ids) -> Decision:
        """Refuse another state for what a gateway or certificate collected, or what was given back or cancelled.

        A reservation that its provider has dropped can be called broken: nobody will ever collect it. What the
        provider calls a charge is not to be changed: by that name money is collected and given back.
        """
        del ids
        dropped = payment.state == "reserved" and self.state == "error" and payment.asking is None
        by_hand = payment.kind == "manual" and not payment.refunded and payment.state != "cancelled"
        moves = self.state not in (None, payment.state) and not dropped
        renamed = self.reference not in (None, payment.reference) and payment.kind == "card"
        if renamed or (moves and not by_hand):
            return refused(PaymentNotCapturable(payment.state))
        asked = {
            name: value
            for name in ("state", "reference", "params", "external_data")
            if (value := getattr(self, name)) is not None
        }
        if asked.get("state") == "paid" and payment.state in OPEN_STATES:
            asked["amount"] = collectable(order, payment, view)
        after = msgspec.structs.replace(payment, **asked)
        return self.written(order, after, "payment-set", view, now)
