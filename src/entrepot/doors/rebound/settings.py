"""What accounts of the ReBound door have of their own: their flows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from entrepot.domain.fulfilment.lanes import ReturnFlow
from entrepot.domain.kernel.regions import country_exists

CLIENT: Final = "rebound:client"
MAIN: Final = ""
"""The key of an account's main flow."""
NO_COUNTRY: Final = "no country of ISO 3166-1"

FlowKey = Annotated[str, Meta(pattern=r"^[A-Za-z0-9._-]{0,63}$", description="a key such as `eu`, or none")]
Lane = Literal["SAAS", "MANAGED"]


class Flow(ReturnFlow, frozen=True, kw_only=True, omit_defaults=True):
    """A way back as this API has it. `lanes` says by country whose agreement with the carrier counts.

    `label`: each order gets its return label when it is created. `direct`: parcels go straight to the retailer, without
    a hub. `refund`: what triggers the notice of a refund, the first event of a carrier or units that are registered.
    """

    lanes: dict[str, Lane] = msgspec.field(default_factory=dict[str, Lane])
    label: bool = False
    direct: bool = False
    refund: Literal["none", "instant", "registration"] = "none"


def _main_alone() -> dict[FlowKey, Flow]:
    return {MAIN: Flow()}


class ReboundSettings(msgspec.Struct, frozen=True, omit_defaults=True):
    """The door's own part of an account's settings: its flows by their keys; that of the main flow is empty."""

    flows: dict[FlowKey, Flow] = msgspec.field(default_factory=_main_alone)


def settings_faults(settings: ReboundSettings) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """What no flow can mean: a country that does not exist, and a type of parcel without a name."""
    for key, flow in settings.flows.items():
        steps = ("flows", key)
        if flow.country and not country_exists(flow.country):
            yield (*steps, "country"), NO_COUNTRY
        for member in ("parcel_types", "lanes"):
            for country in getattr(flow, member):
                if not country_exists(country):
                    yield (*steps, member, country), NO_COUNTRY
        for country, types in flow.parcel_types.items():
            for place, name in enumerate(types):
                if not name:
                    yield (*steps, "parcel_types", country, place), "a type of parcel has a name"
