"""Bad input in every place: OS0003 in a sentence that says what, never OS0001, and nothing is written."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest

from tests.conformance.harness import Client, Reply, Request, changed, read_state
from tests.conformance.harness.fixtures import OpenRetailer
from tests.conformance.harness.proof import assert_reply
from tests.conformance.harness.world import REMOVED, Edits
from tests.conformance.rebound import ORDERS, PREFIX, RETURNS, TAKEN, Retailer, refusal

ITEM = "salesItems/0"
ADDRESS = "customerAddress"
LONG = "x" * 256
FAULTS: list[tuple[Edits, str]] = [
    ({"clientOrderId": REMOVED}, "clientOrderId is required."),
    ({"clientOrderId": LONG}, "clientOrderId must be at most 255 characters long."),
    ({"clientOrderCreatedDate": 5}, "clientOrderCreatedDate must be a valid date-time."),
    ({"clientOrderCreatedDate": "2026-02-30T00:00:00Z"}, "clientOrderCreatedDate must be a valid date-time."),
    ({"clientOrderCreatedDate": "2026-05-01"}, "clientOrderCreatedDate must be a valid date-time."),
    ({"clientOrderCreatedDate": "0000-01-01T00:00:00Z"}, "clientOrderCreatedDate must be a valid date-time."),
    ({"clientOrderCreatedDate": "0001-01-01T00:00:00+10:00"}, "clientOrderCreatedDate must be a valid date-time."),
    ({"clientOrderCreatedDate": "9999-12-31T23:59:59-10:00"}, "clientOrderCreatedDate must be a valid date-time."),
    ({"businessUnit": 5}, "businessUnit must be a string."),
    ({"rmaNumber": ["x"]}, "rmaNumber must be a string."),
    ({"premiumOrder": "true"}, "premiumOrder must be a boolean."),
    ({"labelBase64Enabled": 1}, "labelBase64Enabled must be a boolean."),
    ({"parcelType": {}}, "parcelType must be a string."),
    ({ADDRESS: []}, "customerAddress must be an object."),
    ({ADDRESS: "Berlin"}, "customerAddress must be an object."),
    ({f"{ADDRESS}/addressLine1": REMOVED}, "customerAddress.addressLine1 is required."),
    ({f"{ADDRESS}/city": ""}, "customerAddress.city is required."),
    ({f"{ADDRESS}/postalCode": None}, "customerAddress.postalCode is required."),
    ({f"{ADDRESS}/postalCode": 10115}, "customerAddress.postalCode must be a string."),
    ({f"{ADDRESS}/countryCode": REMOVED}, "customerAddress.countryCode is required."),
    ({f"{ADDRESS}/email": LONG}, "customerAddress.email must be at most 255 characters long."),
    ({"salesItems": {}}, "salesItems must be an array."),
    ({"salesItems": [{}] * 501}, "salesItems must have at most 500 elements."),
    ({"salesItems/1": "x"}, "salesItems[1] must be an object."),
    ({f"{ITEM}/clientItemId": REMOVED}, "salesItems[0].clientItemId is required."),
    ({f"{ITEM}/clientItemId": ""}, "salesItems[0].clientItemId is required."),
    ({"salesItems/1/clientItemId": "AB0001231"}, "salesItems[1].clientItemId must be unique within the order."),
    ({f"{ITEM}/quantity": 0}, "salesItems[0].quantity must be at least 1."),
    ({f"{ITEM}/quantity": 1.5}, "salesItems[0].quantity must be an integer."),
    ({f"{ITEM}/quantity": "2"}, "salesItems[0].quantity must be a number."),
    ({f"{ITEM}/quantity": 10**9 + 1}, "salesItems[0].quantity must be at most 1000000000."),
    ({f"{ITEM}/price": -1}, "salesItems[0].price must be at least 0."),
    ({f"{ITEM}/price": 1.0000000001}, "salesItems[0].price must have at most 2 decimal places."),
    ({f"{ITEM}/price": 1.5, f"{ITEM}/currency": "JPY"}, "salesItems[0].price must have at most 0 decimal places."),
    ({f"{ITEM}/price": 10**13}, "salesItems[0].price must be at most 1000000000000."),
    ({f"{ITEM}/currency": REMOVED}, "salesItems[0].currency is required."),
    ({f"{ITEM}/currency": "EURO"}, "salesItems[0].currency must be a currency of ISO 4217."),
    ({f"{ITEM}/weight": "heavy"}, "salesItems[0].weight must be a number."),
    ({f"{ITEM}/weight": 0.0000001}, "salesItems[0].weight must have at most 6 decimal places."),
    ({f"{ITEM}/weightUnit": "stone"}, "salesItems[0].weightUnit must be one of kg, g, lb, oz."),
    ({f"{ITEM}/countryOfOrigin": "XX"}, "salesItems[0].countryOfOrigin must be a country of ISO 3166-1."),
    ({f"{ITEM}/hsCode": "12"}, "salesItems[0].hsCode is not in the right format."),
    ({f"{ITEM}/imageUrl": "javascript:x"}, "salesItems[0].imageUrl must be a URL of http or https."),
    ({f"{ITEM}/imageUrl": "http://[::1"}, "salesItems[0].imageUrl must be a URL of http or https."),
    ({f"{ITEM}/imageUrl": "http://:80/"}, "salesItems[0].imageUrl must be a URL of http or https."),
    ({f"{ITEM}/imageUrl": "https://a:99999/"}, "salesItems[0].imageUrl must be a URL of http or https."),
    ({f"{ITEM}/imageUrl": ""}, "salesItems[0].imageUrl must not be empty."),
    ({f"{ITEM}/hsCode": ""}, "salesItems[0].hsCode must not be empty."),
    ({f"{ITEM}/weightUnit": ""}, "salesItems[0].weightUnit must not be empty."),
    ({f"{ITEM}/countryOfOrigin": ""}, "salesItems[0].countryOfOrigin must not be empty."),
    ({f"{ITEM}/currency": "", f"{ITEM}/price": REMOVED}, "salesItems[0].currency must not be empty."),
    ({f"{ITEM}/returnable": "no"}, "salesItems[0].returnable must be a boolean."),
    ({f"{ITEM}/clientMetadata": [{}]}, "salesItems[0].clientMetadata[0].key is required."),
    ({"clientMetadata": [{"key": "k", "value": 5}]}, "clientMetadata[0].value must be a string."),
    ({"clientMetadata": [{"key": "k", "value": "x" * 1001}]},
     "clientMetadata[0].value must be at most 1000 characters long."),
    ({"clientMetadata": [{"key": "k"}] * 101}, "clientMetadata must have at most 100 elements."),
    ({"clientMetadata": 7}, "clientMetadata must be an array."),
    ({f"{ADDRESS}/countryCode": "de"}, "the provided country is not supported."),
    ({f"{ADDRESS}/countryCode": "UK"}, "the provided country is not supported."),
]  # fmt: skip


async def in_vain(client: Client, retailer: Retailer, request: Request) -> Reply:
    """The reply to a request that must change nothing."""
    before = await read_state(retailer.connection)
    reply = await client.send(request)
    assert not changed(before, await read_state(retailer.connection)), reply.body
    return reply


async def test_what_is_wrong_with_an_order_is_said(
    rebound: Client, open_rebound_retailer: OpenRetailer
) -> None:
    retailer = await open_rebound_retailer()
    for edits, says in FAULTS:
        reply = await in_vain(rebound, retailer, await retailer.create(edits))
        page = "country-unknown" if "country is" in says else "invalid-input"
        assert_reply(reply, refusal("OS0003", page, f"Invalid request: {says}", ORDERS))
    assert await retailer.created()


NOBODY_S = {"Authorization": "Bearer x"}
ORDER_OF_CHECKS: list[tuple[str, dict[str, Any]]] = [
    ("OS0006", {"headers": NOBODY_S}),
    ("the provided flowKey is invalid.", {"query": "?flowKey=nope"}),
    ("the media type is not supported.", {"type": "text/plain"}),
    ("the request body is malformed.", {"raw": b"[]"}),
    ("clientOrderId is required.", {"edits": {"clientOrderId": " "}}),
    ("clientOrderCreatedDate must be a valid date-time.", {"edits": {"clientOrderCreatedDate": "x"}}),
    ("customerAddress must be an object.", {"edits": {ADDRESS: 1}}),
    ("businessUnit must be a string.", {"edits": {"businessUnit": 1}}),
    ("rmaNumber must be a string.", {"edits": {"rmaNumber": 1}}),
    ("premiumOrder must be a boolean.", {"edits": {"premiumOrder": 1}}),
    ("salesItems must be an array.", {"edits": {"salesItems": 1}}),
    ("clientMetadata must be an array.", {"edits": {"clientMetadata": 1}}),
    ("labelBase64Enabled must be a boolean.", {"edits": {"labelBase64Enabled": 1}}),
    ("parcelType must be a string.", {"edits": {"parcelType": 1}}),
    ("customerAddress.city is required.", {"edits": {f"{ADDRESS}/city": ""}}),
    ("salesItems[0].sku must be a string.", {"edits": {f"{ITEM}/sku": 1}}),
    ("salesItems[1].clientItemId must be unique within the order.",
     {"edits": {"salesItems/1/clientItemId": "AB0001231"}}),
    ("clientMetadata[0].key is required.", {"edits": {"clientMetadata/0/key": ""}}),
    ("the provided country is not supported.", {"edits": {f"{ADDRESS}/countryCode": "ZZ"}}),
    ("the parcel type is not supported for the provided country.", {"edits": {"parcelType": "NONE"}}),
    (TAKEN, {"edits": {"clientOrderId": "taken"}}),
]  # fmt: skip
"""Each check that can fail, in the order in which they are made, and what makes it fail.

