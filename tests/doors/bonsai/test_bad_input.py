"""Whatever is sent, the Bonsai door answers in its own shape, never with an internal fault, and writes nothing."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from entrepot.doors.bonsai.openapi.routes import ROUTES
from tests.conformance.bonsai import CORS, SUBMIT, UUID1, Shop, entry, refusal
from tests.conformance.harness import Client, Reply, Request, changed, read_state
from tests.conformance.harness.fixtures import OpenShop
from tests.conformance.harness.proof import assert_reply
from tests.conformance.harness.world import edited
from tests.support.server import Server

AT_ONCE = 8


@pytest.fixture
async def shop(open_bonsai_shop: OpenShop) -> Shop:
    return await open_bonsai_shop({"products/lamp/stock/main": 1000})


@pytest.fixture
async def unchanged(shop: Shop) -> AsyncIterator[None]:
    """What the test sends must leave all state as it was."""
    before = await read_state(shop.connection)
    yield
    assert not changed(before, await read_state(shop.connection))


def code(reply: Reply) -> str:
    """The code of a reply that is a refusal by one error, in the door's shape."""
    (error,) = reply.json["errors"]
    assert reply.json == {"errors": [error]}
    assert UUID1.fullmatch(error["id"])
    assert error["status"] == reply.status
    return error["code"]


def whole(shop: Shop, **members: str) -> bytes:
    """The bytes of a good request, with the JSON texts of these members of its first line put in as they are."""
    body = edited(shop.submit().body, {f"products/0/{name}": f"<{name}>" for name in members})
    text = json.dumps(body)
    for name, value in members.items():
        text = text.replace(f'"<{name}>"', value)
    return text.encode()


NOT_JSON = {
    "empty": b"",
    "blank": b"  \n",
    "cut off": b'{"customer": {"email"',
    "words": b"please send a lamp",
    "trailing comma": b'{"customer": {},}',
    "two values": b"{} {}",
    "single quotes": b"{'customer': {}}",
    "comment": b"{} // nothing",
    "NaN": b'{"customer": NaN}',
    "Infinity": b'{"customer": -Infinity}',
    "byte order of UTF-16": '{"customer": {}}'.encode("utf-16"),
    "broken UTF-8": b'{"note": "\xff\xfe"}',
    "overlong UTF-8": b'{"note": "\xc0\x80"}',
    "surrogate in UTF-8": b'{"note": "\xed\xa0\x80"}',
    "lone surrogate": b'{"note": "\\ud800"}',
    "raw NUL": b'{"note": "a\x00b"}',
    "raw newline in a text": b'{"note": "a\nb"}',
    "leading zero": b'{"quantity": 01}',
    "hexadecimal": b'{"quantity": 0x1}',
}
DEPTH, NUMBER = "Objects and arrays nest deeper than 20 levels.", "A number is out of range."
NUL = "A text contains the character U+0000."
BEYOND = {
    "NUL": (b'{"note": "a\\u0000b"}', NUL),
    "NUL in a key": (b'{"a\\u0000b": 1}', NUL),
    "nesting": (b"[" * 100_000, DEPTH),
    "closed nesting": (b"[" * 100_000 + b"]" * 100_000, DEPTH),
    "a thousand levels": (b"[" * 1_000 + b"]" * 1_000, DEPTH),
    "nested objects": (b'{"a":' * 50_000 + b"1" + b"}" * 50_000, DEPTH),
    "twenty-one levels": (b"[" * 21 + b"]" * 21, DEPTH),
    "1e400": (b'{"quantity": 1e400}', NUMBER),
    "5,000 digits": (b'{"quantity": ' + b"9" * 5_000 + b"}", NUMBER),
    "500,000 digits": (b'{"quantity": ' + b"9" * 500_000 + b"}", NUMBER),
}


