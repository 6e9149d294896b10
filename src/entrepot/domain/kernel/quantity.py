"""Quantities as people write them, and as integers of a variant's smallest unit."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

FINEST: Final = 4
"""The most decimals that a quantity may have."""
_LONGEST: Final = 18
_WRITTEN = re.compile(r"(?P<whole>[0-9]{1,13})(?:\.(?P<rest>[0-9]{1,4}))?", re.ASCII)


def to_units(text: str, scale: int) -> int | None:
    """The units that a decimal number stands for; None where it is no quantity or has more than `scale` decimals."""
    found = _WRITTEN.fullmatch(text)
    if found is None:
        return None
    rest = (found["rest"] or "").rstrip("0")
    return int(found["whole"] + rest.ljust(scale, "0")) if len(rest) <= scale else None


def to_text(units: int, scale: int) -> str:
    """The quantity with exactly `scale` decimals."""
    digits = str(abs(units)).rjust(scale + 1, "0")
    text = f"{digits[:-scale]}.{digits[-scale:]}" if scale else digits
    return f"-{text}" if units < 0 else text


def exact_units(quantity: int | Decimal, scale: int) -> int | None:
    """Smallest units: an integer is so many already, a decimal number says whole units.

    None for a number that has more than `scale` decimals, or more digits than any quantity, or is none.
    """
    if isinstance(quantity, int):
        return quantity
    if not quantity.is_finite() or quantity.adjusted() > _LONGEST or decimals(quantity) > scale:
        return None
    return int(quantity.scaleb(scale))


def decimals(quantity: Decimal) -> int:
    """How many decimals the finite number has, trailing zeros left out."""
    _, digits, exponent = quantity.as_tuple()
    zeros = next((n for n, digit in enumerate(reversed(digits)) if digit), len(digits))
    return max(0, -exponent - zeros) if isinstance(exponent, int) else 0


def in_whole(units: int, scale: int) -> int | Decimal:
    """The quantity as a number, with exactly `scale` decimals; an integer where there are none."""
    return Decimal(to_text(units, scale)) if scale else units
