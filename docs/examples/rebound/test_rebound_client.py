"""How a client of ReBound's Order API is tested: orders that were sold elsewhere, and parcels that come back."""

import json
from contextlib import closing
from datetime import timedelta

import httpx
import pytest
from rebound_client import Rebound, ReboundError

from entrepot.testing import running

TOKEN_LASTS = timedelta(minutes=30)
SECRET = "what the listener and its sender know"
WORLD = """
sandbox = true

[workspaces.north.channels.returns]
door = "rebound"
keys = {{ client = "demo-returns:demo-returns-secret" }}
[workspaces.north.channels.returns.settings]
stock = "record"
currency = "CAD"
listeners.ours = {{ url = "{url}", secret = "{secret}", events = ["tracking", "refund"] }}
door.flows."" = {{ country = "CA", parcel_type = "STANDARD", parcel_types.CA = ["STANDARD"], refund = "instant" }}
"""


def order(name="AB1", **changes):
    return {
        "clientOrderId": name,
        "clientOrderCreatedDate": "2026-05-01T09:30:00Z",
        "parcelType": "STANDARD",
        "customerAddress": {
            "firstName": "Ada",
            "lastName": "Example",
            "addressLine1": "1 Front Street",
            "city": "Toronto",
            "state": "ON",
            "postalCode": "M5J 2N1",
            "countryCode": "CA",
        },
        "salesItems": [
            {"clientItemId": "I-1", "sku": "SHIRT", "quantity": 2, "price": 29.95, "currency": "CAD"}
        ],
        **changes,
    }


def client_of(entrepot, account):
    """A client to test. Where it would wait, the sandbox's clock is put forward."""
    return closing(
        Rebound(
            entrepot.url("rebound"),
            entrepot.keys["north"][account]["client"],
            sleep=lambda seconds: entrepot.clock.advance(timedelta(seconds=seconds)),
        )
    )


@pytest.fixture
def retailer(entrepot):
    with client_of(entrepot, "returns") as client:
        yield client


def buyer_sends_back(entrepot, name, quantity):
    """What happens at the returns portal; the return's number."""
    body = {"order": name, "items": [{"line": 1, "quantity": quantity, "reason": "Too large"}]}
    reply = httpx.post(f"{entrepot.base_url}/sandbox/returns?workspace=north", json=body)
    return reply.raise_for_status().json()["return"]


def carrier_takes_it(entrepot, number):
    url = f"{entrepot.base_url}/sandbox/returns/{number}/advance?workspace=north"
    httpx.post(url, json={"to": "in_transit"}).raise_for_status()


def test_an_order_is_registered_with_its_label(retailer):
    registered = retailer.register(order())
    assert (registered["status"], registered["returnLabel"]["carrier"] != "") == ("CREATED", True)
    assert retailer.get(registered["salesOrderId"])["clientOrderId"] == "AB1"


@pytest.mark.parametrize(
    "wrong",
    [
        {"clientOrderId": None},
        {"parcelType": "PALLET"},
        {"salesItems": [{"clientItemId": "I-1"}, {"clientItemId": "I-1"}]},
        {"salesItems": [{"clientItemId": "I-1", "quantity": 0}]},
    ],
    ids=["no name", "no pallets", "an item twice", "none of it"],
)
def test_an_order_that_is_not_right(retailer, wrong):
    with pytest.raises(ReboundError) as refused:
        retailer.register(order(**wrong))
    assert (refused.value.status, refused.value.code) == (400, "OS0003")


@pytest.mark.parametrize(
    ("account", "code"), [("labels-down", "OS0002"), ("hub-down", "OS0004"), ("hub-full", "OS0004")]
)
def test_a_service_behind_it_that_fails(entrepot, account, code):
    with client_of(entrepot, account) as client, pytest.raises(ReboundError) as refused:
        client.register(order())
    assert (refused.value.status, refused.value.code) == (502, code)


