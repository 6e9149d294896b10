"""Which currencies there are."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Protocol, cast

import pycountry


def currency_exists(code: str) -> bool:
    """Whether ISO 4217 has a currency of this code."""
    return code in _currencies()


class _Currency(Protocol):
    """What is used here of the library's currencies, which it leaves untyped."""

    @property
    def alpha_3(self) -> str: ...


@cache
def _currencies() -> frozenset[str]:
    return frozenset(currency.alpha_3 for currency in cast("Iterable[_Currency]", pycountry.currencies))
