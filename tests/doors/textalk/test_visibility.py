"""Who may see and do what: every method for every kind of caller, and whose words come out of which reads.

The table, `permissions.txt`, is written from what was decided (decision textalk authority, item 30, second reading 5),
not from the classes.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from entrepot.doors.textalk.app import CLASSES
from entrepot.doors.textalk.caller.context import Audience
from entrepot.doors.textalk.declare.declaration import ClassDecl, Operation
from entrepot.doors.textalk.declare.shapes import Array, Mapped, Record, Scalar, Shape
from entrepot.store.connections import connect
from tests.conformance.harness import Client, Request
from tests.conformance.textalk import watch
from tests.support.belongings import Call, Caller, Uids, arguments, furnish
from tests.support.server import Server
from tests.support.webshop import PASSWORD, Webshop

pytestmark = pytest.mark.asyncio(loop_scope="module")

CALLERS = ("visitor", "buyer", "owner", "other", "admin")
TABLE = (Path(__file__).parent / "permissions.txt").read_text("utf-8")
ROWS = [line.split() for line in TABLE.splitlines()[1:]]
"""Method, what it is called with if not the class's own object, and what comes of it for each caller."""


@dataclass
class House:
    """A shop in which Eva has ordered and has a cart, and everybody who calls it."""

    webshop: Webshop
    client: Client
    uids: Uids
    callers: Mapping[str, Caller]


@pytest_asyncio.fixture(loop_scope="module")
async def house(server: Server, session_database_url: str) -> AsyncIterator[House]:
    connection, client = await connect(session_database_url), Client(server.url, watch)
    webshop = Webshop(connection, f"w{uuid.uuid4().hex[:12]}")
    await webshop.open()
    uids, session = await furnish(client, webshop, known=True)
    contexts = {
        "visitor": {},
        "buyer": {"session": await webshop.session()},
        "owner": {"session": session},
        "other": {"session": await webshop.session()},
        "admin": {"auth": await webshop.administrator("shop")},
    }
    callers = {name: Caller(client, webshop, "shop", context) for name, context in contexts.items()}
    await callers["admin"]("Customer.create", {"info": {"email": "otto@example.com"}, "password": PASSWORD})
    await callers["other"]("Customer.login", "otto@example.com", PASSWORD)
    yield House(webshop, client, uids, callers)
    await client.close()
    await connection.close()


async def test_the_table_holds_every_method(house: House) -> None:
    described = (await house.client.send(Request("GET", "/textalk/openrpc.json"))).json["methods"]
    assert {row[0] for row in ROWS} == {method["name"] for method in described}


async def test_everybody_may_do_what_the_table_says(house: House) -> None:
    wrong: list[Any] = []
    for place, who in enumerate(CALLERS, -len(CALLERS)):
        calls = [_call(row, house.uids) for row in ROWS]
        for row, call, reply in zip(ROWS, calls, await house.callers[who].replies(calls), strict=True):
            if str(reply.get("error", {}).get("code", "ok")) != row[place]:
                wrong.append((who, call, reply))
    assert not wrong, "\n".join(map(str, wrong))


def _call(row: Sequence[str], uids: Uids) -> Call:
    what = row[1] if len(row) > 1 + len(CALLERS) else row[0].partition(".")[0]
    return row[0], arguments(row[0], uids.get(what), uids)


READABLE_BY = {
    "Articlegroup/children": Audience.ADMIN,
    "Customer/groups": Audience.ADMIN,
    "Customer/oldPassword": Audience.NOBODY,
    "Customer/password": Audience.NOBODY,
    "EventListener/secret": Audience.NOBODY,
    "Order/exchangeRate": Audience.ADMIN,
    "Order/externalOrderNumber": Audience.ADMIN,
    "Order/tags": Audience.ADMIN,
    "Payment/externalData": Audience.ADMIN,
    "Payment/externalRef": Audience.ADMIN,
    "Webshop/adminLanguage": Audience.ADMIN,
    "Webshop/created": Audience.ADMIN,
}
"""Every property that not everybody may read who sees its object."""
AUDIENCES = {"visitor": Audience.ANONYMOUS, "owner": Audience.BUYER, "admin": Audience.ADMIN}


async def test_what_is_not_for_everybody_is_in_no_answer_and_no_oracle(house: House) -> None:
    declared = {f"{decl.name}/{field.name}": field.read for decl in CLASSES.values() for field in decl.fields}
    assert {place: read for place, read in declared.items() if read is not Audience.ANONYMOUS} == READABLE_BY
    for place, read in READABLE_BY.items():
        name, _, field = place.partition("/")
        for who in (who for who, audience in AUDIENCES.items() if audience < read):
            caller, uid = house.callers[who], house.uids[name]
            assert await caller.code(f"{name}.get", uid, field) == 1006, place
            assert field not in (await caller.reply(f"{name}.get", uid)).get("result", {})
            if Operation.LIST in CLASSES[name].operations:
                await _refuses_to_compare(caller, name, field)


