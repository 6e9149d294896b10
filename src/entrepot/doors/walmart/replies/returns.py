"""Returns in the vendor's words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from entrepot.domain.channels.storefronts import ReturnAddress, Storefront
from entrepot.domain.fulfilment.records import Return, ReturnEvent, ReturnLine
from entrepot.domain.orders.records import Address, Order
from entrepot.doors.walmart.replies.orders import Links, each, moment, number_of
from entrepot.gateways.labels.simulated import label_path
from entrepot.store.credentials.directory import Caller
from entrepot.store.queries.own_orders import OwnOrder
from entrepot.store.queries.returns import ReturnDetails

_PREFIX: Final = "33"
_STAGES: Final = {
    "initiated": ("RETURN_INITIATED", 1000, "Return initiated", "opened"),
    "in_transit": ("RETURN_IN_TRANSIT", 1100, "Return in transit", "in_transit"),
    "at_center": ("DELIVERED_AT_RETURN_CENTER", 1200, "Delivered at return center", "at_center"),
    "received": ("RETURN_RECEIVED", 1300, "Return received", "received"),
    "cancelled": ("RETURN_CANCELLED", 9000, "Return cancelled", "cancelled"),
}
"""By stage of a line's units: status, its number, its description, and the event that brings it."""
STATUSES: Final = tuple(status for status, *_ in _STAGES.values())


def return_number(number: int) -> str:
    """The public number of a return: `33` and sixteen digits."""
    return f"{_PREFIX}{number:016d}"


def read_return_number(text: str) -> int | None:
    """The return that a public number means; None where it is none."""
    found = re.fullmatch(rf"{_PREFIX}([0-9]{{16}})", text, re.ASCII)
    return int(found[1]) if found else None


class Reader(NamedTuple):
    """For whom returns are told, and how he came."""

    caller: Caller
    links: Links
    storefronts: Mapping[UUID, Storefront]


def told(found: ReturnDetails, of: OwnOrder, reader: Reader) -> dict[str, Any]:
    """A return as every operation tells it."""
    channel, storefronts = reader.caller.channel, reader.storefronts
    order, number = of.order, number_of(of.order, channel)
    storefront = storefronts.get(sold_at(order) or UUID(int=0))
    return {
        "returnOrderId": return_number(found.ret.id),
        "sellerReturnOrderId": found.ret.name if found.ret.channel == channel else None,
        "sellerOrderId": number,
        "originSystemOrderId": str(order.id),
        "channelName": storefront.name if storefront else None,
        "returnOrderLines": [_line(line, found.scales, number, found.events) for line in found.lines],
        "returnLineGroups": [_group(found, of, storefront) | _label(found, reader)],
    }


def sold_at(order: Order) -> UUID | None:
    """The storefront that an order names."""
    named = order.data.get("storefront")
    return UUID(named) if isinstance(named, str) else None


def _line(
    line: ReturnLine, scales: Mapping[int, int], number: str, events: Sequence[ReturnEvent]
) -> dict[str, Any]:
    scale = scales.get(line.line, 0)
    return {
        "lineNo": str(line.no),
        "sellerOrderId": number,
        "returnMode": "MAIL",
        "returnReason": line.reason or None,
        "returnReasonDesc": line.reason or None,
        "itemDetail": {"sku": line.sku},
        "qty": each(line.quantity, scale),
        "lineQuantityInfo": [
            {
                "status": status,
                "statusCode": str(code),
                "statusDescription": description,
                "statusQuantity": each(units, scale),
            }
            for stage, (status, code, description, _) in _STAGES.items()
            if (units := getattr(line, stage))
        ],
        "dispositionCode": _disposition(line),
        "currentTrackingStatuses": [*_statuses(line, scale, events)],
    }


def _disposition(line: ReturnLine) -> str | None:
    """What became of units that were looked at; of some of each, what became of most."""
    if not (line.restocked or line.scrapped):
        return None
    return "RESTOCK" if line.restocked >= line.scrapped else "DISPOSE"


def _statuses(line: ReturnLine, scale: int, events: Sequence[ReturnEvent]) -> Iterable[dict[str, Any]]:
    for stage, (status, _, _, kind) in _STAGES.items():
        if units := getattr(line, stage):
            at = max((event.at for event in events if event.kind == kind), default=None)
            time = moment(at) if at else None
            yield {
                "trackingStatus": status,
                "quantity": each(units, scale),
                "currentTrackingStatusTime": time,
            }


def _label(found: ReturnDetails, reader: Reader) -> dict[str, Any]:
    """The label under which a return comes back, if it does. Where it will be read is known before it is made."""
    ret = found.ret
    url = ret.label.url if ret.label else _planned(ret, reader.caller) if found.comes_back else None
    carrier = ret.label and {
        "carrierName": ret.label.carrier,
        "trackingNo": ret.label.tracking,
        "trackingUrl": reader.links.whole(ret.label.tracking_url) or None,
    }
    return {"labelImageUrl": reader.links.whole(url) if url else None, "carrierInfo": carrier}


def _planned(ret: Return, caller: Caller) -> str | None:
    """Where the simulated service will have a label that is still asked for."""
    own = ret.channel == caller.channel and caller.settings.labels.gateway == "simulated"
    return label_path(caller.workspace, ret.label_key.hex) if own and ret.label_key else None


def _group(found: ReturnDetails, of: OwnOrder, storefront: Storefront | None) -> dict[str, Any]:
    """All lines go back together, from where the first of them went."""
    lines, scales = found.lines, found.scales
    parts = {line.no: line.part for line in of.lines}
    places = {part.no: part.ship_to or of.order.ship_to for part in of.parts}
    sent_to = places.get(parts.get(lines[0].line, 0)) if lines else None
    return {
        "groupNo": "1",
        "returnOrderGroupLines": [
            {"lineNo": str(line.no), "qty": each(line.quantity, scales.get(line.line, 0))} for line in lines
        ],
        "shipFrom": _from(sent_to or of.order.ship_to, of.order),
        "shipTo": _to(storefront.return_address) if storefront else None,
    }


def _from(address: Address | None, order: Order) -> dict[str, Any] | None:
    if address is None:
        return None
    return {
        "address": {
            "addressLineOne": address.address1,
            "addressLineTwo": address.address2,
            "city": address.city,
            "stateOrProvinceCode": address.province,
            "countryCode": address.country,
            "postalCode": address.zip,
        },
        "name": {"firstName": address.first_name, "lastName": address.last_name},
        "phone": address.phone,
        "email": order.person.email or None,
    }


def _to(address: ReturnAddress) -> dict[str, Any]:
    return {
        "address": {
            "addressLineOne": address.line1,
            "addressLineTwo": address.line2 or None,
            "city": address.city,
            "stateOrProvinceCode": address.region,
            "countryCode": address.country,
            "postalCode": address.zip,
        },
        "name": {"firstName": address.name, "lastName": None},
        "phone": None,
        "email": None,
    }
