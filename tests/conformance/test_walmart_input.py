"""Input that nobody should send is never a 500: each field wrong in fifteen ways, odd headers and queries."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from entrepot.doors.kit.checking import Arr, Body, Obj, Shape
from entrepot.doors.kit.headers import reply_headers
from entrepot.doors.walmart import schemas
from entrepot.doors.walmart.failures import refusal
from entrepot.doors.walmart.voices import CREATE
from entrepot.failures import Overloaded, Unavailable
from tests.conformance.harness import Client, Request, changed, read_state
from tests.conformance.harness.fixtures import OpenSeller
from tests.conformance.harness.world import REMOVED, edited
from tests.conformance.walmart import ADDRESS, ORDERS, PREFIX, RETURNS, Seller, each, wrapped

AT_ONCE = 8
WRONG: tuple[Any, ...] = (
    None,
    "",
    "   ",
    "x" * 300,
    "a\u0000b",
    "\u2603 \U0001f600",
    -1,
    0,
    1.5,
    10**30,
    1e300,
    True,
    [],
    {},
    [{"a": [1, {"b": None}]}],
)
PATH = str.maketrans({"[": "/", ".": "/", "]": None})
RIGHTS = {"channels/mcs/settings": {"may_set_stock": True, "may_edit_catalogue": True}}
CHANNEL = {"orderChannelName": "Other shop", "returnAddress": {"firstName": "Ann", **ADDRESS}, "active": True}
ITEM = {
    "sku": "jar",
    "productName": "Jar",
    "gtin": "00012345678905",
    "availableToSellUnits": 3,
    "itemPrice": 4.5,
    "dimensions": {"weight": {"unitOfMeasure": "LB", "measurementValue": 2}},
}


def places(value: Any, path: str = "") -> Iterator[str]:
    """Every place in a body, containers too."""
    inner: list[tuple[str, Any]] = []
    if isinstance(value, dict):
        inner = [(str(name), child) for name, child in value.items()]
    elif isinstance(value, list):
        inner = [(str(index), child) for index, child in enumerate(value)]
    for name, child in inner:
        yield f"{path}{name}"
        yield from places(child, f"{path}{name}/")


BODIES: dict[str, Body[Any]] = {
    "create": schemas.CREATE,
    "cancel": schemas.CANCEL,
    "promise": schemas.PROMISE,
    "return": schemas.RETURN,
    "channels": schemas.NEW_CHANNELS,
    "channel": schemas.CHANNELS,
    "item": schemas.ITEMS,
}
ONE_OF_TWO = ("payload/mcsDetails", "address/state", "address/zip")
"""What may be absent where its other name is there."""
NAMES = ("payload/customerOrderNo", "payload/sellerOrderId")


def optional_places(shape: Shape, path: str = "") -> Iterator[str]:
    """Every place that a declared body may leave empty; of a list the first element's."""
    if isinstance(shape, Arr):
        yield from optional_places(shape.items, f"{path}0/")
    for key in shape.keys if isinstance(shape, Obj) else ():
        if not key.required:
            yield f"{path}{key.name}"
        yield from optional_places(key.shape, f"{path}{key.name}/")


def requests(seller: Seller) -> dict[str, Request]:
    """One good request for each operation that has a body, with every optional member."""
    line: dict[str, Any] = seller.item("1", "lamp") | {
        "shippingMethod": "STANDARD",
        "chargeDetails": [
            {
                "chargeCategory": "PRODUCT",
                "chargeName": "Item Price",
                "chargePerUnit": {"currencyAmount": 20, "unit": "USD"},
                "taxDetails": {"taxPerLine": {"currencyAmount": 1.5, "currencyUnit": "USD"}},
            }
        ],
    }
    line["shippingTo"] = {
        "contact": {**line["shippingTo"]["contact"], "email": "ann@example.com"},
        "address": {**ADDRESS, "line2": "Suite 1", "addressType": "RESIDENTIAL"},
    }
    order = {"orderItems": [line], "orderPlacedTime": "2026-03-25T21:58:30.143Z", "sellerOrderId": "SO1"}
    promise = seller.promise(edits={"requestId": "r", "destinations/0/address/addressType": "RESIDENTIAL"})
    channels = {"partnerId": "1", "mcsDetails": [CHANNEL]}
    known = {"partnerId": "1", "mcsDetails": [CHANNEL | {"orderChannelId": seller.front}]}
    return {
        "create": seller.create(order),
        "cancel": seller.cancel({"sellerOrderId": "SO1"}),
        "promise": promise,
        "return": seller.send_back({"sellerReturnOrderId": "R1", "orderItems/0/returnReason": "DAMAGED"}),
        "channels": seller.call("POST", f"{ORDERS}/channel-details", wrapped(channels)),
        "channel": seller.call("PUT", f"{ORDERS}/channel-details", wrapped(known)),
        "item": seller.call("POST", f"{PREFIX}/v3/fulfillment/mcs/item", wrapped({"items": [ITEM]})),
    }


