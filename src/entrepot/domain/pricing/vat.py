"""Value added tax: amounts with and without it, exact to the minor unit: the tax is always their difference."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from entrepot.domain.channels.accounts import ShopSettings
from entrepot.domain.kernel.money import MILLION, share


class Amount(msgspec.Struct, frozen=True):
    """An amount without and with VAT, in minor units."""

    ex: int = 0
    inc: int = 0

    @property
    def vat(self) -> int:
        """The tax in it."""
        return self.inc - self.ex

    def __add__(self, other: Amount) -> Amount:
        return Amount(self.ex + other.ex, self.inc + other.inc)

    def __sub__(self, other: Amount) -> Amount:
        return Amount(self.ex - other.ex, self.inc - other.inc)


NOTHING = Amount()


def summed(amounts: Iterable[Amount]) -> Amount:
    """Their sum."""
    return sum(amounts, NOTHING)


def without(amount: int, rate: int) -> int:
    """What is left of an amount when VAT at `rate` millionths is taken out, rounded half up."""
    divisor = MILLION + rate
    rounded = (2 * abs(amount) * MILLION + divisor) // (2 * divisor)
    return rounded if amount >= 0 else -rounded


def split(stored: int, home: int, rate: int, *, included: bool) -> Amount:
    """A stored amount as it is at `rate`; where VAT is included, it is that of `home`.

    Sold at home, the stored figure stands. Sold elsewhere, the VAT at home is taken out and the other put on.
    """
    if included and home == rate:
        return Amount(without(stored, rate), stored)
    ex = without(stored, home) if included else stored
    return Amount(ex, ex + share(ex, rate))


def rate_in(country: str, home: int, shop: ShopSettings) -> int:
    """What `country` levies on goods that are taxed at `home` millionths in the shop's own country."""
    if country == shop.vat_country:
        return home
    if shop.exports_without_vat and country not in shop.vat:
        return 0
    return shop.vat.get(country, {}).get(home, home)


def allot(total: int, weights: list[int]) -> list[int]:
    """Divide an amount by weights without losing a minor unit: the largest remainders get what is left over."""
    whole = sum(weights)
    if whole <= 0:
        return [0] * len(weights)
    parts = [total * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda n: (-(total * weights[n] % whole), n))
    for n in by_remainder[: total - sum(parts)]:
        parts[n] += 1
    return parts
