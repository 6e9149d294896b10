"""Orders in currencies that Stripe counts in its own way: what it is told is what the order says, or nothing is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest

from entrepot.checks import run_checks
from entrepot.domain.kernel.commands import refused
from entrepot.domain.payments.refund import Refunding
from entrepot.engine import Clock, Engine
from entrepot.engine.clock import real_now
from entrepot.engine.gateways import Gateways
from entrepot.engine.money.refund import Refunds, refund_order
from entrepot.failures.payments import AmountNotRefundable
from entrepot.store.connections import connect_engine, read_pool, write_pool
from tests.conformance.harness import Client
from tests.conformance.harness.fixtures import OpenShop, OpenWebshop
from tests.conformance.harness.world import Edits
from tests.conformance.textalk_buying import BY_CARD, BY_CARD_LATER, ask, filled_cart
from tests.support.accounts import store_currency
from tests.support.stripe_server import StripeServer
from tests.support.webshop import Webshop


@pytest.fixture
async def stripe() -> AsyncIterator[tuple[StripeServer, str]]:
    server = StripeServer()
    async with server.listening() as url:
        yield server, url


@pytest.fixture
async def refunds(session_database_url: str) -> AsyncIterator[Refunds]:
    """The refunds of an operator's process."""
    reads, books = await read_pool(session_database_url, 2), await write_pool(session_database_url, 2)
    engine = Engine(partial(connect_engine, session_database_url), Clock(), lanes=1)
    gateways = Gateways(books, real_now, private=True)
    await engine.start()
    yield Refunds(engine, reads, gateways)
    await engine.stop()
    await gateways.close()
    await books.close()
    await reads.close()


def cards(url: str) -> dict[str, str]:
    return {"gateway": "stripe", "api_key": "sk_test_platform", "api_base": url}


def boutique(url: str, currency: str, shirt: str, post: str) -> Edits:
    """The boutique sells in one currency, through Stripe."""
    return {
        "channels/shop/settings/cards": cards(url),
        "channels/shop/settings/currency": currency,
        "products/shirt/variants/small/prices": {currency: shirt},
        "webshops/shop/languages": {"en": currency},
        "webshops/shop/delivery/post/zones/0/prices/1000": {currency: post},
    }


async def session_in(shop: Webshop, currency: str) -> str:
    session = await shop.session()
    await shop.connection.execute(
        "update sessions set currency = $2 where workspace = $1", await shop.id(), currency
    )
    return session


async def bought(textalk: Client, shop: Webshop, currency: str, method: int = BY_CARD) -> tuple[int, int]:
    """An order paid by card, and what it came to in minor units."""
    session = await session_in(shop, currency)
    order = await filled_cart(textalk, shop, session, method)
    await ask(textalk, shop, "Order.checkout", order, True, {"token": "tok_visa"}, session=session)
    total = await shop.connection.fetchval(
        "select total from orders where workspace = $1 and id = $2", await shop.id(), order
    )
    return order, total


@pytest.mark.parametrize("method", [BY_CARD, BY_CARD_LATER])
async def test_shillings_are_told_in_hundredths_and_shown_as_shillings(
    textalk: Client,
    open_webshop: OpenWebshop,
    stripe: tuple[StripeServer, str],
    refunds: Refunds,
    method: int,
) -> None:
    """20,000 UGX is `amount=2000000` at Stripe: charged, captured and given back."""
    server, url = stripe
    shop = await open_webshop(boutique(url, "UGX", "9000", "2000"))
    order, total = await bought(textalk, shop, "UGX", method)
    assert total == 20_000
    if method == BY_CARD_LATER:
        payment = await shop.connection.fetchval(
            "select id from payments where workspace = $1", await shop.id()
        )
        await ask(textalk, shop, "Payment.capture", payment, auth=await shop.administrator())
    (intent,) = server.books.intents.values()
    assert (intent["amount"], intent["amount_received"], intent["status"]) == (
        2_000_000,
        2_000_000,
        "succeeded",
    )
    outcome = await refunds.refund(await shop.id(), refund_order(order, "", amount=5_000))
    assert isinstance(outcome, Refunding)
    (given,) = server.books.refunds.values()
    assert (given["amount"], outcome.refund.amount) == (500_000, 5_000)
    assert not await run_checks(shop.connection, await shop.id())


async def test_dinars_that_stripe_cannot_be_told_are_refused_when_the_cart_is_checked_out(
    textalk: Client, open_webshop: OpenWebshop, stripe: tuple[StripeServer, str]
) -> None:
    """Stripe's last digit of a Kuwaiti amount is 0. Nothing is tried or held, and a price that can be told pays."""
    server, url = stripe
    shop = await open_webshop(boutique(url, "KWD", "2.562", "1.000"))
    session = await session_in(shop, "KWD")
    order = await filled_cart(textalk, shop, session)
    checkout = shop.call("Order.checkout", order, True, {"token": "tok_visa"}, session=session)
    reply = await textalk.send(checkout)
    assert reply.json["error"] == {
        "code": 2010,
        "message": "Payment failed",
        "data": "The card provider cannot charge 6.124 KWD.",
    }
    assert dict(reply.headers)["link"] == '</failures/amount-not-chargeable>; rel="help"'
    assert (server.steps, await shop.count("attempts"), await shop.count("holds")) == ([], 0, 0)
    await shop.change({"products/shirt/variants/small/prices/KWD": "2.560"})
    assert (await bought(textalk, shop, "KWD"))[1] == 6_120
    assert [intent["amount"] for intent in server.books.intents.values()] == [6_120]


