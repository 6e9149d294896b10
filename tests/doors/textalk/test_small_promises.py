"""What the first users of the door met with: sentences that speak of the right thing, and states that say the truth."""

from __future__ import annotations

from typing import Any

import pytest
import websockets
from websockets.exceptions import InvalidStatus

from tests.conformance.textalk_buying import BUYER
from tests.doors.textalk.people import EVA, Shopping
from tests.support.buyer import BANNER, CARD, INVOICE, POST, SHIRT, SIZE, SMALL
from tests.support.raw_server import raw_exchange
from tests.support.server import Server
from tests.support.webshop import PASSWORD, patch

SENT, UNSENT = {"deliveryStatus": "sent"}, {"deliveryStatus": "unsent"}


async def cart(eva: Shopping, session: str, method: int = INVOICE, buyer: Any = BUYER) -> int:
    item = await eva.call("Order.addArticle", None, SHIRT, {SIZE: SMALL}, {"order": "uid"}, session=session)
    uid = item["order"]["uid"]
    await eva.call("Order.set", uid, {"customer": buyer, "delivery": {"method": POST}}, session=session)
    planned = {"order": uid, "method": method, "status": "planned"}
    assert "uid" in await eva.call("Payment.set", None, planned, session=session)
    return uid


async def placed(eva: Shopping) -> tuple[int, str, str]:
    session, admin = await eva.shop.session(), await eva.shop.administrator()
    uid = await cart(eva, session)
    assert await eva.call("Order.checkout", uid, session=session) == {"uid": uid}
    return uid, session, admin


async def test_a_session_that_is_there_no_more_cannot_be_deleted(eva: Shopping) -> None:
    session = await eva.shop.session()
    assert await eva.call("Session.delete", session=session) is None
    assert (await eva.error("Session.delete", session=session))["code"] == -32602
    assert (await eva.error("Session.get", session=session))["code"] == 1005
    assert (await eva.error("Session.delete"))["code"] == 1008


async def test_a_checkout_by_card_without_its_token_says_what_is_missing(eva: Shopping) -> None:
    session = await eva.shop.session()
    uid = await cart(eva, session, CARD)
    for options in ((), (None,), ({},)):
        error = await eva.error("Order.checkout", uid, "uid", *options, session=session)
        assert (error["code"], error["data"][0]["pointer"]) == (-32602, "/2/token")
    paid = await eva.call("Order.checkout", uid, "uid", {"token": "tok_visa_told"}, session=session)
    assert paid == {"uid": uid}


async def test_a_checkout_without_an_address_to_write_to_asks_for_it(eva: Shopping) -> None:
    session = await eva.shop.session()
    uid = await cart(eva, session, buyer={"address": BUYER["address"]})
    error = await eva.error("Order.checkout", uid, session=session)
    assert (error["code"], error["data"][0]["pointer"]) == (9001, "/customer/info/email")
    await eva.call("Order.set", uid, {"customer": {"info": {"email": EVA}}}, session=session)
    assert await eva.call("Order.checkout", uid, session=session) == {"uid": uid}


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        ({"302": 2, "303": 5}, ["303", "text", "40"]),
        ({"302": 2, "303": "x" * 41}, ["303", "text", "40"]),
        ({"302": 0}, ["302", "number", "0.5", "10"]),
        ({"302": "long"}, ["302", "number", "0.5", "10"]),
    ],
)
async def test_what_is_wrong_with_a_choice_is_said_of_that_choice(
    eva: Shopping, choices: dict[str, Any], words: list[str]
) -> None:
    session = await eva.shop.session()
    error = await eva.error("Order.addArticle", None, BANNER, choices, session=session, language="en")
    assert error["code"] == 2001
    for word in words:
        assert word in error["data"], error


async def test_what_was_sent_cannot_be_unsent(eva: Shopping) -> None:
    uid, _, admin = await placed(eva)
    assert await eva.call("Order.set", uid, UNSENT, "deliveryStatus", auth=admin) == UNSENT
    assert await eva.call("Order.set", uid, SENT, "deliveryStatus", auth=admin) == SENT
    assert (await eva.error("Order.set", uid, UNSENT, auth=admin))["code"] == 2090
    part = (await eva.call("Order.get", uid, "suborders", auth=admin))["suborders"][0]
    assert (await eva.error("Suborder.set", part, UNSENT, auth=admin))["code"] == 2090
    assert await eva.call("Suborder.set", part, {"deliveryStatus": "Shipped"}, auth=admin) == {"uid": part}


