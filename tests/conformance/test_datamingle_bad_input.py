"""Whatever is sent to the DataMingle door, the answer is one of its own, and nothing is written."""

import asyncio
import json
from typing import Any

import pytest

from entrepot.doors.datamingle.app import BODY_LIMIT
from tests.conformance.datamingle import ORDER, PREFIX, Partners, invalid, refusal
from tests.conformance.harness import Client, Request, changed, read_state
from tests.conformance.harness.fixtures import OpenPartners
from tests.conformance.harness.proof import assert_reply

PATHS = ("/orders/", "/inventory/", "/locations/", "/products/")
MAPPING = {
    "field_map": [{"source": "po", "target": "order_number"}, {"source": "meta", "target": "metadata"}]
}


def deep(levels: int) -> Any:
    value: Any = {}
    for _ in range(levels - 1):
        value = {"a": value}
    return value


BODIES: dict[str, bytes] = {
    "nothing": b"",
    "no JSON": b"{",
    "NaN": b'{"order_number": NaN}',
    "infinity": b'{"order_number": 1e999}',
    "no UTF-8": b'{"order_number": "\xff"}',
    "half a pair as a key": b'{"\\ud800": 1}',
    "half a pair": b'{"order_number": "\\udc00"}',
    "NUL": b'{"order_number": "a\\u0000b"}',
    "NUL in a key": b'{"meta": {"\\u0000": 1}}',
    "huge number": b'{"order_number": ' + b"9" * 5_000 + b"}",
    "array": b"[]",
    "text": b'"x"',
    "null": b"null",
    "true": b"true",
    "depth 21": json.dumps(deep(21)).encode(),
    "depth 100000": b"[" * 100_000,
    "keys with dots and brackets": b'{"a.b": 1, "c[0]": 2, "": 3, "order_number": "A", "items": []}',
    "the same key twice": b'{"order_number": "A", "order_number": 7.5e400}',
    "100000 items": b'{"order_number": "A", "items": [' + b",".join([b"{}"] * 100_000) + b"]}",
    "100000 rows": b'{"inventory": [' + b",".join([b"[]"] * 100_000) + b"]}",
    "objects everywhere": b'{"order_number": {}, "items": {}, "inventory": {}, "code": {}, "sku": {}, "po": {}}',
    "big bag": b'{"order_number": "A", "sku": "A", "code": "A", "metadata": {"a": "' + b"x" * 70_000 + b'"}, '
    b'"custom_fields": {"a": "' + b"x" * 70_000 + b'"}, "items": [{"sku_code": "X", "quantity": 1}]}',
}


@pytest.fixture
async def partners(open_datamingle: OpenPartners) -> Partners:
    return await open_datamingle()


@pytest.mark.parametrize("mapped", [False, True])
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
async def test_no_body_is_an_internal_error(
    datamingle: Client, partners: Partners, body: bytes, mapped: bool
) -> None:
    if mapped:
        await partners.change({"channels/plain/mappings/orders": MAPPING})
    before = await read_state(partners.connection)
    for path in PATHS:
        reply = await datamingle.send(partners.send("POST", path, body))
        assert reply.status in (400, 422), (path, reply)
        assert reply.json["error"]["code"] in ("VALIDATION_ERROR", "MAPPING_ERROR")
        assert ("details" in reply.json["error"]) is (reply.status == 400)
    for path in ("/orders/NO/", "/locations/NO/", "/products/NO/"):
        for method in ("PUT", "DELETE"):
            reply = await datamingle.send(partners.send(method, path, body))
            assert reply.status in (400, 404, 422), (method, path, reply)
    assert not changed(before, await read_state(partners.connection))


async def test_body_of_ten_megabytes_and_one_byte(datamingle: Client, partners: Partners) -> None:
    just = b'{"order_number": "A", "notes": "' + b"x" * (BODY_LIMIT - 34) + b'"}'
    assert len(just) == BODY_LIMIT
    reply = await datamingle.send(partners.send("POST", "/orders/", just))
    assert reply.json["error"]["details"][0]["field"] == "notes"
    over = await datamingle.send(partners.send("POST", "/orders/", just + b" "))
    text = "Request body too large."
    assert_reply(over, refusal(413, "payload-too-large", "PAYLOAD_TOO_LARGE", text))


@pytest.mark.parametrize(
    "path",
    [
        "/orders/%00/",
        "/orders/%ff%fe/",
        "/orders/" + "x" * 300 + "/",
        "/orders/%F0%9F%98%80/",
        "/orders/a%0Ab/",
        "/orders/..%2f..%2f/",
        "/orders/%20/",
        "/products/99999999999999999999/",
        "/locations/%27%3B--/",
        "/inventory/%00/?by=sku",
        "/inventory/%2F/?by=location",
    ],
)
async def test_no_identifier_is_an_internal_error(datamingle: Client, partners: Partners, path: str) -> None:
    for method in ("GET", "PUT", "DELETE"):
        body: Any = {} if method == "PUT" else b""
        reply = await datamingle.send(partners.send(method, path, body))
        assert reply.status in (404, 405), reply
        assert reply.json["error"]["code"] in ("NOT_FOUND", "METHOD_NOT_ALLOWED")


