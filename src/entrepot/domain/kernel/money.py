"""Money as integer minor units with an ISO 4217 currency, and quantities of rates; all rounding is half up."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

MILLION = 1_000_000
"""Rates are integers in millionths: 130_000 is 13 %."""

_EXPONENTS = {
    "BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0, "RWF": 0, "UGX": 0,
    "UYI": 0, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
    "BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3,
    "CLF": 4, "UYW": 4,
}  # fmt: skip


_UNITS = tuple(Decimal(10**digits) for digits in range(5))
"""One major unit in minor units, by the currency's decimals."""


def exponent(currency: str) -> int:
    """How many decimals the currency's minor unit has (ISO 4217)."""
    return _EXPONENTS.get(currency, 2)


def to_minor(amount: Decimal | int | float | str, currency: str) -> int:
    """An amount in major units as minor units, rounded half up."""
    exact = amount if isinstance(amount, Decimal) else Decimal(str(amount))
    return int(exact.scaleb(exponent(currency)).to_integral_value(ROUND_HALF_UP))


def to_major(minor: int, currency: str) -> Decimal:
    """Minor units as an exact amount in major units, without trailing zeros beyond the point."""
    return Decimal(minor) / _UNITS[exponent(currency)]


def share(amount: int, millionths: int) -> int:
    """`amount` times a rate in millionths, rounded half up away from zero."""
    product = abs(amount) * millionths
    rounded = (2 * product + MILLION) // (2 * MILLION)
    return rounded if amount >= 0 else -rounded
