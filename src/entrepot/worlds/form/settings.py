"""A channel's settings from a file's form, whose amounts are in major units, to the stored one, in minor units."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

import msgspec

from entrepot.domain.channels.accounts import ChannelSettings
from entrepot.worlds.form.amounts import minor

AMOUNTS: Final = frozenset({"minimum_purchase", "rounding"})
"""The settings under `shop` that are amounts by currency."""

Steps = tuple[str | int, ...]


def channel_settings(settings: Mapping[str, Any]) -> ChannelSettings:
    """The settings as rules see them. `settings` are true to the schema, and their secrets filled in."""
    return msgspec.convert({**settings, **_in_minor_units(settings)}, ChannelSettings)


def amounts_in(settings: Mapping[str, Any]) -> Iterator[tuple[Steps, str, str | int]]:
    """Each amount of a channel's settings: the way to it, its currency, and itself."""
    for name in AMOUNTS & settings.get("shop", {}).keys():
        for currency, amount in settings["shop"][name].items():
            yield ("shop", name, currency), currency, amount


def _in_minor_units(settings: Mapping[str, Any]) -> dict[str, Any]:
    if "shop" not in settings:
        return {}
    shop = cast("dict[str, Any]", settings["shop"])
    return {"shop": {name: _minor(value) if name in AMOUNTS else value for name, value in shop.items()}}


def _minor(amounts: Mapping[str, str | int]) -> dict[str, int]:
    return {currency: minor(amount, currency) for currency, amount in amounts.items()}
