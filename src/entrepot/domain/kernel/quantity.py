"""Quantities as people write them, and as integers of a variant's smallest unit."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

FINEST: Final = 4
"""The most decimals that a quantity may have."""
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


def in_whole(units: int, scale: int) -> int | Decimal:
    """The quantity as a number, with exactly `scale` decimals; an integer where there are none."""
    return Decimal(to_text(units, scale)) if scale else units
