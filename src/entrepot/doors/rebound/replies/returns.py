"""Return orders as this API shows them, by the milestones that it documents."""

from __future__ import annotations

from typing import Any

from entrepot.domain.fulfilment.records import ReturnLine
from entrepot.doors.rebound.errors import moment
from entrepot.doors.rebound.replies.orders import client_order_id, flow_of, item_names, order_label
from entrepot.doors.rebound.settings import ReboundSettings
from entrepot.store.queries.sold.sales import SaleReturn


def return_order(found: SaleReturn, settings: ReboundSettings) -> dict[str, Any]:
    """A return with its parcels and items; units that are not sent back after all are left out."""
    order, ret = found.sale.order, found.ret
    return {
        "returnOrderId": str(ret.uuid),
        "clientOrderId": client_order_id(order),
        "salesOrderId": str(order.uuid),
        "status": milestone(found, direct=flow_of(order, settings).direct),
        "createdAt": moment(ret.opened_at),
        "parcels": parcels(found),
        "items": [_item(found, line) for line in found.lines if coming(line)],
    }


def parcels(found: SaleReturn) -> list[dict[str, Any]]:
    """The parcel of which something is known: by the return's own label, else by the order's."""
    label = found.ret.label or order_label(found.sale.order)
    if label is None:
        return []
    told = {"trackingNumber": label.tracking, "carrier": label.carrier}
    return [{"parcelId": str(found.ret.id), **told}]


def coming(line: ReturnLine) -> int:
    """How many units come back, or came."""
    return line.quantity - line.cancelled


def is_cancelled(found: SaleReturn) -> bool:
    """Whether nothing of it comes back: the API has no word for such a return, and does not show it."""
    return not any(coming(line) for line in found.lines)


def milestone(found: SaleReturn, *, direct: bool) -> str:
    """How far the furthest units are."""
    if any(line.received for line in found.lines):
        return "DELIVERED"
    if any(line.at_center for line in found.lines):
        return "ENTERED_NETWORK" if direct else "ARRIVED_AT_HUB"
    if any(line.in_transit for line in found.lines):
        return "ENTERED_NETWORK"
    return "RETURN_ORDER_CREATED"


def _item(found: SaleReturn, line: ReturnLine) -> dict[str, Any]:
    of_order = next(each for each in found.sale.lines if each.no == line.line)
    return {**item_names(of_order), "reasonCode": line.reason or None, "quantity": coming(line)}
