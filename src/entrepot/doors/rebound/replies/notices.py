"""Notifications: the trigger of a refund as it is documented, and the milestones of a return on its way back.

Each milestone is told once per return, and the instant trigger of a refund too (decision rebound notifications).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from entrepot.domain.fulfilment.records import ReturnEvent
from entrepot.doors.rebound.errors import moment
from entrepot.doors.rebound.replies.orders import client_order_id, flow_of, item_names
from entrepot.doors.rebound.replies.returns import coming, parcels
from entrepot.doors.rebound.settings import Flow, ReboundSettings
from entrepot.engine.deliveries.events import Told
from entrepot.store.queries.sold.sales import SaleReturn

UNKNOWN: Final = "Not available"
_ORDERS, _ITEMS = 6, 9
"""The first digits of the numbers of orders and items."""
_MILESTONES: Final = {
    "opened": "Return Order Created",
    "in_transit": "Entered Our Network",
    "at_center": "Arrived at Our Hub",
    "received": "Delivered",
}
_OF_CARRIERS: Final = ("in_transit", "at_center", "received")


def body(told: Told) -> Mapping[str, Any] | None:
    """The message to a listener; None where its flow does not speak of what happened, or has spoken of it before."""
    found = told.ret
    if found is None:
        return None
    event = next((each for each in found.events if each.seq == told.happening.seq), None)
    if event is None:
        return None
    flow = flow_of(found.sale.order, msgspec.convert(told.settings.door, ReboundSettings))
    if told.happening.event == "return.refundable":
        return _refund(found, event, flow)
    return _tracking(found, event, flow)


def sscc(first: int, number: int) -> str:
    """A number as a GS1 SSCC of 18 digits, the last one its check digit, with its application identifier."""
    digits = f"{first}{number:016d}"
    total = sum(int(digit) * (3, 1)[place % 2] for place, digit in enumerate(digits))
    return f"(00){digits}{-total % 10}"


def _is_first(found: SaleReturn, event: ReturnEvent, *kinds: str) -> bool:
    return event.seq == min((each.seq for each in found.events if each.kind in kinds), default=0)


def _refund(found: SaleReturn, event: ReturnEvent, flow: Flow) -> Mapping[str, Any] | None:
    if flow.refund == "instant" and _is_first(found, event, *_OF_CARRIERS):
        return _trigger(found, {line.no: coming(line) for line in found.lines})
    if flow.refund == "registration" and event.kind == "received":
        return _trigger(found, {units["no"]: units["quantity"] for units in event.data.get("lines", ())})
    return None


def _trigger(found: SaleReturn, units: Mapping[int, int]) -> Mapping[str, Any]:
    order = found.sale.order
    return {
        "order": {
            "reboundOrderId": sscc(_ORDERS, order.id),
            "clientOrderId": client_order_id(order),
            "location": UNKNOWN,
            "items": [_item(found, no, quantity) for no, quantity in sorted(units.items()) if quantity],
        }
    }


def _item(found: SaleReturn, no: int, quantity: int) -> Mapping[str, Any]:
    line = next(each for each in found.lines if each.no == no)
    of_order = next(each for each in found.sale.lines if each.no == line.line)
    names = {name: value or UNKNOWN for name, value in item_names(of_order).items()}
    return {
        "reboundItemId": sscc(_ITEMS, of_order.id),
        **names,
        "reasonCode": line.reason or UNKNOWN,
        "quantity": str(quantity),
    }


def _tracking(found: SaleReturn, event: ReturnEvent, flow: Flow) -> Mapping[str, Any] | None:
    name = _MILESTONES.get(event.kind)
    if name is None or (flow.direct and event.kind == "at_center"):
        return None
    if not _is_first(found, event, event.kind):
        return None
    order = found.sale.order
    return {
        "milestone": name,
        "timestamp": moment(event.at),
        "order": {"reboundOrderId": sscc(_ORDERS, order.id), "clientOrderId": client_order_id(order)},
        "returnOrderId": str(found.ret.uuid),
        "parcels": parcels(found),
    }
