"""Orders as both replies of the status tell them: one order (the sandbox's) and the list (production's)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, get_args
from urllib.parse import quote

from entrepot.domain.fulfilment.records import Shipment, ShipmentLine
from entrepot.domain.kernel.moments import read_moment
from entrepot.domain.orders.line_counts import RANK, progress
from entrepot.domain.orders.records import Address, Order, OrderLine, Progress
from entrepot.doors.kit import Request
from entrepot.doors.kit.headers import header
from entrepot.doors.walmart.commands import OWN, PLACED
from entrepot.store.queries.own_orders import OwnOrder

_HOST: Final = re.compile(r"[A-Za-z0-9.\-:\[\]]{1,255}", re.ASCII)
_PARTIAL: Final = "partially_"
_TRACKED_BEFORE: Final = "WTRN{:015d}"


def status_word(stage: str) -> str:
    """How far something is: `SHIPPED`, `PARTIALLY SHIPPED`."""
    rest = stage.removeprefix(_PARTIAL)
    return stage.upper() if rest == stage else f"PARTIALLY {rest.upper()}"


STAGES: Final[dict[str, Progress]] = {status_word(stage): stage for stage in get_args(Progress)}
"""The status words, with the stages that they mean."""


def number_of(order: Order, channel: int) -> str:
    """What a channel calls an order: its own number, or where it has given none the platform's."""
    return order.external_id if order.channel == channel and order.external_id else str(order.id)


def line_name(line: OrderLine, order: Order, channel: int) -> str:
    """What a channel calls a line: its own id, or where it has given none the line's number."""
    ref = line.data.get("ref")
    return ref if order.channel == channel and isinstance(ref, str) and ref else str(line.no)


def moment(at: datetime) -> str:
    """A point in time, to the millisecond."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def each(units: int, scale: int = 0) -> dict[str, Any]:
    """A quantity, in whole units of which so many decimals are counted."""
    value = Decimal(units).scaleb(-scale) if scale else units
    return {"unitOfMeasure": "EACH", "measurementValue": value}


class Links:
    """Where parcels are followed, as the host by which the caller came has it."""

    def __init__(self, request: Request) -> None:
        host = (header(request.scope, b"host") or b"").decode("latin-1")
        root: str = request.scope.get("root_path", "")
        name = host if _HOST.fullmatch(host) else "localhost"
        self._host = f"{request.scope['scheme']}://{name}"
        self._base = f"{self._host}{root}"

    def track(self, number: str, tracking: str) -> str:
        """The page of a parcel of an order."""
        return f"{self._base}/orders/{quote(number, safe='')}/track/{quote(tracking, safe='')}"

    def whole(self, url: str) -> str:
        """A URL that may be a path of this server."""
        return f"{self._host}{url}" if url.startswith("/") else url


def one_order(found: OwnOrder, channel: int, links: Links) -> dict[str, Any]:
    """The order as the sandbox's status tells it."""
    order = found.order
    number = number_of(order, channel)
    return {
        "orderNumber": number,
        "orderChannelId": order.data.get("storefront"),
        "orderPlacedTime": moment(_placed_at(order)),
        "orderStatus": status_word(order.progress),
        **_before_shipping(order, number, links),
        "orderItems": [
            {
                "sellerLineId": line_name(line, order, channel),
                "sku": line.sku,
                "qty": each(line.quantity, line.scale),
                "lineStatus": status_word(progress([line])),
            }
            for line in found.lines
        ],
        "shipments": [_sandbox_shipment(shipment, found, number, links) for shipment in found.shipments],
    }


def _placed_at(order: Order) -> datetime:
    """When the buyer placed an order: as its seller told it, or when it was taken."""
    told = order.data.get(PLACED)
    return (read_moment(told) if isinstance(told, str) else None) or order.placed_at


def _before_shipping(order: Order, number: str, links: Links) -> dict[str, Any]:
    tracking = _TRACKED_BEFORE.format(order.id)
    return {"preShipmentTrackingNumber": tracking, "wtrnTrackingURL": links.track(number, tracking)}


def _urls(shipment: Shipment, number: str, links: Links) -> dict[str, Any]:
    own = links.track(number, shipment.tracking) if shipment.tracking else None
    return {"externalTrackingURL": own, "carrierTrackingURL": shipment.tracking_url or None}


def _sandbox_shipment(shipment: Shipment, found: OwnOrder, number: str, links: Links) -> dict[str, Any]:
    return {
        "shipmentId": shipment_number(shipment),
        "carrier": shipment.carrier,
        "trackNumber": shipment.tracking,
        **_urls(shipment, number, links),
        "events": [
            {"eventTime": moment(event.at), "status": event.status.upper()}
            for event in found.tracking
            if event.shipment == shipment.no
        ],
    }