@pytest.mark.parametrize("operation", BODIES)
async def test_no_wrong_value_of_any_field_breaks_anything(
    open_seller: OpenSeller, walmart: Client, operation: str
) -> None:
    seller = await open_seller(RIGHTS)
    request = requests(seller)[operation]
    limit = asyncio.Semaphore(AT_ONCE)

    async def status(place: str, value: Any) -> tuple[str, Any, int]:
        async with limit:
            body = edited(request.body, {place: value})
            reply = await walmart.send(replace(request, body=body))
        return place, value, reply.status

    tried = [(place, value) for place in places(request.body) for value in (*WRONG, REMOVED)]
    assert len(tried) > 100
    found = await asyncio.gather(*(status(*each) for each in tried))
    assert not [each for each in found if each[2] >= 429]
    rows = await seller.connection.fetchval(
        "select count(*) from orders where workspace = $1", await seller.id()
    )
    accepted = sum(each[2] == 200 for each in found)
    # A number is taken once, so of the orders that are right all the same one exists.
    assert rows == (min(accepted, 1) if operation == "create" else 0)
    # What was refused is refused again, and writes nothing.
    await walmart.rest()
    before = await read_state(seller.connection)
    refused = [(place, value, told) for place, value, told in found if told >= 400]
    again = await asyncio.gather(*(status(place, value) for place, value, _ in refused))
    assert [told for *_, told in again] == [told for *_, told in refused]
    assert not changed(before, await read_state(seller.connection))


@pytest.mark.parametrize("operation", BODIES)
async def test_null_says_of_an_optional_member_what_its_absence_says(
    open_seller: OpenSeller, walmart: Client, operation: str
) -> None:
    seller = await open_seller({**RIGHTS, "products/lamp/stock/main": 1_000})
    order = await seller.ordered(walmart, {"orderItems/0/qty": each(500)})
    await seller.step(order, "deliver", {"lines": [{"line": 1, "quantity": 250}]})
    request = requests(seller)[operation]
    request = replace(request, headers={**request.headers, "martId": "202"})
    there = {"", *places(request.body)}
    optional = [
        place for place in optional_places(BODIES[operation].shape) if place.rpartition("/")[0] in there
    ]
    assert len(optional) > 1
    for number, place in enumerate(optional):
        told: list[tuple[int, Any]] = []
        for kind, value in (("N", None), ("A", REMOVED)):
            edits = {place: value} if value is None or place in there else {}
            named = dict.fromkeys(NAMES, f"{kind}{number}") if operation == "create" else {}
            reply = await walmart.send(replace(request, body=edited(request.body, {**named, **edits})))
            told.append((reply.status, reply.json.get("errors")))
        assert told[0] == told[1], place
        assert told[0][0] in (200, 202) or place.endswith(ONE_OF_TWO), (place, told)


