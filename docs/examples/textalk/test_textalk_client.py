"""How a client of the Textalk API is tested: buyers, carts, mails and webhooks of a webshop."""

import json
import re
from contextlib import ExitStack, closing
from datetime import timedelta

import httpx
import pytest
from textalk_client import Textalk, TextalkError

SHIRT, CLOTH, HAT = 101, 102, 104
SMALL, LARGE = {"301": 311}, {"301": 312}
CODE = re.compile(r"\b[0-9a-f]{32}\b")


@pytest.fixture
def visitor_of(entrepot):
    """Visitors of the boutique, as many as come."""
    with ExitStack() as until_the_end:

        def come():
            buyer = until_the_end.enter_context(closing(Textalk(entrepot.url("textalk"), webshop=22222)))
            buyer.begin_session()
            return buyer

        yield come


@pytest.fixture
def visitor(visitor_of):
    return visitor_of()


@pytest.fixture
def shop(entrepot):
    with closing(Textalk(entrepot.url("textalk"), webshop=22222)) as administrator:
        administrator.log_in("demo-admin", "demo admin password")
        yield administrator


def cart_of(visitor, article=SHIRT, choices=SMALL, currency="SEK"):
    """A cart that could be checked out."""
    cart = visitor.call("Order.addArticle", None, article, choices, "order")["order"]
    who = {"address": {"country": "SE"}, "info": {"email": "ada@example.com"}}
    visitor.call("Order.set", cart, {"customer": who, "delivery": {"method": 501}, "currency": currency})
    visitor.call("Payment.set", None, {"order": cart, "method": 602, "status": "planned"})
    return cart


def code_of(refused):
    return refused.value.code


def test_a_shirt_is_bought(visitor):
    placed = visitor.check_out(cart_of(visitor), "tok_visa")
    assert (placed["paymentStatus"], placed["totalcost"]) == ("paid", {"incVat": 398})


@pytest.mark.parametrize(
    ("article", "choices"),
    [(HAT, {}), (SHIRT, {}), (SHIRT, LARGE | {"quantity": 2}), (CLOTH, {"quantity": 0.3})],
    ids=["sold out", "no size", "more than there are", "not by the quarter"],
)
def test_what_cannot_be_put_into_a_cart(visitor, article, choices):
    with pytest.raises(TextalkError) as refused:
        visitor.call("Order.addArticle", None, article, choices)
    assert code_of(refused) == 2001
    assert refused.value.data


def test_somebody_else_was_faster(visitor_of):
    slow, fast = visitor_of(), visitor_of()
    cart = cart_of(slow, choices=LARGE)
    fast.check_out(cart_of(fast, choices=LARGE), "tok_visa")
    with pytest.raises(TextalkError) as refused:
        slow.check_out(cart, "tok_visa_2")
    assert code_of(refused) == 2001


def test_a_declined_buyer_pays_with_another_card(visitor):
    cart = cart_of(visitor)
    with pytest.raises(TextalkError) as refused:
        visitor.check_out(cart, "tok_declined")
    assert code_of(refused) == 2010
    assert visitor.check_out(cart, "tok_visa")["uid"] == cart


@pytest.mark.parametrize("kind", ["refuse", "drop", "half", "garbage"])
def test_a_checkout_whose_answer_is_lost_happens_once(visitor, entrepot, kind):
    cart = cart_of(visitor)
    entrepot.fail("line:textalk", kind)
    assert visitor.check_out(cart, "tok_visa")["paymentStatus"] == "paid"
    entrepot.requests.expect(1, operation="Order.checkout", outcome="ok")


def test_a_code_takes_a_tenth_off(visitor):
    cart = cart_of(visitor)
    visitor.call("Order.addDiscountCode", cart, "TENTH")
    with pytest.raises(TextalkError) as again:
        visitor.call("Order.addDiscountCode", cart, "TENTH")
    assert code_of(again) == 2030


def test_every_call_of_a_batch_has_its_own_answer(visitor):
    shirt, nothing, missing = visitor.call_all(
        ("Article.get", SHIRT, {"name": "en"}), ("Article.get", 999), ("Theme.list",)
    )
    assert shirt == {"name": {"en": "Linen shirt"}}
    assert (nothing.code, missing.code) == (9003, -32601)


def test_calls_over_a_socket_come_to_the_same(visitor):
    calls = [("Article.get", SHIRT, {"name": "en"}), ("Article.get", 999)]
    (name, nothing), (same, too) = visitor.call_all(*calls), visitor.over_socket(*calls)
    assert (name, nothing.code) == (same, too.code)


