"""What the vendor's pages and its clients send, as they send it, and what comes back; only the uids are ours."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from entrepot.store.connections import connect
from tests.conformance.harness.proof import assert_same
from tests.support.server import Server
from tests.support.webshop import PATH, Webshop

ORDER_SUM = {"incVat": 100, "exVat": 80, "vat": 20, "vatRate": 0.25, "currency": "SEK"}
ADDRESS = {"firstName": "Eva", "lastName": "Ek", "phoneMobile": "070-1"}
ANY: Any = object()


@dataclass(frozen=True)
class Example:
    """A call and its answer. Texts that begin with `$` stand for what this shop has, or for an earlier answer.

    `keep` names the answer, or its property, so that later calls can use it.
    """

    by: str
    method: str
    params: list[Any]
    result: Any = ANY
    error: int | None = None
    keep: str = ""


def at(
    method: str, *params: Any, by: str = "", result: Any = ANY, error: int | None = None, keep: str = ""
) -> Example:
    return Example(by, method, list(params), result, error, keep)


def buyer(method: str, *params: Any, **more: Any) -> Example:
    return at(method, *params, by="session", **more)


def admin(method: str, *params: Any, **more: Any) -> Example:
    return at(method, *params, by="auth", **more)


CONTEXT = [
    at("Webshop.get", "$shop", "uid", by="nothing", result={"uid": "$shop"}),
    at(
        "Context.get",
        True,
        by="nothing",
        result={"webshop": None, "session": None, "auth": False, "language": "en", "vat_country": None},
    ),
    buyer(
        "Context.get",
        True,
        result={
            "webshop": "$shop",
            "session": "$session",
            "auth": False,
            "language": "en",
            "vat_country": None,
        },
    ),
    at("Context.set", {"webshop": "Bad shop"}, True, by="nothing", error=-32602),
]
SESSIONS = [
    at("Session.getToken", keep="token"),
    buyer("Session.getToken", result="$session"),
    buyer("Session.get", "showPricesIncludingVat", result={"showPricesIncludingVat": True}),
    buyer("Session.getOrder", result=None),
    buyer("Session.set", {"currency": "EUR"}, ["currency"], result={"currency": "EUR"}),
    buyer("Session.set", {"currency": "SEK"}, ["currency"], result={"currency": "SEK"}),
]
CARTS = [
    buyer(
        "Order.set",
        None,
        {"language": "en", "currency": "SEK", "customer": {"address": {"country": "SE"}}},
        {"uid": True},
        keep="cart/uid",
    ),
    buyer(
        "Order.addArticle",
        "$cart",
        "102",
        {"quantity": 1},
        {"order": "uid"},
        result={"order": {"uid": "$cart"}},
    ),
    buyer("Order.get", "$cart as text", {"totalcost": True}, result={"totalcost": ORDER_SUM}),
    admin("Order.get", "$cart", "uid", error=9003),
    buyer(
        "Order.addArticle",
        None,
        101,
        {"quantity": 2, "301": "311"},
        ["uid"],
        {"fastVerify": True},
        keep="item/uid",
    ),
    buyer(
        "OrderItem.get",
        "$item",
        ["choices", "order"],
        result={"choices": {"301": "311", "quantity": 2}, "order": "$cart"},
    ),
    buyer("OrderItem.delete", "$item", result=None),
    buyer(
        "Order.set",
        "$cart",
        {"customer": {"address": ADDRESS, "info": {"email": "eva@example.com"}}},
        ["uid"],
        result={"uid": "$cart"},
    ),
    buyer(
        "Order.set",
        "$cart",
        {"delivery": {"method": 501}},
        {"delivery": {"method": {"name": "en"}}},
        result={"delivery": {"method": {"name": {"en": "Post"}}}},
    ),
    buyer(
        "PaymentMethod.list",
        ["uid", "type"],
        True,
        result="$methods",
    ),
    buyer("Payment.set", None, {"order": "$cart", "method": 601, "status": "planned"}, keep="payment/uid"),
    # Delivery has made it dearer since its total was shown: checkout charges what was seen.
    buyer("Order.get", "$cart", {"totalcost": {"incVat": True}}),
    buyer(
        "Order.checkout",
        "$cart",
        ["uid", "paymentStatus"],
        result={"uid": "$cart", "paymentStatus": "unpaid"},
    ),
]
ORDERS = [
    admin("Order.get", "$cart", ["uid", "paymentStatus"], result={"uid": "$cart", "paymentStatus": "unpaid"}),
    admin(
        "Order.list",
        "uid",
        {
            "filters": {"/ordered": {"min": "2013-01-14T15:04:34Z", "max": "2014-01-14T15:04:34Z"}},
            "sort": "uid",
            "descending": True,
            "limit": 100,
            "offset": 3,
        },
        result=[],
    ),
    admin(
        "Order.list",
        "uid",
        {
            "filters": {"/ordered": {"min": "2013-01-14T15:04:34Z"}},
            "sort": "uid",
            "descending": True,
            "limit": 100,
        },
        result=[{"uid": "$cart"}],
    ),
    admin("Payment.get", "$payment", keep="whole"),
    buyer("Payment.capture", "$payment", error=1006),
    admin(
        "Payment.set",
        "$payment",
        {"status": "paid", "externalRef": "A-17"},
        ["method"],
        result={"method": 601},
    ),
    admin("Order.get", "$cart", "paymentStatus", result={"paymentStatus": "paid"}),
    admin("Order.getSchema"),
    admin("Payment.getSchema"),
]
CATALOGUE = [
    at("Article.get", 102, {"name": {"en": True}}, result={"name": {"en": "Cotton cloth"}}),
    at("Article.get", 102, "articleNumber", result={"articleNumber": "cloth"}),
    at("Article.get", 102, {"articleNumber": True}, result={"articleNumber": "cloth"}),
    at(
        "Article.get",
        102,
        ["name", "articleNumber"],
        result={"name": {"en": "Cotton cloth", "sv": "Bomullstyg"}, "articleNumber": "cloth"},
    ),
    at("Article.get", 102, {"name": "sv"}, result={"name": {"sv": "Bomullstyg"}}),
    at("Article.get", 102, {"name": ["sv"]}, result={"name": {"sv": "Bomullstyg"}}),
    at("Article.get", 102, {"articlegroup": True}, result={"articlegroup": 403}),
    at(
        "Article.get",
        102,
        {"articlegroup": {"uid": True, "name": "en"}},
        result={"articlegroup": {"uid": 403, "name": {"en": "Fabrics"}}},
    ),
    admin("Article.get", 105, {"articlegroup": {"uid": True, "name": "en"}}, result={"articlegroup": None}),
    at(
        "Article.get",
        101,
        {"choices": {"options": {"name": "en"}}},
        result={"choices": [{"options": [{"name": {"en": "Small"}}, {"name": {"en": "Large"}}]}]},
    ),
    at("Article.get", 102, {"articleNumber": {"x": True}}, error=9004),
    at("Article.list", "uid", {"filters": {"/name/en": "Cotton cloth"}}, result=[{"uid": 102}]),
    at(
        "Article.list",
        "uid",
        {"filters": {"/price/current/SEK": {"min": 150, "max": 200}}},
        result=[{"uid": 103}, {"uid": 104}],
    ),
    at(
        "Article.list", "uid", {"filters": {"/showInArticlegroups": {"contains": 402}}}, result=[{"uid": 101}]
    ),
    at(
        "Article.list",
        "uid",
        {"filters": {"/showInArticlegroups": {"containsAny": [401, 402]}}, "sort": "uid"},
        result=[{"uid": 101}, {"uid": 104}],
    ),
    at("Article.list", "uid", {"filters": {"/choices": {"containsAny": [301]}}}, result=[{"uid": 101}]),
    at(
        "Article.list",
        "uid",
        {"filters": {"search": {"term": "linen", "relevance": 100}}},
        result=[{"uid": 101}],
    ),
    at("Article.list", "uid", {"sort": "colour"}, error=-32602),
    at("Articlegroup.list", "uid", {"filters": {"/parent": None}}, result=[{"uid": 401}, {"uid": 403}]),
    at("Articlegroup.count", {"empty": {"equals": False}, "hiddenInMenu": False}, result=3),
    at(
        "Articlegroup.tree",
        None,
        {"name": "en"},
        True,
        result=[
            {"name": {"en": "Clothes"}, "children": [{"name": {"en": "Shirts"}, "children": []}]},
            {"name": {"en": "Fabrics"}, "children": []},
        ],
    ),
    at("Assortment.getArticleUids", 403, result=[102, 103]),
    at("Assortment.getArticlegroupUids", result=[401, 402, 403]),
    at(
        "Language.list",
        True,
        True,
        result=[
            {"uid": "en", "active": True, "defaultCurrency": "EUR"},
            {"uid": "sv", "active": True, "defaultCurrency": "SEK"},
        ],
    ),
    at("Language.count", {"/active": True}, result=2),
    at("Language.getSchema", "sv"),
    at("Session.get", "currency", error=1008),
]
TOOLS = [
    admin("AuthToken.create", {"name": "Integration"}, keep="robot/uid"),
    admin("AuthToken.count", {"/active": True}, result=1),
    admin("Article.validate", None, {"name": {"en": "Hat"}}, result=[]),
    admin("Article.normalize", 102, {"weight": "250"}, result={"weight": 250}),
    admin("Articlegroup.create", {"name": {"en": "Hats"}}, "name", result={"name": {"en": "Hats"}}),
    admin("Articlegroup.set", None, {"name": {"en": "Caps"}}, keep="caps/uid"),
    admin("Articlegroup.delete", "$caps", result=None),
    admin(
        "EventListener.create",
        {"eventName": "Order/discarded", "url": "http://127.0.0.1:9/"},
        "eventName",
        result={"eventName": "Order/discarded"},
    ),
    admin("EventListener.list", "eventName", True, result=[{"eventName": "Order/discarded"}]),
    admin("Giftcertificate.generateCode", keep="code"),
    buyer("Session.setCustomer", None, result=None),
    buyer("Session.delete", result=None),
    buyer("Session.get", "currency", error=1005),
]
EXAMPLES = [*CONTEXT, *SESSIONS, *CARTS, *ORDERS, *CATALOGUE, *TOOLS]


class Reader:
    """Sends examples one after the other and remembers what they are to keep."""

    def __init__(self, http: httpx.AsyncClient, known: dict[str, Any], shop: Webshop) -> None:
        self._http = http
        self._shop = shop
        self.known = known

    async def read(self, example: Example) -> None:
        """Send it, compare the answer."""
        body = {
            "jsonrpc": "2.0",
            "id": str(uuid.uuid4()),
            "method": example.method,
            "params": self._filled(example.params),
        }
        reply = await self._http.post(self._path(example.by), json=body)
        answer = reply.json()
        assert (reply.status_code, answer["jsonrpc"], answer["id"]) == (200, "2.0", body["id"]), answer
        assert answer.get("error", {}).get("code") == example.error, (example, answer)
        if example.result is not ANY:
            assert_same(answer["result"], self._filled(example.result), example.method)
        if example.keep:
            name, _, inner = example.keep.partition("/")
            self.known[name] = answer["result"][inner] if inner else answer["result"]

    def _path(self, by: str) -> str:
        """Clients send what they do not have as an empty text."""
        if by == "nothing":
            return f"{PATH}/"
        context = {"auth": "", "session": ""} | ({by: self.known[by]} if by else {})
        return self._shop.call("", **context).path

    def _filled(self, value: Any) -> Any:
        if isinstance(value, str) and value.startswith("$"):
            name, _, kind = value.removeprefix("$").partition(" ")
            return str(self.known[name]) if kind else self.known[name]
        if isinstance(value, list):
            return [self._filled(each) for each in value]
        return (
            {key: self._filled(each) for key, each in value.items()} if isinstance(value, Mapping) else value
        )


@pytest.fixture
async def shop(session_database_url: str) -> AsyncIterator[Webshop]:
    """The boutique, where cloth costs what the order of the vendor's example comes to."""
    connection = await connect(session_database_url)
    opened = Webshop(connection, f"w{uuid.uuid4().hex[:12]}")
    await opened.open({"products/cloth/prices/SEK": "100.00"})
    yield opened
    await connection.close()


