"""What an order that comes of a cart takes with it, and gives back where it comes to nothing."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from datetime import datetime
from typing import TypeVar

import msgspec

from entrepot.domain.carts.records import Cart, CartLine
from entrepot.domain.kernel.records import Changes, Stage, View
from entrepot.domain.orders.records import OrderEvent, Payment
from entrepot.domain.placing.attempts import Draft, Purchase
from entrepot.domain.placing.place import Placed
from entrepot.domain.pricing import gift_certificates as certificates
from entrepot.domain.pricing.discounts import Discount, DiscountUse
from entrepot.domain.pricing.gift_certificates import Certificate, CertificateUse

R = TypeVar("R", Discount, Certificate)


def codes_want(stage: Stage, purchase: Purchase, order: int) -> Iterable[Hashable]:
    """What is loaded to give back the codes of an order."""
    spent = [payment.method_id for payment in purchase.certificates if payment.method_id is not None]
    match stage:
        case Stage.DISCOUNT:
            return purchase.discounts
        case Stage.DISCOUNT_USE:
            return [(discount, purchase.buyer) for discount in purchase.discounts]
        case Stage.CERTIFICATE:
            return spent
        case Stage.CERTIFICATE_USE:
            return [(certificate, order) for certificate in spent]
        case _:
            return ()


def take_codes(purchase: Purchase, order: int, view: View, now: datetime, changes: Changes) -> None:
    """Count the discounts as used and take the money from the certificates; both were checked on the same rows."""
    for number in purchase.discounts:
        discount = _loaded(view.get(Discount, number))
        changes.put(msgspec.structs.replace(discount, used=discount.used + 1))
        changes.put(DiscountUse(number, order, purchase.buyer, now))
    for payment in purchase.certificates:
        certificate = _loaded(view.get(Certificate, payment.method_id))
        changes.put(certificates.spent(certificate, payment.amount, now))
        changes.put(CertificateUse(certificate.id, order, payment.amount, now))


def give_back_codes(purchase: Purchase, order: int, view: View, now: datetime, changes: Changes) -> None:
    """Undo `take_codes`, as far as it still stands: what was refunded to a certificate before is there already."""
    for number in purchase.discounts:
        discount, use = view.get(Discount, number), view.get(DiscountUse, (number, order))
        if discount is not None and use is not None:
            changes.put(msgspec.structs.replace(discount, used=discount.used - 1))
            changes.remove(use)
    for payment in purchase.certificates:
        certificate = view.get(Certificate, payment.method_id)
        use = view.get(CertificateUse, (payment.method_id, order))
        if certificate is not None and use is not None:
            changes.put(certificates.spent(certificate, -use.amount, now))
            changes.remove(use)


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


def not_bought(draft: Draft, view: View, now: datetime, changes: Changes) -> None:
    """Leave the cart as it was before: its codes are given back, and it can be changed and placed again."""
    if draft.purchase is not None:
        give_back_codes(draft.purchase, draft.order.id, view, now, changes)
    cart = view.get(Cart, draft.order.id)
    if cart is not None:
        changes.put(msgspec.structs.replace(cart, attempt=None))


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
