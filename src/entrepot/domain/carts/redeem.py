"""What an order that comes of a cart takes with it; `orders.ending` gives it back."""

from __future__ import annotations

from datetime import datetime
from typing import TypeVar

import msgspec

from entrepot.domain.carts.records import Cart, CartLine
from entrepot.domain.kernel.records import Changes, View
from entrepot.domain.orders.payments import Payment
from entrepot.domain.orders.records import OrderEvent
from entrepot.domain.placing.attempts import Draft, Purchase
from entrepot.domain.placing.place import Placed
from entrepot.domain.pricing import gift_certificates as certificates
from entrepot.domain.pricing.discounts import Discount, DiscountUse
from entrepot.domain.pricing.gift_certificates import Certificate, CertificateUse

R = TypeVar("R", Discount, Certificate)


def take_codes(purchase: Purchase, order: int, view: View, now: datetime, changes: Changes) -> None:
    """Count the discounts as used and take the money from the certificates; both were checked on the same rows."""
    for number in purchase.discounts:
        discount = _loaded(view.get(Discount, number))
        changes.put(msgspec.structs.replace(discount, used=discount.used + 1))
        changes.put(*(DiscountUse(number, order, buyer, now) for buyer in purchase.buyers or ("",)))
    for payment in purchase.certificates:
        certificate = _loaded(view.get(Certificate, payment.method_id))
        changes.put(certificates.spent(certificate, payment.amount, now))
        changes.put(CertificateUse(certificate.id, order, payment.amount, now))


def bought(
    draft: Draft,
    view: View,
    now: datetime,
    changes: Changes,
    reference: str | None = None,
    description: str | None = None,
) -> Placed:
    """Make the order exist in place of its cart; its stock is held and its codes are taken."""
    purchase = draft.purchase
    payment = purchase.payment if purchase else None
    if payment is not None and reference is not None:
        payment = msgspec.structs.replace(payment, reference=reference)
    order = msgspec.structs.replace(draft.order, payment_description=description)
    payments = [*((payment,) if payment else ()), *(purchase.certificates if purchase else ())]
    for planned in view.children(Payment, order.id):
        changes.remove(planned)
    changes.put(order, *draft.parts, *draft.lines, *payments, OrderEvent(order.id, 1, now, "placed", {}))
    _remove_cart(order.id, view, changes)
    return Placed(order, draft.parts, draft.lines, payments[0] if payments else None)


def _remove_cart(number: int, view: View, changes: Changes) -> None:
    """Remove the cart with its lines; files stay, as the order's lines keep their numbers."""
    for line in view.children(CartLine, number):
        changes.remove(line)
    cart = view.get(Cart, number)
    if cart is not None:
        changes.remove(cart)


def _loaded(record: R | None) -> R:
    if record is None:
        raise LookupError("a code was checked and yet is not loaded")
    return record
