"""Appraising an order: every check before taxes, in the one order in which they count, and the priced lines.

The same functions run on a plain read (the quote) and on locked rows (the placing), so the two cannot disagree on
what a rule means. A step that fails ends the appraisal; the steps over lines and over stock gather all failures.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING

import msgspec

from entrepot.domain.catalogue.products import Offer
from entrepot.domain.channels.accounts import Channel, Reference
from entrepot.domain.kernel import regions
from entrepot.domain.kernel.places import Premises
from entrepot.domain.kernel.records import View
from entrepot.domain.orders.records import EXTERNAL_ID
from entrepot.domain.placing.basket import EXTERNAL, Basket, WantedLine, offer_of
from entrepot.domain.pricing import flat_rates as shipping
from entrepot.domain.pricing.flat_rates import ShippingRate
from entrepot.domain.stock.availability import shortage
from entrepot.domain.stock.levels import standing
from entrepot.failures import Failure
from entrepot.failures.orders import (
    DuplicateExternalOrder,
    LineFailure,
    LineRef,
    MerchantUnknown,
    NoShippingToCountry,
    OrderSourceUnrecognized,
    PriceChanged,
    PriceInvalid,
    ProductUnavailable,
    ProductUnknown,
    ProvinceUnknown,
    VariantUnknown,
)
from entrepot.failures.payments import (
    ExternalPaymentNotImplemented,
    ExternalPaymentUnsupported,
    PaymentAmountsMissing,
    PaymentMethodUnsupported,
)

if TYPE_CHECKING:
    from entrepot.domain.channels.accounts import ExternalPayment

METHODS = frozenset({"credit card", "stripe", "afterpay", EXTERNAL})
"""The payment methods that the platform knows; an account enables some of them."""

Failures = tuple[Failure, ...]
NONE: Failures = ()


class PricedLine(msgspec.Struct, frozen=True):
    """A wanted line with the offer that answers it."""

    wanted: WantedLine
    offer: Offer

    @property
    def price(self) -> int:
        """The unit price in minor units."""
        return self.offer.price or 0

    @property
    def goods(self) -> int:
        """Price times quantity."""
        return self.price * self.wanted.quantity


class Shipment(msgspec.Struct, frozen=True):
    """One merchant's lines (by their index) and what sending them costs."""

    merchant_ref: str
    merchant_id: int
    merchant_name: str
    merchant_country: str
    merchant_address: Premises
    lines: tuple[int, ...]
    cost: int


class CheckedBasket(msgspec.Struct, frozen=True):
    """A basket that passed every check before taxes."""

    lines: tuple[PricedLine, ...]
    shipments: tuple[Shipment, ...]


class OrderChecks:
    """Runs the checks of one basket over one view; what a check finds out, the later ones and the result reuse."""

    def __init__(
        self,
        basket: Basket,
        view: View,
        *,
        paying: bool = True,
        known_order: int | None = None,
    ) -> None:
        """`paying` is off for orders that are paid later; `known_order` may hold the external id already."""
        self.basket = basket
        self.view = view
        self.paying = paying
        self.known_order = known_order
        self.channel = _account(basket, view)
        self.offers = [offer_of(view, basket, line) for line in basket.lines]
        """What answers each wanted line."""
        self.priced = _priced(basket.lines, self.offers)
        """The lines that have offers: all of them, once the line check has passed."""
        self.rates = _rates(basket, view, self.priced)
        """Each merchant's rate to the destination, None where it does not ship there."""

    def run(self) -> CheckedBasket | Failures:
        """The checked basket, or the failures of the first step that found any."""
        for check in CHECKS:
            failures = check(self)
            if failures:
                return failures
        return CheckedBasket(self.priced, tuple(self.shipments()))

    def reaches(self, line: PricedLine) -> bool:
        """Whether the line gets to the destination: its merchant ships there, or it needs no shipping."""
        return not line.offer.requires_shipping or self.rates[line.offer.merchant_ref or ""] is not None

    def shipments(self) -> list[Shipment]:
        """One shipment per merchant, in the order in which the merchants first appear."""
        grouped: dict[str, list[int]] = {}
        for index, line in enumerate(self.priced):
            grouped.setdefault(line.offer.merchant_ref or "", []).append(index)
        return [self._shipment(ref, indexes) for ref, indexes in grouped.items()]

    def _shipment(self, ref: str, indexes: list[int]) -> Shipment:
        lines = [self.priced[index] for index in indexes]
        first, rate = lines[0].offer, self.rates[ref]
        goods = sum([line.goods for line in lines])
        all_free = all(line.offer.free_shipping or not line.offer.requires_shipping for line in lines)
        cost = shipping.cost(rate, goods, all_free=all_free) if rate else 0
        return Shipment(
            ref,
            first.merchant_id or 0,
            first.merchant_name,
            first.merchant_country,
            first.merchant_address,
            tuple(indexes),
            cost,
        )


def _account(basket: Basket, view: View) -> Channel:
    """The account; its absence is a fault of the caller, not of the request."""
    channel = view.get(Channel, basket.channel)
    if channel is None:
        raise LookupError(f"channel {basket.channel} was not loaded")
    return channel


