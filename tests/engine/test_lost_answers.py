"""Charges whose answer was lost: what became of them is found out, and no repeated request makes a second order."""

import asyncio
from typing import Any, cast

import httpx
import pytest

from entrepot.domain.placing.attempts import Attempt
from entrepot.engine.clock import real_now
from entrepot.engine.money.charge import Charged, Charging
from entrepot.gateways.cards.port import CardGateway, CreateIntent, Intent
from tests.conformance.bonsai import Shop
from tests.conformance.harness import Client, Reply, Request
from tests.conformance.harness.fixtures import OpenShop, OpenWebshop
from tests.conformance.textalk_buying import filled_cart
from tests.doors.bonsai.test_pending import CARD, Till
from tests.engine.test_double_submit import WORLD, by_card, outcomes
from tests.support.server import Server
from tests.support.stripe_server import StripeServer
from tests.support.waiting import eventually

TOTAL = 2825


async def through(open_bonsai_shop: OpenShop, url: str) -> Shop:
    settings = {"gateway": "stripe", "api_key": "sk_test_platform", "api_base": url}
    return await open_bonsai_shop({**WORLD, "channels/shop/settings/cards": settings})


async def break_completion(server: Server, workspace: str) -> None:
    """The next order that is charged in this workspace is not written down by who charged it."""
    fault = {"target": "rule:CompleteAttempt", "kind": "error", "workspace": workspace}
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, verify=False, timeout=60) as client:
        assert (await client.post("/sandbox/faults", json=fault)).status_code == 201


async def all_ended(shop: Any) -> None:
    query = "select count(*) = 0 from attempts where workspace = $1 and state = 'open'"
    workspace = await shop.id()
    await eventually(lambda: shop.connection.fetchval(query, workspace), 60)


async def orders(shop: Any) -> int:
    return await shop.connection.fetchval("select count(*) from orders where workspace = $1", await shop.id())


def taken(stripe: StripeServer) -> list[object]:
    received = [intent["amount_received"] for intent in stripe.books.intents.values()]
    return [amount for amount in received if amount]


LOST: list[dict[str, Any]] = [
    {"kind": "drop"},
    {"kind": "half"},
    {"kind": "html", "status": 502},
    {"kind": "error", "status": 500, "error": {"type": "api_error", "message": "Something broke."}},
]


@pytest.mark.parametrize("lost", LOST, ids=lambda lost: lost["kind"])
async def test_charge_whose_captures_answer_was_lost_is_answered_with_its_order(
    bonsai: Client, open_bonsai_shop: OpenShop, lost: dict[str, Any]
) -> None:
    stripe = StripeServer()
    async with stripe.listening() as url:
        shop = await through(open_bonsai_shop, url)
        stripe.fail("capture", acts=True, **lost)
        reply = await bonsai.send(by_card(shop, "tok_visa"))
        assert reply.status == 200, reply.body
        await shop.assert_placed(reply)
        assert taken(stripe) == [TOTAL]
        again = await bonsai.send(by_card(shop, "tok_visa"))
        assert outcomes([again]) == {"PAYMENT_REQUIRED": 1}, "the order was answered, so the token is used"


async def test_charge_is_looked_at_again_while_the_provider_does_not_say(
    bonsai: Client, open_bonsai_shop: OpenShop
) -> None:
    stripe = StripeServer()
    async with stripe.listening() as url:
        shop = await through(open_bonsai_shop, url)
        stripe.fail("capture", "drop", acts=True)
        stripe.fail("create", "drop", acts=True, times=2, skip=1)
        reply = await bonsai.send(by_card(shop, "tok_visa"))
        assert reply.status == 200, reply.body
        assert taken(stripe) == [TOTAL]


@pytest.mark.parametrize("step", ["confirm", "capture"])
async def test_charge_that_was_not_made_is_let_go_before_the_failure_is_told(
    bonsai: Client, open_bonsai_shop: OpenShop, step: str
) -> None:
    stripe = StripeServer()
    async with stripe.listening() as url:
        shop = await through(open_bonsai_shop, url)
        stripe.fail(step, "drop", acts=False)
        assert outcomes([await bonsai.send(by_card(shop, "tok_visa"))]) == {"STRIPE_ERROR": 1}
        assert [intent["status"] for intent in stripe.books.intents.values()] == ["canceled"]
        states = "select array_agg(state) from attempts where workspace = $1"
        assert await shop.connection.fetchval(states, await shop.id()) == ["refused"]


class Silent:
    """A provider that captures and never says so."""

    def __init__(self) -> None:
        self.intent: Intent | None = None
        self.asked: list[str] = []

    async def create_intent(self, request: CreateIntent) -> Intent:
        self.asked.append("create")
        if self.intent is None:
            self.intent = Intent("pi_1", "requires_payment_method", request.amount, request.currency, "s")
        return self.intent

    async def confirm(self, intent_id: str, token: str | None, key: str) -> Intent:
        return self._now("requires_capture", 0)

    async def capture(
        self, intent_id: str, amount: int | None = None, *, currency: str | None = None
    ) -> Intent:
        self.asked.append("capture")
        self._now("succeeded", amount or 0)
        await asyncio.Event().wait()
        raise AssertionError

    def _now(self, status: Any, captured: int) -> Intent:
        assert self.intent is not None
        known = self.intent
        self.intent = Intent(known.id, status, known.amount, known.currency, "s", None, captured)
        return self.intent


async def test_capture_slower_than_the_limit_leaves_time_to_find_out(
    open_bonsai_shop: OpenShop, bonsai: Client
) -> None:
    shop = await open_bonsai_shop(WORLD)
    assert (await bonsai.send(by_card(shop))).status == 200
    attempt = await any_attempt(shop)
    provider = Silent()
    charge = await Charging(cast("CardGateway", provider), attempt, 6.0).charge("tok_0")
    assert isinstance(charge, Charged)
    assert provider.asked == ["create", "capture", "create"]


