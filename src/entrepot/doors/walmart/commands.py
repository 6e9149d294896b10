"""From checked request bodies to commands."""

from __future__ import annotations

from typing import Any

from entrepot.domain.kernel.regions import country_of
from entrepot.domain.orders.records import EXTERNAL_ID, Address, Person
from entrepot.domain.placing.basket import OutsideName
from entrepot.domain.placing.record_sale import SoldLine, TakeOrder
from entrepot.doors.walmart import bodies
from entrepot.doors.walmart.reads import storefront_id
from entrepot.store.credentials.directory import Caller

OWN = ("shippingMethod", "chargeDetails")
"""What of an order's line only this door knows."""
PLACED = "placed_time"
"""Under which an order keeps when its buyer placed it, as the seller wrote it."""


def take_order(payload: bodies.CreateOrder, number: str, caller: Caller) -> TakeOrder:
    """The command of a created order. The order goes where its first line goes."""
    contact, items = payload["customer"]["contact"], payload["orderItems"]
    storefront = storefront_id(payload["orderChannelId"])
    known = {"storefront": str(storefront), "phone": contact["phone"]}
    known |= {PLACED: at} if (at := payload.get("orderPlacedTime")) else {}
    return TakeOrder(
        channel=caller.channel,
        environment=caller.environment,
        lines=tuple(_line(item) for item in items),
        person=Person(contact.get("email", ""), contact["name"]["firstName"], contact["name"]["lastName"]),
        ship_to=_address(items[0]["shippingTo"]),
        names=(OutsideName(EXTERNAL_ID, number),),
        storefront=storefront,
        data=known,
    )


def _line(item: bodies.OrderItem) -> SoldLine:
    own: dict[str, Any] = {name: value for name, value in item.items() if name in OWN}
    if kind := item["shippingTo"]["address"].get("addressType"):
        own["addressType"] = kind
    if email := item["shippingTo"]["contact"].get("email"):
        own["email"] = email
    return SoldLine(
        item["sellerLineId"],
        item["itemDetail"]["sku"],
        item["qty"]["measurementValue"],
        ship_to=_address(item["shippingTo"]),
        data=own,
    )


def _address(to: bodies.ShippingTo) -> Address:
    contact, address = to["contact"], to["address"]
    return Address(
        first_name=contact["name"]["firstName"],
        last_name=contact["name"]["lastName"],
        address1=address["line1"],
        city=address["city"],
        country=country_of(address["country"]) or address["country"],
        zip=address["zip"],
        address2=address.get("line2"),
        province=address["state"],
        phone=contact["phone"],
    )
