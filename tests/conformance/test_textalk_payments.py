"""The documented refusals of money at the Textalk door, each proven by a payment or a provider that truly refuses."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any, cast

import pytest

from entrepot.engine.clock import real_now
from entrepot.gateways.cards.bank import BankCards
from entrepot.gateways.cards.port import Intent
from entrepot.store.connections import Pool, write_pool
from tests.conformance.harness import Client, Prove, Reply
from tests.conformance.harness.fixtures import OpenWebshop
from tests.conformance.harness.proof import assert_same
from tests.conformance.textalk import refusal
from tests.conformance.textalk_buying import BY_INVOICE, ask, filled_cart, placed_order, reserved_order
from tests.support.webshop import Webshop

FUNDS, PRICE = 10_000_000, 747
QUERY = ["status", "refunded"]
WEEK, HALF_A_YEAR = timedelta(days=7), timedelta(days=180)
Check = Callable[[Reply], Awaitable[None]]


@pytest.fixture
async def books(session_database_url: str) -> AsyncIterator[Pool]:
    """The bank's own connections: what its customers do there, nobody here hears of."""
    pool = await write_pool(session_database_url, 1)
    yield pool
    await pool.close()


def stands(shop: Webshop, status: str, refunded: float = 0, *, left: int) -> Check:
    """The payment is as asked for, and the shopper has so much left, of which nothing is reserved."""

    async def check(reply: Reply) -> None:
        assert_same(reply.json["result"], {"status": status, "refunded": as_json(refunded)})
        assert await funds(shop) == (left, 0)

    return check


def as_json(amount: float) -> int | Decimal:
    return int(amount) if amount == int(amount) else Decimal(str(amount))


async def funds(shop: Webshop) -> tuple[int, int]:
    query = "select balance, reserved from bank_funds where workspace = $1 and currency = 'SEK'"
    return tuple(await shop.connection.fetchrow(query, await shop.id()))


@pytest.mark.row("textalk.2010")
async def test_the_provider_declines_at_checkout(
    prove: Prove, textalk: Client, open_webshop: OpenWebshop
) -> None:
    shop = await open_webshop()
    session = await shop.session()
    order = await filled_cart(textalk, shop, session)

    async def is_paid(reply: Reply) -> None:
        assert reply.json["result"] == {"paymentStatus": "paid"}
        assert await funds(shop) == (FUNDS - PRICE * 100, 0)

    def checkout(token: str) -> Any:
        return shop.call("Order.checkout", order, "paymentStatus", {"token": token}, session=session)

    await prove(
        checkout("tok_declined"),
        refusal(2010, "Payment failed", "Your card was declined.", page="payment-declined"),
        mend=checkout("tok_visa"),
        effect=is_paid,
    )


@pytest.mark.row("textalk.2010")
async def test_a_token_that_paid_before_is_refused(
    prove: Prove, textalk: Client, open_webshop: OpenWebshop
) -> None:
    shop = await open_webshop()
    await placed_order(textalk, shop)
    session = await shop.session()
    order = await filled_cart(textalk, shop, session)

    async def is_placed(reply: Reply) -> None:
        assert reply.json["result"] == {"uid": order}
        assert await funds(shop) == (FUNDS - 2 * PRICE * 100, 0)

    await prove(
        shop.call("Order.checkout", order, "uid", {"token": "tok_visa"}, session=session),
        refusal(2010, "Payment failed", "The payment token has already been used.", page="payment-declined"),
        mend=shop.call("Order.checkout", order, "uid", {"token": "tok_visa_2"}, session=session),
        effect=is_placed,
    )


@pytest.mark.row("textalk.2010")
async def test_a_reservation_that_lapsed_is_not_captured(
    prove: Prove, textalk: Client, open_webshop: OpenWebshop
) -> None:
    shop = await open_webshop()
    admin, (_, payment, _) = await shop.administrator(), await reserved_order(textalk, shop)
    await shop.age("bank_intents", "authorised_until", WEEK)
    await prove(
        shop.call("Payment.capture", payment, QUERY, auth=admin),
        refusal(
            2010, "Payment failed", "The authorization of this charge has expired.", page="payment-declined"
        ),
        mend=lambda: shop.age("bank_intents", "authorised_until", -WEEK),
        effect=stands(shop, "paid", left=FUNDS - PRICE * 100),
    )


@pytest.mark.row("textalk.2060")
async def test_a_reservation_that_lapsed_is_not_let_go(
    prove: Prove, textalk: Client, open_webshop: OpenWebshop
) -> None:
    shop = await open_webshop()
    admin, (_, payment, _) = await shop.administrator(), await reserved_order(textalk, shop)
    await shop.age("bank_intents", "authorised_until", WEEK)
    await prove(
        shop.call("Payment.cancel", payment, QUERY, auth=admin),
        refusal(2060, "Payment cancellation failed", page="payment-cancel-refused"),
        mend=lambda: shop.age("bank_intents", "authorised_until", -WEEK),
        effect=stands(shop, "cancelled", left=FUNDS),
    )