async def test_only_the_shop_says_what_was_sent(eva: Shopping) -> None:
    uid, session, _ = await placed(eva)
    basket = await eva.shop.session()
    unplaced = await cart(eva, basket)
    for order, own in ((uid, session), (unplaced, basket)):
        for wish in (SENT, UNSENT, {**SENT, "note": "quick"}):
            assert (await eva.error("Order.set", order, wish, session=own))["code"] == 1006
    assert (await eva.error("Order.set", None, SENT, session=basket))["code"] == 1006


async def test_an_administrator_notes_what_a_placed_order_needs(eva: Shopping) -> None:
    uid, session, admin = await placed(eva)
    note = {"note": "Double check the number"}
    assert await eva.call("Order.set", uid, note, "note", auth=admin) == note
    assert await eva.call(
        "Order.set", uid, {**SENT, "note": "gone"}, ["note", "deliveryStatus"], auth=admin
    ) == {
        "note": "gone",
        **SENT,
    }
    assert await eva.call("Order.set", uid, {"note": None}, "note", auth=admin) == {"note": None}
    assert (await eva.error("Order.set", uid, {"note": "mine"}, session=session))["code"] == 2090


async def test_an_administrator_corrects_the_buyer_of_an_order_until_it_is_sent_or_paid(
    eva: Shopping,
) -> None:
    uid, _, admin = await placed(eva)
    moved = {"customer": {"address": {"town": "Malmö"}, "info": {"email": "evita@example.com"}}}
    query = {"customer": {"address": ["town", "firstName"], "info": "email"}}
    assert await eva.call("Order.set", uid, moved, query, auth=admin) == {
        "customer": {"address": {"town": "Malmö", "firstName": "Eva"}, "info": {"email": "evita@example.com"}}
    }
    row = await eva.shop.connection.fetchrow(
        "select person ->> 'email', ship_to ->> 'city', version from orders where workspace = $1 and id = $2",
        await eva.shop.id(),
        uid,
    )
    assert tuple(row) == ("evita@example.com", "Malmö", 2)
    assert (await eva.error("Order.set", uid, {"currency": "EUR"}, auth=admin))["code"] == 2090
    assert await eva.call("Order.set", uid, SENT, auth=admin) == {"uid": uid}
    assert (await eva.error("Order.set", uid, moved, auth=admin))["code"] == 2090
    paid, _, _ = await placed(eva)
    payment = (await eva.call("Order.get", paid, "payments", auth=admin))["payments"][0]
    await eva.call("Payment.capture", payment, auth=admin)
    assert (await eva.error("Order.set", paid, moved, auth=admin))["code"] == 2090
    assert await eva.call("Order.set", paid, {"note": "paid"}, "note", auth=admin) == {"note": "paid"}


async def test_mails_come_in_the_buyers_language_and_name_the_shop(eva: Shopping) -> None:
    session = await eva.shop.session()
    assert await eva.call("Session.set", {"language": "sv"}, session=session)
    await eva.call("Customer.signup", patch(), session=session)
    subject, text = (await eva.shop.letters(EVA))[0]
    assert (subject, "Välkommen till Butiken" in text) == ("Bekräfta ditt konto hos Butiken", True)
    await eva.call("Customer.confirmSignup", await eva.shop.code(EVA))
    await eva.call("Customer.requestPasswordReset", EVA)
    assert (await eva.shop.letters(EVA))[0][0] == "Ett nytt lösenord hos Butiken"
    await eva.call("Customer.signup", patch("ada@example.com"), session=session, language="en")
    assert (await eva.shop.letters("ada@example.com"))[0][0] == "Confirm your account at The Boutique"


async def test_a_cart_begun_after_logging_in_knows_its_customer(eva: Shopping) -> None:
    await eva.joined(address={"firstName": "Eva", "town": "Lund", "country": "SE"})
    session = await eva.shop.session()
    await eva.call("Customer.login", EVA, PASSWORD, session=session)
    query = {"order": {"customer": {"address": "town", "info": "email"}}}
    item = await eva.call("Order.addArticle", None, SHIRT, {SIZE: SMALL}, query, session=session)
    assert item["order"]["customer"] == {"address": {"town": "Lund"}, "info": {"email": EVA}}
    other = await eva.shop.session()
    await eva.call("Customer.login", EVA, PASSWORD, session=other)
    made = await eva.call("Order.set", None, {"note": "x"}, {"customer": {"info": "email"}}, session=other)
    assert made == {"customer": {"info": {"email": EVA}}}


