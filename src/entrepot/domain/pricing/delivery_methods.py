"""Delivery methods: what it costs to have goods sent, by weight and country; weights are in grams."""

from __future__ import annotations

from typing import Any

import msgspec

from entrepot.domain.pricing.shop_methods import ShopMethod, open_to


class CountryRate(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """A country that a rate covers, and the VAT on delivery there in millionths; `states` None is all of it."""

    country: str
    vat_rate: int = 0
    states: tuple[str, ...] | None = None


class WeightRate(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """What goods of `weight_min` up to and including `weight_max` grams cost, in minor units by currency."""

    weight_min: int = 0
    weight_max: int | None = None
    price: dict[str, int] = msgspec.field(default_factory=dict[str, int])


class DeliveryRate(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """One zone of a method."""

    name: str = ""
    countries: tuple[CountryRate, ...] = ()
    weights: tuple[WeightRate, ...] = ()


class DeliveryMethod(ShopMethod, frozen=True):
    """A way in which a shop sends. `customer_groups` None is everybody; from a spend of `free_from` on it is free."""

    customer_groups: tuple[int, ...] | None
    free_from: dict[str, int]
    rates: tuple[DeliveryRate, ...]
    data: dict[str, Any]


class Destination(msgspec.Struct, frozen=True):
    """Where goods go, as far as methods look at it."""

    country: str
    state: str = ""


class DeliveryOffer(msgspec.Struct, frozen=True):
    """A method that sends these goods there: its price as stored, and the VAT on it in millionths."""

    method: DeliveryMethod
    price: int
    vat_rate: int


def offer(
    method: DeliveryMethod, to: Destination, weight: int, currency: str, groups: frozenset[int]
) -> DeliveryOffer | None:
    """What a method asks for these goods; None where it does not take them there, or not for this customer."""
    if not method.active or not open_to(method.customer_groups, groups):
        return None
    for rate in method.rates:
        place = next((c for c in rate.countries if _covers(c, to)), None)
        price = _price(rate, weight, currency)
        if place is not None and price is not None:
            return DeliveryOffer(method, price, place.vat_rate)
    return None


def is_free(method: DeliveryMethod, currency: str, spend: int) -> bool:
    """Whether the method costs nothing from this spend on."""
    free_from = method.free_from.get(currency)
    return free_from is not None and spend >= free_from


def _covers(place: CountryRate, to: Destination) -> bool:
    return place.country == to.country and (place.states is None or to.state in place.states)


def _price(rate: DeliveryRate, weight: int, currency: str) -> int | None:
    for interval in rate.weights:
        fits = interval.weight_min <= weight and (
            interval.weight_max is None or weight <= interval.weight_max
        )
        if fits and currency in interval.price:
            return interval.price[currency]
    return None