async def test_the_documented_calls_are_answered_as_documented(server: Server, shop: Webshop) -> None:
    methods = shop.tree["webshops"]["shop"]["payment"]
    known = {
        "shop": shop.uids["shop"],
        "session": await shop.session(),
        "auth": await shop.administrator(),
        "methods": sorted(
            ({"uid": method["id"], "type": name} for name, method in methods.items()),
            key=lambda each: each["uid"],
        ),
    }
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, verify=False, timeout=60) as http:
        reader = Reader(http, known, shop)
        for example in EXAMPLES:
            await reader.read(example)
    assert len(reader.known["token"]) == 32
    assert reader.known["token"] != known["session"]
    assert reader.known["code"].isdigit()
    assert len(reader.known["code"]) == 13


async def test_a_batch_of_one_is_answered_by_an_array(server: Server, shop: Webshop) -> None:
    call = shop.call("Article.count")
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, verify=False, timeout=60) as http:
        reply = await http.post(call.path, json=[call.body], headers={"Content-Type": "application/json-rpc"})
        told = await http.post(call.path, json={"jsonrpc": "2.0", "method": "Article.count", "params": {}})
    assert reply.json()[0]["result"] > 0
    assert reply.headers["content-type"] == "application/json"
    assert (told.status_code, told.content) == (204, b"")