@pytest.mark.parametrize(
    "cursor",
    [
        "%00",
        "e30",
        "e30=",
        "eyJjIjoiIiwiaSI6IiIsImgiOiIifQ",
        "A" * 2_000,
        "%F0%9F",
        "bnVsbA",
        "W10",
        "=",
        "....",
    ],
)
async def test_no_cursor_is_an_internal_error(datamingle: Client, partners: Partners, cursor: str) -> None:
    for path in PATHS:
        reply = await datamingle.send(partners.send("GET", f"{path}?cursor={cursor}&limit=%00"))
        assert (reply.status, reply.json["error"]["code"]) == (400, "VALIDATION_ERROR")
        assert "details" not in reply.json["error"]


async def test_wrong_ways(datamingle: Client, partners: Partners) -> None:
    key = {"X-API-Key": partners.key()}
    patch = await datamingle.send(Request("PATCH", f"{PREFIX}/orders/", {}, key))
    assert_reply_405(patch, "PATCH", "DELETE" not in dict(patch.headers)["allow"])
    nowhere = await datamingle.send(Request("GET", f"{PREFIX}/webhooks/", b"", key))
    assert_reply(nowhere, refusal(404, "unknown-route", "NOT_FOUND", "Not found."))
    typed = partners.send("POST", "/orders/", b"a=1", **{"Content-Type": "application/x-www-form-urlencoded"})
    text = 'Unsupported media type "application/x-www-form-urlencoded" in request.'
    told = refusal(415, "unsupported-media-type", "UNSUPPORTED_MEDIA_TYPE", text)
    assert_reply(await datamingle.send(typed), told)
    empty = await datamingle.send(partners.send("POST", "/orders/", b""))
    expected = invalid(("non_field_errors", "No data provided"), page="body-no-object")
    expected.body["error"]["message"] = "Request body must be a JSON object."
    assert_reply(empty, expected)
    options = await datamingle.send(partners.send("OPTIONS", "/orders/NO/"))
    assert options.json["data"] == {"methods": ["DELETE", "GET", "HEAD", "OPTIONS", "PUT"]}
    assert dict(options.headers)["allow"] == "DELETE, GET, HEAD, OPTIONS, PUT"


def assert_reply_405(reply: Any, method: str, listed: bool) -> None:
    assert (reply.status, reply.json["error"]["code"]) == (405, "METHOD_NOT_ALLOWED")
    assert reply.json["error"]["message"] == f'Method "{method}" not allowed.'
    assert listed


async def test_second_name_that_two_want_at_once_is_one_orders(
    datamingle: Client, partners: Partners
) -> None:
    for number in range(10):
        edits = {"order_number": f"O{number}", "external_order_id": f"E{number}"}
        await datamingle.send(partners.order(edits))
    wanted = {"external_order_id": "W"}
    puts = [partners.send("PUT", f"/orders/O{number}/", wanted) for number in range(5)]
    posts = [partners.order({"order_number": f"N{number}", **wanted}) for number in range(5)]
    replies = await asyncio.gather(*map(datamingle.send, [*puts, *posts]))
    assert sorted(reply.status for reply in replies)[1:] == [409] * 9
    assert sum(reply.status in (200, 201) for reply in replies) == 1
    names = await partners.connection.fetchval(
        'select count(*) from "references" where workspace = $1 and kind = $2 and value = $3',
        await partners.id(), "order-alias", "W",
    )  # fmt: skip
    assert names == 1


async def test_two_names_are_exchanged_back_and_forth(datamingle: Client, partners: Partners) -> None:
    await datamingle.send(partners.order())
    requests = [
        partners.send("PUT", "/orders/ORD-1/", {"external_order_id": f"X{number % 3}"})
        for number in range(30)
    ]
    replies = await asyncio.gather(*map(datamingle.send, requests))
    assert {reply.status for reply in replies} == {200}
    order = (await datamingle.send(partners.send("GET", "/orders/ORD-1/"))).json["data"]
    names = await partners.connection.fetch(
        'select value from "references" where workspace = $1 and kind = $2',
        await partners.id(), "order-alias",
    )  # fmt: skip
    assert [row[0] for row in names] == [order["external_order_id"]]


async def test_free_objects_come_back_as_they_were_written(datamingle: Client, partners: Partners) -> None:
    text = b'{"z":1.10,"a":12345678901234567890.123,"n":{"b":[],"a":{}},"e":1E+2,"u":"\xc3\xa4"}'
    body = json.dumps(ORDER).encode()[:-1] + b', "metadata": ' + text + b"}"
    reply = await datamingle.send(partners.send("POST", "/orders/", body))
    assert reply.status == 201
    for request in (
        partners.send("GET", "/orders/ORD-1/"),
        partners.send("PUT", "/orders/ORD-1/", {"notes": "x"}),
        partners.send("DELETE", "/orders/ORD-1/"),
        partners.send("GET", "/orders/ORD-1/"),
    ):
        again = await datamingle.send(request)
        assert b'"metadata":' + text in again.body, again.body
