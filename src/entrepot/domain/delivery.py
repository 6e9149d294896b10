"""Delivery methods: what it costs to have goods sent, by weight and country; weights are in grams."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import msgspec

from entrepot.domain.state import Record


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


class DeliveryMethod(Record, frozen=True):
    """A way in which a shop sends. `customer_groups` None is everybody; from a spend of `free_from` on it is free."""

    id: int
    channel: int
    position: int
    active: bool
    name: dict[str, str]
    description: dict[str, str]
    customer_groups: tuple[int, ...] | None
    free_from: dict[str, int]
    rates: tuple[DeliveryRate, ...]
    data: dict[str, Any]

    @property
    def key(self) -> Hashable:
        """The method's id."""
        return self.id

    @property
    def parent(self) -> Hashable:
        """The channel."""
        return self.channel
