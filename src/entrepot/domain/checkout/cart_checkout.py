"""Checking a cart out: every check in the one order in which it counts, and the order that the cart becomes.

The order keeps the cart's id. Paid by hand, or with nothing left to pay, it exists at once; paid by card it is an
attempt first, which holds stock, certificates and discounts while the card is charged.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from datetime import datetime
from typing import ClassVar

import msgspec

from entrepot.domain.carts.codes import code_fault
from entrepot.domain.carts.command import STAGES, CartCommand, short, unsellable
from entrepot.domain.carts.look import raised
from entrepot.domain.carts.records import Cart, CartLine, end_cart
from entrepot.domain.carts.to_order import CARD, drafted
from entrepot.domain.carts.totals import Totals, destination, planned_payment, total
from entrepot.domain.catalogue import selection as selections
from entrepot.domain.catalogue.products import Product, Variant
from entrepot.domain.channels.accounts import channel_of
from entrepot.domain.channels.charging import Steps
from entrepot.domain.kernel.commands import Decided, Decision, Ids, refused
from entrepot.domain.kernel.records import Changes, View
from entrepot.domain.kernel.stages import Stage
from entrepot.domain.placing.attempts import Draft, Reserved, begun, held_names
from entrepot.domain.placing.basket import PAYMENT_TOKEN, token_used
from entrepot.domain.placing.draft import not_chargeable
from entrepot.domain.placing.place import InFlight, in_flight, reserve, settle, token_reuse
from entrepot.failures import Failure
from entrepot.failures.carts import (
    BuyerEmailMissing,
    CombinationUnavailable,
    DeliveryNotConfigured,
    DeliveryUnavailable,
    PurchaseTooSmall,
    QuantityNotSold,
)
from entrepot.failures.discounts import (
    CertificateCurrencyWrong,
    CertificateNotCombinable,
    DiscountNeedsBuyer,
    InvalidDiscountCode,
    InvalidGiftCertificate,
)
from entrepot.failures.orders import LineRef, PriceChanged, ProductUnknown
from entrepot.failures.payments import CardTokenMissing, PaymentNotConfigured, PaymentUnavailable

_CODE_FAULTS = (
    (InvalidDiscountCode, DiscountNeedsBuyer),
    InvalidGiftCertificate,
    CertificateCurrencyWrong,
    CertificateNotCombinable,
)
"""Of the faults of several codes the first kind counts."""


class CheckoutCart(CartCommand, frozen=True, kw_only=True):
    """Place a cart as an order. The result is `Placed`; `Reserved` where a card is to be charged; or `InFlight`.

    `lease_until` is the real time until which the caller drives the attempt. `token` is the hash of the card's token,
    which pays for one order only. `steps` are the amounts in which the shop's card provider can move money.
    """

    stages: ClassVar[frozenset[Stage]] = STAGES | {Stage.REFERENCE, Stage.STOCK}
    adds_up: ClassVar[bool] = True

    lease_until: datetime
    token: str | None = None
    steps: Steps | None = None

    @property
    def ids(self) -> int:
        """The attempt's, and one per certificate."""
        return 11

    @property
    def weight(self) -> int:
        """An order writes about ten rows, and more per line; most carts have few."""
        return 20

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """What totals look at, the card's token, and the stock of the lines."""
        if stage is Stage.REFERENCE and self.token is not None:
            return ((self.channel, self.environment, PAYMENT_TOKEN, self.token),)
        number = self.number(view)
        if stage is Stage.STOCK and number is not None:
            lines = [view.get(Variant, line.variant_id) for line in view.children(CartLine, number)]
            return {variant.id for variant in lines if variant and variant.tracked}
        return super().wants(stage, view)

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Refuse by the first check that fails (decision textalk second reading 7), or place or reserve."""
        number = self.number(view)
        standing = None if number is None else view.get(Cart, number)
        if standing is not None and standing.attempt is not None and standing.session == self.session:
            return Decided(InFlight(standing.attempt), Changes())
        cart = self.opened(view, now, ids)
        if isinstance(cart, Failure):
            return refused(cart)
        if stale := self.unseen(view):
            return refused(stale)
        totals = total(cart, view)
        by_card = bool(totals.due and totals.method and totals.method.provider == "card")
        token = self.token if by_card else None
        if failure := fault(cart, totals, view, now) or (self._no_card(view) if by_card else None):
            return refused(failure)
        draft = drafted(cart, totals, view, now, ids, token)
        if by_card and (failure := not_chargeable(CARD, draft, self.steps)):
            return refused(failure)
        if waiting := in_flight(draft.name_keys, view):
            return Decided(waiting, Changes())
        if token_used(draft.name_keys, view):
            return refused(token_reuse(CARD))
        changes = Changes()
        reserve(draft, view, now, changes)
        if by_card:
            return self._reserved(cart, draft, now, ids, changes)
        end_cart(cart.id, view, changes)
        return Decided(settle(draft, view, now, changes), changes)

    def _no_card(self, view: View) -> Failure | None:
        """Why no card can pay: nobody would charge it, or there is none."""
        if channel_of(view, self.channel).lacks_cards(self.environment):
            return PaymentUnavailable()
        return None if self.token else CardTokenMissing()

    def _reserved(self, cart: Cart, draft: Draft, now: datetime, ids: Ids, changes: Changes) -> Decision:
        request = same_checkout(cart.id, self.token)
        attempt = begun(draft, "place", self.lease_until, now, ids, request=request)
        # Not a new version: if nothing comes of the attempt, the cart has not changed.
        changes.put(attempt, *held_names(attempt), msgspec.structs.replace(cart, attempt=attempt.id))
        return Decided(Reserved(attempt), changes)


def same_checkout(cart: int, token: str | None) -> str:
    """How an attempt names the checkout that it is of: by the cart, and the hash of the card's token."""
    return f"{cart}/{token or ''}"


