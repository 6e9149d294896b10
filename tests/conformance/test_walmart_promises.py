"""Promises, items and stock at the Walmart door: the documented answers, each for a real reason."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.harness import Client, Expected, Prove, Reply, changed, read_state
from tests.conformance.harness.fixtures import OpenSeller
from tests.conformance.harness.proof import assert_reply
from tests.conformance.harness.world import REMOVED
from tests.conformance.walmart import (
    ADDRESS,
    HEADER,
    MOMENT,
    PREFIX,
    Seller,
    each,
    error,
    fault,
    internal,
    lift,
    refusal,
    wrapped,
)
from tests.support.server import Server

ITEMS = f"{PREFIX}/v3/fulfillment/mcs/item"
KEEPER = {"channels/mcs/settings": {"may_set_stock": True, "may_edit_catalogue": True}}
DESTINATION = {
    "address": {
        "addressLineOne": "100 Main St",
        "city": "San Francisco",
        "stateCode": "CA",
        "countryCode": "US",
        "postalCode": "94103",
    },
    "fulfillmentType": "S2H",
}


def module(name: str, *fulfillments: dict[str, Any]) -> dict[str, Any]:
    """A module of a plan."""
    option = {
        "fulfillmentMode": "UNSCHEDULED",
        "accessType": "DELIVERY_ADDRESS",
        "fulfillmentType": "S2H",
        "isDefault": True,
        "fulfillments": list(fulfillments),
    }
    return {"name": name, "fulfillmentGroups": [{"fulfillmentOptions": [option]}]}


def plan(*lines: tuple[str, int]) -> dict[str, Any]:
    """What is promised: lines with what is available of them."""
    return {
        "fulfillmentId": "1",
        "nodeType": "FC",
        "lineItemAttributesList": [attributes(*line) for line in lines],
        "sla": {"tier": "TWO_DAY", "speed": "STANDARD"},
        "accessMode": {"mode": "NATIONAL_CARRIER"},
        "fulfillmentTime": {"date": {"minPromiseDate": MOMENT, "maxPromiseDate": MOMENT}},
        "errors": [],
    }


def attributes(line: str, available: int) -> dict[str, Any]:
    return {
        "availableQuantity": each(available),
        "fulfillmentChannel": ["WFS_FULFILLED"],
        "lineId": line,
    }


def offer(line: str, sku: str, available: int, requested: int) -> dict[str, Any]:
    return {
        "availableQuantity": each(available),
        "requestedQuantity": each(requested),
        "lineId": line,
        "salesUnit": "EACH",
        "sku": sku,
    }


def told(status: str, http: int, offers: list[Any], *modules: dict[str, Any]) -> Expected:
    """A whole promise."""
    payload = {
        "offers": offers,
        "destinations": [DESTINATION],
        "fulfillmentPlans": [{"fulfillmentModules": list(modules)}],
    }
    return Expected(http, {}, {"status": status, "header": HEADER, "payload": payload})


@pytest.mark.row("walmart.promise.success")
async def test_every_offer_is_promised(prove: Prove, open_seller: OpenSeller) -> None:
    seller = await open_seller({"products/lamp/stock/main": 1})
    asked = seller.promise(seller.offer("1", "lamp"), seller.offer("2", "rug", 10))
    offers = [offer("1", "lamp", 1, 1), offer("2", "rug", 10, 10)]
    reply = await unchanging(seller, prove, asked)
    assert_reply(
        reply, told("SUCCESS", 202, offers, module("UNSCHEDULED_DELIVERY", plan(("1", 1), ("2", 10))))
    )
    # What was promised can be ordered, and then no more.
    items = [seller.item("1", "lamp"), seller.item("2", "rug", 10)]
    await seller.assert_created(await prove.client.send(seller.create({"orderItems": items})))
    assert (await prove.client.send(asked)).status == 400


@pytest.mark.row("walmart.promise.partial")
async def test_some_offers_are_promised(prove: Prove, open_seller: OpenSeller) -> None:
    seller = await open_seller({"products/rug/stock/main": 3})
    asked = seller.promise(
        seller.offer("1", "lamp"),
        seller.offer("2", "rug", 2),
        seller.offer("3", "rug", 2),
        seller.offer("4", "nobody"),
    )
    offers = [
        offer("1", "lamp", 10, 1),
        offer("2", "rug", 3, 2),
        offer("3", "rug", 1, 2),
        offer("4", "nobody", 0, 1),
    ]
    place = "offerSelections[0].offers[{}].{}"
    short = error(
        "INVALID_MCS_REQUEST",
        place.format(2, "requestedQuantity.measurementValue"),
        "Only 1 units of the item are available",
    )
    unknown = error("INVALID_MCS_REQUEST", place.format(3, "sku"), "The SKU is no item of this account")
    refused = [
        {"lineItemAttributesList": [attributes("3", 1)], "errors": [short]},
        {"lineItemAttributesList": [attributes("4", 0)], "errors": [unknown]},
    ]
    modules = (module("UNSCHEDULED_DELIVERY", plan(("1", 10), ("2", 3))), module("ERROR", *refused))
    reply = await unchanging(seller, prove, asked)
    assert_reply(reply, told("PARTIAL_SUCCESS", 206, offers, *modules))
    # The smallest change makes it whole.
    await seller.change(
        {"products/rug/stock/main": 4, "products/nobody": seller.tree["products"]["vase"] | {"id": 9}}
    )
    assert (await prove.client.send(asked)).status == 202


async def test_dialects_may_be_mixed_in_one_question(open_seller: OpenSeller, walmart: Client) -> None:
    seller = await open_seller()
    mixed = {"line1": "100 Main St", "addressLineTwo": "Suite 1", "city": "Reno", "stateCode": "nv"}
    mixed |= {"country": "USA", "postalCode": "89501", "isPOBox": False}
    offers = [
        {
            "sku": sku,
            "lineId": sku,
            "requestedQuantity": {"unitOfMeasure": unit, "measurementValue": 1},
            **({"salesUnit": "Each"} if unit == "EA" else {}),
        }
        for sku, unit in (("lamp", "EA"), ("rug", "Each"), ("vase", "EACH"))
    ]
    to = {"destinations": [{"fulfillmentType": "delivery", "address": mixed}, {"address": ADDRESS}]}
    reply = await walmart.send(seller.promise(*offers, edits=to))
    assert (reply.status, reply.json["status"]) == (202, "SUCCESS")
    first, second = (each["address"] for each in reply.json["payload"]["destinations"])
    assert first == {
        "addressLineOne": "100 Main St",
        "addressLineTwo": "Suite 1",
        "city": "Reno",
        "stateCode": "NV",
        "countryCode": "USA",
        "postalCode": "89501",
        "isPOBox": False,
    }
    assert (second["stateCode"], second["postalCode"]) == ("CA", "94103")


@pytest.mark.row("walmart.promise.invalid")
@pytest.mark.parametrize(
    ("edits", "field", "text"),
    [
        (
            {"destinations/0/address/zip": "9410"},
            "destinations[0].address.zip",
            "`destinations[0].address.zip` must match [0-9]{5}",
        ),
        (
            {"destinations/0/address/state": REMOVED},
            "destinations[0].address.state",
            "`destinations[0].address.state` must not be null",
        ),
        (
            {"destinations/0/address/state": "ON"},
            "destinations[0].address.state",
            "`destinations[0].address.state` is none of the known codes",
        ),
        ({"destinations": []}, "destinations", "`destinations` must have at least 1 elements"),
        (
            {"offerSelections/0/offers/0/requestedQuantity/measurementValue": 0},
            "offerSelections[0].offers[0].requestedQuantity.measurementValue",
            "`offerSelections[0].offers[0].requestedQuantity.measurementValue` must be at least 1",
        ),
        (
            {"offerSelections/0/offers": [Seller.offer(str(n), "lamp") for n in range(31)]},
            "offerSelections[0].offers",
            "`offerSelections[0].offers` must have at most 30 elements",
        ),
        (
            {
                "offerSelections": [
                    {"offers": [Seller.offer(f"{m}{n}", "lamp") for n in range(16)]} for m in "ab"
                ]
            },
            "offerSelections",
            "`offerSelections` must have at most 30 offers in all",
        ),
    ],
)
async def test_question_of_a_wrong_form(
    prove: Prove, open_seller: OpenSeller, edits: dict[str, Any], field: str, text: str
) -> None:
    seller = await open_seller()
    await prove(
        seller.promise(edits=edits),
        refusal("invalid-input", error("INVALID_MCS_REQUEST", field, text)),
        mend=seller.promise(),
        effect=says("SUCCESS"),
        success=202,
        reads=True,
    )


@pytest.mark.row("walmart.promise.invalid")
async def test_no_offer_is_promised(prove: Prove, open_seller: OpenSeller) -> None:
    seller = await open_seller({"products/lamp/stock/main": 0})
    place = "offerSelections[0].offers[0].requestedQuantity.measurementValue"
    await prove(
        seller.promise(),
        refusal("sold-out", error("INVALID_MCS_REQUEST", place, "The item is out of stock")),
        mend=seller.changing({"products/lamp/stock/main": 1}),
        effect=says("SUCCESS"),
        success=202,
        reads=True,
    )


@pytest.mark.row("walmart.promise.internal")
async def test_internal_error_of_a_promise(prove: Prove, open_seller: OpenSeller, server: Server) -> None:
    await proven_internal(prove, open_seller, server)


@pytest.mark.row("walmart.any.unhandled")
async def test_unhandled_exception_of_a_promise(
    prove: Prove, open_seller: OpenSeller, server: Server
) -> None:
    await proven_internal(prove, open_seller, server)


async def proven_internal(prove: Prove, open_seller: OpenSeller, server: Server) -> None:
    seller = await open_seller()
    # The first read finds out who calls.
    await fault(server, {"target": "connection:reads", "kind": "error", "skip": 1})
    await prove(
        seller.promise(),
        internal("Internal server error"),
        mend=lambda: lift(server),
        effect=says("SUCCESS"),
        success=202,
        reads=True,
    )


@pytest.mark.row("walmart.any.unhandled")
async def test_unhandled_exception_of_an_item(prove: Prove, open_seller: OpenSeller, server: Server) -> None:
    seller = await open_seller(KEEPER)
    await fault(server, {"target": "rule:SaveGoods", "kind": "error", "workspace": seller.name})
    request = seller.call("POST", ITEMS, wrapped({"items": [{"sku": "jar", "availableToSellUnits": 3}]}))

    async def there(reply: Reply) -> None:
        assert reply.json == {"response": "Item Created successfully"}
        assert await seller.available("jar") == 3

    await prove(request, internal(), mend=request, effect=there, success=202)


@pytest.mark.parametrize(
    ("rights", "item", "page", "text"),
    [
        ({}, {"sku": "jar"}, "catalogue-closed", "The account may not change items"),
        (
            {"may_edit_catalogue": True},
            {"sku": "jar", "availableToSellUnits": 1},
            "stock-closed",
            "The account may not set stock",
        ),
    ],
)
async def test_items_need_the_right_to_change_them(
    open_seller: OpenSeller,
    walmart: Client,
    rights: dict[str, bool],
    item: dict[str, Any],
    page: str,
    text: str,
) -> None:
    seller = await open_seller({"channels/mcs/settings": rights})
    request = seller.call("POST", ITEMS, wrapped({"items": [item]}))
    before = await read_state(seller.connection)
    reply = await walmart.send(request)
    assert_reply(reply, refusal(page, error("INVALID_WFS_REQUEST", None, text)))
    assert not changed(before, await read_state(seller.connection))
    await seller.change(KEEPER)
    assert (await walmart.send(request)).status == 202


async def test_an_item_is_made_sold_and_told(open_seller: OpenSeller, walmart: Client) -> None:
    seller = await open_seller(KEEPER)
    measure = {"unitOfMeasure": "LB", "measurementValue": 2}
    item = {
        "sku": "jar",
        "productName": "Jam jar",
        "offerId": "offer-a",
        "itemId": "item-a",
        "gtin": "00012345678905",
        "brand": "Example",
        "availableToSellUnits": 3,
        "itemPrice": 4.5,
        "dimensions": {"weight": measure},
    }
    request = seller.call("POST", ITEMS, {"header": {}, "payload": {"items": [item]}})
    reply = await walmart.send(request)
    assert_reply(reply, Expected(202, {}, {"response": "Item Created successfully"}))
    await seller.assert_created(await walmart.send(seller.create({"orderItems/0/itemDetail/sku": "jar"})))
    (told_item,) = (await walmart.send(seller.call("GET", f"{ITEMS}?sku=jar"))).json["payload"]["items"]
    assert told_item["availableToSellUnits"] == 2
    assert {**told_item, "availableToSellUnits": 3, "itemPrice": 4.5} == item
    # What is promised is counted on top of what can be sold.
    assert (await walmart.send(request)).status == 202
    assert await seller.available("jar") == 3
    stock = await walmart.send(seller.call("GET", f"{PREFIX}/v3/wfs/inventory?gtin=00012345678905"))
    assert stock.json["headers"] == {"totalCount": 1, "limit": 10, "offset": 0}
    (row,) = stock.json["payload"]["inventory"]
    assert row["itemInformation"]["sku"] == "jar"
    counts = [row["inventoryData"][f"{name}Units"] for name in ("available", "reserved", "onhand")]
    assert counts == [3, 1, 4]
    older = await walmart.send(
        seller.call("GET", f"{PREFIX}/v3/fulfillment/inventory?sku=jar&shipNodeType=multichannel")
    )
    ((node,),) = [entry["shipNodes"] for entry in older.json["payload"]["inventory"]]
    assert (node["availToSellQty"], node["onHandQty"]) == (3, 4)


async def unchanging(seller: Seller, prove: Prove, request: Any) -> Reply:
    """The reply to a question, which changes nothing."""
    before = await read_state(seller.connection)
    reply = await prove.client.send(request)
    assert not changed(before, await read_state(seller.connection))
    return reply


def says(status: str) -> Any:
    """The reply has this status."""

    async def check(reply: Reply) -> None:
        assert reply.json["status"] == status

    return check