def sent(shop: Shop, body: bytes) -> Request:
    request = shop.submit().with_body(body)
    return replace(request, headers={**request.headers, "Content-Type": "application/json"})


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("name", NOT_JSON)
async def test_what_is_no_json_is_a_bad_request_that_says_why(bonsai: Client, shop: Shop, name: str) -> None:
    reply = await bonsai.send(sent(shop, NOT_JSON[name]))
    why = reply.json["errors"][0]["detail"]
    assert isinstance(why, str)
    assert why.endswith(".")
    assert len(why) < 100
    assert_reply(reply, refusal("malformed-body", entry(400, "BAD_REQUEST", "Bad input request", why)))


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("name", BEYOND)
async def test_json_beyond_the_limits_is_a_bad_request_that_says_why(
    bonsai: Client, shop: Shop, name: str
) -> None:
    body, why = BEYOND[name]
    reply = await bonsai.send(sent(shop, body))
    assert_reply(reply, refusal("body-beyond-limits", entry(400, "BAD_REQUEST", "Bad input request", why)))


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("value", ["null", "true", "1", '"text"', "[]", "[{}]", '[["customer"]]'])
async def test_body_that_is_no_object_is_invalid_as_a_whole(bonsai: Client, shop: Shop, value: str) -> None:
    reply = await bonsai.send(shop.submit().with_body(value.encode()))
    fault = {
        "message": '"value" must be an object',
        "path": [],
        "type": "object.base",
        "context": {"label": "value"},
    }
    assert_reply(
        reply, refusal("invalid-input", entry(400, "INVALID_INPUT", "Invalid input provided", [fault]))
    )


QUANTITIES = {
    "0": "number.min",
    "-1": "number.min",
    "1.5": "number.integer",
    "1e300": "number.unsafe",
    "9007199254740992": "number.unsafe",
    "1000001": "number.max",
    "9" * 400: "number.unsafe",
    '"three"': "number.base",
    '"1e5000"': "number.unsafe",
    '"NaN"': "number.base",
    '"Infinity"': "number.base",
    '""': "number.base",
    "null": "number.base",
    "true": "number.base",
    "[1]": "number.base",
    "{}": "number.base",
}


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(("quantity", "kind"), QUANTITIES.items(), ids=[each[:20] for each in QUANTITIES])
async def test_wrong_quantity_is_named(bonsai: Client, shop: Shop, quantity: str, kind: str) -> None:
    reply = await bonsai.send(shop.submit().with_body(whole(shop, quantity=quantity)))
    assert code(reply) == "INVALID_INPUT"
    (fault,) = reply.json["errors"][0]["detail"]
    assert (fault["type"], fault["path"]) == (kind, ["products", 0, "quantity"])


WRONG: tuple[Any, ...] = (
    None, True, 0, -1, 0.5, 10**15, "", " ", "x" * 300, "\u202e\U0001f4a9", [], [None], {}, {"a": 1}, [[[[]]]],
)  # fmt: skip
"""Put in place of each value of a good body, one after the other."""


def places(value: Any, place: str = "") -> Iterator[str]:
    """The place of everything inside a JSON value."""
    children = (
        enumerate(value) if isinstance(value, list) else value.items() if isinstance(value, dict) else ()
    )
    for name, child in children:
        yield f"{place}{name}"
        yield from places(child, f"{place}{name}/")


FULL = {
    "products/0/price": 20,
    "external_order_id": "A-1",
    "misc": {"data": {"campaign": ["spring"]}},
    "cart_id": "cjzyvxtm207z4rns56tif8job",
    "note": "ring twice",
    "shipping_address/address2": "2nd floor",
    "shipping_address/name": "Ann Lee",
    "shipping_address/phone": "+1 416 000 0000",
}


async def test_any_value_of_a_wrong_kind_in_any_place_is_refused_or_harmless(
    bonsai: Client, shop: Shop
) -> None:
    requests = list(spoilt(shop))
    replies = await send_all(bonsai, requests)
    codes = {error["code"] for reply in replies for error in reply.json.get("errors", ())}
    assert codes == FORESEEN
    refused = [request for request, reply in zip(requests, replies, strict=True) if reply.status != 200]
    assert len(refused) > len(requests) * 3 / 4
    # What was accepted has changed the state; the refused ones again, alone, must not.
    before = await read_state(shop.connection)
    replies = await send_all(bonsai, refused)
    assert all(reply.status != 200 for reply in replies)
    assert not changed(before, await read_state(shop.connection))


def spoilt(shop: Shop) -> Iterator[Request]:
    """A full request with each of its values replaced by each wrong one, under ids and tokens of their own."""
    good = shop.submit(FULL)
    pairs = ((place, wrong) for place in places(good.body) for wrong in WRONG)
    for number, (place, wrong) in enumerate(pairs):
        own = {"external_order_id": f"A-{number}", "payment/token": f"paid-{number}"}
        yield good.with_body(edited(good.body, {**own, place: wrong}))


FORESEEN = {
    "INVALID_INPUT",
    "MISSING_SHIPPING",
    "PAYMENT_METHOD_NOT_SUPPORTED",
    "PAYMENT_AMOUNTS_NOT_PROVIDED",
    "PRODUCT_DOES_NOT_EXIST",
    "VARIANT_DOES_NOT_EXIST",
    "PRODUCTS_PRICE_CHANGE",
    "PROVINCE_NOT_FOUND",
}


