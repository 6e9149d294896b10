"""How a client of the Bonsai API is tested: on a shop that is the same at the beginning of every test."""

from contextlib import ExitStack, closing
from datetime import timedelta

import httpx
import pytest
from bonsai_client import Bonsai, BonsaiError

MUG = ("c68yvyl5s1ienexavdwntb1dr", "101")
SCARF = ("c4m1ykbfxt0vbb1wk3jx2girz", "102")
CANDLE = ("c35g11k92xwf2iiobtnzaw9f7", "103")
ADDRESS = {
    "first_name": "Ada",
    "last_name": "Lovelace",
    "address1": "1 Main St",
    "city": "Toronto",
    "province": "ON",
    "country": "CA",
    "zip": "M5V 2T6",
}

LATER = {
    "externalOrderId": "shop-2",
    "customer": {"email": "ada@example.com"},
    "products": [{"id": MUG[0], "variantId": MUG[1], "quantity": 1}],
    "shippingAddress": {
        "firstName": "Ada",
        "lastName": "Lovelace",
        "address1": "1 Main St",
        "city": "Toronto",
        "province": "ON",
        "country": "CA",
        "zip": "M5V 2T6",
    },
    "payment": {"method": "external payment"},
}


def order(*, product=MUG, quantity=1, name="shop-1", token="paid-1", method="external payment"):
    public_id, variant_id = product
    return {
        "external_order_id": name,
        "customer": {"email": "ada@example.com", "first_name": "Ada", "last_name": "Lovelace"},
        "products": [{"public_id": public_id, "variant_id": variant_id, "quantity": quantity}],
        "shipping_address": ADDRESS,
        "payment": {
            "method": method,
            "token": token,
            "currency": "USD",
            "amounts": {"goods": 25, "shipping": 4, "taxes": 3.77},
        },
    }


@pytest.fixture
def shop_of(entrepot):
    """Clients to test, by their account. Where one would wait, the sandbox's clock is put forward."""
    with ExitStack() as until_the_end:

        def client(account, key=None):
            keys = entrepot.keys["north"][account]
            return until_the_end.enter_context(
                closing(
                    Bonsai(
                        entrepot.url("bonsai"),
                        key or keys["live"],
                        keys["private"],
                        sleep=lambda seconds: entrepot.clock.advance(timedelta(seconds=seconds)),
                    )
                )
            )

        yield client


@pytest.fixture
def shop(shop_of):
    return shop_of("demo")


@pytest.fixture
def by_card(shop_of):
    return shop_of("cards")


def test_an_order_is_placed_and_found_by_our_own_name(shop):
    placed = shop.place(order())
    found = shop.find("shop-1")
    assert (found["id"], found["fulfillmentStatus"]) == (placed, "payment successful")


def test_what_was_sold_is_no_longer_there(shop):
    shop.place(order(product=SCARF, quantity=2))
    (scarf,) = shop.products(SCARF[0])
    assert scarf["inventory"] == 1


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"product": CANDLE}, 400, "OUT_OF_STOCK"),
        ({"product": SCARF, "quantity": 4}, 400, "INSUFFICIENT_INVENTORY"),
        ({"product": ("c00000000000000000000aaaa", "101")}, 404, "PRODUCT_DOES_NOT_EXIST"),
        ({"method": "barter"}, 400, "PAYMENT_METHOD_NOT_SUPPORTED"),
    ],
)
def test_an_order_that_the_shop_cannot_take(shop, changes, status, code):
    with pytest.raises(BonsaiError) as refused:
        shop.place(order(**changes))
    assert (refused.value.status, refused.value.codes) == (status, [code])


@pytest.mark.parametrize(
    "card", ["tok_insufficient_funds", "tok_declined", "tok_expired", "tok_authenticate"]
)
def test_a_card_that_does_not_pay(by_card, card):
    with pytest.raises(BonsaiError, match="PAYMENT_REQUIRED"):
        by_card.place(order(method="credit card", token=card))


def test_a_declined_buyer_pays_with_another_card(by_card):
    with pytest.raises(BonsaiError):
        by_card.place(order(method="credit card", token="tok_declined"))
    assert by_card.place(order(method="credit card", token="tok_visa"))


def test_a_key_that_nobody_has(shop_of):
    with pytest.raises(BonsaiError) as refused:
        shop_of("demo", key="nobody").products(MUG[0])
    assert refused.value.status == 401


@pytest.mark.parametrize("kind", ["refuse", "drop", "half", "length", "garbage"])
def test_whatever_becomes_of_the_line_there_is_one_order(shop, entrepot, kind):
    fault = entrepot.fail("line:bonsai", kind, path="/orders/V1")
    placed = shop.place(order())
    assert fault.healed
    assert shop.find("shop-1")["id"] == placed
    entrepot.requests.expect(1, operation="submit", outcome="ok")


def test_a_line_that_stays_broken_is_told(shop, entrepot):
    entrepot.fail("line:bonsai", "refuse", times=3)
    with pytest.raises(httpx.TransportError):
        shop.place(order())
    entrepot.requests.expect(0, operation="submit")


def test_the_client_waits_as_long_as_it_is_told(shop, entrepot):
    quota = entrepot.quota("bonsai", 1, window=30)
    shop.products(MUG[0])
    before = entrepot.clock.freeze()
    assert shop.products(MUG[0])
    assert quota.refused == 1
    assert timedelta(0) < entrepot.clock.now() - before <= timedelta(seconds=30)


def test_a_busy_shop_takes_the_order_a_little_later(shop, entrepot):
    entrepot.fail("rule:PlaceOrder", "busy", delay=5)
    assert shop.place(order())
    assert [each.status for each in entrepot.requests(operation="submit")] == [503, 200]


def test_a_database_that_stays_away_is_told(shop, entrepot):
    entrepot.fail("connection:reads", "refuse", times=3)
    with pytest.raises(BonsaiError, match="SERVICE_UNAVAILABLE"):
        shop.products(MUG[0])


def test_an_order_that_nobody_pays_is_given_up_after_a_day(shop, entrepot):
    recorded = shop.record(LATER)
    entrepot.clock.advance(timedelta(hours=25))
    entrepot.wait_until_idle()
    payment = order(token="late")["payment"]
    with pytest.raises(BonsaiError) as refused:
        shop.pay(recorded, payment)
    assert (refused.value.status, refused.value.codes) == (400, ["BAD_REQUEST"])


def test_the_last_scarf_goes_to_one_of_two(shop, entrepot):
    shop.place(order(product=SCARF, quantity=2))
    entrepot.snapshot("one-scarf-left")
    for buyer in ("ada", "ben"):
        assert shop.place(order(product=SCARF, name=buyer, token=buyer))
        with pytest.raises(BonsaiError, match="OUT_OF_STOCK"):
            shop.place(order(product=SCARF, name="too-late", token="too-late"))
        entrepot.restore("one-scarf-left")


def test_why_an_order_was_refused(shop, entrepot):
    with pytest.raises(BonsaiError):
        shop.place(order(product=SCARF, quantity=4))
    (why,) = entrepot.explain(shop.last_request_id)["refusals"]
    assert why["failure"] == "not-enough-stock"
    assert {row["columns"]["available"] for row in why["rows"]} == {2, 1}