async def test_null_for_every_optional_member_says_nothing(open_seller: OpenSeller, walmart: Client) -> None:
    seller = await open_seller()
    optional = (
        "sellerOrderId",
        "orderPlacedTime",
        "customer/contact/email",
        "orderItems/0/shippingMethod",
        "orderItems/0/chargeDetails",
        "orderItems/0/shippingTo/address/line2",
        "orderItems/0/shippingTo/address/addressType",
        "orderItems/0/shippingTo/contact/email",
    )
    request = seller.create(dict.fromkeys(optional))
    body = {**request.body, "header": None}
    await seller.assert_created(await walmart.send(replace(request, body=body)))


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"[]", 400),
        (b"null", 400),
        (b'{"payload": 7}', 400),
        (b'{"payload": {}}', 400),
        (b"{" * 100_000, 400),
        (b'{"payload": ' + b"[" * 30 + b"]" * 30 + b"}", 400),
        (b'{"payload": {"customerOrderNo": 1' + b"0" * 5_000 + b"}}", 400),
        (b'{"payload": {"customerOrderNo": "\\ud800"}}', 400),
        (b'{"payload": {"customerOrderNo": NaN}}', 400),
        (b'{"payload": {"a": "' + b"x" * 1_000_000 + b'"}}', 413),
        (b"\xff\xfe", 400),
    ],
)
@pytest.mark.parametrize(
    "path", ["", "/cancel", "/fetchOrderPromiseOptions", "/return-orders", "/channel-details"]
)
async def test_bodies_that_are_none(
    open_seller: OpenSeller, walmart: Client, path: str, body: bytes, status: int
) -> None:
    seller = await open_seller()
    headers = {"martId": "202", "Content-Type": "application/json"}
    reply = await walmart.send(seller.call("POST", f"{ORDERS}{path}", body, **headers))
    assert reply.status == status, reply.body


@pytest.mark.parametrize(
    ("operation", "place"),
    [
        ("create", "orderItems"),
        ("cancel", "orderItems"),
        ("return", "orderItems"),
        ("create", "orderItems[0]"),
        ("cancel", "orderItems[0].qty"),
        ("promise", "offerSelections"),
        ("promise", "destinations[0]"),
        ("channels", "mcsDetails[0]"),
        ("item", "items"),
        ("item", "payload"),
    ],
)
async def test_null_where_something_must_be_is_named_as_missing(
    open_seller: OpenSeller, walmart: Client, operation: str, place: str
) -> None:
    seller = await open_seller(RIGHTS)
    request = requests(seller)[operation]
    path = place if place == "payload" else f"payload/{place}".translate(PATH)
    reply = await walmart.send(replace(request, body=edited(request.body, {path: None})))
    entries = [(each["field"], each["description"]) for each in reply.json["errors"]]
    assert (reply.status, entries) == (400, [(place, f"`{place}` must not be null")])


