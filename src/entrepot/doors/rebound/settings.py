"""What accounts of the ReBound door have of their own: their flows."""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from entrepot.domain.fulfilment.lanes import ReturnFlow

CLIENT: Final = "rebound:client"
MAIN: Final = ""
"""The key of an account's main flow."""

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