async def _refuses_to_compare(caller: Caller, name: str, field: str) -> None:
    """Neither filters nor order tell anything of the property: the answer does not depend on the operand."""
    asked = (None, 1, "x", {"equals": None}, {"in": []}, {"min": 0}, {"contains": 1}, {"startsWith": ""})
    filters = [{place: each} for place in (f"/{field}", f"/{field}/0", f"/{field}/a") for each in asked]
    selections = [{"filters": each} for each in filters] + [{"sort": sort} for sort in (field, f"/{field}")]
    calls: list[Call] = [(f"{name}.count", [each]) for each in filters]
    calls += [(f"{name}.list", ["uid", each]) for each in selections]
    for call, reply in zip(calls, await caller.replies(calls), strict=True):
        assert reply.get("error", {}).get("code") in {-32602, 1006}, call


async def test_schemas_show_what_can_be_set_and_no_value(house: House) -> None:
    for name, decl in CLASSES.items():
        for who, audience in AUDIENCES.items():
            schema = (await house.callers[who].reply(f"{name}.getSchema")).get("result", {"properties": {}})
            for field in decl.fields:
                known = field.read <= audience or (field.write is not None and field.write <= audience)
                assert known or field.name not in schema["properties"], (name, field.name, who)


async def test_expansion_leads_to_no_class_that_the_caller_may_not_read(house: House) -> None:
    groups = {"limitToCustomergroups": [house.uids["Customergroup"]]}
    await house.callers["admin"]("DeliveryMethod.set", house.uids["DeliveryMethod"], groups)
    for who in ("visitor", "owner"):
        query = {"limitToCustomergroups": {"name": True}}
        assert (
            await house.callers[who].code("DeliveryMethod.get", house.uids["DeliveryMethod"], query) == 1006
        )
        assert await house.callers[who].code("DeliveryMethod.list", query) == 1006


def deep(decl: ClassDecl, depth: int, audience: Audience) -> Any:
    """A query of everything that the caller may read, with every reference expanded."""
    query: dict[str, Any] = {}
    for field in decl.fields:
        if field.read <= audience:
            query[field.name] = _below(field.shape, depth, audience)
    return query


def _below(shape: Shape, depth: int, audience: Audience) -> Any:
    if isinstance(shape, Array):
        return _below(shape.items, depth, audience)
    if isinstance(shape, Record):
        return {name: _below(inner, depth, audience) for name, inner in shape.properties.items()}
    if isinstance(shape, Mapped) or not isinstance(shape, Scalar) or shape.reference is None or not depth:
        return True
    below = CLASSES[shape.reference]
    if below.operations[Operation.GET] > audience:
        return True
    return deep(below, depth - 1, audience)


MARKS = (
    "MarkName",
    "MarkStreet",
    "mark@example.com",
    "MarkNote",
    "MarkCustom",
    "MarkGroup",
    "MarkCode",
    "MarkListener",
)
OWN = frozenset({"MarkName", "MarkStreet", "mark@example.com", "MarkNote", "MarkCustom"})
SEEN: Mapping[str, frozenset[str]] = {
    "visitor": frozenset(),
    "buyer": frozenset(),
    "other": frozenset(),
    "owner": OWN,
    "admin": frozenset(MARKS) - {"MarkNote"},
}
"""Who sees which words: the note stands on a cart, which is its session's alone."""


async def _marked(house: House) -> list[str]:
    """Put the words where only some may read them; the secrets that nobody may read."""
    admin, uids = house.callers["admin"], house.uids
    person = {"firstName": "MarkName", "address": "MarkStreet"}
    patch = {"address": person, "info": {"email": "mark@example.com"}, "custom": {"x": "MarkCustom"}}
    await admin("Customer.set", uids["Customer"], patch)
    await house.callers["owner"](
        "Order.set", uids["Cart"], {"note": "MarkNote", "customer": {"address": person}}
    )
    await admin("Customergroup.set", uids["Customergroup"], {"name": {"en": "MarkGroup"}})
    await admin("Discountcode.set", uids["Discountcode"], {"code": "MarkCode"})
    await admin("EventListener.set", uids["EventListener"], {"url": "https://example.com/MarkListener"})
    connection, workspace = house.webshop.connection, await house.webshop.id()
    rows = await connection.fetch(
        "select password_hash from customers where workspace = $1 union all select secret from event_listeners"
        " where workspace = $1",
        workspace,
    )
    return [row[0] for row in rows]