@pytest.mark.parametrize("media_type", ["text/plain", "application/xml", "application/x-www-form-urlencoded"])
async def test_other_media_types_are_the_gateways(
    open_seller: OpenSeller, walmart: Client, media_type: str
) -> None:
    seller = await open_seller()
    request = seller.create()
    reply = await walmart.send(replace(request, headers={**request.headers, "Content-Type": media_type}))
    assert (reply.status, reply.json["error"][0]["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")


async def test_most_lines_and_largest_quantities_are_taken(open_seller: OpenSeller, walmart: Client) -> None:
    seller = await open_seller({"products/lamp/stock/main": 300_000_000})
    lines = [seller.item(str(no), "lamp", 1_000_000) for no in range(200)]
    long = "N" * 36
    await seller.assert_created(
        await walmart.send(seller.create({"orderItems": lines, "customerOrderNo": long}))
    )
    for edits in (
        {"orderItems": [*lines, seller.item("x", "lamp")]},
        {"orderItems/0/qty/measurementValue": 1_000_001},
        {"customerOrderNo": "N" * 37},
    ):
        assert (await walmart.send(seller.create({"customerOrderNo": "SO2", **edits}))).status == 400


@pytest.mark.parametrize(
    "query",
    [
        "orgId&orderNumber=SO1",
        "orderNumber=SO1&orderNumber=SO1",
        "orderNumber=%00%ff%fe",
        f"orderNumber={'x' * 300}",
        "limit=0",
        "limit=51",
        "limit=ten",
        "limit=1e1",
        "limit=%D9%A3",
        "offset=-1",
        "offset=99999999999999999999",
        "fromOrderDate=yesterday",
        "toOrderDate=9999-12-31&endDate=x",
        "status=LOST",
        "sortBy=price",
        "sortOrder=up",
        "trackingNumber=%F0%9F%98%80",
        "shipmentNumber=99999999999999999999-1",
        "orderChannelId=%7Bnone%7D",
        "&&&=&=",
    ],
)
async def test_odd_queries_are_answered(open_seller: OpenSeller, walmart: Client, query: str) -> None:
    seller = await open_seller()
    await seller.ordered(walmart)
    for path in (
        f"{ORDERS}/status",
        RETURNS,
        f"{PREFIX}/v3/wfs/inventory",
        f"{PREFIX}/v3/fulfillment/mcs/item",
    ):
        reply = await walmart.send(seller.call("GET", f"{path}?{query}", martId="202"))
        assert reply.status in (200, 400), (path, reply.body)


async def test_odd_headers_are_answered(open_seller: OpenSeller) -> None:
    seller = await open_seller()
    request = seller.returns("limit=1")
    token = request.headers["WM_SEC.ACCESS_TOKEN"]
    sent: list[tuple[list[tuple[bytes, bytes]], int]] = [
        ([(b"WM_SEC.ACCESS_TOKEN", token.encode()), (b"martId", b"202"), (b"martId", b"")], 200),
        ([(b"WM_SEC.ACCESS_TOKEN", token.encode()), (b"martId", b""), (b"martId", b"202")], 400),
        ([(b"WM_SEC.ACCESS_TOKEN", token.encode()), (b"martId", b"\xc3\xa9\xff")], 200),
        ([(b"WM_SEC.ACCESS_TOKEN", token.encode()), (b"martId", b"2" * 8_000)], 200),
        ([(b"WM_SEC.ACCESS_TOKEN", b"\xe2\x98\x83"), (b"martId", b"202")], 401),
        (
            [
                (b"WM_SEC.ACCESS_TOKEN", b""),
                (b"Authorization", f"bearer {token}".encode()),
                (b"martId", b"1"),
            ],
            200,
        ),
        ([(b"Authorization", b"Bearer"), (b"martId", b"202")], 401),
        ([(b"Authorization", b"Basic \xff"), (b"martId", b"202")], 401),
        ([(b"Authorization", f"Bearer {token}".encode()), (b"wm_mart_id", b"202")], 200),
    ]
    async with httpx.AsyncClient(base_url=seller.url, verify=False, trust_env=False, timeout=60) as http:
        for headers, status in sent:
            own = [*headers, (b"WM_QOS.CORRELATION_ID", b"\xff id")]
            reply = await http.request("GET", request.path, headers=own)
            assert reply.status_code == status, (headers, reply.text)
            assert "wm_qos.correlation_id" not in reply.headers
        named = [*sent[0][0], (b"WM_QOS.CORRELATION_ID", b"594ef12e-0d0f")]
        reply = await http.request("GET", request.path, headers=named)
        assert reply.headers["wm_qos.correlation_id"] == "594ef12e-0d0f"


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({}, 200),
        ({"body": b"", "path": f"{PREFIX}/v3/token?grant_type=client_credentials"}, 200),
        ({"body": b"grant_type=client_credentials&code=&redirect_uri=x&refresh_token=y"}, 200),
        ({"body": b""}, 400),
        ({"body": b"grant_type=password"}, 400),
        ({"body": b"grant_type=client_credentials&grant_type=client_credentials"}, 400),
        ({"body": b"\xff"}, 400),
        ({"headers": {"Authorization": "Basic !!!"}}, 401),
        ({"headers": {"Authorization": "Bearer x"}}, 401),
        ({"headers": {"Authorization": "Basic bm9ib2R5OnNlY3JldA=="}}, 401),
        ({"headers": {"Content-Type": "application/json"}}, 415),
    ],
)
async def test_requests_for_tokens(
    open_seller: OpenSeller, walmart: Client, change: dict[str, Any], status: int
) -> None:
    seller = await open_seller()
    good = seller.token_request(f"{seller.name}-mcs:secret")
    headers = {**good.headers, **change.get("headers", {})}
    reply = await walmart.send(replace(good, **{**change, "headers": headers}))
    assert reply.status == status, reply.body
    assert ("error" in reply.json) is (status != 200)


