"""Which countries and regions exist (ISO 3166-1 and 3166-2), as look-ups for the hot path.

A country's code is two capital letters, a region's the part after the hyphen of ISO 3166-2.
"""

from collections.abc import Iterable
from functools import cache
from typing import Protocol, cast

import pycountry

_COUNTRIES_THAT_NEED_A_PROVINCE = frozenset({"AU", "CA", "US"})


_ARMED_FORCES = frozenset({"AA", "AE", "AP"})
"""Regions of the postal service of the United States, where ISO 3166-2 has none (decision bonsai armed forces)."""


def country_codes() -> tuple[str, ...]:
    """All codes of ISO 3166-1 with two letters, in their order."""
    return tuple(sorted(_regions_by_country()))


def country_exists(code: str) -> bool:
    """Tell whether ISO 3166-1 knows this two-letter code."""
    return code in _regions_by_country()


def country_codes_of_three() -> tuple[str, ...]:
    """All codes of ISO 3166-1 with three letters, in their order."""
    return tuple(sorted(_codes_of_three()))


def country_of(code: str) -> str | None:
    """The two-letter code of a country that is written with two capital letters or three; None if there is none."""
    return code if country_exists(code) else _codes_of_three().get(code)


def provinces_of(country: str) -> tuple[str, ...]:
    """The codes of the country's regions (the part after the hyphen of ISO 3166-2), in their order."""
    return tuple(sorted(_regions_by_country().get(country, frozenset())))


def province_of(country: str, province: str) -> str | None:
    """Return the code of a region of the country (`ON` of `CA`), or None if the country has no such region.

    Lower case is accepted; the result is the code as ISO 3166-2 writes it, without the country's part.
    """
    code = province.upper()
    return code if code in _regions_by_country().get(country, frozenset()) else None


def needs_province(country: str) -> bool:
    """Tell whether an address in this country is incomplete without a region (decision bonsai error codes)."""
    return country in _COUNTRIES_THAT_NEED_A_PROVINCE


class _Region(Protocol):
    """What is used here of the library's subdivisions, which it leaves untyped."""

    @property
    def code(self) -> str: ...


@cache
def _regions_by_country() -> dict[str, frozenset[str]]:
    """Read the library's lists once: a look-up through its own objects costs a hundred times as much."""
    codes: dict[str, set[str]] = {country.alpha_2: set() for country in pycountry.countries}
    for region in cast("Iterable[_Region]", pycountry.subdivisions):
        country, _, code = region.code.partition("-")
        codes[country].add(code)
    codes["US"] |= _ARMED_FORCES
    return {country: frozenset(regions) for country, regions in codes.items()}


@cache
def _codes_of_three() -> dict[str, str]:
    return {country.alpha_3: country.alpha_2 for country in pycountry.countries}
