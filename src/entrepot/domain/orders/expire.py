"""Giving up a pending order that nobody paid in time."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from datetime import datetime, timedelta

import msgspec

from entrepot.domain.channels.accounts import Reference
from entrepot.domain.kernel.records import Changes, Command, Decided, Decision, Ids, Stage, View, refused
from entrepot.domain.orders.records import Order, OrderLine, event
from entrepot.failures.orders import OrderNotPayable

UNPAID = "payment"
Name = tuple[int, str, str, str]
"""Account, environment, kind and value, as of a `Reference`."""


class ExpirePending(Command, frozen=True):
    """Cancel an order that is still pending after `patience`. It holds no stock; its external id is free again.

    `name` is what the order's external id is known by, where it has one.
    """

    order: int
    patience: timedelta
    name: Name | None = None

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """The order and its external id."""
        del view
        match stage:
            case Stage.REFERENCE:
                return (self.name,) if self.name else ()
            case Stage.ORDER:
                return (self.order,)
            case _:
                return ()

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Refused when it was paid meanwhile, or is not due."""
        del ids
        order = view.get(Order, self.order)
        if order is None or order.state != "pending" or order.payment_state == "pending":
            return refused(OrderNotPayable(str(self.order)))
        if order.placed_at + self.patience > now:
            return refused(OrderNotPayable(str(self.order)))
        given_up = msgspec.structs.replace(order, state="cancelled", reason=UNPAID, payment_state="cancelled")
        changed, happened = event(given_up, "expired", now)
        lines = [
            msgspec.structs.replace(line, new=0, cancelled=line.cancelled + line.new)
            for line in view.children(OrderLine, order.id)
        ]
        changes = Changes((changed, happened, *lines))
        taken = view.get(Reference, self.name) if self.name else None
        if taken is not None and taken.target == order.id:
            changes.remove(taken)
        return Decided(changed, changes)
