"""What the payments of an order make of it, and how the provider that holds one is asked about it again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal

import msgspec

from entrepot.domain.kernel.records import Changes
from entrepot.domain.orders.payments import Payment, ProviderRequest, Refund
from entrepot.domain.orders.records import PaymentState
from entrepot.domain.outbox.deliveries import AT_ONCE, Delivery

LISTENER = "payment"
OPEN_STATES = frozenset({"planned", "unpaid", "pending", "reserved"})


def ask_provider(
    payment: Payment,
    what: Literal["capture", "cancel"],
    no: int,
    now: datetime,
    changes: Changes,
    again_at: datetime = AT_ONCE,
) -> Payment:
    """The payment with the question `no`, put among the changes with the delivery that asks it from `again_at` on."""
    asked = msgspec.structs.replace(payment, asking=ProviderRequest(what, no))
    changes.put(asked, Delivery(*delivery_key(payment.order, no), {"payment": payment.id}, now, again_at))
    return asked


def delivery_key(order: int, no: int) -> tuple[int, str, int]:
    """The name of the delivery that asks a provider again: subject, listener, number."""
    return (order, f"{LISTENER}:{no}", 1)


def state_of(payments: Sequence[Payment], total: int, refunds: Iterable[Refund]) -> PaymentState:
    """What the payments of an order of this total make of it: the least advanced of those that count.

    What is still asked of a provider is not given back yet. Where what was collected is back, and the rest was let
    go, nothing is owed any more.
    """
    counting = [p for p in payments if p.state not in {"cancelled", "error", "planned"}]
    let_go = any(p.state == "cancelled" for p in payments)
    if not counting:
        return "cancelled" if let_go else "unpaid"
    for state in ("unpaid", "pending", "reserved"):
        if any(p.state == state for p in counting):
            return state
    paid = sum(p.amount for p in counting)
    refunded = sum(p.refunded for p in counting) - sum(r.amount for r in refunds if r.state == "open")
    if paid < total:
        return "cancelled" if let_go and refunded == paid else "unpaid"
    if not refunded:
        return "paid"
    return "refunded" if refunded == paid else "partially_refunded"
