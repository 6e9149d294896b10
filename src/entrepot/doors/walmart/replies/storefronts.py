"""Storefronts, which the vendor calls sales channels, in its words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from entrepot.domain.channels.storefronts import Storefront
from entrepot.doors.walmart import bodies
from entrepot.doors.walmart.replies.orders import moment

KEPT: Final = (
    "boxCatalogType",
    "shipping",
    "sellerId",
    "sellerName",
    "partialFulfillment",
    "martId",
    "carrierPreferences",
    "carrierPreference",
    "rapResponse",
)
"""What only this door knows of a storefront, as it was sent."""


def storefront(found: Storefront) -> dict[str, Any]:
    """A storefront as the vendor's lists have it."""
    return {
        "orderChannelId": str(found.uuid),
        "orderChannelName": found.name,
        "returnAddress": _address(found),
        "active": found.active,
        "createdDate": moment(found.created_at),
        "modifiedDate": moment(found.changed_at),
        **{name: found.data[name] for name in KEPT if name in found.data},
    }


def _address(found: Storefront) -> dict[str, Any]:
    address = found.return_address
    return {
        "firstName": address.name,
        "line1": address.line1,
        "line2": address.line2,
        "line3": address.line3,
        "city": address.city,
        "state": address.region,
        "country": address.country,
        "zip": address.zip,
        "addressType": address.kind,
    }


def fields(channel: bodies.Channel, partner: str) -> Mapping[str, Any]:
    """What a storefront of this form has in its columns."""
    address = channel["returnAddress"]
    own = {name: value for name, value in channel.items() if name in KEPT}
    return {
        "name": channel["orderChannelName"],
        "return_address": {
            "name": address["firstName"],
            "line1": address["line1"],
            "line2": address.get("line2", ""),
            "line3": address.get("line3", ""),
            "city": address["city"],
            "region": address["state"],
            "country": address["country"],
            "zip": address["zip"],
            "kind": address.get("addressType", ""),
        },
        "data": {"partnerId": partner, **own},
    } | ({"active": channel["active"]} if "active" in channel else {})
