"""Throwing away a cart, or a placed order of which nothing was sent and no money is kept."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from datetime import datetime
from typing import ClassVar, cast

import msgspec

from entrepot.domain.carts.command import STAGES, CartCommand
from entrepot.domain.carts.records import Cart, remove_cart
from entrepot.domain.kernel.commands import Decided, Decision, Ids, refused
from entrepot.domain.kernel.records import Changes, View
from entrepot.domain.kernel.stages import Stage
from entrepot.domain.orders.cancel import Cancelled, cancel_all
from entrepot.domain.orders.ending import ending_wants
from entrepot.domain.orders.payments import Payment
from entrepot.domain.orders.records import Order, OrderLine
from entrepot.failures import Failure
from entrepot.failures.carts import CartUnknown
from entrepot.failures.orders import OrderLocked

DISCARDED = "discarded"
"""The reason of an order that was thrown away."""


class Discarded(msgspec.Struct, frozen=True):
    """What was thrown away: the order, or None where it was a cart."""

    order: Order | None


class DiscardOrder(CartCommand, frozen=True, kw_only=True):
    """Throw away the cart or order that is named. The result is `Discarded`.

    Of an order all is cancelled, so that it ends as `ending` has it. To discard what has ended changes nothing.
    """

    stages: ClassVar[frozenset[Stage]] = STAGES | {Stage.HELD, Stage.STOCK}

    @property
    def ids(self) -> int:
        """That of the question to a provider."""
        return 1

    @property
    def weight(self) -> int:
        """Most orders have few lines."""
        return 16

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """The cart with its payment; or the order with all that it took."""
        number = self.number(view)
        if stage is Stage.PAYMENT and number is not None and view.get(Cart, number):
            return (number,)
        wanted = super().wants(stage, view)
        return wanted or (
            () if number is None or view.get(Cart, number) else ending_wants(stage, number, view)
        )

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Refuse what is unknown, being placed, sent, or holds money that was not given back."""
        found = self.opened(view, now, ids)
        if isinstance(found, Cart):
            changes = Changes()
            remove_cart(found, view, changes)
            return Decided(Discarded(None), changes)
        order = view.get(Order, self.number(view))
        if order is None or isinstance(found, CartUnknown):
            return refused(found)
        if order.state == "cancelled":
            return Decided(Discarded(order), Changes())
        if failure := self._locked(order, view):
            return refused(failure)
        decided = cancel_all(order, DISCARDED, view, now, ids, why=DISCARDED)
        return Decided(Discarded(cast("Cancelled", decided.result).order), decided.changes)

    def _locked(self, order: Order, view: View) -> Failure | None:
        """A buyer cannot undo an order; nor can anybody what was sent, or paid and not given back."""
        lines, payments = view.children(OrderLine, order.id), view.children(Payment, order.id)
        sent = any(line.new + line.acknowledged + line.cancelled < line.quantity for line in lines)
        kept = any(p.kind != "certificate" and p.state == "paid" and p.refunded < p.amount for p in payments)
        reserved = any(p.state == "reserved" for p in payments)
        locked = self.session is not None or order.state != "placed" or sent or kept or reserved
        return OrderLocked(str(order.id)) if locked else None