def shipment_number(shipment: Shipment) -> str:
    """The public number of a shipment: its order's, and its own within it."""
    return f"{shipment.order}-{shipment.no}"


def read_shipment_number(text: str) -> tuple[int, int] | None:
    """The order and the shipment that a public number means; None where it is none."""
    found = re.fullmatch(r"([0-9]{1,15})-([0-9]{1,9})", text, re.ASCII)
    return (int(found[1]), int(found[2])) if found else None


def listed_order(found: OwnOrder, channel: int, links: Links) -> dict[str, Any]:
    """The order as production's list tells it."""
    order = found.order
    number = number_of(order, channel)
    places = {part.no: part.ship_to or order.ship_to for part in found.parts}
    return {
        "orderChannelId": order.data.get("storefront"),
        "sellerOrderId": number,
        "orderType": "DOMESTIC",
        "status": status_word(order.progress),
        "orderDate": moment(order.placed_at),
        **_before_shipping(order, number, links),
        "buyerInfo": {
            "primaryContact": {
                "name": {"firstName": order.person.first_name, "lastName": order.person.last_name}
            }
        },
        "shipments": [_shipment(shipment, found, number, links, channel) for shipment in found.shipments],
        "orderLines": [_line(line, order, places.get(line.part)) for line in found.lines],
    }


def _shipment(shipment: Shipment, found: OwnOrder, number: str, links: Links, channel: int) -> dict[str, Any]:
    lines = {line.no: line for line in found.lines}
    contents = [each for each in found.contents if each.shipment == shipment.no]
    arrived = shipment.delivered_at is not None
    public = shipment_number(shipment)
    return {
        "status": "DELIVERED" if arrived else "SHIPPED",
        "statusDescription": "Shipment Delivered" if arrived else "Shipment Shipped",
        "purchaseOrderId": str(shipment.order),
        "scac": shipment.carrier,
        "trackingNo": shipment.tracking,
        **_urls(shipment, number, links),
        "shipmentNo": public,
        "actualShipmentDate": moment(shipment.shipped_at),
        "packageASN": public,
        "carrierDescription": shipment.carrier,
        "carrierServiceCode": shipment.service,
        "packageId": public,
        "lastModified": moment(shipment.delivered_at or shipment.shipped_at),
        "shipmentLines": [
            _content(content, lines[content.line], found.order, channel) for content in contents
        ],
        "shipmentDates": [*_dates(shipment)],
    }


def _content(content: ShipmentLine, line: OrderLine, order: Order, channel: int) -> dict[str, Any]:
    return {
        "shipmentLineNo": line_name(line, order, channel),
        "fulfillerLineId": str(line.no),
        "quantity": each(content.quantity, line.scale),
    }


def _dates(shipment: Shipment) -> Iterable[dict[str, Any]]:
    yield {"dateTypeId": "SHIPMENT", "actualDate": moment(shipment.shipped_at)}
    if shipment.delivered_at is not None:
        yield {"dateTypeId": "DELIVERY", "actualDate": moment(shipment.delivered_at)}


def _line(line: OrderLine, order: Order, ship_to: Address | None) -> dict[str, Any]:
    method = line.data.get(OWN[0], "STANDARD")
    return {
        "fulfillmentType": "DELIVERY",
        "lastModified": moment(order.changed_at),
        "shippingMethod": method,
        "shippingTier": "TWO_DAY" if method == "EXPEDITED" else "STANDARD",
        "orderLineQuantityInfo": [
            {
                "status": stage.upper(),
                "statusDescription": stage.replace("_", " ").capitalize(),
                "statusQuantity": each(units, line.scale),
            }
            for stage in RANK
            if (units := getattr(line, stage))
        ],
        "orderProduct": {"productName": line.name},
        "orderedQty": each(line.quantity, line.scale),
        "shipToAddress": _ship_to(ship_to, line) if ship_to else None,
    }


def _ship_to(to: Address, line: OrderLine) -> dict[str, Any]:
    return {
        "address": {
            "addressLineOne": to.address1,
            "addressLineTwo": to.address2,
            "addressType": line.data.get("addressType"),
            "city": to.city,
            "countryCode": to.country,
            "postalCode": to.zip,
            "stateOrProvinceName": to.province,
            "stateOrProvinceCode": to.province,
        },
        "name": {
            "completeName": f"{to.first_name} {to.last_name}".strip(),
            "firstName": to.first_name,
            "lastName": to.last_name,
        },
    }
