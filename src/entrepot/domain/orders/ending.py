"""Ending an order: one function of what stands, for every door, the command line and what falls due by itself.

What an order took is found where it stands (holds, uses of codes, payments, names), never in a copy, so that whatever
ends it gives back the same: cancelling, discarding, expiry; and, of an order that never came to be, a failed payment.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from datetime import datetime

import msgspec

from entrepot.domain.channels.accounts import Reference
from entrepot.domain.kernel.commands import Ids
from entrepot.domain.kernel.records import Changes, View
from entrepot.domain.kernel.stages import Stage
from entrepot.domain.orders.payment_state import OPEN_STATES, ask_provider, state_of
from entrepot.domain.orders.payments import Payment, Refund
from entrepot.domain.orders.records import EXTERNAL_ID, Order, PaymentState
from entrepot.domain.pricing import gift_certificates as certificates
from entrepot.domain.pricing.discounts import Discount, DiscountUse
from entrepot.domain.pricing.gift_certificates import Certificate, CertificateUse
from entrepot.domain.stock.holds import free_holds
from entrepot.domain.stock.levels import Hold


def ending_wants(stage: Stage, order: int, view: View) -> Iterable[Hashable]:
    """What is loaded to end an order, or an attempt to make it; holds and uses come with the order."""
    match stage:
        case Stage.ORDER:
            return (order,)
        case Stage.DISCOUNT:
            return {use.discount for use in view.children(DiscountUse, order)}
        case Stage.CERTIFICATE:
            return {use.certificate for use in view.children(CertificateUse, order)}
        case Stage.HELD:
            known = view.get(Order, order)
            return () if known is None or known.external_id is None else (_name(known),)
        case Stage.STOCK:
            return {hold.variant for hold in view.children(Hold, order)}
        case _:
            return ()


def end(order: Order, reason: str, view: View, now: datetime, ids: Ids, changes: Changes) -> Order:
    """The order as it is once it has ended; what it took is given back among the changes.

    Its id given from outside is free again; a payment token is not, since it pays once. Money that was collected stays
    until it is refunded, but for what gift certificates paid, which is back on them. A card's reservation is let go by
    its provider, who is asked by the outbox. Takes an id for each of these.
    """
    undo(order.id, view, now, changes)
    _free_name(order, view, changes)
    payments = [_let_go(payment, ids, now, changes) for payment in view.children(Payment, order.id)]
    return msgspec.structs.replace(
        order, state="cancelled", reason=reason, payment_state=_payment_state(order, payments, view)
    )


def undo(order: int, view: View, now: datetime, changes: Changes) -> None:
    """Give back the stock that an order, or the attempt to make it, holds, and the codes that it used."""
    free_holds(order, view, changes)
    give_back_codes(order, view, now, changes)


def give_back_codes(order: int, view: View, now: datetime, changes: Changes) -> None:
    """Discounts that an order used are unused again, and gift certificates have back what they paid."""
    for number in {use.discount for use in view.children(DiscountUse, order)}:
        discount = view.get(Discount, number)
        if discount is not None:
            changes.put(msgspec.structs.replace(discount, used=discount.used - 1))
    for use in view.children(DiscountUse, order):
        changes.remove(use)
    for use in view.children(CertificateUse, order):
        certificate = view.get(Certificate, use.certificate)
        if certificate is not None:
            changes.put(certificates.spent(certificate, -use.amount, now))
        changes.remove(use)


def _let_go(payment: Payment, ids: Ids, now: datetime, changes: Changes) -> Payment:
    if payment.kind == "certificate":
        payment = msgspec.structs.replace(payment, refunded=payment.amount)
    elif payment.kind == "card" and payment.state == "reserved":
        if payment.asking is None:
            return ask_provider(payment, "cancel", ids.next(), now, changes)
        return payment
    elif payment.state in OPEN_STATES:
        payment = msgspec.structs.replace(payment, state="cancelled")
    else:
        return payment
    changes.put(payment)
    return payment


def _payment_state(order: Order, payments: list[Payment], view: View) -> PaymentState:
    """What its payments make of it; an order that cost nothing was paid, another without payments never will be."""
    if not payments:
        return order.payment_state if order.payment_state != "unpaid" else "cancelled"
    return state_of(payments, order.total, view.children(Refund, order.id))


def _name(order: Order) -> Hashable:
    return (order.channel, order.environment, EXTERNAL_ID, order.external_id)


def _free_name(order: Order, view: View, changes: Changes) -> None:
    name = view.get(Reference, _name(order))
    if name is not None and name.target == order.id and name.attempt is None:
        changes.remove(name)