@pytest.mark.row("textalk.2060")
async def test_what_was_collected_at_the_bank_is_not_let_go(
    prove: Prove, textalk: Client, open_webshop: OpenWebshop, books: Pool
) -> None:
    shop = await open_webshop()
    admin, (_, payment, _) = await shop.administrator(), await reserved_order(textalk, shop)
    intent = await shop.connection.fetchval(
        "select reference from payments where workspace = $1", await shop.id()
    )
    bank = BankCards(cast("Any", books), await shop.id(), real_now)
    assert isinstance(await bank.capture(intent), Intent)
    await prove(
        shop.call("Payment.cancel", payment, QUERY, auth=admin),
        refusal(2060, "Payment cancellation failed", page="payment-cancel-refused"),
        mend=shop.call("Payment.capture", payment, QUERY, auth=admin),
        effect=stands(shop, "paid", left=FUNDS - PRICE * 100),
    )


@pytest.mark.row("textalk.2061")
async def test_a_charge_that_was_paid_out_is_not_given_back(
    prove: Prove, textalk: Client, open_webshop: OpenWebshop
) -> None:
    shop = await open_webshop()
    admin, (_, payment, _) = await shop.administrator(), await placed_order(textalk, shop)
    await shop.age("bank_intents", "refundable_until", HALF_A_YEAR)
    await prove(
        shop.call("Payment.refund", payment, None, QUERY, auth=admin),
        refusal(2061, "Payment refunding failed", page="refund-refused"),
        mend=lambda: shop.age("bank_intents", "refundable_until", -HALF_A_YEAR),
        effect=stands(shop, "paid", PRICE, left=FUNDS),
    )


@pytest.mark.row("textalk.2062")
async def test_a_payment_that_is_paid_is_not_cancelled(
    prove: Prove, textalk: Client, open_webshop: OpenWebshop
) -> None:
    shop = await open_webshop()
    admin, (_, paid, _) = await shop.administrator(), await placed_order(textalk, shop)
    _, reserved, _ = await reserved_order(textalk, shop, "tok_visa_2")
    await prove(
        shop.call("Payment.cancel", paid, QUERY, auth=admin),
        refusal(2062, "Payment can not be cancelled", page="payment-not-cancellable"),
        mend=shop.call("Payment.cancel", reserved, QUERY, auth=admin),
        effect=stands(shop, "cancelled", left=FUNDS - PRICE * 100),
    )


@pytest.mark.row("textalk.2062")
async def test_an_invoice_that_is_paid_is_not_cancelled(
    prove: Prove, textalk: Client, open_webshop: OpenWebshop
) -> None:
    shop = await open_webshop()
    admin, (_, payment, _) = await shop.administrator(), await placed_order(textalk, shop, BY_INVOICE)
    await ask(textalk, shop, "Payment.capture", payment, auth=admin)
    await prove(
        shop.call("Payment.cancel", payment, QUERY, auth=admin),
        refusal(2062, "Payment can not be cancelled", page="payment-not-cancellable"),
        mend=lambda: ask(textalk, shop, "Payment.set", payment, {"status": "unpaid"}, auth=admin),
        effect=stands(shop, "cancelled", left=FUNDS),
    )


@pytest.mark.row("textalk.2063")
@pytest.mark.parametrize("first_paid_by", ["invoice", "card"])
async def test_what_is_not_paid_is_not_given_back(
    prove: Prove, textalk: Client, open_webshop: OpenWebshop, first_paid_by: str
) -> None:
    shop = await open_webshop()
    admin, by_card = await shop.administrator(), first_paid_by == "card"
    order = await (reserved_order(textalk, shop) if by_card else placed_order(textalk, shop, BY_INVOICE))
    _, payment, amount = order
    await prove(
        shop.call("Payment.refund", payment, None, QUERY, auth=admin),
        refusal(2063, "Payment can not be refunded", page="nothing-to-refund"),
        mend=lambda: ask(textalk, shop, "Payment.capture", payment, auth=admin),
        effect=stands(shop, "paid", amount / 100, left=FUNDS),
    )


@pytest.mark.row("textalk.2063")
async def test_no_more_than_is_left_is_given_back(
    prove: Prove, textalk: Client, open_webshop: OpenWebshop
) -> None:
    shop = await open_webshop()
    admin, (_, payment, _) = await shop.administrator(), await placed_order(textalk, shop)
    part = await ask(textalk, shop, "Payment.refund", payment, 100.5, QUERY, auth=admin)
    assert part == {"status": "paid", "refunded": Decimal("100.5")}
    await prove(
        shop.call("Payment.refund", payment, 647, QUERY, auth=admin),
        refusal(2063, "Payment can not be refunded", page="refund-too-large"),
        mend=shop.call("Payment.refund", payment, 646.5, QUERY, auth=admin),
        effect=stands(shop, "paid", PRICE, left=FUNDS),
    )


@pytest.mark.row("textalk.2063")
async def test_what_was_given_back_is_not_given_back_again(
    prove: Prove, textalk: Client, open_webshop: OpenWebshop
) -> None:
    shop = await open_webshop()
    admin, (_, payment, _) = await shop.administrator(), await placed_order(textalk, shop)
    _, other, _ = await placed_order(textalk, shop, token="tok_visa_2")
    await ask(textalk, shop, "Payment.refund", payment, auth=admin)
    await prove(
        shop.call("Payment.refund", payment, None, QUERY, auth=admin),
        refusal(2063, "Payment can not be refunded", page="nothing-to-refund"),
        mend=shop.call("Payment.refund", other, None, QUERY, auth=admin),
        effect=stands(shop, "paid", PRICE, left=FUNDS),
    )
