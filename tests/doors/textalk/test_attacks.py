"""Values that break things, in every parameter, field and filter: each is answered clearly, none by a fault of ours."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from functools import reduce
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from entrepot.doors.textalk.app import CLASSES
from entrepot.doors.textalk.declare.declaration import Operation
from entrepot.doors.textalk.declare.shapes import Array, Mapped, Record, Scalar, Shape
from entrepot.doors.textalk.query import fetch
from entrepot.doors.textalk.query.filters import MAX_OPERANDS
from entrepot.doors.textalk.rpc import endpoint
from entrepot.store.connections import connect
from tests.conformance.harness import Client, Request
from tests.conformance.textalk import watch
from tests.doors.textalk.served import Api
from tests.support.belongings import Call, Uids, arguments, furnish
from tests.support.server import Server
from tests.support.webshop import PATH, Webshop

pytestmark = pytest.mark.asyncio(loop_scope="module")

INTERNAL = {-32000, -32603}
FORBIDDEN = 1006
RAW = {"@1e400@": "1e400", "@-1e400@": "-1e400", "@1e-400@": "1e-400", "@-0@": "-0", "@-0.0@": "-0.0"}
"""Numbers that Python would write differently."""
NUMBERS = (2**31, 2**53, 2**63 - 1, 2**63, -(2**63) - 1, 10**29, 10**31, 10**400, 0.1 + 0.2, 1e308, *RAW)
TEXTS = (
    "", "\ufeff\u202e\u2028", "\U0001f9e5" * 300, "\x01\x1b[31m", "%_\\%", "'; drop table orders; --",
    "NaN", "Infinity", "-Infinity", "1e999", "0x10", "\u0663", "9" * 40, "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59", "{}", "null", "$1", "x" * 5_000,
)  # fmt: skip
OTHERS: tuple[Any, ...] = (None, True, [], {}, [[]], {"": None}, ["x"] * 1_001, {"x" * 300: 1})
NESTED: Any = reduce(lambda inside, _: [inside], range(45), [])


class House:
    """A shop with one object of every class, and an administrator who has a session too."""

    def __init__(self, webshop: Webshop, client: Client, uids: Uids, context: Mapping[str, str]) -> None:
        self.uids = uids
        self.webshop = webshop
        self.client = client
        self.context = context

    async def attack(self, calls: Sequence[Call], *who: str) -> list[dict[str, Any]]:
        """The answers to calls in batches: whatever they say, nothing has gone wrong inside."""
        context = {name: self.context[name] for name in who or ("auth",)}
        found: list[dict[str, Any]] = []
        for start in range(0, len(calls), 50):
            batch = calls[start : start + 50]
            request = self.webshop.call("", **context)
            bodies = [
                {"jsonrpc": "2.0", "id": 1, "method": method, "params": params} for method, params in batch
            ]
            text = json.dumps(bodies)
            for written, meant in RAW.items():
                text = text.replace(json.dumps(written), meant)
            replies = (await self.client.send(request.with_body(text.encode()))).json
            assert isinstance(replies, list), replies
            for call, reply in zip(batch, replies, strict=True):
                assert reply.get("error", {}).get("code") not in INTERNAL, (str(call)[:400], reply)
            found += replies
        return found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(server: Server, session_database_url: str) -> AsyncIterator[House]:
    connection, client = await connect(session_database_url), Client(server.url, watch)
    webshop = Webshop(connection, f"w{uuid.uuid4().hex[:12]}")
    await webshop.open()
    uids, session = await furnish(client, webshop)
    yield House(webshop, client, uids, {"auth": await webshop.administrator("shop"), "session": session})
    await client.close()
    await connection.close()


UNTRIED = frozenset(
    {"Session.delete", "Customer.signup", "Admin.login", "Customer.login", "Customer.resetPassword"}
)
"""What would end the attack, or hash passwords all along: these have tests of their own."""


BUYING = {"Order": "Cart", "OrderItem": "CartItem", "Payment": "CartPayment"}
"""Classes whose objects a buyer changes while they are of a cart."""


async def test_every_parameter_of_every_method(house: House) -> None:
    methods = (await house.client.send(Request("GET", "/textalk/openrpc.json"))).json["methods"]
    calls: list[Call] = []
    for method in methods:
        name, params = method["name"], method["params"]
        class_name = str(name).partition(".")[0]
        valid = arguments(name, house.uids.get(BUYING.get(class_name, class_name)), house.uids)
        if name in UNTRIED or name.endswith(".delete"):
            continue
        for place in range(len(params)):
            for value in (2**63, 10**400, "@1e400@", "@-0.0@", *TEXTS[:3], *OTHERS[:6], NESTED):
                given = [*valid, None, None, None, None][:place]
                calls.append((name, [*given, value, *valid[place + 1 :]]))
    await house.attack(calls, "auth")
    names = list(dict.fromkeys(name for name, _ in calls))
    answers = await house.attack([(name, []) for name in names], "session")
    # Who may not call a method is told so before its parameters are looked at.
    closed = {
        name
        for name, reply in zip(names, answers, strict=True)
        if reply.get("error", {}).get("code") == FORBIDDEN
    }
    assert closed < set(names)
    await house.attack([call for call in calls if call[0] not in closed], "session")


async def test_passwords_and_codes(house: House) -> None:
    calls: list[Call] = [
        (method, [value, value])
        for method in ("Customer.login", "Admin.login", "Customer.resetPassword")
        for value in ("\U0001f9e5" * 40, "x" * 100_000, None, 2**63)
    ]
    calls += [
        ("Customer.signup", [{"password": "\ufeff" * 10, "info": {"email": email}}])
        for email in ("\ufeff@x.yz", "a@b.cd")
    ]
    await house.attack(calls)


def leaves(shape: Shape, own: Uids, value: Any) -> Iterator[Any]:
    """Values of a shape with this one at one of its leaves, and in the place of each part."""
    yield value
    if isinstance(shape, Array):
        yield from ([inner] for inner in leaves(shape.items, own, value))
    elif isinstance(shape, Record):
        for name, below in shape.properties.items():
            yield from ({name: inner} for inner in leaves(below, own, value))
    elif isinstance(shape, Mapped):
        for key in ("en", "SEK", "XXX", str(own["ArticleChoice"]), "9" * 16, "\x7f"):
            yield from ({key: inner} for inner in leaves(shape.values, own, value))


@pytest.mark.parametrize("name", [decl.name for decl in CLASSES.values() if Operation.SET in decl.operations])
async def test_every_field_of_every_patch(house: House, name: str) -> None:
    """Whatever is taken can be read again."""
    decl = CLASSES[name]
    uid = house.uids[BUYING.get(name, name)]
    calls: list[Call] = []
    for field in decl.fields:
        if (
            field.write is None
            or field.name == "password"
            or not isinstance(field.shape, Scalar | Array | Record | Mapped)
        ):
            continue
        values = _fitting(field.shape)
        calls += [
            (f"{name}.set", [uid, {field.name: leaf}])
            for value in values
            for leaf in leaves(field.shape, house.uids, value)
        ]
    who = "session" if name in BUYING else "auth"
    await house.attack(calls, who)
    assert "result" in (await house.attack([(f"{name}.get", [uid, True])], who))[0]


def _fitting(shape: Shape) -> Sequence[Any]:
    """All that is odd; where parts multiply, a choice of it."""
    if isinstance(shape, Scalar):
        return (*NUMBERS, *TEXTS, NESTED, "x" * 300_000)
    return (2**63, 10**31, "@1e400@", "@-0.0@", "@1e-400@", "\ufeff", "1e999", "\x01", None, NESTED)


async def test_every_filter_and_every_order(house: House) -> None:
    calls: list[Call] = []
    places: list[tuple[str, str]] = []
    for name, decl in CLASSES.items():
        if Operation.LIST not in decl.operations:
            continue
        for field in (*decl.fields, *decl.aliases):
            inside = ("en", "SEK", "method", "\x7f") if not isinstance(field.shape, Scalar) else ()
            places += ((name, place) for place in (field.name, *(f"{field.name}/{key}" for key in inside)))
            calls.append((f"{name}.list", ["uid", {"sort": field.name, "descending": True, "limit": 1}]))
    probes: list[Call] = [(f"{name}.count", [{f"/{place}": None}]) for name, place in places]
    unknown, *answers = await house.attack([("Article.count", [{"/nothing": None}]), *probes])
    # Of what is no place in an object, or none to be asked for, no operand is looked at.
    known = [each for each, reply in zip(places, answers, strict=True) if _said(reply) != _said(unknown)]
    assert len(CLASSES) < len(known) < len(places)
    calls += [(f"{name}.count", [{f"/{place}": asked}]) for name, place in known for asked in _asked()]
    await house.attack(calls)


def _said(reply: dict[str, Any]) -> str | None:
    """What is wrong with a filter's first place, in words."""
    return reply["error"]["data"][0]["message"] if reply.get("error", {}).get("data") else None