def _priced(lines: Sequence[WantedLine], offers: Sequence[Offer | None]) -> tuple[PricedLine, ...]:
    found = zip(lines, offers, strict=True)
    return tuple([PricedLine(line, offer) for line, offer in found if offer is not None])


def _rates(basket: Basket, view: View, lines: tuple[PricedLine, ...]) -> dict[str, ShippingRate | None]:
    country, currency = basket.ship_to.country, basket.currency
    refs = [line.offer.merchant_ref or "" for line in lines]
    return {ref: view.get(ShippingRate, (ref, country, currency)) for ref in refs}


def _source(a: OrderChecks) -> Failures:
    return NONE if a.channel.settings.source in a.channel.known_sources else (OrderSourceUnrecognized(),)


def _duplicate(a: OrderChecks) -> Failures:
    basket = a.basket
    if basket.external_id is None:
        return NONE
    taken = a.view.get(Reference, (basket.channel, basket.environment, EXTERNAL_ID, basket.external_id))
    if taken is None or taken.target == a.known_order:
        return NONE
    return (DuplicateExternalOrder(basket.external_id),)


def _method(a: OrderChecks) -> Failures:
    method = a.basket.payment.method
    works = method == EXTERNAL or not a.channel.lacks_cards(a.basket.environment)
    if works and method in METHODS and method in a.channel.settings.payment_methods:
        return NONE
    return (PaymentMethodUnsupported(method),)


def _external_account(a: OrderChecks) -> Failures:
    payment = a.basket.payment
    if payment.method != EXTERNAL:
        return NONE
    if a.paying and payment.amounts is None:
        return (PaymentAmountsMissing(),)
    config = a.channel.settings.external_payment
    if config is None:
        return (ExternalPaymentUnsupported(),)
    return NONE if _implemented(config) else (ExternalPaymentNotImplemented(config.type),)


def _implemented(config: ExternalPayment) -> bool:
    return config.type == "api" and config.api is not None and config.api.type == "apiKey"


def _lines(a: OrderChecks) -> Failures:
    integrations, looked_at = a.channel.known_integrations, zip(a.basket.lines, a.offers, strict=True)
    return tuple([failure for line, offer in looked_at if (failure := _line(line, offer, integrations))])


def _line(line: WantedLine, offer: Offer | None, integrations: Collection[str]) -> Failure | None:
    failure = offer_failure(offer, line.ref, integrations)
    if failure is not None or offer is None:
        return failure
    return PriceChanged(line.ref) if _price_moved(offer, line) else None


def offer_failure(offer: Offer | None, ref: LineRef, integrations: Collection[str]) -> LineFailure | None:
    """Why an offer cannot be bought by anybody, whatever price he has seen; None where it can."""
    if offer is None or offer.product_id is None:
        return ProductUnknown(ref)
    # An account of a door without fractions sees whole-unit variants only.
    if offer.variant_id is None or offer.scale != 0:
        return VariantUnknown(ref)
    if offer.merchant_id is None or offer.integration not in integrations:
        return MerchantUnknown(ref, offer.merchant_ref)
    if not offer.available:
        return ProductUnavailable(ref)
    return None if offer.price is not None and offer.price > 0 else PriceInvalid(ref)


def _price_moved(offer: Offer, line: WantedLine) -> bool:
    if line.recorded_price is not None:
        return offer.price not in (line.recorded_price, offer.remembered)
    seen = line.expected_price if line.expected_price is not None else offer.remembered
    return seen is not None and seen != offer.price


def _method_of_products(a: OrderChecks) -> Failures:
    method = a.basket.payment.method
    for line in a.priced:
        if method in line.offer.excluded_methods:
            return (PaymentMethodUnsupported(method),)
    return NONE


def province_failures(a: OrderChecks) -> Failures:
    """Whether the destination names a province that is none, or lacks one that its country needs."""
    country, province = a.basket.ship_to.country, a.basket.ship_to.province
    if not regions.country_exists(country):
        return NONE  # no merchant ships to a country that does not exist: the next check says so
    known = bool(regions.province_of(country, province)) if province else not regions.needs_province(country)
    return NONE if known else (ProvinceUnknown(country, province),)


def destination_failures(a: OrderChecks) -> Failures:
    """One failure for all lines whose merchant does not ship to the destination."""
    stranded = tuple([line.wanted.ref for line in a.priced if not a.reaches(line)])
    return (NoShippingToCountry(a.basket.ship_to.country, stranded),) if stranded else NONE


def _stock(a: OrderChecks) -> Failures:
    mode = a.channel.settings.stock
    asked: dict[int, int] = {}
    first: dict[int, LineRef] = {}
    for line in a.priced:
        variant = line.offer.variant_id
        if variant is not None and line.offer.tracked:
            asked[variant] = asked.get(variant, 0) + line.wanted.quantity
            first.setdefault(variant, line.wanted.ref)
    return tuple(
        [
            failure
            for variant, quantity in asked.items()
            if (failure := shortage(mode, standing(a.view, variant), quantity, first[variant]))
        ]
    )


CHECKS: tuple[Callable[[OrderChecks], Failures], ...] = (
    _source,
    _duplicate,
    _method,
    _external_account,
    _lines,
    _method_of_products,
    province_failures,
    destination_failures,
    _stock,
)
"""The order in which checks run decides which failure a caller sees (decision bonsai order of checks on submit)."""
