"""The same order sent many times at once: one order, one charge, and every other sender is told why not."""

import asyncio
from collections import Counter

import httpx
import pytest

from tests.conformance.bonsai import Shop
from tests.conformance.harness import Client, Reply, Request
from tests.conformance.harness.fixtures import OpenShop
from tests.conformance.harness.world import Edits
from tests.support.server import Server
from tests.support.stripe_server import StripeServer

SENDERS = 10
TOTAL, FUNDS = 2825, 100_000
USED = "The payment token has already been used."
WORLD: Edits = {
    "bank/accounts/ann/CAD": "1000.00",
    **{f"bank/cards/tok_{number}/account": "ann" for number in range(SENDERS)},
    "partner/tokens": ["paid-1"],
}
API = "channels/shop/settings/external_payment/api"
LANES = [{}, {API: {"partner": "simulated"}}]


def by_card(shop: Shop, token: str = "tok_0", external_id: str | None = None) -> Request:
    named = {} if external_id is None else {"external_order_id": external_id}
    return shop.submit({"payment": {"method": "credit card", "token": token, "currency": "CAD"}, **named})


async def at_once(client: Client, requests: list[Request]) -> list[Reply]:
    return list(await asyncio.gather(*map(client.send, requests)))


def outcomes(replies: list[Reply]) -> Counter[str]:
    return Counter(
        reply.json["errors"][0]["code"] if "errors" in reply.json else "placed" for reply in replies
    )


async def assert_one_order(shop: Shop, taken: int) -> None:
    workspace = await shop.id()
    count = "select count(*) from orders where workspace = $1"
    assert await shop.connection.fetchval(count, workspace) == 1
    held = "select coalesce(sum(quantity), 0) from holds where workspace = $1"
    assert await shop.connection.fetchval(held, workspace) == 1
    funds = "select balance, reserved from bank_funds where workspace = $1 and account = 'ann'"
    assert tuple(await shop.connection.fetchrow(funds, workspace)) == (FUNDS - taken, 0)
    begun = "select count(*) from attempts where workspace = $1 and state = 'open'"
    assert await shop.connection.fetchval(begun, workspace) == 0


async def test_same_token_pays_once(bonsai: Client, open_bonsai_shop: OpenShop) -> None:
    shop = await open_bonsai_shop(WORLD)
    replies = await at_once(bonsai, [by_card(shop)] * SENDERS)
    assert outcomes(replies) == {"placed": 1, "PAYMENT_REQUIRED": SENDERS - 1}
    told = {reply.json["errors"][0]["detail"]["message"] for reply in replies if reply.status != 200}
    assert told == {USED}
    await assert_one_order(shop, TOTAL)


async def test_same_external_id_orders_once(bonsai: Client, open_bonsai_shop: OpenShop) -> None:
    shop = await open_bonsai_shop(WORLD)
    requests = [by_card(shop, f"tok_{number}", "E-1") for number in range(SENDERS)]
    replies = await at_once(bonsai, requests)
    assert outcomes(replies) == {"placed": 1, "DUPLICATE_EXTERNAL_ORDER": SENDERS - 1}
    await assert_one_order(shop, TOTAL)


@pytest.mark.parametrize("edits", LANES, ids=["one batch", "with an attempt"])
async def test_same_vouched_token_orders_once(
    bonsai: Client, open_bonsai_shop: OpenShop, edits: Edits
) -> None:
    shop = await open_bonsai_shop({**WORLD, **edits})
    replies = await at_once(bonsai, [shop.submit()] * SENDERS)
    assert outcomes(replies) == {"placed": 1, "EXTERNAL_PAYMENT_TOKEN_VALIDATION_FAILED": SENDERS - 1}
    await assert_one_order(shop, 0)


async def test_same_declined_token_orders_never(bonsai: Client, open_bonsai_shop: OpenShop) -> None:
    shop = await open_bonsai_shop({**WORLD, "bank/cards/tok_0/state": "declined"})
    replies = await at_once(bonsai, [by_card(shop, external_id="E-1")] * SENDERS)
    assert outcomes(replies) == {"PAYMENT_REQUIRED": SENDERS}
    placed = await bonsai.send(by_card(shop, "tok_1", "E-1"))
    assert placed.status == 200, placed.body
    await assert_one_order(shop, TOTAL)


