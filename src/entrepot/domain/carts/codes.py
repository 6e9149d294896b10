"""Adding codes to a cart, discounts' and gift certificates' alike, and taking them away."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from datetime import datetime
from typing import ClassVar

import msgspec

from entrepot.domain.carts.command import STAGES, CartCommand
from entrepot.domain.carts.records import Cart, CartCode
from entrepot.domain.carts.totals import (
    Totals,
    buyer_names,
    discounts_of,
    groups_of,
    planned_payment,
    total,
    uses_wanted,
)
from entrepot.domain.kernel.commands import Decided, Decision, Ids, refused
from entrepot.domain.kernel.records import Changes, View
from entrepot.domain.kernel.stages import Stage
from entrepot.domain.payments.methods import PaymentMethod
from entrepot.domain.pricing import discounts
from entrepot.domain.pricing import gift_certificates as certificates
from entrepot.domain.pricing.code_names import claim_key, claimants, code_name, coded
from entrepot.domain.pricing.discounts import Discount, DiscountUse
from entrepot.domain.pricing.gift_certificates import Certificate
from entrepot.failures import Failure
from entrepot.failures.discounts import (
    CertificateCurrencyWrong,
    CertificateNotCombinable,
    DiscountCodeAlreadySpecified,
    DiscountNeedsBuyer,
    InvalidDiscountCode,
    InvalidGiftCertificate,
    NoFurtherDiscount,
)

MAX_CODES = 10
"""The most codes that a cart may have; beyond them none gives anything further."""


class CodesSet(msgspec.Struct, frozen=True):
    """The cart with its codes, and what it now comes to."""

    cart: Cart
    totals: Totals


class CodeCommand(CartCommand, frozen=True, kw_only=True):
    """A command about one code of a cart."""

    stages: ClassVar[frozenset[Stage]] = STAGES | {Stage.REFERENCE}
    adds_up: ClassVar[bool] = True

    code: str

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """What totals look at, and what goes by the code."""
        wanted = super().wants(stage, view)
        number = self.number(view)
        cart = None if number is None else view.get(Cart, number)
        named = claimants(view, self.channel, self.code)
        match stage:
            case Stage.REFERENCE:
                return (claim_key(self.channel, self.code),)
            case Stage.DISCOUNT | Stage.CERTIFICATE:
                return [*wanted, *named]
            case Stage.DISCOUNT_USE if cart:
                found = (view.get(Discount, number) for number in named)
                return uses_wanted(view, cart, *(discount for discount in found if discount))
            case _:
                return wanted


class AddCode(CodeCommand, frozen=True, kw_only=True):
    """Add a code to a cart. The result is `CodesSet`."""

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Refuse what is locked, then by the one order of checks (decision textalk second reading 1)."""
        cart = self.opened(view, now, ids)
        if isinstance(cart, Failure):
            return refused(cart)
        if stale := self.unseen(view):
            return refused(stale)
        named = self._named(view)
        if named is None:
            return refused(InvalidDiscountCode(self.code))
        if failure := self._fault(cart, named, view, now):
            return refused(failure)
        added = msgspec.structs.replace(cart, codes=(*cart.codes, named))
        before, after = total(cart, view), total(added, view)
        if not _helps(named, before, after) or _alone(added, view) or len(cart.codes) >= MAX_CODES:
            return refused(NoFurtherDiscount(self.code))
        changes = Changes()
        return Decided(CodesSet(self.saved(added, view, now, changes), after), changes)

    def _named(self, view: View) -> CartCode | None:
        found = coded(view, self.channel, self.code)
        if found is None:
            return None
        return CartCode(found.code, "discount" if isinstance(found, Discount) else "certificate", found.id)

    def _fault(self, cart: Cart, named: CartCode, view: View, now: datetime) -> Failure | None:
        fault = code_fault(cart, named, view, now)
        if isinstance(fault, InvalidDiscountCode):
            return fault
        if any((code.kind, code.target) == (named.kind, named.target) for code in cart.codes):
            return DiscountCodeAlreadySpecified(self.code)
        return fault


class RemoveCode(CodeCommand, frozen=True, kw_only=True):
    """Take a code away from a cart. The result is `CodesSet`."""

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Refuse what is locked, or a code that the cart does not have."""
        cart = self.opened(view, now, ids)
        if isinstance(cart, Failure):
            return refused(cart)
        left = tuple(code for code in cart.codes if code_name(code.code) != code_name(self.code))
        if len(left) == len(cart.codes):
            return refused(InvalidDiscountCode(self.code))
        if stale := self.unseen(view):
            return refused(stale)
        changes = Changes()
        cart = self.saved(msgspec.structs.replace(cart, codes=left), view, now, changes)
        return Decided(CodesSet(cart, total(cart, view)), changes)


def code_fault(cart: Cart, code: CartCode, view: View, now: datetime) -> Failure | None:
    """Why a code of a cart does not count: invalid, spent, of another currency, or not beside the way of paying."""
    if code.kind == "discount":
        return _discount_fault(cart, code, view, now)
    certificate = view.get(Certificate, code.target)
    if certificate is None or not certificates.valid(certificate, now):
        return InvalidGiftCertificate(code.code)
    if certificate.currency != cart.currency:
        return CertificateCurrencyWrong(code.code, certificate.currency)
    return None if _combinable(cart, view) else CertificateNotCombinable(code.code)


def _discount_fault(cart: Cart, code: CartCode, view: View, now: datetime) -> Failure | None:
    discount = view.get(Discount, code.target)
    if discount is None or not discounts.valid(
        discount, groups_of(cart, view), uses_of(cart, discount, view), now
    ):
        return InvalidDiscountCode(code.code)
    nobody = discount.max_uses_per_customer is not None and not buyer_names(cart, view)
    return DiscountNeedsBuyer(code.code) if nobody else None


def uses_of(cart: Cart, discount: Discount, view: View) -> int:
    """In how many orders the cart's buyer has used a discount, under whichever of her names."""
    names = buyer_names(cart, view)
    return len({use.order for name in names for use in view.children(DiscountUse, (discount.id, name))})


def _combinable(cart: Cart, view: View) -> bool:
    planned = planned_payment(cart, view)
    method = view.get(PaymentMethod, planned.method_id) if planned else None
    return method is None or method.with_certificate


def _helps(added: CartCode, before: Totals, after: Totals) -> bool:
    """Whether a discount makes the goods or their delivery cheaper, or a certificate pays something."""
    if added.kind == "certificate":
        return after.certificates > before.certificates
    return (after.goods + after.delivery).inc < (before.goods + before.delivery).inc


def _alone(cart: Cart, view: View) -> bool:
    """Whether one of several discounts is for itself only."""
    found = [discount for _, discount in discounts_of(cart, view)]
    return len(found) > 1 and not all(discount.combinable for discount in found)