def test_a_class_that_is_not_built_says_where_to_read_on(visitor):
    with pytest.raises(TextalkError) as missing:
        visitor.call("Theme.list")
    assert (code_of(missing), "/missing" in missing.value.link) == (-32601, True)


def test_a_buyer_signs_up_with_the_code_from_her_mail(visitor, entrepot):
    account = {"info": {"email": "ada@example.com"}, "password": "a good password"}
    visitor.call("Customer.signup", account, ["info"])
    (mail,) = entrepot.mails("boutique", "ada@example.com", wait=30)
    visitor.call("Customer.confirmSignup", CODE.search(mail.text)[0])
    visitor.call("Customer.login", "ada@example.com", "a good password")


def test_a_code_from_a_mail_is_good_for_a_day(visitor, entrepot):
    visitor.call("Customer.signup", {"info": {"email": "ada@example.com"}, "password": "a good password"})
    (mail,) = entrepot.mails("boutique", "ada@example.com", wait=30)
    entrepot.clock.advance(timedelta(hours=25))
    with pytest.raises(TextalkError) as refused:
        visitor.call("Customer.confirmSignup", CODE.search(mail.text)[0])
    assert code_of(refused) == 3003


def test_an_administrator_logs_in_again_after_a_day(shop, entrepot):
    shop.call("Article.set", SHIRT, {"hidden": True})
    entrepot.clock.advance(timedelta(days=1, seconds=1))
    with pytest.raises(TextalkError) as refused:
        shop.call("Article.set", SHIRT, {"hidden": False})
    assert code_of(refused) == 1004
    shop.log_in("demo-admin", "demo admin password")
    shop.call("Article.set", SHIRT, {"hidden": False})


def test_the_bank_gives_back_for_half_a_year(shop, visitor, entrepot):
    cart = visitor.check_out(cart_of(visitor), "tok_visa")["uid"]
    (payment,) = visitor.call("Order.get", cart, {"payments": "uid"})["payments"]
    entrepot.clock.advance(timedelta(days=181))
    shop.log_in("demo-admin", "demo admin password")
    with pytest.raises(TextalkError) as refused:
        shop.call("Payment.refund", payment["uid"])
    assert code_of(refused) == 2061


def test_a_listener_hears_of_an_order_and_hears_it_again(shop, visitor, entrepot, inbox):
    listener = shop.call(
        "EventListener.create", {"eventName": "Order/placed", "url": inbox.url}, ["uid", "secret"]
    )
    uid = visitor.check_out(cart_of(visitor), "tok_visa")["uid"]
    first = inbox.next()
    assert json.loads(first.body) == {"event": "Order/placed", "webshop": 22222, "uid": uid}
    assert first.is_signed_with(listener["secret"])
    assert not first.is_signed_with("somebody else's")

    entrepot.wait_until_idle()
    (told,) = [each for each in entrepot.deliveries("boutique") if each.listener.startswith("event")]
    entrepot.resend("boutique", told.message)
    again = inbox.next()
    assert (again.delivery, again.body) == (first.delivery, first.body)
    assert (first.attempt, again.attempt) == (1, 2)


def test_a_bank_that_is_away_charges_nobody(visitor, entrepot):
    cart = cart_of(visitor)
    entrepot.fail("cards.confirm", "refuse")
    with pytest.raises(TextalkError):
        visitor.check_out(cart, "tok_visa")
    assert visitor.check_out(cart, "tok_visa")["paymentStatus"] == "paid"


def test_a_database_that_is_away_is_told_and_comes_back(visitor, entrepot):
    entrepot.fail("connection:reads", "refuse")
    with pytest.raises(TextalkError) as refused:
        visitor.call("Article.get", SHIRT)
    assert code_of(refused) == -32603
    assert visitor.call("Article.get", SHIRT, {"uid": True}) == {"uid": SHIRT}


def test_two_ends_of_one_cart(visitor, entrepot):
    cart = cart_of(visitor)
    entrepot.snapshot("a-full-cart")
    assert visitor.check_out(cart, "tok_visa")["paymentStatus"] == "paid"
    entrepot.restore("a-full-cart")
    with pytest.raises(TextalkError):
        visitor.check_out(cart, "tok_declined")


def test_why_a_cart_was_refused(visitor, entrepot):
    with pytest.raises(TextalkError):
        visitor.call("Order.addArticle", None, HAT)
    (refused,) = entrepot.requests(failed=True)
    (why,) = entrepot.explain(refused.request_id)["refusals"]
    assert why["failure"] == refused.outcome


def test_who_calls_too_often_waits(visitor, entrepot):
    entrepot.quota("textalk", 0)
    with pytest.raises((TextalkError, httpx.HTTPStatusError, KeyError)):
        visitor.call("Article.get", SHIRT)
