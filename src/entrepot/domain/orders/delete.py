"""Deleting an order by the operator: it stays in the books, and is there for no account any more."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from datetime import datetime
from typing import ClassVar

import msgspec

from entrepot.domain.kernel.commands import Command, Decided, Decision, Ids, refused
from entrepot.domain.kernel.records import Changes, View
from entrepot.domain.kernel.stages import Stage
from entrepot.domain.orders.line_counts import unsent
from entrepot.domain.orders.records import Order, OrderLine, event
from entrepot.failures.orders import OrderUnfinished, OrderUnknown


class Deleted(msgspec.Struct, frozen=True):
    """The order, with the moment from which it is there for no account."""

    order: Order


class DeleteOrder(Command, frozen=True, kw_only=True):
    """Delete an order of which nothing waits to be sent. It keeps its names. The result is `Deleted`."""

    stages: ClassVar[frozenset[Stage]] = frozenset({Stage.ORDER})

    order: int

    @property
    def weight(self) -> int:
        """The order and its event."""
        return 2

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """The order."""
        del view
        return (self.order,) if stage is Stage.ORDER else ()

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Refuse an order that somebody still expects; to delete one again changes nothing."""
        del ids
        order = view.get(Order, self.order)
        if order is None:
            return refused(OrderUnknown(str(self.order)))
        if order.deleted_at is not None:
            return Decided(Deleted(order), Changes())
        waits = order.state == "placed" and any(map(unsent, view.children(OrderLine, order.id)))
        if order.state == "pending" or waits:
            return refused(OrderUnfinished(str(order.id)))
        after, happened = event(msgspec.structs.replace(order, deleted_at=now), "deleted", now)
        return Decided(Deleted(after), Changes((after, happened)))
