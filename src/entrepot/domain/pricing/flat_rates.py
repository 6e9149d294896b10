"""Shipping: one flat rate per merchant, country and currency; free once the merchant's goods pass a threshold."""

from __future__ import annotations

from collections.abc import Hashable

from entrepot.domain.kernel.records import Record

LABEL = "Standard Flat Rate Shipping"


class ShippingRate(Record, frozen=True):
    """What a merchant asks for a shipment to a country, in minor units; `free_from` is the goods subtotal above it."""

    merchant: str
    country: str
    currency: str
    amount: int
    free_from: int | None = None

    @property
    def key(self) -> Hashable:
        """Merchant, country and currency."""
        return (self.merchant, self.country, self.currency)


def cost(rate: ShippingRate, goods: int, *, all_free: bool) -> int:
    """What one shipment costs, given the merchant's goods in it and whether every product ships for free."""
    if all_free or (rate.free_from is not None and goods >= rate.free_from):
        return 0
    return rate.amount
