"""Charges that checkout prepared for a shopper's browser: only what the browser confirmed pays an order."""

import pytest

from tests.conformance.bonsai import Shop
from tests.conformance.harness import Client, Reply, Request
from tests.conformance.harness.fixtures import OpenShop
from tests.engine.test_double_submit import WORLD
from tests.engine.test_lost_answers import taken, through
from tests.support.stripe_server import StripeServer

TOTAL = 2825
WISH = {"paymentMethod": "stripe", "requestPaymentIntent": True}


async def prepared(bonsai: Client, shop: Shop) -> str:
    """The intent whose secret a checkout gave."""
    address = shop.submit().body["shipping_address"]
    body = {"products": [shop.line("lamp", 101)], "shipping_address": address, "payment": WISH}
    reply = await bonsai.send(Request("POST", "/bonsai/orders/checkout", body, {"API-Key": shop.key()}))
    return reply.json["data"]["payment"]["clientSecret"].partition("_secret_")[0]


def paying_with(shop: Shop, intent: str) -> Request:
    return shop.submit({"payment": {"method": "stripe", "token": intent, "currency": "CAD"}})


def refusal(reply: Reply) -> tuple[int, str, str]:
    [entry] = reply.json["errors"]
    return reply.status, entry["code"], entry["detail"]["message"]


@pytest.mark.parametrize("state", ["requires_payment_method", "requires_confirmation", "requires_action"])
async def test_intent_that_is_not_confirmed_is_refused_and_left_to_the_shopper(
    bonsai: Client, open_bonsai_shop: OpenShop, state: str
) -> None:
    stripe = StripeServer()
    async with stripe.listening() as url:
        shop = await through(open_bonsai_shop, url)
        intent = await prepared(bonsai, shop)
        stripe.books.intents[intent]["status"] = state
        status, code, message = refusal(await bonsai.send(paying_with(shop, intent)))
        assert (status, code) == (402, "PAYMENT_REQUIRED")
        assert message == (
            "Your card requires authentication."
            if state == "requires_action"
            else "The payment intent has not been confirmed."
        )
        assert stripe.books.intents[intent]["status"] == state
        assert not {"confirm", "cancel"} & set(stripe.steps)
        stripe.books.confirm(intent, {"payment_method": "pm_card_visa"})
        reply = await bonsai.send(paying_with(shop, intent))
        await shop.assert_placed(reply)
        assert taken(stripe) == [TOTAL]


async def test_intent_that_is_canceled_is_refused(bonsai: Client, open_bonsai_shop: OpenShop) -> None:
    stripe = StripeServer()
    async with stripe.listening() as url:
        shop = await through(open_bonsai_shop, url)
        intent = await prepared(bonsai, shop)
        stripe.books.cancel(intent)
        reply = await bonsai.send(paying_with(shop, intent))
        assert refusal(reply) == (402, "PAYMENT_REQUIRED", "The payment intent has been canceled.")


async def test_unconfirmed_intent_at_the_bank_is_refused_and_left(
    bonsai: Client, open_bonsai_shop: OpenShop
) -> None:
    shop = await open_bonsai_shop(WORLD)
    intent = await prepared(bonsai, shop)
    reply = await bonsai.send(paying_with(shop, intent))
    assert refusal(reply) == (402, "PAYMENT_REQUIRED", "The payment intent has not been confirmed.")
    status = "select status from bank_intents where workspace = $1"
    assert await shop.connection.fetchval(status, await shop.id()) == "requires_payment_method"


async def test_intent_whose_captures_answer_was_lost_pays_its_order(
    bonsai: Client, open_bonsai_shop: OpenShop
) -> None:
    stripe = StripeServer()
    async with stripe.listening() as url:
        shop = await through(open_bonsai_shop, url)
        intent = await prepared(bonsai, shop)
        stripe.books.confirm(intent, {"payment_method": "pm_card_visa"})
        stripe.fail("capture", "drop", acts=True)
        await shop.assert_placed(await bonsai.send(paying_with(shop, intent)))
        assert taken(stripe) == [TOTAL]