async def test_a_request_for_a_token_in_json_is_told_to_be_a_form(
    open_seller: OpenSeller, walmart: Client
) -> None:
    seller = await open_seller()
    good = seller.token_request(f"{seller.name}-mcs:secret", **{"Content-Type": "application/json"})
    for body in (b'{"grant_type": "client_credentials"}', good.content):
        refused = await walmart.send(replace(good, body=body))
        (entry,) = refused.json["error"]
        assert (refused.status, entry["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")
        assert (
            entry["info"] == "Send the body as application/x-www-form-urlencoded, without a content coding."
        )
    other = await walmart.send(
        replace(seller.create(), headers={**seller.create().headers, "Content-Type": "text/plain"})
    )
    assert other.json["error"][0]["info"] == "Send the body as application/json, without a content coding."


async def test_who_accepts_nothing_but_xml_gets_it(open_seller: OpenSeller, walmart: Client) -> None:
    seller = await open_seller()
    reply = await walmart.send(seller.token_request(f"{seller.name}-mcs:secret", Accept="application/xml"))
    assert reply.status == 200
    assert dict(reply.headers)["content-type"] == "application/xml; charset=utf-8"
    assert reply.body.startswith(b'<?xml version="1.0" encoding="UTF-8"?><OAuthTokenDTO><accessToken>wm_')


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("application/json;q=0, application/xml", "application/xml; charset=utf-8"),
        ("text/xml; Q=0.5, */*; q=0.000", "application/xml; charset=utf-8"),
        ("application/xml;q=0", "application/json"),
        ("application/xml;q=0.001, application/json;q=1", "application/json"),
    ],
)
async def test_a_kind_of_quality_zero_is_none_that_is_accepted(
    open_seller: OpenSeller, walmart: Client, accept: str, kind: str
) -> None:
    seller = await open_seller()
    reply = await walmart.send(seller.token_request(f"{seller.name}-mcs:secret", Accept=accept))
    assert reply.status == 200
    assert dict(reply.headers)["content-type"] == kind


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v3/nowhere", 404, "URI_NOT_FOUND"),
        ("GET", "/", 404, "URI_NOT_FOUND"),
        ("DELETE", "/v3/fulfillment/orders-fulfillments", 405, "METHOD_NOT_ALLOWED"),
        ("GET", "/v3/token", 405, "METHOD_NOT_ALLOWED"),
    ],
)
async def test_what_is_not_there_is_the_gateways(
    open_seller: OpenSeller, walmart: Client, method: str, path: str, status: int, code: str
) -> None:
    seller = await open_seller()
    reply = await walmart.send(seller.call(method, f"{PREFIX}{path}"))
    assert (reply.status, reply.json["error"][0]["code"]) == (status, code)
    assert ("allow" in dict(reply.headers)) is (status == 405)


@pytest.mark.parametrize(
    ("failure", "status", "array", "code"),
    [
        (Overloaded(2), 429, "error", "REQUEST_THRESHOLD_VIOLATED"),
        (Unavailable(1), 503, "errors", "SYSTEM_ERROR"),
    ],
)
def test_what_passes_says_when_to_try_again(failure: Any, status: int, array: str, code: str) -> None:
    reply = refusal(CREATE, (failure,))
    assert (reply.status, json.loads(reply.body)[array][0]["code"]) == (status, code)
    assert (b"retry-after", str(failure.retry_after).encode()) in reply_headers("id", reply.failure)


async def test_units_of_an_item_that_is_sold_by_weight_are_whole_ones(
    open_seller: OpenSeller, walmart: Client
) -> None:
    tea = {"id": 110, "name": "Tea", "scale": 2, "stock": {"main": "1.00"}}
    seller = await open_seller({**RIGHTS, "products/tea": tea})
    body = wrapped({"items": [{"sku": "tea", "availableToSellUnits": 3}]})
    assert (await walmart.send(seller.call("POST", f"{PREFIX}/v3/fulfillment/mcs/item", body))).status == 202
    assert await seller.available("tea") == 300
