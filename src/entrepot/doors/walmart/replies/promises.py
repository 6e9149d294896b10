"""Promises: which offers would come when, and why others would not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from entrepot.domain.placing.promise import Promised
from entrepot.doors.walmart import bodies
from entrepot.doors.walmart.errors import WireError
from entrepot.doors.walmart.replies.orders import each, moment

STANDARD: Final = "STANDARD"
_DAYS: Final = {STANDARD: (2, 5), "EXPEDITED": (1, 2)}
"""The least and the most days until delivery, by speed."""
_ADDRESS: Final = (
    ("addressLineOne", "line1"),
    ("addressLineTwo", "line2"),
    ("city",),
    ("stateCode", "state"),
    ("countryCode", "country"),
    ("postalCode", "zip"),
    ("isPOBox",),
    ("addressType",),
)
"""The members of an address in the dialect in which it is answered, each with its name in the other one."""


def promised(
    payload: bodies.Promise,
    offers: Sequence[bodies.Offer],
    found: Sequence[Promised],
    errors: Sequence[WireError | None],
    now: datetime,
) -> dict[str, Any]:
    """The payload of a promise."""
    kind = payload["destinations"][0].get("fulfillmentType", "DELIVERY")
    pairs = list(zip(offers, found, strict=True))
    good = [pair for pair, error in zip(pairs, errors, strict=True) if error is None]
    modules = [_module("UNSCHEDULED_DELIVERY", _plans(good, now), kind)] if good else []
    bad = [(pair, error) for pair, error in zip(pairs, errors, strict=True) if error is not None]
    if bad:
        modules.append(_module("ERROR", [_refused(pair, error) for pair, error in bad], kind))
    return {
        "offers": [_offer(offer, promise) for offer, promise in pairs],
        "destinations": [
            {"address": address(to["address"]), "fulfillmentType": to.get("fulfillmentType", "DELIVERY")}
            for to in payload["destinations"]
        ],
        "fulfillmentPlans": [{"fulfillmentModules": modules}],
    }


def address(given: dict[str, Any]) -> dict[str, Any]:
    """An address of either dialect, in the one that is answered."""
    told = ((names[0], next((given[name] for name in names if name in given), None)) for names in _ADDRESS)
    return {name: value for name, value in told if value is not None}


def _offer(offer: bodies.Offer, promise: Promised) -> dict[str, Any]:
    return {
        "availableQuantity": each(promise.available),
        "requestedQuantity": each(promise.wish.quantity),
        "lineId": offer["lineId"],
        "salesUnit": "EACH",
        "sku": offer["sku"],
    }


def _module(name: str, fulfillments: Sequence[dict[str, Any]], kind: str) -> dict[str, Any]:
    option = {
        "fulfillmentMode": "UNSCHEDULED",
        "accessType": "DELIVERY_ADDRESS",
        "fulfillmentType": kind,
        "isDefault": True,
        "fulfillments": fulfillments,
    }
    return {"name": name, "fulfillmentGroups": [{"fulfillmentOptions": [option]}]}


def _plans(good: Sequence[tuple[bodies.Offer, Promised]], now: datetime) -> list[dict[str, Any]]:
    """One fulfillment per speed."""
    speeds = dict.fromkeys(offer.get("shippingMethod", STANDARD) for offer, _ in good)
    return [
        _plan(place, speed, [pair for pair in good if pair[0].get("shippingMethod", STANDARD) == speed], now)
        for place, speed in enumerate(speeds, 1)
    ]


def _plan(
    place: int, speed: str, pairs: Iterable[tuple[bodies.Offer, Promised]], now: datetime
) -> dict[str, Any]:
    least, most = (moment(now + timedelta(days=days)) for days in _DAYS[speed])
    return {
        "fulfillmentId": str(place),
        "nodeType": "FC",
        "lineItemAttributesList": [_attributes(offer, promise) for offer, promise in pairs],
        "sla": {"tier": "TWO_DAY", "speed": speed},
        "accessMode": {"mode": "NATIONAL_CARRIER"},
        "fulfillmentTime": {"date": {"minPromiseDate": least, "maxPromiseDate": most}},
        "errors": [],
    }


def _refused(pair: tuple[bodies.Offer, Promised], error: WireError) -> dict[str, Any]:
    return {"lineItemAttributesList": [_attributes(*pair)], "errors": [error]}


def _attributes(offer: bodies.Offer, promise: Promised) -> dict[str, Any]:
    return {
        "availableQuantity": each(promise.available),
        "fulfillmentChannel": ["WFS_FULFILLED"],
        "lineId": offer["lineId"],
    }