async def any_attempt(shop: Shop) -> Attempt:
    """An attempt of the shop, as it was when it began."""
    from entrepot.store.queries.attempts import read_attempt

    number = await shop.connection.fetchval("select id from attempts where workspace = $1", await shop.id())
    found = await read_attempt(shop.connection, await shop.id(), number)
    assert found is not None
    assert found.started_at <= real_now()
    return found


async def test_repeated_request_gets_the_order_that_its_caller_was_not_told_of(
    bonsai: Client, open_bonsai_shop: OpenShop, server: Server
) -> None:
    """However often it is repeated, and though the order took the last unit."""
    stripe = StripeServer()
    async with stripe.listening() as url:
        shop = await through(open_bonsai_shop, url)
        await shop.change({"products/lamp/stock/main": 1})
        await break_completion(server, shop.name)
        request = by_card(shop, "tok_visa")
        assert outcomes([await bonsai.send(request)]) == {"INTERNAL_ERROR": 1}
        replies = [await bonsai.send(request), *await asyncio.gather(*[bonsai.send(request)] * 3)]
        assert outcomes(replies) == {"placed": 4}
        assert len({reply.json["data"]["public_id"] for reply in replies}) == 1
        await shop.assert_placed(replies[0])
        assert (taken(stripe), await orders(shop)) == ([TOTAL], 1)


def reordered(request: Request) -> Request:
    """The same values, written in another order."""
    body = cast("dict[str, Any]", request.body)
    return Request(request.method, request.path, dict(reversed(body.items())), request.headers)


async def test_another_request_with_the_token_of_an_untold_order_is_told_that_it_is_used(
    bonsai: Client, open_bonsai_shop: OpenShop, server: Server
) -> None:
    shop = await open_bonsai_shop(WORLD)
    await break_completion(server, shop.name)
    request = by_card(shop)
    assert outcomes([await bonsai.send(request)]) == {"INTERNAL_ERROR": 1}
    await all_ended(shop)
    other = shop.submit({"payment": request.body["payment"], "note": "another order"})
    assert outcomes([await bonsai.send(other)]) == {"PAYMENT_REQUIRED": 1}
    assert outcomes([await bonsai.send(reordered(request))]) == {"placed": 1}
    assert await orders(shop) == 1


async def test_repeated_request_is_known_by_its_external_id_too(
    bonsai: Client, open_bonsai_shop: OpenShop, server: Server
) -> None:
    shop = await open_bonsai_shop(WORLD)
    await break_completion(server, shop.name)
    request = by_card(shop, external_id="E-1")
    assert outcomes([await bonsai.send(request)]) == {"INTERNAL_ERROR": 1}
    assert outcomes([await bonsai.send(request)]) == {"placed": 1}
    assert outcomes([await bonsai.send(by_card(shop, "tok_1", "E-1"))]) == {"DUPLICATE_EXTERNAL_ORDER": 1}


async def test_repeated_payment_of_a_pending_order_gets_the_order_that_was_paid(
    bonsai: Client, open_bonsai_shop: OpenShop, server: Server
) -> None:
    till = Till(bonsai, await open_bonsai_shop(WORLD))
    order = await till.record()
    await break_completion(server, till.shop.name)
    assert code(await till.pay(order, CARD)) == "INTERNAL_ERROR"
    await all_ended(till.shop)
    for _ in range(2):
        reply = await till.pay(order, CARD)
        assert (reply.status, reply.json["data"]["id"]) == (200, order["id"])
        assert reply.json["data"]["fulfillmentStatus"] == "payment successful"
    assert code(await till.pay(order, {**CARD, "token": "tok_1"})) == "BAD_REQUEST"
    assert await till.taken() == TOTAL


async def test_payment_whose_captures_answer_was_lost_is_answered_as_paid(
    bonsai: Client, open_bonsai_shop: OpenShop
) -> None:
    stripe = StripeServer()
    async with stripe.listening() as url:
        till = Till(bonsai, await through(open_bonsai_shop, url))
        order = await till.record()
        stripe.fail("capture", "drop", acts=True)
        reply = await till.pay(order, {**CARD, "token": "tok_visa"})
        assert reply.json["data"]["fulfillmentStatus"] == "payment successful"
        assert taken(stripe) == [TOTAL]
        assert code(await till.pay(order, {**CARD, "token": "tok_visa"})) == "BAD_REQUEST"


def code(reply: Reply) -> str:
    return reply.json["errors"][0]["code"] if "errors" in reply.json else "paid"


async def test_repeated_checkout_of_a_cart_gets_the_order_that_its_buyer_was_not_told_of(
    textalk: Client, open_webshop: OpenWebshop, server: Server
) -> None:
    shop = await open_webshop()
    session = await shop.session()
    order = await filled_cart(textalk, shop, session)
    await break_completion(server, shop.name)
    request = shop.call("Order.checkout", order, "uid", {"token": "tok_visa"}, session=session)
    assert "error" in (await textalk.send(request)).json
    await all_ended(shop)
    assert (await textalk.send(request)).json["result"] == {"uid": order}
    other = shop.call("Order.checkout", order, "uid", {"token": "tok_visa_2"}, session=session)
    assert (await textalk.send(other)).json["error"]["code"] == 2090
    stranger = shop.call("Order.checkout", order, "uid", {"token": "tok_visa"}, session=await shop.session())
    assert (await textalk.send(stranger)).json["error"]["code"] == 9003
