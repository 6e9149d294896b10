"""How the file's amounts, quantities and percentages become the integers that are stored."""

from __future__ import annotations

from decimal import Decimal

from entrepot.domain.kernel.money import exponent

HUNDREDTHS = 2
"""The scale of an amount that is of no one currency."""


def minor(amount: str | int, currency: str) -> int | None:
    """An amount in minor units, or None where it has more decimals than the currency."""
    return _scaled(amount, exponent(currency))


def units(quantity: str | int, scale: int) -> int | None:
    """A quantity in the smallest unit, or None where it has more decimals than `scale`."""
    return _scaled(quantity, scale)


def millionths(percentage: str) -> int:
    """A percentage as a rate in millionths: "13%" is 130,000. The form allows four decimals, which always fit."""
    return int(Decimal(percentage.removesuffix("%")).scaleb(4))


def _scaled(number: str | int, digits: int) -> int | None:
    exact = Decimal(number).scaleb(digits)
    return int(exact) if exact == exact.to_integral_value() else None
