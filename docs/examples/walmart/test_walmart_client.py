"""How a client of Walmart's MCS API is tested: a warehouse that ships when the clock says so."""

from contextlib import closing
from datetime import timedelta

import httpx
import pytest
from walmart_client import Walmart, WalmartError

STOREFRONT = "b4b7de78-78ab-479f-a034-89f9f3324406"
CONTACT = {
    "name": {"firstName": "Ada", "lastName": "Lovelace"},
    "phone": "4155550100",
    "email": "ada@example.com",
}
SHIP_TO = {
    "contact": CONTACT,
    "address": {
        "line1": "100 Main St",
        "city": "San Francisco",
        "state": "CA",
        "country": "USA",
        "zip": "94103",
    },
}
TOKEN_LASTS = timedelta(seconds=900)


@pytest.fixture
def seller(entrepot):
    """The client under test. Where it would wait, the sandbox's clock is put forward."""
    with closing(
        Walmart(
            entrepot.url("walmart"),
            entrepot.keys["north"]["mcs"]["client"],
            STOREFRONT,
            sleep=lambda seconds: entrepot.clock.advance(timedelta(seconds=seconds)),
        )
    ) as client:
        yield client


def deliver(entrepot, number):
    """What the warehouse and its carrier do."""
    url = f"{entrepot.base_url}/sandbox/orders/{number}/deliver?workspace=north"
    httpx.post(url, json={}).raise_for_status()


def test_an_order_is_taken(seller):
    seller.order("SO1", "mug", 2, SHIP_TO)
    status = seller.status("SO1")
    assert status["orderStatus"] == "NEW"
    assert [each["sku"] for each in status["orderItems"]] == ["mug"]


@pytest.mark.parametrize(
    ("sku", "quantity"), [("candle", 1), ("scarf", 4), ("kettle", 1), ("nothing", 1), ("mug", 0)]
)
def test_an_order_that_the_warehouse_cannot_take(seller, sku, quantity):
    with pytest.raises(WalmartError) as refused:
        seller.order("SO1", sku, quantity, SHIP_TO)
    assert (refused.value.status, refused.value.code) == (400, "INVALID_MCS_REQUEST")


def test_a_number_that_another_order_has(seller):
    seller.order("SO1", "mug", 2, SHIP_TO)
    with pytest.raises(WalmartError, match="INVALID_MCS_REQUEST"):
        seller.order("SO1", "mug", 3, SHIP_TO)


@pytest.mark.parametrize("kind", ["refuse", "drop", "half", "length", "garbage"])
def test_whatever_becomes_of_the_line_the_order_is_taken_once(seller, entrepot, kind):
    entrepot.fail("line:walmart", kind, path="/v3/fulfillment")
    seller.order("SO1", "scarf", 2, SHIP_TO)
    assert seller.status("SO1")["orderStatus"] == "NEW"
    seller.order("SO2", "scarf", 1, SHIP_TO)  # the last of three


def test_an_expired_token_is_replaced(seller, entrepot):
    seller.order("SO1", "mug", 1, SHIP_TO)
    entrepot.clock.advance(TOKEN_LASTS + timedelta(seconds=1))
    assert seller.status("SO1")["orderStatus"]
    entrepot.requests.expect(1, door="walmart", outcome="unauthenticated")


def test_the_client_keeps_to_the_threshold(seller, entrepot):
    quota = entrepot.quota("walmart", 2, window=60, per="key", path="/v3/fulfillment")
    for number in range(3):
        seller.order(f"SO{number}", "mug", 1, SHIP_TO)
    assert quota.refused == 1


def test_an_order_is_delivered_as_time_passes(seller, entrepot):
    seller.order("SO1", "mug", 1, SHIP_TO)
    seen = []
    for minutes in (0, 1, 2, 2):
        entrepot.clock.advance(timedelta(minutes=minutes, seconds=1))
        entrepot.wait_until_idle()
        seen.append(seller.status("SO1")["orderStatus"])
    assert seen == ["NEW", "ACKNOWLEDGED", "SHIPPED", "DELIVERED"]


def test_only_what_has_not_shipped_is_cancelled(seller, entrepot):
    seller.order("SO1", "mug", 2, SHIP_TO)
    seller.cancel("SO1", 1)
    assert seller.status("SO1")["orderStatus"] == "PARTIALLY CANCELLED"
    deliver(entrepot, "SO1")
    with pytest.raises(WalmartError, match="INVALID_WFS_REQUEST"):
        seller.cancel("SO1", 1)


def test_only_what_was_delivered_comes_back(seller, entrepot):
    seller.order("SO1", "mug", 2, SHIP_TO)
    with pytest.raises(WalmartError) as early:
        seller.take_back("SO1", "mug", 1)
    assert early.value.code == "400"
    deliver(entrepot, "SO1")
    assert seller.take_back("SO1", "mug", 1)
    with pytest.raises(WalmartError) as more:
        seller.take_back("SO1", "mug", 2)
    assert more.value.code == "500.509"


def test_a_warehouse_that_breaks_is_told_and_takes_the_order_next_time(seller, entrepot):
    entrepot.fail("rule:TakeOrder")
    with pytest.raises(WalmartError, match="WFS_INTERNAL_SERVER_ERROR"):
        seller.order("SO1", "mug", 1, SHIP_TO)
    seller.order("SO1", "mug", 1, SHIP_TO)


def test_two_ends_of_one_delivered_order(seller, entrepot):
    seller.order("SO1", "mug", 2, SHIP_TO)
    deliver(entrepot, "SO1")
    entrepot.snapshot("delivered")
    first = seller.take_back("SO1", "mug", 2)
    entrepot.restore("delivered")
    assert seller.take_back("SO1", "mug", 2) == first


def test_why_an_order_was_refused(seller, entrepot):
    with pytest.raises(WalmartError):
        seller.order("SO1", "scarf", 4, SHIP_TO)
    (refused,) = entrepot.requests.expect(1, operation="create", failed=True)
    (why,) = entrepot.explain(refused.request_id)["refusals"]
    assert why["failure"] == "not-enough-stock"
