"""Reserved payments against providers that answer, refuse, or fall silent after they have acted."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from entrepot.checks import run_checks
from entrepot.domain.kernel.commands import refused
from entrepot.domain.orders.access import Asker
from entrepot.domain.payments.capture import CancelPayment, CapturePayment, PaymentSet
from entrepot.domain.placing.place import TOKEN_REUSED
from entrepot.engine import Clock, Engine
from entrepot.engine.clock import real_now
from entrepot.engine.gateways import Gateways
from entrepot.engine.money.capture import COLLECTED, Payments
from entrepot.failures.payments import (
    ASK_AGAIN,
    PaymentCancelRefused,
    PaymentDeclined,
    PaymentInDoubt,
    PaymentNotCancellable,
    PaymentNotCapturable,
    PaymentProviderUnreachable,
)
from entrepot.gateways.cards.port import CardGateway, Intent
from entrepot.store.connections import connect_engine, read_pool, write_pool
from tests.conformance.harness import Client
from tests.conformance.harness.fixtures import OpenWebshop
from tests.conformance.textalk_buying import filled_cart, reserved_order
from tests.support.stripe_server import StripeServer
from tests.support.waiting import eventually
from tests.support.webshop import Webshop

FUNDS = 10_000_000
Asked = type[CapturePayment] | type[CancelPayment]


class Office:
    """An operator's process: the running server has its own engine, and the outbox that asks again."""

    def __init__(self, engine: Engine, payments: Payments, gateways: Gateways) -> None:
        self.engine = engine
        self.payments = payments
        self.gateways = gateways

    async def ask(self, shop: Webshop, what: Asked, order: int, payment: int, alone: float = 60) -> Any:
        return await self.payments.ask(await shop.id(), await command(shop, what, order, payment, alone))


async def command(shop: Webshop, what: Asked, order: int, payment: int, alone: float = 60) -> Any:
    until = real_now() + timedelta(seconds=alone)
    return what(asks=Asker(await shop.channel(), "live"), order=order, payment=payment, ask_again_at=until)


@pytest.fixture
async def office(session_database_url: str) -> AsyncIterator[Office]:
    reads, books = await read_pool(session_database_url, 2), await write_pool(session_database_url, 2)
    engine = Engine(partial(connect_engine, session_database_url), Clock(), lanes=1)
    gateways = Gateways(books, real_now, private=True)
    await engine.start()
    yield Office(engine, Payments(engine, reads, gateways), gateways)
    await engine.stop()
    await gateways.close()
    await books.close()
    await reads.close()


async def standing(shop: Webshop) -> tuple[str, str, bool]:
    """The payment's state, the order's, and whether anything is being asked."""
    query = """
    select p.state, o.payment_state, p.asking is not null
      or exists(select from outbox where workspace = $1 and listener like 'payment:%')
    from payments p join orders o on o.workspace = p.workspace and o.id = p."order" where p.workspace = $1
    """
    return tuple(await shop.connection.fetchrow(query, await shop.id()))


async def funds(shop: Webshop) -> tuple[int, int]:
    query = "select balance, reserved from bank_funds where workspace = $1 and currency = 'SEK'"
    return tuple(await shop.connection.fetchrow(query, await shop.id()))


async def test_what_is_reserved_is_taken_once(
    textalk: Client, open_webshop: OpenWebshop, office: Office
) -> None:
    shop = await open_webshop()
    order, payment, amount = await reserved_order(textalk, shop)
    assert await standing(shop) == ("reserved", "reserved", False)
    assert await funds(shop) == (FUNDS, amount)
    workspace, capture = await shop.id(), await command(shop, CapturePayment, order, payment)
    outcomes = await asyncio.gather(*(office.payments.ask(workspace, capture) for _ in range(5)))
    assert any(isinstance(outcome, PaymentSet) for outcome in outcomes)
    assert await standing(shop) == ("paid", "paid", False)
    assert await funds(shop) == (FUNDS - amount, 0)
    late = await office.ask(shop, CapturePayment, order, payment)
    assert late == refused(PaymentNotCapturable("paid"))
    assert not await run_checks(shop.connection, await shop.id())


async def test_what_is_reserved_is_let_go(textalk: Client, open_webshop: OpenWebshop, office: Office) -> None:
    shop = await open_webshop()
    order, payment, _ = await reserved_order(textalk, shop)
    assert isinstance(await office.ask(shop, CancelPayment, order, payment), PaymentSet)
    assert await standing(shop) == ("cancelled", "cancelled", False)
    assert await funds(shop) == (FUNDS, 0)
    assert await office.ask(shop, CancelPayment, order, payment) == refused(
        PaymentNotCancellable("cancelled")
    )


