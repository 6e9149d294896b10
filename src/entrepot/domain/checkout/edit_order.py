"""Editing a placed order: the shop's own notes at any time, who buys until it is sent or paid."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from datetime import datetime
from typing import Any, Literal

import msgspec

from entrepot.domain.carts.details import CartPatch, merged
from entrepot.domain.carts.to_order import ship_to
from entrepot.domain.customers.records import Buyer
from entrepot.domain.fulfilment.ship import is_sent, send_all
from entrepot.domain.kernel.commands import Command, Decided, Decision, Ids, refused
from entrepot.domain.kernel.records import Changes, View
from entrepot.domain.kernel.stages import Stage
from entrepot.domain.orders.access import Asker, seen_order
from entrepot.domain.orders.payments import Payment
from entrepot.domain.orders.records import Order, OrderLine, Person, event
from entrepot.domain.stock.levels import Hold
from entrepot.failures import Failure
from entrepot.failures.orders import OrderLocked, OrderUnknown

_FIXED = ("currency", "vat_country", "delivery_method", "data")
"""What an order's amounts came of: nobody changes it any more."""


class OrderEdited(msgspec.Struct, frozen=True):
    """The order as it now stands."""

    order: Order


class EditOrder(Command, frozen=True, kw_only=True):
    """Change a placed order by an administrator, all of it or nothing. The result is `OrderEdited`.

    `marks` are notes of the shop's systems, which stand in the order's data under their names. `status` says that what
    is left of the order was sent, or that it was not.
    """

    order: int
    asks: Asker
    patch: CartPatch = CartPatch()
    marks: dict[str, Any] = msgspec.field(default_factory=dict[str, Any])
    status: Literal["sent", "unsent"] | None = None

    @property
    def weight(self) -> int:
        """The order, its events, and three rows per line that is sent; most orders have few."""
        return 10

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """Who asks and the order; if it is to be sent its shipments, and the levels at which its holds stand."""
        if stage is Stage.CHANNEL:
            return (self.asks.channel,)
        if stage is Stage.ORDER or (stage is Stage.SHIPMENT and self.status == "sent"):
            return (self.order,)
        if stage is Stage.STOCK and self.status == "sent":
            return {hold.variant for hold in view.children(Hold, self.order)}
        return ()

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Refuse an unknown order, and what its state forbids (decision textalk item 29)."""
        del ids
        order = seen_order(view, self.order, self.asks)
        if isinstance(order, OrderUnknown):
            return refused(order)
        edited = self._edited(order, view)
        if isinstance(edited, Failure):
            return refused(edited)
        changes = Changes()
        if edited != order:
            edited, happened = event(edited, "edited", now)
            changes.put(edited, happened)
        lines = view.children(OrderLine, order.id)
        locked = order.state != "placed" if self.status == "sent" else self.status and is_sent(lines)
        if locked:
            return refused(OrderLocked(str(order.id)))
        if self.status == "sent":
            edited = send_all(edited, view, now, changes)
            if isinstance(edited, Failure):
                return refused(edited)
        return Decided(OrderEdited(edited), changes)

    def _edited(self, order: Order, view: View) -> Order | Failure:
        patch, unset = self.patch, msgspec.UNSET
        personal = patch.buyer is not unset or patch.language is not unset
        fixed = any(getattr(self.patch, name) is not unset for name in _FIXED)
        if fixed or (personal and not is_open(order, view)):
            return OrderLocked(str(order.id))
        buyer = _buyer(order)
        if not isinstance(patch.buyer, msgspec.UnsetType):
            buyer = merged(buyer, patch.buyer)
        if isinstance(buyer, Failure):
            return buyer
        note = order.note if isinstance(patch.note, msgspec.UnsetType) else patch.note
        data = {**order.data, **self.marks}
        if isinstance(patch.language, str):
            data["language"] = patch.language
        edited = msgspec.structs.replace(order, note=note, data=data)
        return edited if buyer == _buyer(order) else _bought_by(edited, buyer)


def is_open(order: Order, view: View) -> bool:
    """Whether nothing was sent of the order yet, and no money is kept for it."""
    lines, payments = view.children(OrderLine, order.id), view.children(Payment, order.id)
    sent = any(line.new + line.acknowledged + line.cancelled < line.quantity for line in lines)
    kept = any(p.kind != "certificate" and p.state == "paid" and p.refunded < p.amount for p in payments)
    return order.state == "placed" and not (sent or kept or any(p.state == "reserved" for p in payments))


def _buyer(order: Order) -> Buyer:
    return msgspec.convert(order.data.get("buyer", {}), Buyer)


def _bought_by(order: Order, buyer: Buyer) -> Order:
    return msgspec.structs.replace(
        order,
        person=Person(buyer.info.email, buyer.address.first_name, buyer.address.last_name),
        ship_to=ship_to(buyer),
        data={**order.data, "buyer": msgspec.to_builtins(buyer)},
    )