@pytest.mark.usefixtures("unchanged")
async def test_unknown_key_is_refused_on_every_level(bonsai: Client, shop: Shop) -> None:
    good = shop.submit()
    levels = ["", *(f"{place}/" for place in places(good.body) if isinstance(at(good.body, place), dict))]
    replies = await send_all(
        bonsai, [good.with_body(edited(good.body, {f"{level}surprise": 1})) for level in levels]
    )
    for level, reply in zip(levels, replies, strict=True):
        assert code(reply) == "INVALID_INPUT", level
        (fault,) = reply.json["errors"][0]["detail"]
        steps = [int(step) if step.isdigit() else step for step in level.split("/") if step]
        assert (fault["type"], fault["path"]) == ("object.allowUnknown", [*steps, "surprise"])
    assert len(levels) == 6


async def test_of_duplicate_keys_the_last_wins(bonsai: Client, shop: Shop) -> None:
    body = whole(shop, quantity='0, "quantity": 7, "quantity": 2')
    reply = await bonsai.send(shop.submit().with_body(body))
    assert [item["quantity"] for item in reply.json["data"]["line_items"]] == [2]
    await shop.assert_placed(reply)


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("size", [1_000_001, 10_000_000])
@pytest.mark.parametrize("announced", [True, False])
async def test_too_large_a_body_is_refused(bonsai: Client, shop: Shop, size: int, announced: bool) -> None:
    request = shop.submit().with_body(b'{"note": "' + b"x" * (size - 12) + b'"}')
    reply = await (bonsai.send(request) if announced else bonsai.send_chunked(request))
    assert (reply.status, code(reply)) == (413, "PAYLOAD_TOO_LARGE")
    assert dict(reply.headers)["link"] == '</failures/payload-too-large>; rel="help"'


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "json", "*/*"],
)
async def test_other_content_types_are_refused(bonsai: Client, shop: Shop, content_type: str) -> None:
    request = shop.submit()
    headers = {**request.headers, "Content-Type": content_type}
    reply = await bonsai.send(replace(request, headers=headers))
    assert (reply.status, code(reply)) == (415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("coding", ["gzip", "GZIP", "br", "deflate, gzip", "identity, gzip", "x"])
async def test_encoded_body_is_not_taken(bonsai: Client, shop: Shop, coding: str) -> None:
    order = shop.submit()
    packed = order.with_body(gzip.compress(order.content))
    headers = {**order.headers, "Content-Type": "application/json", "Content-Encoding": coding}
    for request in (order, packed):
        reply = await bonsai.send(replace(request, headers=headers))
        assert (reply.status, code(reply)) == (415, "UNSUPPORTED_MEDIA_TYPE")
        said = dict(reply.headers)
        assert said["link"] == '</failures/unsupported-content-coding>; rel="help"'
        assert said["accept-encoding"] == "identity"


@pytest.mark.parametrize("coding", ["identity", "Identity", ""])
async def test_body_in_no_coding_is_taken(bonsai: Client, shop: Shop, coding: str) -> None:
    order = shop.submit()
    reply = await bonsai.send(replace(order, headers={**order.headers, "Content-Encoding": coding}))
    await shop.assert_placed(reply)


@pytest.mark.parametrize("country", ["ca", "Ca", "cA"])
async def test_country_is_taken_in_any_case(bonsai: Client, shop: Shop, country: str) -> None:
    reply = await bonsai.send(shop.submit({"shipping_address/country": country}))
    await shop.assert_placed(reply)
    assert reply.json["data"]["shipping_address"]["country"] == "CA"
    assert reply.json["data"]["total_tax"] == Decimal("3.25")


async def test_every_route_and_every_refusal_is_open_to_browsers(server: Server) -> None:
    client = Client(server.url, lambda _request, _reply: None)
    paths = [route.path.replace("{id}", "x") for route in ROUTES]
    for path in (*paths, "/openapi.json", "/nowhere", "/orders/V1/nowhere"):
        for method in ("GET", "POST", "PATCH", "DELETE", "OPTIONS", "PUT"):
            reply = await client.send(
                Request(method, f"/bonsai{path}", b"", {"Origin": "http://localhost:3000"})
            )
            headers = dict(reply.headers)
            assert headers.items() >= CORS.items(), (method, path)
            if reply.status == 401:
                asked = "API-Key" if "/carts/" in path or method != "GET" or "/products" in path else "Basic"
                assert headers["www-authenticate"].startswith(f'{asked} realm="bonsai"'), (method, path)
        if path in paths or path == "/openapi.json":
            said = dict((await client.send(Request("OPTIONS", f"/bonsai{path}"))).headers)
            assert "X-Request-Id" in said["access-control-allow-headers"]
            assert "Authorization" in said["access-control-allow-headers"]
    await client.close()


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=utf-8", "APPLICATION/JSON", "application/vnd.x+json"]
)
async def test_every_spelling_of_json_is_taken(bonsai: Client, shop: Shop, content_type: str) -> None:
    request = shop.submit()
    reply = await bonsai.send(replace(request, headers={**request.headers, "Content-Type": content_type}))
    await shop.assert_placed(reply)


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"])
async def test_wrong_method_is_an_unknown_url(bonsai: Client, shop: Shop, method: str) -> None:
    reply = await bonsai.send(replace(shop.submit(), method=method))
    expected = refusal(
        "method-not-allowed", entry(404, "URL_NOT_FOUND", "The requested route does not exist", "")
    )
    assert_reply(reply, replace(expected, headers={**expected.headers, "allow": "OPTIONS, POST"}))


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/orders",
        f"{SUBMIT[7:]}/more",
        "/orders//V1/submit",
        "/orders/V1/submit%00",
        "/%ff",
        "/" + "a" * 7000,
    ],
)
async def test_unknown_path_is_an_unknown_url(bonsai: Client, shop: Shop, path: str) -> None:
    reply = await bonsai.send(replace(shop.submit(), path=f"/bonsai{path}"))
    expected = refusal("unknown-route", entry(404, "URL_NOT_FOUND", "The requested route does not exist", ""))
    assert_reply(reply, expected)