def test_a_label_that_was_made_in_vain_leaves_no_order(retailer, entrepot):
    entrepot.fail("labels.make", "drop")
    with pytest.raises(ReboundError, match="OS0002"):
        retailer.register(order())
    assert retailer.find("AB1") == []
    assert retailer.register(order())["status"] == "CREATED"


def test_another_retailers_order(retailer, entrepot):
    registered = retailer.register(order())
    with client_of(entrepot, "returns-other") as other, pytest.raises(ReboundError) as refused:
        other.get(registered["salesOrderId"])
    assert (refused.value.status, refused.value.code) == (403, "OS0005")


@pytest.mark.parametrize("kind", ["refuse", "drop", "half", "length", "garbage"])
def test_whatever_becomes_of_the_line_the_order_is_there_once(retailer, entrepot, kind):
    entrepot.fail("line:rebound", kind, path="/sales-orders")
    registered = retailer.register(order())
    assert [each["salesOrderId"] for each in retailer.find("AB1")] == [registered["salesOrderId"]]
    entrepot.requests.expect(1, operation="create", outcome="ok")


def test_an_expired_token_is_replaced(retailer, entrepot):
    registered = retailer.register(order())
    entrepot.clock.advance(TOKEN_LASTS + timedelta(seconds=1))
    assert retailer.get(registered["salesOrderId"]) == registered


def test_a_database_that_is_away_is_waited_for(retailer, entrepot):
    retailer.register(order())
    entrepot.fail("connection:reads", "refuse", times=1)
    assert len(retailer.find("AB1")) == 1
    assert [each.status for each in entrepot.requests(operation="list")] == [503, 200]


def test_what_comes_back_is_followed(retailer, entrepot):
    retailer.register(order())
    number = buyer_sends_back(entrepot, "AB1", 1)
    (coming,) = retailer.returns("AB1")
    assert (coming["status"], coming["items"][0]["quantity"]) == ("RETURN_ORDER_CREATED", 1)
    carrier_takes_it(entrepot, number)
    (coming,) = retailer.returns("AB1")
    assert coming["status"] == "ENTERED_NETWORK"


def test_two_ends_of_one_return(retailer, entrepot):
    retailer.register(order())
    entrepot.snapshot("sold")
    for quantity in (1, 2):
        buyer_sends_back(entrepot, "AB1", quantity)
        assert retailer.returns("AB1")[0]["items"][0]["quantity"] == quantity
        entrepot.restore("sold")
    assert retailer.returns("AB1") == []


def test_why_an_order_was_refused(retailer, entrepot):
    retailer.register(order())
    with client_of(entrepot, "hub-full") as other, pytest.raises(ReboundError):
        other.register(order("AB2"))
    (refused,) = entrepot.requests.expect(1, failed=True)
    (why,) = entrepot.explain(refused.request_id)["refusals"]
    assert why["failure"] == refused.outcome


def test_the_refund_is_triggered_when_the_carrier_has_the_parcel(inbox, tmp_path):
    world = tmp_path / "retailer.toml"
    world.write_text(WORLD.format(url=inbox.url, secret=SECRET), "utf-8")
    with running(world) as entrepot, client_of(entrepot, "returns") as retailer:
        retailer.register(order())
        number = buyer_sends_back(entrepot, "AB1", 1)
        opened = inbox.next()
        assert json.loads(opened.body)["milestone"] == "Return Order Created"
        carrier_takes_it(entrepot, number)
        told = [inbox.next(), inbox.next()]
        assert all(each.is_signed_with(SECRET) for each in (opened, *told))
        (refund,) = [body["order"] for each in told if "milestone" not in (body := json.loads(each.body))]
        assert [(each["sku"], each["quantity"]) for each in refund["items"]] == [("SHIRT", "1")]
        entrepot.wait_until_idle()
        assert len(entrepot.deliveries("north")) == 3