def fault(cart: Cart, totals: Totals, view: View, now: datetime) -> Failure | None:
    """Why a cart cannot be placed; the first that counts (decision textalk second reading 7)."""
    return (
        _lines_fault(cart, view)
        or _amount_fault(cart, totals, view)
        or _delivery_fault(cart, totals, view)
        or _codes_fault(cart, view, now)
        or _payment_fault(cart, totals, view)
        or raised(cart, totals)
        or _buyer_fault(cart)
    )


def _lines_fault(cart: Cart, view: View) -> Failure | None:
    wanted: dict[int, int] = {}
    for line in view.children(CartLine, cart.id):
        product = view.get(Product, line.product_id) if line.product_id else None
        if product is None:
            return ProductUnknown(LineRef(line.product, line.variant))
        variant = view.get(Variant, line.variant_id) if line.variant_id else None
        if variant is None:
            return CombinationUnavailable(selections.ref_of(product))
        wanted[variant.id] = wanted.get(variant.id, 0) + line.quantity
        failure = _line_fault(cart, line, product, variant, view) or short(
            channel_of(view, cart.channel), product, variant, wanted[variant.id], view
        )
        if failure:
            return failure
    return None


def _line_fault(cart: Cart, line: CartLine, product: Product, variant: Variant, view: View) -> Failure | None:
    """Whether the line could not be added now as it was, or for another price."""
    selection = selections.select(product, selections.kept(line.choices, product.id, view), view)
    if isinstance(selection, Failure):
        return selection
    if selection.variant.id != variant.id:
        return CombinationUnavailable(selections.ref_of(product))
    if line.quantity % variant.divisible_by:
        return QuantityNotSold(selections.ref_of(product, variant), str(line.quantity))
    price = selections.unit_price(product, variant, line.choices, cart.currency, view)
    failure = unsellable(product, variant, price, line.quantity)
    return failure or (PriceChanged(selections.ref_of(product, variant)) if line.price != price else None)


def _amount_fault(cart: Cart, totals: Totals, view: View) -> Failure | None:
    """An empty cart is below every minimum."""
    minimum = channel_of(view, cart.channel).settings.shop.minimum_purchase.get(cart.currency, 0)
    enough = totals.lines and totals.spend >= minimum
    return None if enough else PurchaseTooSmall(totals.spend, minimum)


def _delivery_fault(cart: Cart, totals: Totals, view: View) -> Failure | None:
    if not totals.needs_delivery or totals.delivery_method is not None:
        return None
    if cart.delivery_method is None or totals.delivery_offers:
        return DeliveryNotConfigured()
    return DeliveryUnavailable(destination(cart, channel_of(view, cart.channel).settings.shop).country)


def _codes_fault(cart: Cart, view: View, now: datetime) -> Failure | None:
    faults = [failure for code in cart.codes if (failure := code_fault(cart, code, view, now))]
    return next((f for kind in _CODE_FAULTS for f in faults if isinstance(f, kind)), None)


def _buyer_fault(cart: Cart) -> Failure | None:
    """A shop may take an order for somebody without an address; who buys for herself can be asked for hers."""
    return BuyerEmailMissing() if cart.session is not None and not cart.buyer.info.email else None


def _payment_fault(cart: Cart, totals: Totals, view: View) -> Failure | None:
    if totals.due <= 0 or totals.method is not None:
        return None
    if planned_payment(cart, view) is None or totals.payment_methods:
        return PaymentNotConfigured()
    return PaymentUnavailable()