@pytest.mark.parametrize(
    "path",
    [
        "/bonsai/ORDERS/v1/SUBMIT",
        "/BONSAI/orders/V1/submit",
        "/Bonsai/Orders/V1/Submit",
        f"{SUBMIT}/",
        f"{SUBMIT}?page=1&page=%00",
    ],
)
async def test_paths_are_taken_in_any_case(bonsai: Client, shop: Shop, path: str) -> None:
    await shop.assert_placed(await bonsai.send(replace(shop.submit(), path=path)))


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("key", [None, "", "nobody", "x" * 10_000, "ключ", "\u00ff\u00fe", "Basic bm9ib2R5"])
async def test_wrong_key_is_refused_before_the_body_is_looked_at(
    bonsai: Client, shop: Shop, key: str | None
) -> None:
    request = shop.submit().with_body(b"{")
    reply = await bonsai.send(replace(request, headers={} if key is None else {"API-Key": key}))
    title = "Authentication information is missing or invalid"
    assert_reply(reply, refusal("unauthenticated", entry(401, "AUTHENTICATION_FAILED", title, "")))


@pytest.mark.parametrize("given", ["a" * 129, "with blanks", "semi;colon", "", "ü"])
async def test_odd_request_id_is_replaced(bonsai: Client, shop: Shop, given: str) -> None:
    request = shop.submit({"customer": None})
    reply = await bonsai.send(replace(request, headers={**request.headers, "X-Request-Id": given}))
    assert len(dict(reply.headers)["x-request-id"]) == 32
    assert given not in dict(reply.headers).values()


async def test_good_request_id_comes_back(bonsai: Client, shop: Shop) -> None:
    request = shop.submit({"customer": None})
    reply = await bonsai.send(replace(request, headers={**request.headers, "X-Request-Id": "my-id_1.2"}))
    assert dict(reply.headers)["x-request-id"] == "my-id_1.2"


async def test_browsers_may_ask_first(bonsai: Client, shop: Shop) -> None:
    reply = await bonsai.send(Request("OPTIONS", SUBMIT, headers={"Origin": "http://localhost:3000"}))
    headers = dict(reply.headers)
    assert (reply.status, reply.body) == (204, b"")
    assert headers.items() >= CORS.items()
    assert headers["access-control-allow-methods"] == "GET, POST, PATCH, DELETE, OPTIONS"
    assert headers["access-control-allow-headers"] == "API-Key, Authorization, Content-Type, X-Request-Id"


def at(value: Any, place: str) -> Any:
    """The value in a place."""
    for step in place.split("/"):
        value = value[int(step)] if isinstance(value, list) else value[step]
    return value


async def send_all(client: Client, requests: list[Request]) -> list[Reply]:
    """The replies to many requests, some of them under way at a time."""
    limit = asyncio.Semaphore(AT_ONCE)

    async def send(request: Request) -> Reply:
        async with limit:
            return await client.send(request)

    return await asyncio.gather(*map(send, requests))