def _asked() -> Iterator[Any]:
    for value in ("\ufeff", "@1e400@", 2**63):
        yield from ({"min": value}, {"contains": value}, {"containsAny": [value]})
    yield from (None, True, {"in": [None, "x"]}, {"in": [2**63, -(2**63) - 1, 10**29]}, {"equals": []})
    yield from ({"min": "0001-01-01T00:00:00+23:59"}, {"startsWith": "%_\\" * 1_000})


async def test_selections_that_ask_for_too_much(house: House) -> None:
    many: list[tuple[Call, Any]] = [
        (("Article.list", ["uid", {"offset": 2**53}]), []),
        (("Article.list", ["uid", {"limit": 2**53, "offset": 2**53}]), []),
        (("Article.list", ["uid", {"offset": 2**63}]), "/1/offset"),
        (("Article.list", ["uid", {"limit": 10**400}]), "/1/limit"),
        (("Article.list", ["uid", {"limit": -1}]), "/1/limit"),
        (("Article.count", [{"/uid": {"in": list(range(MAX_OPERANDS + 1))}}]), "/0/~1uid/in"),
        (("Article.count", [{"/ean": {"in": ["x"] * MAX_OPERANDS}, "/uid": {"equals": 1}}]), "/0/~1uid/equals"),
        (("Article.count", [{"/uid": {"in": list(range(MAX_OPERANDS))}}]), True),
        (("Article.count", [{"/orderedWithArticles": {"containsAny": list(range(MAX_OPERANDS))}}]), 0),
        (("Article.count", [{"/choices": {"containsAny": list(range(MAX_OPERANDS))}}]), True),
        (("Article.search", ["% " * 100]), []),
    ]  # fmt: skip
    for (call, expected), reply in zip(many, await house.attack([call for call, _ in many]), strict=True):
        if isinstance(expected, str):
            assert [each["pointer"] for each in reply["error"]["data"]] == [expected], (call[0], reply)
        elif expected is True:
            assert reply["result"] >= 1
        else:
            assert reply["result"] == expected


