"""Giving up a pending order that nobody paid in time."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from datetime import datetime, timedelta

import msgspec

from entrepot.domain.kernel.records import Changes, Command, Decided, Decision, Ids, Stage, View, refused
from entrepot.domain.orders import line_counts as counts
from entrepot.domain.orders.records import Order, OrderLine, event
from entrepot.failures.orders import OrderNotPayable

UNPAID = "payment"


class ExpirePending(Command, frozen=True):
    """Cancel an order that is still pending after `patience`. It holds no stock, so nothing is given back."""

    order: int
    patience: timedelta

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """The order."""
        del view
        return (self.order,) if stage is Stage.ORDER else ()

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Refused when it was paid meanwhile, or is not due."""
        del ids
        order = view.get(Order, self.order)
        if order is None or order.state != "pending" or order.payment_state == "pending":
            return refused(OrderNotPayable(str(self.order)))
        if order.placed_at + self.patience > now:
            return refused(OrderNotPayable(str(self.order)))
        lines = [counts.cancel(line, counts.unsent(line)) for line in view.children(OrderLine, order.id)]
        given_up = msgspec.structs.replace(
            counts.counted(order, lines), state="cancelled", reason=UNPAID, payment_state="cancelled"
        )
        changed, happened = event(given_up, "expired", now)
        return Decided(changed, Changes((changed, happened, *lines)))
