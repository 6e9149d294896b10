"""A basket: what somebody wants to buy, where it shall go and how it is paid, and what has to be known to judge it."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

import msgspec

from entrepot.domain.catalogue.products import Offer, OfferKey
from entrepot.domain.channels.accounts import Environment, Reference
from entrepot.domain.kernel.records import View
from entrepot.domain.orders.records import EXTERNAL_ID, Address
from entrepot.failures.orders import LineRef

PAYMENT_TOKEN = "payment-token"  # noqa: S105  (the kind of a reference, not a token)

EXTERNAL = "external payment"
"""The payment method of accounts that collect the money themselves."""


class WantedLine(msgspec.Struct, frozen=True):
    """A quantity of a product's variant. The ids are None where what the caller sent cannot be one of ours.

    `expected_price` is what the caller says he saw. `recorded_price` is what an order was recorded with that is paid
    now: another price can be charged once the account has been shown that one.
    """

    product: UUID | None
    variant: int | None
    quantity: int
    ref: LineRef
    expected_price: int | None = None
    recorded_price: int | None = None


class WantedPayment(msgspec.Struct, frozen=True):
    """How the order is to be paid. `token` is a hash of the proof; `amounts` is what an account says it collected."""

    method: str
    token: str | None = None
    amounts: dict[str, int] | None = None


class OutsideName(msgspec.Struct, frozen=True):
    """A name that the caller gives to its order; of one kind, each may be given once."""

    kind: str
    value: str


NameKey = tuple[int, str, str, str]
"""An outside name where it counts: channel, environment, kind and value."""


class Basket(msgspec.Struct, frozen=True):
    """What is asked for, as far as the checks before taxes look at it."""

    channel: int
    environment: Environment
    currency: str
    lines: tuple[WantedLine, ...]
    ship_to: Address
    payment: WantedPayment
    external_id: str | None = None

    @property
    def names(self) -> tuple[OutsideName, ...]:
        """The names given from outside that the order would take."""
        own = () if self.external_id is None else (OutsideName(EXTERNAL_ID, self.external_id),)
        token = self.payment.token
        return own if token is None else (*own, OutsideName(PAYMENT_TOKEN, token))


def offer_key(basket: Basket, line: WantedLine) -> OfferKey | None:
    """The name of the offer that a line looks at; None where its ids cannot be ours."""
    if line.product is None:
        return None
    return OfferKey(basket.channel, basket.environment, line.product, line.variant or 0, basket.currency)


def offer_of(view: View, basket: Basket, line: WantedLine) -> Offer | None:
    """The loaded offer of a line."""
    key = offer_key(basket, line)
    return view.get(Offer, key) if key else None


def offer_keys(basket: Basket) -> Iterable[OfferKey]:
    """The offers to load for a basket."""
    return [key for line in basket.lines if (key := offer_key(basket, line))]


def name_keys(basket: Basket) -> list[NameKey]:
    """The names given from outside that the basket would take."""
    return [(basket.channel, basket.environment, name.kind, name.value) for name in basket.names]


def shipping_keys(basket: Basket, view: View) -> Iterable[tuple[str, str, str]]:
    """The shipping rates to load, once the offers are known."""
    country, currency = basket.ship_to.country, basket.currency
    offers = [offer_of(view, basket, line) for line in basket.lines]
    return [(offer.merchant_ref, country, currency) for offer in offers if offer and offer.merchant_ref]


def stock_keys(basket: Basket, view: View) -> Iterable[int]:
    """The tracked variants whose stock the basket looks at."""
    offers = [offer_of(view, basket, line) for line in basket.lines]
    return [offer.variant_id for offer in offers if offer and offer.variant_id and offer.tracked]


def token_used(names: Iterable[NameKey], view: View) -> bool:
    """Whether the payment token among these names has already paid for an order."""
    tokens = [name for name in names if name[2] == PAYMENT_TOKEN]
    return bool(tokens) and view.get(Reference, tokens[0]) is not None
