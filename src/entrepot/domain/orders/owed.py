"""What of an order is to be paid: what was cancelled before anybody collected it is not due any more."""

from __future__ import annotations

from collections.abc import Sequence

from entrepot.domain.kernel.records import View
from entrepot.domain.orders.cancel import cancelled_value
from entrepot.domain.orders.payments import Payment
from entrepot.domain.orders.records import Order, OrderLine, OrderPart


def owed(order: Order, parts: Sequence[OrderPart], lines: Sequence[OrderLine]) -> int:
    """What the order costs without what was cancelled of it, in minor units; one that has ended costs what it did."""
    return order.total - (cancelled_value(parts, lines) if order.state != "cancelled" else 0)


def owed_of(order: Order, view: View) -> int:
    """The same of an order that was loaded."""
    return owed(order, view.children(OrderPart, order.id), view.children(OrderLine, order.id))


def due(order: Order, view: View) -> int:
    """What of an order nobody has paid or reserved yet, in minor units; nothing of one that has ended."""
    if order.state == "cancelled":
        return 0
    payments = view.children(Payment, order.id)
    kept = sum(p.amount for p in payments if p.state == "paid")
    kept += sum(collectable(order, p, view) for p in payments if p.state == "reserved")
    return max(owed_of(order, view) - kept, 0)


def collectable(order: Order, payment: Payment, view: View) -> int:
    """How much of an open payment is due: what is owed and no other payment has kept or reserved, never more than it.

    In minor units, 0 where nothing is left to pay.
    """
    others = [p for p in view.children(Payment, order.id) if p.key != payment.key]
    kept = sum(p.amount - p.refunded for p in others if p.state in {"reserved", "paid"})
    return max(min(payment.amount, owed_of(order, view) - kept), 0)