async def test_words_come_out_only_of_the_reads_of_those_whose_they_are(house: House) -> None:
    """Everything that each caller can read, references expanded three deep, by list and by uid."""
    hidden = await _marked(house)
    for who, expected in SEEN.items():
        caller = house.callers[who]
        audience = {"visitor": Audience.ANONYMOUS, "admin": Audience.ADMIN}.get(who, Audience.BUYER)
        calls: list[Call] = []
        for name, decl in CLASSES.items():
            for depth in (0, 1, 3):
                query = deep(decl, depth, audience)
                calls += [(f"{name}.list", [query]), (f"{name}.get", [house.uids[name], query])]
        calls += [(f"{kind[4:]}.get", [house.uids[kind], True]) for kind in ("CartPayment",)]
        calls += [
            ("Order.get", [house.uids["Cart"], True]),
            ("Session.get", [deep(CLASSES["Session"], 3, audience)]),
        ]
        text = msgspec.json.encode(await caller.replies(calls)).decode()
        assert {mark for mark in MARKS if mark in text} == expected, who
        assert not [secret for secret in hidden if secret in text], who


async def test_a_persistent_token_knows_no_tokens(house: House) -> None:
    token = (await house.callers["admin"]("AuthToken.create", {"name": "Integration"}))["uid"]
    integration = Caller(house.client, house.webshop, "shop", {"auth": token})
    assert await integration("Order.get", house.uids["Order"], "uid") == {"uid": house.uids["Order"]}
    for method, *_ in ROWS:
        if method.startswith("AuthToken."):
            assert await integration.code(method) == -32601


async def test_the_secret_of_a_listener_is_told_once(house: House) -> None:
    admin = house.callers["admin"]
    patch = {"eventName": "Order/changed", "url": "https://example.com/"}
    made = await admin("EventListener.create", patch, ["uid", "secret"])
    assert len(made["secret"]) == 64
    assert await admin.code("EventListener.set", made["uid"], {}, "secret") == 1006
    assert await admin.code("EventListener.set", made["uid"], {"secret": "x"}) == 9001
    assert "secret" not in await admin("EventListener.set", made["uid"], {}, True)


_CLOSE = """
update channels set settings = jsonb_set(settings, '{door,login_required}', 'true')
where workspace = $1 and name = 'shop'
"""


async def test_a_shop_that_shows_its_goods_to_customers_only_hides_them_all(house: House) -> None:
    await house.webshop.connection.execute(_CLOSE, await house.webshop.id())
    for who in ("visitor", "buyer"):
        caller = house.callers[who]
        for name in ("Article", "Articlegroup", "ArticleChoice", "ArticleChoiceOption"):
            assert await caller(f"{name}.list") == []
            assert await caller(f"{name}.count") == 0
            assert await caller.code(f"{name}.get", house.uids[name]) == 9003
        assert await caller("Article.search", "thing") == []
        assert await caller("Assortment.getArticleUids", house.uids["Articlegroup"]) == []
    assert await house.callers["buyer"].code("Order.addArticle", None, house.uids["Article"]) == 9003
    item = await house.callers["owner"](
        "Order.addArticle", None, house.uids["Article"], {"quantity": 1}, "article"
    )
    assert item == {"article": house.uids["Article"]}


@pytest.mark.parametrize("how", ["removed", "no longer approved"])
async def test_whoever_may_not_log_in_any_more_is_out_at_the_next_call(house: House, how: str) -> None:
    admin, owner, uid = house.callers["admin"], house.callers["owner"], house.uids["Customer"]
    assert await owner("Customer.get", uid, "uid") == {"uid": uid}
    if how == "removed":
        await admin("Customer.delete", uid)
    else:
        await admin("Customer.set", uid, {"approved": False})
    assert await owner.code("Customer.get", uid) == 1005
    assert await owner.code("Customer.set", uid, {}) == 1005
    assert await owner.code("Order.get", house.uids["Order"]) == 1005


async def test_who_logs_out_leaves_nothing_to_the_next_one_at_the_session(house: House) -> None:
    await _marked(house)
    owner, uids = house.callers["owner"], house.uids
    await owner("Order.set", uids["Cart"], {"note": None})
    await owner("Customer.logout")
    await owner("Customer.login", "otto@example.com", PASSWORD)
    calls: list[Call] = [("Order.get", [uids[kind], True]) for kind in ("Order", "Cart")]
    calls += [
        (f"{name}.list", [deep(CLASSES[name], 3, Audience.BUYER)])
        for name in ("Order", "Customer", "Payment")
    ]
    text = msgspec.json.encode(await owner.replies(calls)).decode()
    assert not [mark for mark in MARKS if mark in text]