@pytest.mark.parametrize(
    "text",
    [
        '{"jsonrpc":"2.0","id":1,"method":"Article.get","params":["\\u0000"]}',
        '{"jsonrpc":"2.0","id":1,"method":"Article.get","params":[{"\\u0000":1}]}',
        '{"jsonrpc":"2.0","id":1,"method":"Article.get","params":["\\ud800"]}',
        '{"jsonrpc":"2.0","id":1,"method":"Article.get","params":[{"x\\udfffy":1}]}',
        '{"jsonrpc":"2.0","id":1,"method":"Article.get","params":[' + "9" * 900_000 + "]}",
        '{"jsonrpc":"2.0","id":1,"method":"Article.get","params":[0.' + "9" * 900_000 + "e999999999]}",
        '{"jsonrpc":"2.0","id":1,"method":"Article.get","params":[1e401]}',
        '{"jsonrpc":"2.0","id":1,"method":"Article.get","params":' + "[" * 65 + "]" * 65 + "}",
        '{"jsonrpc":"2.0","id":1,"method":"Article.get","params":' + "[" * 400_000 + "]" * 400_000 + "}",
        '{"jsonrpc":"2.0","id":1,"method":"Article.get","params":' + '{"a":' * 150_000 + "1" + "}" * 150_000 + "}",
        '{"jsonrpc":"2.0","id":1,"method":"Article.get","params":["\udcff"]}',
    ],
    ids=("nul", "key", "surrogate", "name", "digits", "fraction", "exponent", "deep", "arrays", "objects", "utf-8"),
)  # fmt: skip
async def test_what_no_json_of_ours_is(house: House, text: str) -> None:
    request = house.webshop.call("").with_body(text.encode("utf-8", "surrogateescape"))
    reply = await house.client.send(request)
    no_json = any(each in text for each in ("\\ud", "\udcff"))
    assert (reply.status, reply.json["id"]) == (200, None)
    assert reply.json["error"]["code"] == (-32700 if no_json else -32600)


