"""In which amounts a card provider can move money. What it counts in is its own affair; rules know only these steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

Steps: TypeAlias = Mapping[str, int]
"""The smallest sum that a provider can move, by currency, in our minor units: every other is a multiple of it.

A currency that is not there is one in which it moves nothing.
"""


def movable(amount: int, currency: str, steps: Steps | None) -> bool:
    """Whether a provider can move exactly this amount, in minor units. Without `steps` it moves any."""
    if steps is None:
        return True
    step = steps.get(currency)
    return step is not None and amount % step == 0


def movable_part(amount: int, currency: str, steps: Steps | None) -> int:
    """How much of an amount a provider can move, in minor units."""
    if steps is None:
        return amount
    step = steps.get(currency)
    return 0 if step is None else amount - amount % step
