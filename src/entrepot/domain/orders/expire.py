"""Giving up a pending order that nobody paid in time."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from datetime import datetime, timedelta

from entrepot.domain.kernel.commands import Command, Decision, Ids, refused
from entrepot.domain.kernel.records import View
from entrepot.domain.kernel.stages import Stage
from entrepot.domain.orders.cancel import cancel_all
from entrepot.domain.orders.ending import ending_wants
from entrepot.domain.orders.records import Order
from entrepot.failures.orders import OrderNotPayable

UNPAID = "payment"


class ExpirePending(Command, frozen=True):
    """End an order that is still pending after `patience`. The result is `Cancelled`."""

    order: int
    patience: timedelta

    @property
    def ids(self) -> int:
        """That of the question to a provider."""
        return 1

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """The order with all that it took."""
        return ending_wants(stage, self.order, view)

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Refused when it was paid meanwhile, or is not due."""
        order = view.get(Order, self.order)
        if order is None or order.state != "pending" or order.payment_state == "pending":
            return refused(OrderNotPayable(str(self.order)))
        if order.placed_at + self.patience > now:
            return refused(OrderNotPayable(str(self.order)))
        return cancel_all(order, UNPAID, view, now, ids, "expired", UNPAID)