Members come in the order of the reference page, each with what is wrong with it as a whole; then what is inside them.
"""


async def test_of_any_two_faults_the_first_alone_is_told(
    rebound: Client, open_rebound_retailer: OpenRetailer
) -> None:
    retailer = await open_rebound_retailer()
    await retailer.created({"clientOrderId": "taken"})
    before = await read_state(retailer.connection)
    told = 0
    for (first, one), (_, other) in combinations(ORDER_OF_CHECKS, 2):
        edits = [fault.get("edits", {}) for fault in (one, other)]
        if any(meet(place, another) for place in edits[0] for another in edits[1]):
            continue
        told += 1
        reply = await rebound.send(await faulty(retailer, one, other))
        assert first in reply.json["message"] or first == reply.json["errorCode"], (one, other, reply.json)
    assert told > 170
    assert not changed(before, await read_state(retailer.connection))


def meet(place: str, another: str) -> bool:
    """Whether one of two places in a body is the other, or within it."""
    return f"{place}/".startswith(f"{another}/") or f"{another}/".startswith(f"{place}/")


async def faulty(retailer: Retailer, *faults: dict[str, Any]) -> Request:
    """A request with several faults at once."""
    both: dict[str, Any] = {}
    for fault in faults:
        both |= fault
    edits = {place: value for fault in faults for place, value in fault.get("edits", {}).items()}
    request = await retailer.create(edits, query=both.get("query", ""))
    headers = {**request.headers, **both.get("headers", {})}
    if "type" in both:
        headers["Content-Type"] = both["type"]
    return Request(request.method, request.path, both.get("raw", request.body), headers)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"null", b"[]", b'"x"', b"7", b"\xff", b'{"a": "\\ud800"}', b'{"clientOrderId": "a\\u0000b"}',
     b'{"a": 1e999}', b'{"a": ' + b"9" * 5_000 + b"}", b"[" * 100_000, b'{"a":' * 30 + b"1" + b"}" * 30],
)  # fmt: skip
async def test_what_is_no_json_object_is_malformed(
    rebound: Client, open_rebound_retailer: OpenRetailer, body: bytes
) -> None:
    retailer = await open_rebound_retailer()
    headers = {**await retailer.headers(), "Content-Type": "application/json"}
    reply = await in_vain(rebound, retailer, Request("POST", ORDERS, body, headers))
    assert (reply.status, reply.json["errorCode"]) == (400, "OS0003"), reply.body
    assert reply.json["message"] == "Invalid request: the request body is malformed."


async def test_unknown_members_are_passed_over_and_never_shown(
    rebound: Client, open_rebound_retailer: OpenRetailer
) -> None:
    retailer = await open_rebound_retailer()
    more = {"status": "X", f"{ITEM}/salesItemId": "X", f"{ADDRESS}/planet": "X", "clientMetadata/0/x": "X"}
    shown = await retailer.created(more)
    assert "X" not in str(shown)


async def test_the_most_that_is_taken_is_kept(rebound: Client, open_rebound_retailer: OpenRetailer) -> None:
    retailer = await open_rebound_retailer()
    text, value = "\u00e4" * 255, "\U0001f600" * 1_000
    pairs = [{"key": f"{number}", "value": value} for number in range(100)]
    items = [
        {
            "clientItemId": f"{number}" + text[: 255 - len(str(number))],
            "sku": text,
            "quantity": 10**9,
            "weight": 0.1,
        }
        for number in range(500)
    ]
    shown = await retailer.created({"clientOrderId": text, "salesItems": items, "clientMetadata": pairs})
    got = await rebound.send(await retailer.get(shown["salesOrderId"]))
    assert got.json == shown
    assert (len(shown["salesItems"]), len(shown["clientMetadata"])) == (500, 100)
    assert shown["clientMetadata"] == pairs


async def test_numbers_have_no_digits_that_say_nothing_and_no_number_of_them_is_too_much(
    rebound: Client, open_rebound_retailer: OpenRetailer
) -> None:
    retailer = await open_rebound_retailer()
    request = await retailer.create()
    zeros, ones = b"0" * 100_000, b"1" * 100_000

    def with_(price: bytes, weight: bytes) -> Request:
        body = request.content.replace(b"29.95", price + b',"weight":' + weight)
        return Request("POST", ORDERS, body, request.headers)

    reply = await in_vain(rebound, retailer, with_(b"29.95", b"0." + ones))
    assert (
        reply.json["message"] == "Invalid request: salesItems[0].weight must have at most 6 decimal places."
    )
    reply = await in_vain(rebound, retailer, with_(b"29." + ones, b"1"))
    assert reply.json["message"] == "Invalid request: salesItems[0].price must have at most 2 decimal places."
    reply = await rebound.send(with_(b"29.95" + zeros, b"12e2"))
    assert reply.status == 201, reply.body[:500]
    assert b'"price":29.95,' in reply.body
    assert b'"weight":1200,' in reply.body
    assert len(reply.body) < 5_000
    zero = await retailer.created({"clientOrderId": "zero", f"{ITEM}/price": -0.0, f"{ITEM}/weight": -0.0})
    assert [str(zero["salesItems"][0][name]) for name in ("price", "weight")] == ["0", "0"]


async def test_items_in_several_currencies_keep_their_prices(
    rebound: Client, open_rebound_retailer: OpenRetailer
) -> None:
    retailer = await open_rebound_retailer()
    shown = await retailer.created({"salesItems/1/price": 1500, "salesItems/1/currency": "JPY"})
    prices = [(str(item["price"]), item["currency"]) for item in shown["salesItems"]]
    assert prices == [("29.95", "EUR"), ("1500", "JPY")]
    query = "select total, currency from orders where workspace = $1"
    assert tuple(await retailer.connection.fetchrow(query, await retailer.id())) == (0, "EUR")
    assert await retailer.count("payments") == 0
    one = await retailer.created({"clientOrderId": "one"})
    assert one["salesItems"][1]["price"] is None
    most = "select max(total) from orders where workspace = $1"
    assert await retailer.connection.fetchval(most, await retailer.id()) == 2995


@pytest.mark.parametrize(
    ("method", "path", "status", "page", "says"),
    [
        ("GET", "/", 404, "unknown-route", "the requested resource does not exist."),
        ("GET", "/sales-orders/x/y", 404, "unknown-route", "the requested resource does not exist."),
        ("GET", "/Sales-Orders", 404, "unknown-route", "the requested resource does not exist."),
        ("GET", "/v2/sales-orders", 404, "unknown-route", "the requested resource does not exist."),
        ("GET", "/%C3%A9%2f%25", 404, "unknown-route", "the requested resource does not exist."),
        ("DELETE", "/sales-orders/x", 405, "method-not-allowed", "the method is not allowed."),
        ("PATCH", "/sales-orders/x", 405, "method-not-allowed", "the method is not allowed."),
        ("PUT", "/sales-orders", 405, "method-not-allowed", "the method is not allowed."),
        ("GET", "/oauth/token", 405, "method-not-allowed", "the method is not allowed."),
    ],
)
async def test_paths_and_methods_that_there_are_not(
    rebound: Client, method: str, path: str, status: int, page: str, says: str
) -> None:
    allowed = {"/sales-orders/x": "GET, HEAD", "/sales-orders": "GET, HEAD, POST", "/oauth/token": "POST"}
    headers = {"allow": allowed[path]} if status == 405 else {}
    reply = await rebound.send(Request(method, PREFIX + path))
    assert_reply(reply, refusal("OS0003", page, f"Invalid request: {says}", PREFIX + path, headers, status))


async def test_media_types_and_sizes(rebound: Client, open_rebound_retailer: OpenRetailer) -> None:
    retailer = await open_rebound_retailer()
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/xml", ""):
        request = await retailer.create()
        typed = Request("POST", ORDERS, request.content, {**request.headers, "Content-Type": kind})
        reply = await in_vain(rebound, retailer, typed)
        says = "Invalid request: the media type is not supported."
        assert_reply(reply, refusal("OS0003", "unsupported-media-type", says, ORDERS, status=415))
    large = Request("POST", ORDERS, b" " * 4_000_001, await retailer.headers())
    reply = await in_vain(rebound, retailer, large)
    says = "Invalid request: the request body is too large."
    assert_reply(reply, refusal("OS0003", "payload-too-large", says, ORDERS, status=413))
    request = await retailer.create()
    charset = {**request.headers, "Content-Type": "application/json; charset=utf-8"}
    assert (await rebound.send(Request("POST", ORDERS, request.content, charset))).status == 201


@pytest.mark.parametrize("path", [ORDERS, RETURNS])
@pytest.mark.parametrize("name", ["%00", "%ff", "x" * 7_000, "a%00&flowKey=", "%F0%9F%98%80"])
async def test_odd_queries_find_nothing(
    rebound: Client, open_rebound_retailer: OpenRetailer, path: str, name: str
) -> None:
    retailer = await open_rebound_retailer()
    request = Request("GET", f"{path}?clientOrderId={name}", headers=await retailer.headers())
    reply = await in_vain(rebound, retailer, request)
    assert (reply.status, reply.json) == (200, []), reply.body


async def test_odd_flow_keys_are_unknown(rebound: Client, open_rebound_retailer: OpenRetailer) -> None:
    retailer = await open_rebound_retailer()
    for key in ("%00", "%ff", "x" * 7_000, "EU", "eu%20"):
        reply = await in_vain(rebound, retailer, await retailer.create(query=f"?flowKey={key}"))
        assert reply.json["message"] == "Invalid request: the provided flowKey is invalid."
    doubled = await rebound.send(await retailer.create(query="?flowKey=&flowKey=nope"))
    assert doubled.status == 201
