"""Throwing away a cart, or a placed order of which nothing was sent and no money is kept."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from datetime import datetime
from typing import Any, cast

import msgspec

from entrepot.domain.carts.command import ShoppingCommand
from entrepot.domain.carts.records import Cart, remove_cart
from entrepot.domain.carts.redeem import codes_want, give_back_codes
from entrepot.domain.kernel.records import Changes, Decided, Decision, Ids, Stage, View, refused
from entrepot.domain.kernel.text import folded
from entrepot.domain.orders.cancel import Cancelled, cancel_units
from entrepot.domain.orders.line_counts import unsent
from entrepot.domain.orders.records import Order, OrderLine, Payment, Refund
from entrepot.domain.payments.capture import OPEN_STATES, state_of
from entrepot.domain.placing.attempts import Purchase
from entrepot.domain.stock.levels import Hold
from entrepot.failures import Failure
from entrepot.failures.carts import CartUnknown
from entrepot.failures.commerce import OrderLocked

DISCARDED = "discarded"
"""The reason of an order that was thrown away."""


class Discarded(msgspec.Struct, frozen=True):
    """What was thrown away: the order, or None where it was a cart."""

    order: Order | None


class DiscardOrder(ShoppingCommand, frozen=True, kw_only=True):
    """Throw away the cart or order that is named. The result is `Discarded`.

    Of an order the stock is given back, open payments are cancelled, and certificates and discounts are as if it had
    never been. To discard it again changes nothing.
    """

    @property
    def weight(self) -> int:
        """Most orders have few lines."""
        return 16

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """The cart with its payment; or the order, what its codes took, and the stock that it holds."""
        number = self.number(view)
        if number is None:
            return super().wants(stage, view)
        if stage is Stage.PAYMENT and view.get(Cart, number):
            return (number,)
        order = view.get(Order, number)
        if order is None:
            return super().wants(stage, view)
        if stage is Stage.STOCK:
            return {hold.variant for hold in view.children(Hold, number)}
        return codes_want(stage, _purchase(order, view), number) or super().wants(stage, view)

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Refuse what is unknown, being placed, sent, cancelled, or holds money that was not given back."""
        found = self.opened(view, now, ids)
        if isinstance(found, Cart):
            changes = Changes()
            remove_cart(found, view, changes)
            return Decided(Discarded(None), changes)
        order = view.get(Order, self.number(view))
        if order is None or isinstance(found, CartUnknown):
            return refused(found)
        if order.state == "cancelled" and order.reason == DISCARDED:
            return Decided(Discarded(order), Changes())
        if failure := self._locked(order, view):
            return refused(failure)
        return _discard(order, view, now)

    def _locked(self, order: Order, view: View) -> Failure | None:
        """A buyer cannot undo an order; nor can anybody what was sent, or paid and not given back."""
        lines, payments = view.children(OrderLine, order.id), view.children(Payment, order.id)
        sent = any(line.new + line.acknowledged + line.cancelled < line.quantity for line in lines)
        kept = any(p.kind != "certificate" and p.state == "paid" and p.refunded < p.amount for p in payments)
        reserved = any(p.state == "reserved" for p in payments)
        locked = self.session is not None or order.state != "placed" or sent or kept or reserved
        return OrderLocked(str(order.id)) if locked else None


def _discard(order: Order, view: View, now: datetime) -> Decided:
    wanted = {line.no: unsent(line) for line in view.children(OrderLine, order.id) if unsent(line)}
    decided = cancel_units(order, view.children(OrderLine, order.id), wanted, DISCARDED, view, now)
    changes = decided.changes
    payments = [_given_up(payment) for payment in view.children(Payment, order.id)]
    after = msgspec.structs.replace(
        cast("Cancelled", decided.result).order,
        state="cancelled",
        reason=DISCARDED,
        payment_state=state_of(payments, order.total, view.children(Refund, order.id)),
        data={**order.data, "discarded_at": now.isoformat()},
    )
    give_back_codes(_purchase(order, view), order.id, view, now, changes)
    changes.put(after, *payments)
    return Decided(Discarded(after), changes)


def _given_up(payment: Payment) -> Payment:
    if payment.kind == "certificate":
        return msgspec.structs.replace(payment, refunded=payment.amount)
    if payment.state in OPEN_STATES:
        return msgspec.structs.replace(payment, state="cancelled")
    return payment


def _purchase(order: Order, view: View) -> Purchase:
    """What the order took from codes when it was placed."""
    codes = cast("list[Mapping[str, Any]]", order.data.get("codes", []))
    return Purchase(
        None,
        tuple(p for p in view.children(Payment, order.id) if p.kind == "certificate"),
        tuple(code["target"] for code in codes if code["kind"] == "discount"),
        folded(order.person.email),
    )
