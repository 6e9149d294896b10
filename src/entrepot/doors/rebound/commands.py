"""From a checked sales order to the core's command."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import msgspec

from entrepot.domain.kernel.money import read_amount
from entrepot.domain.orders.access import Asker
from entrepot.domain.orders.records import Address, Person
from entrepot.domain.placing.basket import OutsideName
from entrepot.domain.placing.record_sale import SoldLine, TakeOrder
from entrepot.doors.rebound.settings import Flow, ReboundSettings
from entrepot.engine.sales.sales import LabelWish
from entrepot.store.credentials.directory import Caller

FLOW_ORDER: Final = "flow-order"
"""The kind of the names that clients give to their orders, `<flow>:<id>`: each is unique within its flow."""

_ECHOED: Final = (
    "clientOrderCreatedDate",
    "businessUnit",
    "rmaNumber",
    "premiumOrder",
    "labelBase64Enabled",
    "customerAddress",
    "clientMetadata",
)


def settings_of(caller: Caller) -> ReboundSettings:
    """The door's own part of the caller's settings."""
    return msgspec.convert(caller.settings.door, ReboundSettings)


def asker(caller: Caller) -> Asker:
    """In whose name the caller asks."""
    return Asker(caller.channel, caller.environment)


def take_order(body: dict[str, Any], flow: str, parcel_type: str | None, caller: Caller) -> TakeOrder:
    """The command that registers a sales order in a flow."""
    address: dict[str, Any] = body.get("customerAddress") or {}
    items: list[dict[str, Any]] = body.get("salesItems") or []
    name: str = body["clientOrderId"]
    currency = one_currency(items)
    kept = {member: _kept(body[member]) for member in _ECHOED if member in body}
    return TakeOrder(
        channel=caller.channel,
        environment=caller.environment,
        lines=tuple(_line(item, currency) for item in items),
        person=Person(address.get("email", ""), address.get("firstName", ""), address.get("lastName", "")),
        ship_to=_address(address) if address else None,
        names=(OutsideName(FLOW_ORDER, f"{flow}:{name}"),),
        external_id=name,
        currency=currency,
        data={**kept, "flow": flow, "parcelType": parcel_type},
    )


def label_wish(flow: Flow, body: dict[str, Any], country: str | None) -> LabelWish | None:
    """The return label that an order of this flow gets at once, if it does: by the lane of its country."""
    if not flow.label:
        return None
    lane = flow.lanes.get(country or flow.country, "")
    return LabelWish(lane, inline=body.get("labelBase64Enabled", False))


def one_currency(items: list[dict[str, Any]]) -> str | None:
    """The currency of all items that have a price; None where none has, or where they have several.

    Prices in several currencies have no sum. Then each stays with its item alone.
    """
    named = {item["currency"] for item in items if item.get("price") is not None}
    return named.pop() if len(named) == 1 else None


def _line(item: dict[str, Any], currency: str | None) -> SoldLine:
    price = item.get("price")
    return SoldLine(
        ref=item["clientItemId"],
        sku=item.get("sku", ""),
        quantity=item.get("quantity", 1),
        price=None if price is None or currency is None else read_amount(price, currency),
        name=item.get("description", ""),
        data={"item": {name: _kept(value) for name, value in item.items()}},
    )


def _kept(value: Any) -> Any:
    """As it is stored; numbers with a fraction as texts, which keep all digits that say something."""
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return f"{abs(value).normalize():f}" if isinstance(value, Decimal) else value


def _address(given: dict[str, Any]) -> Address:
    return Address(
        first_name=given.get("firstName", ""),
        last_name=given.get("lastName", ""),
        address1=given["addressLine1"],
        city=given["city"],
        country=given["countryCode"],
        zip=given["postalCode"],
        address2=given.get("addressLine2"),
        province=given.get("state"),
        name=given.get("companyName"),
        phone=given.get("phoneNumber"),
    )
