"""How a client of DataMingle's partner API is tested: keys that expire, pages, throttling, a partner's own words."""

from contextlib import closing
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from datamingle_client import DataMingle, DataMingleError


def order(number="T-1", sku="mug", quantity=1):
    return {"order_number": number, "items": [{"sku_code": sku, "quantity": quantity}]}


def client_of(entrepot, account, key="main"):
    """A client to test. Where it would wait, the sandbox's clock is put forward."""
    return closing(
        DataMingle(
            entrepot.url("datamingle"),
            entrepot.keys["north"][account][key],
            sleep=lambda seconds: entrepot.clock.advance(timedelta(seconds=seconds)),
        )
    )


@pytest.fixture
def partner(entrepot):
    with client_of(entrepot, "plain") as client:
        yield client


def ship(entrepot, number):
    url = f"{entrepot.base_url}/sandbox/orders/{number}/ship?workspace=north"
    httpx.post(url, json={}).raise_for_status()


def test_an_order_is_taken(partner):
    assert partner.take(order())["status"] == "pending"
    assert partner.order("T-1")["items"][0]["sku_code"] == "mug"


def test_what_is_not_there_is_owed(partner):
    assert partner.take(order(sku="candle", quantity=5))["status"] == "pending"


@pytest.mark.parametrize(
    ("wrong", "status", "code", "fields"),
    [
        ({"order_number": "T-1", "items": []}, 400, "VALIDATION_ERROR", ["items"]),
        (order(sku="NONEXISTENT"), 400, "SERVICE_ERROR", []),
        (order() | {"due_date": "05/01/2026"}, 400, "VALIDATION_ERROR", ["due_date"]),
    ],
    ids=["nothing ordered", "no such product", "no date"],
)
def test_an_order_that_is_not_right(partner, wrong, status, code, fields):
    with pytest.raises(DataMingleError) as refused:
        partner.take(wrong)
    assert (refused.value.status, refused.value.code) == (status, code)
    assert refused.value.fields == fields


def test_a_number_that_another_order_has(partner):
    partner.take(order())
    with pytest.raises(DataMingleError) as refused:
        partner.take(order())
    assert refused.value.fields == ["order_number"]


@pytest.mark.parametrize("kind", ["refuse", "drop", "half", "length", "garbage"])
def test_whatever_becomes_of_the_line_the_order_is_taken_once(partner, entrepot, kind):
    entrepot.fail("line:datamingle", kind)
    assert partner.take(order())["order_number"] == "T-1"
    assert [each["order_number"] for each in partner.orders()] == ["T-1"]


@pytest.mark.parametrize(
    ("account", "key", "status", "text"),
    [
        ("plain", "suspended", 401, "Invalid API key"),
        ("plain", "expired", 401, "API key has expired"),
        ("plain", "reader", 403, "You do not have permission to perform this action."),
        ("closed", "main", 403, "Integration partner is deactivated."),
        ("unlinked", "main", 403, "No integration partner is linked to this API key."),
    ],
)
def test_a_key_that_does_not_let_it_order(entrepot, account, key, status, text):
    with client_of(entrepot, account, key) as client, pytest.raises(DataMingleError) as refused:
        client.take(order())
    assert (refused.value.status, refused.value.text) == (status, text)


def test_a_key_is_good_until_its_time_is_over(entrepot):
    entrepot.clock.set(datetime(2025, 12, 31, 23, tzinfo=UTC))
    with client_of(entrepot, "plain", "expired") as partner:
        partner.take(order())
        entrepot.clock.advance(timedelta(hours=1))
        with pytest.raises(DataMingleError, match="API key has expired"):
            partner.order("T-1")


def test_a_throttled_client_comes_back_when_it_may(partner, entrepot):
    quota = entrepot.quota("datamingle", 2, window=60, per="key")
    for number in range(3):
        partner.take(order(f"T-{number}"))
    assert quota.refused == 1


def test_all_orders_come_page_by_page(partner):
    for number in range(5):
        partner.take(order(f"T-{number}"))
    numbers = [each["order_number"] for each in partner.orders(page=2)]
    assert numbers == ["T-4", "T-3", "T-2", "T-1", "T-0"]


def test_what_was_shipped_is_not_cancelled(partner, entrepot):
    for number in ("T-1", "T-2"):
        partner.take(order(number))
    partner.cancel("T-1", "changed her mind")
    assert partner.order("T-1")["status"] == "cancelled"
    ship(entrepot, "T-2")
    with pytest.raises(DataMingleError, match="already shipped"):
        partner.cancel("T-2", "too late")


def test_a_partner_hears_of_its_own_names(entrepot):
    with client_of(entrepot, "acme-erp") as erp, pytest.raises(DataMingleError) as refused:
        erp.take({"order_number": "", "Details": [{"InventoryID": "mug"}]})
    assert "Details[0].OrderQty" in refused.value.fields


def test_a_code_that_another_location_has(partner):
    partner.add_location("A-1")
    with pytest.raises(DataMingleError) as refused:
        partner.add_location("A-1")
    assert (refused.value.status, refused.value.code) == (409, "DUPLICATE")


def test_a_service_that_breaks_is_told_and_works_again(partner, entrepot):
    entrepot.fail("rule:TakeOrder")
    with pytest.raises(DataMingleError, match="INTERNAL_ERROR"):
        partner.take(order())
    assert partner.take(order())


def test_a_database_that_is_away_is_waited_for(partner, entrepot):
    entrepot.fail("connection:reads", "refuse")
    assert list(partner.orders()) == []
    assert [each.status for each in entrepot.requests(door="datamingle")] == [503, 200]


def test_two_ends_of_one_order(partner, entrepot):
    partner.take(order())
    entrepot.snapshot("taken")
    partner.cancel("T-1", "changed her mind")
    entrepot.restore("taken")
    ship(entrepot, "T-1")
    assert partner.order("T-1")["status"] == "shipped"


def test_why_an_order_was_refused(partner, entrepot):
    with pytest.raises(DataMingleError):
        partner.take(order(sku="NONEXISTENT"))
    (refused,) = entrepot.requests.expect(1, failed=True)
    (why,) = entrepot.explain(refused.request_id)["refusals"]
    assert why["failure"] == refused.outcome