async def test_last_unit_is_sold_once(bonsai: Client, open_bonsai_shop: OpenShop) -> None:
    shop = await open_bonsai_shop({**WORLD, "products/lamp/stock/main": 1})
    requests = [by_card(shop, f"tok_{number}") for number in range(SENDERS)]
    replies = await at_once(bonsai, requests)
    assert outcomes(replies) == {"placed": 1, "OUT_OF_STOCK": SENDERS - 1}, replies
    await assert_one_order(shop, TOTAL)


@pytest.mark.parametrize(
    ("step", "acts", "then"),
    [
        ("confirm", True, {"placed": 1, "DUPLICATE_EXTERNAL_ORDER": 1}),
        ("confirm", False, {"placed": 1, "DUPLICATE_EXTERNAL_ORDER": 1}),
    ],
)
async def test_attempt_in_doubt_comes_to_its_end_before_the_token_is_tried_again(
    bonsai: Client, open_bonsai_shop: OpenShop, step: str, acts: bool, then: dict[str, int]
) -> None:
    stripe = StripeServer()
    async with stripe.listening() as url:
        settings = {"gateway": "stripe", "api_key": "sk_test_platform", "api_base": url}
        shop = await open_bonsai_shop({**WORLD, "channels/shop/settings/cards": settings})
        stripe.fail(step, "drop", acts=acts)
        request = by_card(shop, "tok_visa", "E-1")
        first = await bonsai.send(request)
        assert first.json["errors"][0]["code"] == "STRIPE_ERROR"
        # What was reserved and not captured is let go, and the token pays again.
        again = by_card(shop, "tok_visa", "E-2")
        replies = await at_once(bonsai, [again, again])
        assert outcomes(replies) == then
        intents = stripe.books.intents.values()
        assert sum(bool(intent["amount_received"]) for intent in intents) == 1
        assert {intent["status"] for intent in intents} <= {"succeeded", "canceled"}
        await assert_one_order(shop, 0)


async def test_time_out_at_the_bank_is_an_attempt_in_doubt(
    bonsai: Client, open_bonsai_shop: OpenShop, server: Server
) -> None:
    shop = await open_bonsai_shop(WORLD)
    fault = {"target": "cards.confirm", "kind": "timeout", "delay": 0.05, "workspace": shop.name}
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, verify=False, timeout=60) as client:
        assert (await client.post("/sandbox/faults", json=fault)).status_code == 201
    first = await bonsai.send(by_card(shop))
    assert outcomes([first]) == {"STRIPE_ERROR": 1}
    assert outcomes([await bonsai.send(by_card(shop))]) == {"placed": 1}
    await assert_one_order(shop, TOTAL)


@pytest.mark.parametrize("target", ["cards.create_intent", "cards.confirm", "cards.capture"])
async def test_gateway_that_raises_after_all_leaves_nothing_behind(
    bonsai: Client, open_bonsai_shop: OpenShop, server: Server, target: str
) -> None:
    shop = await open_bonsai_shop(WORLD)
    fault = {"target": target, "kind": "error", "workspace": shop.name}
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, verify=False, timeout=60) as client:
        assert (await client.post("/sandbox/faults", json=fault)).status_code == 201
    first = await bonsai.send(by_card(shop, external_id="E-1"))
    assert outcomes([first]) == {"INTERNAL_ERROR": 1}
    assert outcomes([await bonsai.send(by_card(shop, external_id="E-1"))]) == {"placed": 1}
    await assert_one_order(shop, TOTAL)


async def test_order_that_could_not_be_written_down_after_its_capture_is_written_down_soon(
    bonsai: Client, open_bonsai_shop: OpenShop, server: Server
) -> None:
    shop = await open_bonsai_shop(WORLD)
    fault = {"target": "rule:CompleteAttempt", "kind": "error", "workspace": shop.name}
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, verify=False, timeout=60) as client:
        assert (await client.post("/sandbox/faults", json=fault)).status_code == 201
    first = await bonsai.send(by_card(shop, external_id="E-1"))
    assert outcomes([first]) == {"INTERNAL_ERROR": 1}
    again = by_card(shop, "tok_1", "E-1")
    assert outcomes([await bonsai.send(again)]) == {"DUPLICATE_EXTERNAL_ORDER": 1}
    await assert_one_order(shop, TOTAL)
