"""How the file's amounts and percentages become the integers that are stored."""

from __future__ import annotations

from decimal import Decimal

from entrepot.domain.kernel.money import read_amount

HUNDREDTHS = 2
"""The scale of an amount that is of no one currency."""


def minor(amount: str | int, currency: str) -> int:
    """An amount in minor units. Raises ValueError for one that the currency cannot hold: the checks refuse it."""
    read = read_amount(amount, currency)
    if read is None:
        raise ValueError(f"an amount that {currency} cannot hold")
    return read


def millionths(percentage: str) -> int:
    """A percentage as a rate in millionths: "13%" is 130,000. The form allows four decimals, which always fit."""
    return int(Decimal(percentage.removesuffix("%")).scaleb(4))
