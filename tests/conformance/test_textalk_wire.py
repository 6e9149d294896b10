"""The documented refusals of the envelope and of the context: what is no call, and who may make which."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.conformance.harness import Client, Prove, Reply, Request
from tests.conformance.harness.fixtures import OpenWebshop
from tests.conformance.textalk import answers, problems, refusal
from tests.support.webshop import PATH, WORKSPACE, Webshop

CLOTH = 102
SHOWN = sum(not product.get("hidden") for product in WORKSPACE["products"].values())
DOOR = "channels/shop/settings/door"


def count_of(shop: Webshop, **context: str) -> Request:
    """A call that any visitor may make, and whose answer is how many articles are shown."""
    return shop.call("Article.count", **context)


@pytest.mark.row("textalk.-32700")
@pytest.mark.parametrize("text", [b'{"jsonrpc": "2.0",', b"", b"[1, 2", b'{"id": NaN}'])
async def test_what_is_no_json_cannot_be_parsed(prove: Prove, open_webshop: OpenWebshop, text: bytes) -> None:
    call = count_of(await open_webshop())
    await prove(
        call.with_body(text),
        refusal(-32700, "Parse error", page="malformed-body", call=None),
        mend=call,
        effect=answers(SHOWN),
        reads=True,
    )


@pytest.mark.row("textalk.-32600")
@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        ({"method": "Article.count", "id": 1}, 'The member jsonrpc must be "2.0".'),
        ({"jsonrpc": "2.0", "method": 5, "id": 1}, "The member method must be a string."),
        ({"jsonrpc": "2.0", "method": "Article.count", "id": []}, "The member id must be a string, a number or null."),
        ({"jsonrpc": "2.0", "method": "Article.count", "id": 1, "params": 5}, "The member params must be an array."),
        ("Article.count", "A request is an object."),
        ([], "A batch holds at least one request."),
    ],
)  # fmt: skip
async def test_what_is_no_request_object_is_invalid(
    prove: Prove, open_webshop: OpenWebshop, sent: Any, reason: str
) -> None:
    call = count_of(await open_webshop())
    await prove(
        call.with_body(sent),
        refusal(-32600, "Invalid Request", reason, call=None),
        mend=call,
        effect=answers(SHOWN),
        reads=True,
    )


@pytest.mark.parametrize(
    "method",
    [
        pytest.param("Basket.count", marks=pytest.mark.row("textalk.-32601", case="unknown class")),
        pytest.param("Article.number", marks=pytest.mark.row("textalk.-32601", case="unknown method")),
    ],
)
async def test_a_method_that_does_not_exist_is_not_found(
    prove: Prove, open_webshop: OpenWebshop, method: str
) -> None:
    shop = await open_webshop()
    await prove(
        shop.call(method),
        refusal(-32601, "Method not found"),
        mend=count_of(shop),
        effect=answers(SHOWN),
        reads=True,
    )


@pytest.mark.row("textalk.-32601", case="exists but not available to the caller kind")
async def test_tokens_are_no_class_for_a_caller_with_a_persistent_token(
    prove: Prove, textalk: Client, open_webshop: OpenWebshop
) -> None:
    """Only an administrator who has logged in has the class AuthToken (decision textalk AuthToken)."""
    shop = await open_webshop()
    admin = await shop.administrator()
    made = await textalk.send(shop.call("AuthToken.create", {"name": "Stock robot"}, auth=admin))
    persistent = made.json["result"]["uid"]
    await prove(
        shop.call("AuthToken.count", auth=persistent),
        refusal(-32601, "Method not found"),
        mend=shop.call("AuthToken.count", auth=admin),
        effect=answers(1),
        reads=True,
    )


@pytest.mark.row("textalk.-32602.pointers")
async def test_a_selection_is_refused_with_a_pointer_to_each_fault(
    prove: Prove, open_webshop: OpenWebshop
) -> None:
    shop = await open_webshop()
    selection = {"sort": "colour", "limit": -1, "filters": {"/uid": {"like": 5}}}
    faults = problems(
        ("/1/sort", "The list cannot be sorted by this key."),
        ("/1/limit", "Must be a whole number, zero or more."),
        ("/1/filters/~1uid/like", "This property has no such condition."),
    )
    await prove(
        shop.call("Article.list", "uid", selection),
        refusal(-32602, "Invalid params", faults),
        mend=shop.call("Article.list", "uid", {"sort": "uid", "limit": 1, "filters": {"/uid": {"min": 102}}}),
        effect=answers([{"uid": CLOTH}]),
        reads=True,
    )


@pytest.mark.row("textalk.-32602.string")
@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ({"uid": CLOTH}, "Parametrar anges efter position, som en lista."),
        ([], "Minst 1 parametrar väntas; 0 angavs."),
        ([CLOTH, "uid", True], "Högst 2 parametrar väntas; 3 angavs."),
    ],
)
async def test_parameters_of_another_number_or_kind_are_refused_in_words(
    prove: Prove, open_webshop: OpenWebshop, params: Any, reason: str
) -> None:
    shop = await open_webshop()
    right = shop.call("Article.get", CLOTH, "uid", language="sv")
    await prove(
        right.with_body({**right.body, "params": params}),
        refusal(-32602, "Invalid params", reason),
        mend=right,
        effect=answers({"uid": CLOTH}),
        reads=True,
    )


@pytest.mark.row("textalk.1001")
@pytest.mark.parametrize("query", ["", "?webshop=", "?language=en"])
async def test_a_shop_must_be_named(prove: Prove, open_webshop: OpenWebshop, query: str) -> None:
    right = count_of(await open_webshop())
    await prove(
        Request("POST", PATH + query, right.body),
        refusal(1001, "Webshop missing"),
        mend=right,
        effect=answers(SHOWN),
        reads=True,
    )


@pytest.mark.row("textalk.1002")
@pytest.mark.parametrize("named", ["1", "boutique", "-5", "9" * 16])
async def test_an_unknown_shop_is_invalid(prove: Prove, open_webshop: OpenWebshop, named: str) -> None:
    right = count_of(await open_webshop())
    await prove(
        Request("POST", f"{PATH}?webshop={named}", right.body),
        refusal(1002, "Invalid webshop"),
        mend=right,
        effect=answers(SHOWN),
        reads=True,
    )


@pytest.mark.row("textalk.1002")
async def test_a_closed_shop_is_invalid(prove: Prove, open_webshop: OpenWebshop) -> None:
    shop = await open_webshop({f"{DOOR}/closed": True})

    async def open_it() -> None:
        await shop.change({f"{DOOR}/closed": False})

    await prove(
        count_of(shop), refusal(1002, "Invalid webshop"), mend=open_it, effect=answers(SHOWN), reads=True
    )


@pytest.mark.row("textalk.1003")
async def test_a_language_that_the_shop_does_not_speak_is_invalid(
    prove: Prove, open_webshop: OpenWebshop
) -> None:
    shop = await open_webshop()

    async def learn() -> None:
        await shop.change({f"{DOOR}/languages": ["en", "sv", "fi"]})

    await prove(
        count_of(shop, language="fi"),
        refusal(1003, "Invalid language"),
        mend=learn,
        effect=answers(SHOWN),
        reads=True,
    )


@pytest.mark.row("textalk.1003")
async def test_what_is_no_language_is_invalid(prove: Prove, open_webshop: OpenWebshop) -> None:
    shop = await open_webshop()
    await prove(
        count_of(shop, language="swedish"),
        refusal(1003, "Invalid language"),
        mend=count_of(shop, language="sv"),
        effect=answers(SHOWN),
        reads=True,
    )


@pytest.mark.row("textalk.1005")
async def test_a_session_token_of_nobody_is_bad(prove: Prove, open_webshop: OpenWebshop) -> None:
    shop = await open_webshop()
    session = await shop.session()
    await prove(
        shop.call("Session.get", "currency", session=session[::-1]),
        refusal(1005, "Bad session token"),
        mend=shop.call("Session.get", "currency", session=session),
        effect=answers({"currency": "SEK"}),
        reads=True,
    )


@pytest.mark.row("textalk.1005")
async def test_another_shops_session_is_bad(prove: Prove, open_webshop: OpenWebshop) -> None:
    shop = await open_webshop()
    await prove(
        shop.call("Session.get", "currency", session=await shop.session("other")),
        refusal(1005, "Bad session token"),
        mend=shop.call("Session.get", "currency", session=await shop.session()),
        effect=answers({"currency": "SEK"}),
        reads=True,
    )


@pytest.mark.row("textalk.1005")
async def test_a_session_that_has_expired_is_bad(prove: Prove, open_webshop: OpenWebshop) -> None:
    shop = await open_webshop()
    session = await shop.session()
    await shop.age("sessions", "expires_at", timedelta(days=31))

    async def renew() -> None:
        await shop.age("sessions", "expires_at", -timedelta(days=31))

    await prove(
        shop.call("Session.get", "currency", session=session),
        refusal(1005, "Bad session token"),
        mend=renew,
        effect=answers({"currency": "SEK"}),
        reads=True,
    )


@pytest.mark.row("textalk.1006")
@pytest.mark.parametrize("kind", ["visitor", "buyer"])
async def test_only_administrators_change_articles(
    prove: Prove, open_webshop: OpenWebshop, kind: str
) -> None:
    shop = await open_webshop()
    admin = await shop.administrator()
    context = {} if kind == "visitor" else {"session": await shop.session()}

    async def weighs(reply: Reply) -> None:
        assert reply.json["result"] == {"weight": 210}
        assert await shop.count("variants", "product = 102 and weight = 210") == 1

    await prove(
        shop.call("Article.set", CLOTH, {"weight": 210}, "weight", **context),
        refusal(1006, "Forbidden"),
        mend=shop.call("Article.set", CLOTH, {"weight": 210}, "weight", auth=admin),
        effect=weighs,
    )


@pytest.mark.row("textalk.1006")
async def test_only_administrators_read_what_is_theirs(prove: Prove, open_webshop: OpenWebshop) -> None:
    shop = await open_webshop()
    query = {"uid": True, "children": True}
    await prove(
        shop.call("Articlegroup.get", 401, query),
        refusal(1006, "Forbidden"),
        mend=shop.call("Articlegroup.get", 401, query, auth=await shop.administrator()),
        effect=answers({"uid": 401, "children": [402]}),
        reads=True,
    )


@pytest.mark.row("textalk.1008")
@pytest.mark.parametrize("method", ["Session.get", "Session.getOrder"])
async def test_there_is_no_session_without_its_token(
    prove: Prove, open_webshop: OpenWebshop, method: str
) -> None:
    shop = await open_webshop()
    expected = {"Session.get": {"currency": "SEK"}, "Session.getOrder": None}
    query = ["currency"] if method == "Session.get" else ["uid"]
    await prove(
        shop.call(method, query),
        refusal(1008, "Session missing"),
        mend=shop.call(method, query, session=await shop.session()),
        effect=answers(expected[method]),
        reads=True,
    )


@pytest.mark.row("textalk.1008")
async def test_a_visitor_without_a_session_has_no_cart(prove: Prove, open_webshop: OpenWebshop) -> None:
    shop = await open_webshop()
    session = await shop.session()

    async def is_in_the_cart(reply: Reply) -> None:
        assert reply.json["result"] == {"article": CLOTH}
        assert await shop.count("carts") == 1

    await prove(
        shop.call("Order.addArticle", None, CLOTH, {}, "article"),
        refusal(1008, "Session missing"),
        mend=shop.call("Order.addArticle", None, CLOTH, {}, "article", session=session),
        effect=is_in_the_cart,
    )