async def test_what_cannot_be_bought_does_not_say_that_it_can(eva: Shopping) -> None:
    admin = await eva.shop.administrator()
    made = {"name": {"en": "Cap"}, "articleNumber": "cap", "vatRate": 0.25}
    uid = (await eva.call("Article.create", made, auth=admin))["uid"]

    async def set_to(**fields: Any) -> bool:
        await eva.call("Article.set", uid, fields, auth=admin)
        return (await eva.call("Article.get", uid, "isBuyable"))["isBuyable"]

    assert await set_to() is False
    assert await set_to(stock={"useStock": True, "stock": 3}) is False
    assert await set_to(price={"regular": {"SEK": 100}}) is True
    assert await set_to(stock={"useStock": True, "stock": 0}) is False
    assert await set_to(stock={"useStock": False}) is True
    assert await set_to(hidden=False, presentationOnly=True) is False


@pytest.mark.parametrize("path", ["/nowhere", "/textalk/nowhere", "/bonsai/orders", "/textalk/openrpc.json"])
async def test_an_unknown_socket_path_is_not_found(server: Server, path: str) -> None:
    with pytest.raises(InvalidStatus) as refusal:
        async with websockets.connect(
            server.url.replace("http", "ws", 1) + path, proxy=None, open_timeout=60
        ):
            pass
    assert refusal.value.response.status_code == 404


async def test_an_unknown_verb_is_not_allowed(server: Server) -> None:
    for path in ("/textalk/backend/jsonrpc/v1", "/bonsai/orders", "/"):
        head = f"BREW {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"
        assert (await raw_exchange(server.url, head)).startswith("HTTP/1.1 405 ")


FINE = 0.1234567
"""A share with one decimal more than is kept."""


@pytest.mark.parametrize(
    ("method", "params", "pointer", "decimals"),
    [
        ("Discountcode.create", [{"code": "FINE", "percent": FINE}], "/percent", 6),
        ("Article.create", [{"name": {"en": "Thing"}, "vatRate": FINE}], "/vatRate", 6),
        (
            "DeliveryMethod.create",
            [{"name": {"en": "Post"}, "rates": [{"countryVatRates": [{"country": "SE", "vatRate": FINE}]}]}],
            "/rates/0/countryVatRates/0/vatRate",
            6,
        ),
        (
            "ArticleChoice.create",
            [{"name": {"en": "x"}, "type": "number", "minimum": 0.12345}],
            "/minimum",
            4,
        ),
        (
            "ArticleChoice.create",
            [{"name": {"en": "x"}, "type": "number", "multipleOf": 0.00015}],
            "/multipleOf",
            4,
        ),
    ],
)
async def test_a_share_finer_than_it_is_kept_is_refused(
    eva: Shopping, method: str, params: list[Any], pointer: str, decimals: int
) -> None:
    admin = await eva.shop.administrator()
    error = await eva.error(method, *params, auth=admin, language="en")
    said = {"pointer": pointer, "message": f"The value may have at most {decimals} decimals."}
    assert (error["code"], error["data"]) == (9001, [said])


async def test_a_share_is_kept_with_all_the_decimals_that_it_may_have(eva: Shopping) -> None:
    admin = await eva.shop.administrator()
    made = await eva.call(
        "Discountcode.create", {"code": "FINE", "percent": 0.123456}, ["percent"], auth=admin
    )
    assert made == {"percent": 0.123456}
    for percent, found in ((0.123456, 1), (0.1234561, 0)):
        assert await eva.call("Discountcode.count", {"/percent": percent}, auth=admin) == found
    fewer = {"/percent": {"max": 0.1234559}, "/code": "FINE"}
    assert await eva.call("Discountcode.count", fewer, auth=admin) == 0


async def test_a_refund_of_nothing_is_said_to_be_too_little(eva: Shopping) -> None:
    uid, _, admin = await placed(eva)
    [payment] = (await eva.call("Order.get", uid, {"payments": "uid"}, auth=admin))["payments"]
    await eva.call("Payment.capture", payment["uid"], auth=admin)
    for amount in (-1, 0, -0.001):
        error = await eva.error("Payment.refund", payment["uid"], amount, auth=admin, language="en")
        said = {"pointer": "/1", "message": "The amount must be more than nothing."}
        assert (error["code"], error["data"]) == (-32602, [said]), amount
    error = await eva.error("Payment.refund", payment["uid"], 0.001, auth=admin, language="en")
    assert "SEK" in error["data"][0]["message"]


async def test_orders_are_listed_by_when_they_were_placed_and_carts_come_last(eva: Shopping) -> None:
    first, _, admin = await placed(eva)
    wish = (await eva.call("Order.set", None, {"note": "not placed"}, auth=admin))["uid"]
    second, _, _ = await placed(eva)
    for descending, uids in ((False, [first, second, wish]), (True, [second, first, wish])):
        order = {"sort": "ordered", "descending": descending}
        found = await eva.call("Order.list", "uid", order, auth=admin)
        assert [each["uid"] for each in found] == uids
        assert (await eva.call("Order.list", "uid", {**order, "limit": 1}, auth=admin)) == found[:1]
