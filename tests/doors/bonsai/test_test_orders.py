"""Test orders without a sandbox, where live cards go to a real provider: the built-in one charges them."""

from itertools import count
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from tests.doors.bonsai.shop import US, Shop, line, submission

pytestmark = pytest.mark.asyncio(loop_scope="module")

_numbers = count(1)
CARDS = {"gateway": "stripe", "api_key": "sk_live_nobody", "api_base": "http://127.0.0.1:9"}


@pytest_asyncio.fixture(autouse=True, scope="module", loop_scope="module")
async def _through_stripe(shop: Shop) -> None:
    statement = "update channels set settings = jsonb_set(settings, '{cards}', $1::jsonb) where name = 'own'"
    await shop.execute(statement, msgspec.json.encode(CARDS).decode())


def by_card(token: str, method: str = "credit card", **more: Any) -> dict[str, Any]:
    return submission(line("mug", 101)) | {"payment": {"method": method, "token": token}} | more


async def submit(shop: Shop, body: dict[str, Any], key: str = "own-test") -> tuple[int, Any]:
    """The status, and the payment's description or what the refusal says."""
    reply = await shop.call("POST", "/orders/V1/submit", key, json=body)
    if reply.status_code == 200:
        return 200, reply.json()["data"]["payment_description"]
    [entry] = reply.json()["errors"]
    return reply.status_code, (entry["code"], entry["detail"]["message"])


@pytest.mark.parametrize("method", ["credit card", "stripe"])
@pytest.mark.parametrize(
    ("token", "description"),
    [
        ("tok_visa", "visa ending in 4242"),
        ("pm_card_visa", "visa ending in 4242"),
        ("tok_mastercard", "mastercard ending in 4444"),
        ("pm_card_amex", "amex ending in 0005"),
    ],
)
async def test_a_test_token_pays_without_money_and_without_stock(
    shop: Shop, token: str, description: str, method: str
) -> None:
    stock = await shop.connection.fetch("select * from stock order by 1, 2, 3")
    body = by_card(f"{token}_{next(_numbers)}", method)
    assert await submit(shop, body) == (200, description)
    assert await shop.connection.fetch("select * from stock order by 1, 2, 3") == stock
    for table in ("holds", "bank_funds", "bank_accounts", "bank_cards", "outbox", "invoice_lines"):
        assert await shop.rows(table) == 0, table


@pytest.mark.parametrize(
    ("token", "said"),
    [
        ("tok_chargeDeclined", (402, ("PAYMENT_REQUIRED", "Your card was declined."))),
        ("pm_card_visa_chargeDeclined", (402, ("PAYMENT_REQUIRED", "Your card was declined."))),
        (
            "tok_visa_chargeDeclinedInsufficientFunds",
            (402, ("PAYMENT_REQUIRED", "Your card has insufficient funds.")),
        ),
        ("tok_visa_chargeDeclinedLostCard", (402, ("PAYMENT_REQUIRED", "Your card was declined."))),
        ("tok_chargeDeclinedExpiredCard", (402, ("PAYMENT_REQUIRED", "Your card has expired."))),
        ("tok_threeDSecure2Required", (402, ("PAYMENT_REQUIRED", "Your card requires authentication."))),
        ("tok_nobody", (500, ("STRIPE_ERROR", "No such token: '<redacted>'"))),
    ],
)
async def test_a_test_card_is_refused_as_its_maker_says(
    shop: Shop, token: str, said: tuple[int, Any]
) -> None:
    before = await shop.rows("orders")
    assert await submit(shop, by_card(token)) == said
    assert await shop.rows("orders") == before


async def test_a_test_token_pays_for_one_order_only(shop: Shop) -> None:
    assert (await submit(shop, by_card("tok_visa")))[0] == 200
    used = (402, ("PAYMENT_REQUIRED", "The payment token has already been used."))
    assert await submit(shop, by_card("tok_visa")) == used


async def test_a_shopper_called_bonsai_test_pays_by_test_token_with_a_live_key(shop: Shop) -> None:
    named = {**US, "first_name": " BONSAI ", "last_name": "test"}
    body = by_card(f"tok_visa_{next(_numbers)}", shipping_address=named)
    assert await submit(shop, body, "own-live") == (200, "visa ending in 4242")


async def test_a_live_order_takes_no_test_token(shop: Shop) -> None:
    said = await submit(shop, by_card(f"tok_visa_{next(_numbers)}"), "own-live")
    assert said == (500, ("STRIPE_ERROR", "An error occurred while communicating with Stripe"))


async def test_a_pending_test_order_is_paid_by_test_token(shop: Shop) -> None:
    body = {
        "customer": {"email": "ann@example.com"},
        "products": [{"id": line("mug", 101)["public_id"], "variantId": "101", "quantity": 1}],
        "shippingAddress": {
            "firstName": "Ann",
            "lastName": "Lee",
            **{name: US[name] for name in ("address1", "city", "country", "province", "zip")},
        },
        "payment": {"method": "stripe"},
    }
    order = await shop.data("POST", "/orders/v2/submit", "own-test", json=body)
    payment = {"method": "stripe", "token": f"pm_card_visa_{next(_numbers)}"}
    path = f"/orders/v2/{order['id']}/payment"
    paid = await shop.data("POST", path, "own-test", json=payment)
    assert paid["fulfillmentStatus"] == "payment successful"


async def test_checkout_gives_test_orders_no_secret_that_no_browser_could_confirm(shop: Shop) -> None:
    wish = {"paymentMethod": "stripe", "requestPaymentIntent": True}
    body = {"products": [line("mug", 101)], "shipping_address": US, "payment": wish}
    reply = (await shop.call("POST", "/orders/checkout", "own-test", json=body)).json()
    assert "payment" not in reply["data"]
    [entry] = reply["errors"]
    assert (entry["code"], entry["detail"]) == (
        "STRIPE_ERROR",
        "Test orders take test tokens, and no payment intents of a browser: submit one of them.",
    )
