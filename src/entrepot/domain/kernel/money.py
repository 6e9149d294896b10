"""Money as integer minor units with an ISO 4217 currency, and quantities of rates; all rounding is half up.

What somebody writes, at a door, in a world file or on the command line, comes in by `read_amount` alone, and is never
rounded. Only what is computed is.
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

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


LARGEST: Final = 2**53 - 1
"""The largest amount in minor units: every client can hold it exactly."""
_LARGEST: Final = Decimal(LARGEST)
_WRITTEN: Final = re.compile(r"-?[0-9]{1,16}(\.[0-9]{1,30})?", re.ASCII)


def read_amount(amount: Decimal | float | str, currency: str) -> int | None:
    """An amount in major units, as somebody wrote it, in minor units.

    None for what the currency cannot hold: more decimals than it has, or more than `LARGEST`; and for a text that is
    no decimal number.
    """
    if isinstance(amount, str) and not _WRITTEN.fullmatch(amount):
        return None
    exact = in_minor(amount, currency)
    if not (exact.is_finite() and -_LARGEST <= exact <= _LARGEST):
        return None
    whole = int(exact)
    return whole if whole == exact else None


def in_minor(amount: Decimal | float | str, currency: str) -> Decimal:
    """An amount in major units as exactly so many minor units, whether or not these can be paid."""
    exact = amount if isinstance(amount, Decimal) else Decimal(str(amount))
    return exact.scaleb(exponent(currency))


def rounded(amount: Decimal, currency: str) -> int:
    """An amount in major units that was computed, such as a tax, in minor units, rounded half up."""
    return int(in_minor(amount, currency).to_integral_value(ROUND_HALF_UP))


def to_major(minor: int, currency: str) -> Decimal:
    """Minor units as an exact amount in major units, without trailing zeros beyond the point."""
    return Decimal(minor) / _UNITS[exponent(currency)]


def share(amount: int, millionths: int) -> int:
    """`amount` times a rate in millionths, rounded half up away from zero."""
    product = abs(amount) * millionths
    rounded = (2 * product + MILLION) // (2 * MILLION)
    return rounded if amount >= 0 else -rounded
