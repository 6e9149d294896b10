"""Deleting orders of which nothing is left to do, with all that hangs on them."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from datetime import datetime
from typing import Any, ClassVar, Final

import msgspec

from entrepot.domain.carts.records import CartFile
from entrepot.domain.channels.accounts import GONE, Reference
from entrepot.domain.fulfilment.records import (
    Return,
    ReturnEvent,
    ReturnLabel,
    ReturnLine,
    Shipment,
    ShipmentEvent,
    ShipmentLine,
)
from entrepot.domain.fulfilment.returns.open import RETURN_NAME
from entrepot.domain.kernel.commands import Decided, Decision, Ids
from entrepot.domain.kernel.records import Changes, View
from entrepot.domain.kernel.stages import Stage
from entrepot.domain.orders.payments import Payment, Refund
from entrepot.domain.orders.records import EXTERNAL_ID, InvoiceLine, Order, OrderEvent, OrderLine, OrderPart
from entrepot.domain.outbox.deliveries import Delivery
from entrepot.domain.stock.levels import Hold
from entrepot.domain.upkeep.purge import Purge

FORGET: Final = "forget"
"""The listener that lets simulators forget what belonged to deleted orders: `forget:<order>`, the first of them."""

_GIVEN_BACK: Final = frozenset({EXTERNAL_ID, RETURN_NAME})
"""The kinds of names that are free again; the others stand for one order for ever."""
_CHILDREN: Final = (
    CartFile,
    OrderPart,
    OrderLine,
    OrderEvent,
    Payment,
    Refund,
    Shipment,
    ShipmentLine,
    ShipmentEvent,
    Return,
    ReturnLine,
    ReturnEvent,
)


class PurgeOrders(Purge, frozen=True):
    """Delete those of these orders that are over and were last changed at least `keep` ago. The result is how many.

    What money and codes are counted by stays: invoice lines, and uses of discounts and gift certificates.
    """

    stages: ClassVar[frozenset[Stage]] = frozenset(
        {Stage.CART, Stage.ORDER, Stage.SHIPMENT, Stage.RETURN, Stage.BELONGINGS}
    )

    @property
    def weight(self) -> int:
        """An order with what hangs on it."""
        return 20 * len(self.keys)

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """The orders with all that hangs on them, and the names of their returns."""
        if stage is not Stage.BELONGINGS:
            return self.keys if stage in self.stages else ()
        return [*self.keys, *(ret.id for key in self.keys for ret in view.children(Return, key))]

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Never refused; simulators are told by the outbox."""
        decided = super().decide(view, now, ids)
        if isinstance(decided, Decided) and (message := self._message(view, decided.changes, now)):
            decided.changes.put(message)
        return decided

    def remove(self, key: Hashable, view: View, before: datetime, changes: Changes) -> bool:
        """See `Purge.remove`."""
        order = view.get(Order, key)
        if order is None or order.changed_at > before or not is_over(order, view):
            return False
        for name in _names(order, view):
            if name.kind in _GIVEN_BACK:
                changes.remove(name)
            else:
                changes.put(msgspec.structs.replace(name, target=GONE))
        if (owed := view.get(InvoiceLine, order.id)) is not None:
            changes.put(msgspec.structs.replace(owed, order_gone=True))
        for kind in _CHILDREN:
            for record in view.children(kind, order.id):
                changes.remove(record)
        changes.remove(order)
        return True

    def _message(self, view: View, changes: Changes, now: datetime) -> Delivery | None:
        gone = [key for (kind, key), record in changes.items() if kind is Order and record is None]
        orders = [order for key in gone if (order := view.get(Order, key))]
        if not orders:
            return None
        keys = [
            ret.label_key.hex for each in orders for ret in view.children(Return, each.id) if ret.label_key
        ]
        paths = [path for each in orders if (path := _label_path(each))]
        told: dict[str, Any] = {"orders": [each.id for each in orders], "labels": keys, "paths": paths}
        first = orders[0].id
        return Delivery(first, f"{FORGET}:{first}", 1, told, now)


def _label_path(order: Order) -> str | None:
    """Where the order's own label is read; a door may keep something else under that word."""
    label: object = order.data.get("label")
    try:
        return msgspec.convert(label, ReturnLabel).url
    except msgspec.ValidationError:
        return None


def is_over(order: Order, view: View) -> bool:
    """Whether nothing is left to do: nothing to send, to come back or to look at, and no money to move.

    `store.queries.ended` finds orders by the same conditions.
    """
    if order.state == "placed":
        money = order.payment_state in ("paid", "partially_refunded", "refunded") or not order.total
        lines = view.children(OrderLine, order.id)
        if not money or any(line.new + line.acknowledged + line.return_initiated for line in lines):
            return False
        return not (_open_refund(order, view) or _uninspected(order, view, lines))
    ended = order.state in ("cancelled", "failed") and order.payment_state not in ("pending", "reserved")
    kept = (
        each.kind in ("card", "manual") and each.state == "paid" and each.refunded < each.amount
        for each in view.children(Payment, order.id)
    )
    return ended and not any(kept) and not view.children(Hold, order.id) and not _open_refund(order, view)


def _open_refund(order: Order, view: View) -> bool:
    return any(refund.state == "open" for refund in view.children(Refund, order.id))


def _uninspected(order: Order, view: View, lines: Iterable[OrderLine]) -> bool:
    """Whether units that came out of stock are back, and nobody has said what became of them."""
    stocked = {line.no for line in lines if line.tracked and line.variant and order.environment == "live"}
    return any(each.line in stocked and each.uninspected for each in view.children(ReturnLine, order.id))


def _names(order: Order, view: View) -> Iterator[Reference]:
    yield from view.children(Reference, order.id)
    for ret in view.children(Return, order.id):
        yield from view.children(Reference, ret.id)
