"""The ReBound door from token to return, as its clients use it."""

from decimal import Decimal

import jsonschema_rs

from entrepot.doors.kit.describing.words import ref
from entrepot.doors.rebound.openapi import API
from tests.conformance.harness import Client, Request
from tests.conformance.harness.fixtures import OpenRetailer
from tests.conformance.harness.proof import assert_same
from tests.conformance.rebound import MOMENT, ORDER, ORDERS, PREFIX, RETURNS, TOKEN, UUID


async def test_a_sales_order_is_registered_and_told_in_full(
    open_rebound_retailer: OpenRetailer, rebound: Client
) -> None:
    retailer = await open_rebound_retailer()
    reply = await rebound.send(await retailer.create())
    assert reply.status == 201, reply.body
    await retailer.assert_registered(reply)
    shown = reply.json
    untold = dict.fromkeys(
        ("description", "weight", "weightUnit", "countryOfOrigin", "hsCode", "imageUrl"), None
    )
    more = {"returnable": True, "clientMetadata": [], **untold}
    assert_same(
        shown,
        {
            **{name: value for name, value in ORDER.items() if name != "labelBase64Enabled"},
            "salesOrderId": UUID,
            "flowKey": "",
            "status": "CREATED",
            "customerAddress": {
                **ORDER["customerAddress"],
                **dict.fromkeys(
                    ("companyName", "addressLine2", "addressLine3", "state", "email", "phoneNumber"), None
                ),
            },
            "salesItems": [
                {
                    **ORDER["salesItems"][0],
                    **more,
                    "salesItemId": shown["salesItems"][0]["salesItemId"],
                    "price": Decimal("29.95"),
                },
                {
                    "clientItemId": "AB0001232",
                    "quantity": 2,
                    **dict.fromkeys(("sku", "ean", "price", "currency"), None),
                    **more,
                    "salesItemId": shown["salesItems"][1]["salesItemId"],
                },
            ],
            "returnLabel": None,
            "createdAt": MOMENT,
            "updatedAt": MOMENT,
        },
    )
    got = await rebound.send(await retailer.get(shown["salesOrderId"]))
    assert (got.status, got.json) == (200, shown)
    listed = await rebound.send(await retailer.list("?clientOrderId=AB12345US"))
    assert (listed.status, listed.json) == (200, [shown])
    assert (await rebound.send(await retailer.returns("?clientOrderId=AB12345US"))).json == []


async def test_the_description_names_the_headers_of_replies(
    open_rebound_retailer: OpenRetailer, rebound: Client
) -> None:
    retailer = await open_rebound_retailer()
    described = (await rebound.send(Request("GET", f"{PREFIX}/openapi.json"))).json["paths"]
    created = await retailer.create()
    calls = [
        (created, "/sales-orders", 201),
        (created, "/sales-orders", 400),
        (Request("POST", ORDERS, created.body), "/sales-orders", 401),
        (Request("GET", RETURNS), "/return-orders", 401),
        (
            Request("POST", TOKEN, b"", {"Content-Type": "application/x-www-form-urlencoded"}),
            "/oauth/token",
            401,
        ),
    ]
    for request, path, status in calls:
        reply = await rebound.send(request)
        told = described[path][request.method.lower()]["responses"][str(status)]["headers"]
        assert reply.status == status, reply.body
        known = {"X-Request-Id", "Link", "Location", "WWW-Authenticate"}
        sometimes = {"Retry-After"} if status >= 400 else set[str]()
        assert set(told) == {name for name in known if name.lower() in dict(reply.headers)} | sometimes


async def test_the_description_takes_what_the_door_takes(
    open_rebound_retailer: OpenRetailer, rebound: Client
) -> None:
    retailer = await open_rebound_retailer()
    schema = {**ref("NewSalesOrder"), **API.document("/rebound")}
    for edits in ({}, {"salesItems": None, "unheard": 1, "customerAddress/state": None, "parcelType": None}):
        request = await retailer.create({**edits, "clientOrderId": f"{len(edits)}"})
        assert (await rebound.send(request)).status == 201
        jsonschema_rs.validate(schema, request.body)