@pytest.mark.parametrize(
    "value",
    [
        "%00",
        "%ED%A0%80",
        "9" * 5_000,
        "%F0%9F%A7%A5",
        "-1",
        "1e9",
        "%D9%A3",
        "1" * 16,
        "adm_zzzzzzzzzzzzz_" + "x" * 43,
    ],
)
async def test_every_part_of_the_context(house: House, value: str) -> None:
    body = house.webshop.call("Context.get").body
    for name in ("webshop", "language", "auth", "session", "vat_country"):
        path = (
            f"{PATH}?webshop={house.webshop.uids['shop']}&{name}={value}"
            if name != "webshop"
            else f"{PATH}?{name}={value}"
        )
        reply = (await house.client.send(Request("POST", path, body))).json
        expected = {
            "webshop": 1002,
            "language": 1003,
            "auth": 1004,
            "session": 1005,
            "vat_country": 9001,
        }.get(name)
        assert reply.get("error", {}).get("code") == expected, (name, reply)


async def test_a_batch_whose_answers_are_too_large_is_run_no_further(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoint, "MAX_ANSWERS", 2_000)
    big = {"jsonrpc": "2.0", "method": "Article.list", "params": [True]}
    token = {"jsonrpc": "2.0", "method": "Session.getToken", "params": []}
    sessions = await api.connection.fetchval("select count(*) from sessions")
    body = (await api.post([{**big, "id": 1}, {**token, "id": "a"}, token, {**big, "id": 3}])).json()
    assert [reply["id"] for reply in body] == [1, "a", 3]
    assert "result" in body[0]
    assert [reply["error"]["code"] for reply in body[1:]] == [-32600, -32600]
    assert await api.connection.fetchval("select count(*) from sessions") == sessions + 1


async def test_an_answer_that_is_too_large_is_refused(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "MAX_SIZE", 3_000)
    error = await api.refused("Article.list", True)
    assert (error["code"], [problem["pointer"] for problem in error["data"]]) == (-32602, ["/1/limit"])
    assert len(await api("Article.list", True, {"limit": 1})) == 1
    assert len(await api("Article.list", "uid")) > 1


async def test_slow_reads_leave_room_for_others(api: Api) -> None:
    """As many reads at once as there could ever be do not keep a caller's token from being looked up."""
    async with api.services.reads.acquire() as one, api.services.reads.acquire() as two:
        assert await one.fetchval("select 1") == await two.fetchval("select 1")
    bodies = [
        msgspec.json.encode({"jsonrpc": "2.0", "id": n, "method": "Article.list", "params": [True]})
        for n in range(40)
    ]
    replies = await asyncio.gather(*(api.post(body) for body in bodies), api.admin.post(bodies[0]))
    assert all("result" in reply.json() for reply in replies)