async def test_a_currency_that_stripe_does_not_charge_is_refused_before_it_is_asked(
    textalk: Client, open_webshop: OpenWebshop, stripe: tuple[StripeServer, str]
) -> None:
    server, url = stripe
    shop = await open_webshop(boutique(url, "IQD", "3000", "1000"))
    session = await session_in(shop, "IQD")
    order = await filled_cart(textalk, shop, session)
    reply = await textalk.send(
        shop.call("Order.checkout", order, True, {"token": "tok_visa"}, session=session)
    )
    assert reply.json["error"]["data"] == "The card provider cannot charge 7000 IQD."
    assert server.steps == []


async def test_a_refund_that_stripe_cannot_be_told_is_refused_and_says_the_step(
    textalk: Client, open_webshop: OpenWebshop, stripe: tuple[StripeServer, str], refunds: Refunds
) -> None:
    server, url = stripe
    shop = await open_webshop(boutique(url, "KWD", "2.560", "1.000"))
    order, _ = await bought(textalk, shop, "KWD")
    outcome = await refunds.refund(await shop.id(), refund_order(order, "", amount=1_234))
    assert outcome == refused(AmountNotRefundable(str(order), "KWD", 1_234, 10))
    assert (server.books.refunds, await shop.count("refunds")) == ({}, 0)
    assert isinstance(await refunds.refund(await shop.id(), refund_order(order, "", amount=1_230)), Refunding)
    assert [given["amount"] for given in server.books.refunds.values()] == [1_230]


def kuwaiti(url: str, price: str, **more: Any) -> Edits:
    """What an account needs whose own currency is the Kuwaiti dinar, which orders get that name none."""
    return {
        "channels/shop/settings/cards": cards(url),
        "products/lamp/prices/KWD": price,
        "merchants/maple/shipping/CA/KWD": "1.000",
        "taxes/rates/CA-ON/rate": "0%",
        **more,
    }


BY_TOKEN: Edits = {"payment": {"method": "credit card", "token": "tok_visa"}}


async def test_bonsai_refuses_what_stripe_cannot_be_told_by_its_payment_method(
    bonsai: Client, open_bonsai_shop: OpenShop, stripe: tuple[StripeServer, str]
) -> None:
    server, url = stripe
    shop = await open_bonsai_shop(kuwaiti(url, "4.124"))
    await store_currency(shop, "KWD")
    reply = await bonsai.send(shop.submit(BY_TOKEN))
    (error,) = reply.json["errors"]
    assert (reply.status, error["code"]) == (400, "PAYMENT_METHOD_NOT_SUPPORTED")
    assert error["detail"] == {"paymentMethod": "credit card"}
    assert dict(reply.headers)["link"] == '</failures/amount-not-chargeable>; rel="help"'
    assert server.steps == []
    await shop.change({"products/lamp/prices/KWD": "4.120"})
    await store_currency(shop, "KWD")
    assert (await bonsai.send(shop.submit(BY_TOKEN))).status == 200
    assert [intent["amount"] for intent in server.books.intents.values()] == [5_120]


async def test_what_a_merchant_is_due_must_be_told_too(
    bonsai: Client, open_bonsai_shop: OpenShop, stripe: tuple[StripeServer, str]
) -> None:
    """Taxes make the charge a multiple of ten, but not the merchant's share, which is goods and shipping."""
    server, url = stripe
    merchant = {"integration": "shopify", "payout_account": "acct_ready"}
    edits = {f"merchants/maple/{name}": value for name, value in merchant.items()}
    shop = await open_bonsai_shop(
        kuwaiti(url, "4.096", **edits, **{"taxes/rates/CA-ON": {"rate": "25%", "shipping_taxed": False}})
    )
    await store_currency(shop, "KWD")
    reply = await bonsai.send(shop.submit(BY_TOKEN))  # 4.096 + 1.024 + 1.000 = 6.120
    assert reply.json["errors"][0]["code"] == "PAYMENT_METHOD_NOT_SUPPORTED"
    assert (server.books.intents, server.books.transfers) == ({}, {})


async def test_the_simulated_bank_charges_any_amount(textalk: Client, open_webshop: OpenWebshop) -> None:
    bank = {"channels/shop/settings/cards": {}, "bank/accounts/shopper/KWD": "100.000"}
    shop = await open_webshop({**boutique("", "KWD", "2.562", "1.000"), **bank})
    assert (await bought(textalk, shop, "KWD"))[1] == 6_124