async def test_what_was_collected_at_the_provider_is_not_let_go(
    textalk: Client, open_webshop: OpenWebshop, office: Office
) -> None:
    shop = await open_webshop()
    order, payment, _ = await reserved_order(textalk, shop)
    gateway, intent = await bank(shop, office)
    assert isinstance(await gateway.capture(intent), Intent)
    assert await office.ask(shop, CancelPayment, order, payment) == refused(PaymentCancelRefused(COLLECTED))
    assert await standing(shop) == ("reserved", "reserved", False)
    assert isinstance(await office.ask(shop, CapturePayment, order, payment), PaymentSet)
    assert await standing(shop) == ("paid", "paid", False)


async def bank(shop: Webshop, office: Office) -> tuple[CardGateway, str]:
    from entrepot.domain.channels.accounts import CardSettings

    reference = "select reference from payments where workspace = $1"
    intent = await shop.connection.fetchval(reference, await shop.id())
    return office.gateways.cards(await shop.id(), CardSettings(), "live"), intent


@pytest.mark.parametrize(
    ("what", "step", "state"), [(CapturePayment, "capture", "paid"), (CancelPayment, "cancel", "cancelled")]
)
@pytest.mark.parametrize(("kind", "acts"), [("drop", True), ("drop", False), ("html", False)])
async def test_what_is_in_doubt_is_asked_again(
    textalk: Client,
    open_webshop: OpenWebshop,
    office: Office,
    what: Any,
    step: str,
    state: str,
    kind: str,
    acts: bool,
) -> None:
    stripe = StripeServer()
    async with stripe.listening() as url:
        shop = await open_webshop({"channels/shop/settings/cards": cards(url)})
        order, payment, _ = await reserved_order(textalk, shop)
        stripe.fail(step, kind, acts=acts, times=2)
        outcome = await office.ask(shop, what, order, payment, alone=1)
        assert outcome == refused(PaymentInDoubt(ASK_AGAIN, str(payment)))
        other = CancelPayment if what is CapturePayment else CapturePayment
        assert await office.ask(shop, other, order, payment) != outcome, (
            "what is asked one way is not asked the other"
        )
        await eventually(lambda: came_to(shop, state))
        assert stripe.steps.count(step) >= 2


async def came_to(shop: Webshop, state: str) -> bool:
    return await standing(shop) == (state, state, False)


async def test_a_refusal_leaves_the_payment_as_it_was(
    textalk: Client, open_webshop: OpenWebshop, office: Office
) -> None:
    stripe = StripeServer()
    async with stripe.listening() as url:
        shop = await open_webshop({"channels/shop/settings/cards": cards(url)})
        order, payment, _ = await reserved_order(textalk, shop)
        error = {"type": "card_error", "code": "card_declined", "message": "Your card was declined."}
        stripe.fail("capture", "error", status=402, acts=False, error=error)
        outcome = await office.ask(shop, CapturePayment, order, payment)
        assert outcome == refused(PaymentDeclined("Your card was declined."))
        assert await standing(shop) == ("reserved", "reserved", False)
        (intent,) = stripe.books.intents
        stripe.books.lapse(intent)
        lapsed = await office.ask(shop, CancelPayment, order, payment)
        assert isinstance(lapsed.failures[0], PaymentCancelRefused)
    unreachable = await office.ask(shop, CapturePayment, order, payment)
    assert unreachable == refused(PaymentProviderUnreachable(ASK_AGAIN, str(order)))
    assert await standing(shop) == ("reserved", "reserved", False)


def cards(url: str) -> dict[str, str]:
    return {"gateway": "stripe", "api_key": "sk_test_platform", "api_base": url}


async def test_a_token_pays_for_one_cart(textalk: Client, open_webshop: OpenWebshop) -> None:
    """Also for several that are checked out at once."""
    shop = await open_webshop()
    sessions = [await shop.session() for _ in range(3)]
    orders = [await filled_cart(textalk, shop, session) for session in sessions]
    card = {"token": "tok_visa"}
    calls = [
        shop.call("Order.checkout", order, "uid", card, session=session)
        for order, session in zip(orders, sessions, strict=True)
    ]
    replies = [reply.json for reply in await asyncio.gather(*map(textalk.send, calls))]
    assert sum("result" in reply for reply in replies) == 1
    (first, second) = [reply["error"] for reply in replies if "error" in reply]
    assert first == second == {"code": 2010, "message": "Payment failed", "data": TOKEN_REUSED}
    assert await shop.count("orders") == 1
    assert await shop.count("references", "kind = 'payment-token'") == 1
    assert not await run_checks(shop.connection, await shop.id())
