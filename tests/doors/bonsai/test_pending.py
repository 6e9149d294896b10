"""Orders that are recorded first and paid later (v2): every way from pending, and none that charges twice."""

import asyncio
from base64 import b64encode
from collections import Counter
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

import httpx
import pytest

from entrepot.checks import run_checks
from entrepot.domain.kernel.commands import Refused
from entrepot.domain.orders.cancel import Cancelled, CancelOrder
from entrepot.domain.orders.line_counts import Units
from entrepot.engine import Clock, Engine
from entrepot.failures.orders import NothingToCancel
from entrepot.store.connections import connect_engine
from tests.conformance.bonsai import Shop
from tests.conformance.harness import Client, Reply, Request
from tests.conformance.harness.fixtures import OpenShop
from tests.conformance.harness.world import Edits
from tests.support.server import Server
from tests.support.waiting import eventually

FUNDS, LAMP, SHIPPING = 100_000, 2_260, 565
TOTAL = LAMP + SHIPPING
WORLD: Edits = {
    "bank/accounts/ann/CAD": "1000.00",
    "bank/accounts/poor/CAD": "1.00",
    "bank/cards/tok_poor/account": "poor",
    **{f"bank/cards/tok_{number}/account": "ann" for number in range(5)},
}
ADDRESS = {
    "firstName": "Ann",
    "lastName": "Lee",
    "address1": "1 Front Street",
    "city": "Toronto",
    "country": "CA",
    "province": "ON",
    "zip": "M5J 2N1",
}
CARD = {"method": "credit card", "token": "tok_0"}
EXTERNAL = {
    "method": "external payment",
    "token": "paid-1",
    "currency": "CAD",
    "amounts": {"goods": 20, "shipping": 5, "taxes": 3.25},
}


class Till:
    """One shop with pending orders."""

    def __init__(self, client: Client, shop: Shop) -> None:
        self.client, self.shop, self.connection = client, shop, shop.connection

    async def record(self, *products: tuple[str, int, int], **more: Any) -> dict[str, Any]:
        wanted = [
            {"id": self.shop.public_id(name), "variantId": str(variant), "quantity": quantity}
            for name, variant, quantity in products or [("lamp", 101, 1)]
        ]
        customer = {"email": "ann@example.com", "firstName": "Ann", "lastName": "Lee"}
        body = {
            "customer": customer,
            "products": wanted,
            "shippingAddress": ADDRESS,
            "payment": {"method": "credit card"},
        }
        reply = await self.client.send(self.request("/bonsai/orders/v2/submit", {**body, **more}))
        assert reply.status == 200, reply.body
        return reply.json["data"]

    def payment(self, order: dict[str, Any], payment: dict[str, Any], key: str | None = None) -> Request:
        return self.request(f"/bonsai/orders/v2/{order['id']}/payment", payment, key)

    async def pay(self, order: dict[str, Any], payment: dict[str, Any]) -> Reply:
        return await self.client.send(self.payment(order, payment))

    def request(self, path: str, body: Any, key: str | None = None) -> Request:
        return Request("POST", path, body, {"API-Key": key or self.shop.key()})

    async def state(self, order: dict[str, Any]) -> tuple[str, str, str]:
        row = await self.connection.fetchrow(
            "select state, reason, payment_state from orders where workspace = $1 and id = $2",
            await self.shop.id(),
            order["orderNumber"],
        )
        return row["state"], row["reason"], row["payment_state"]

    async def held(self) -> int:
        return await self._sum("select sum(quantity)::bigint from holds where workspace = $1")

    async def taken(self) -> int:
        return await self._sum("select sum(captured)::bigint from bank_intents where workspace = $1")

    async def reserved(self) -> int:
        return await self._sum("select sum(reserved)::bigint from bank_funds where workspace = $1")

    async def assert_lawful(self) -> None:
        assert await self.reserved() == 0
        assert not await run_checks(self.connection, await self.shop.id())

    async def _sum(self, query: str) -> int:
        return await self.connection.fetchval(query, await self.shop.id()) or 0


OpenTill = Callable[..., Any]


@pytest.fixture
def open_till(bonsai: Client, open_bonsai_shop: OpenShop) -> OpenTill:
    async def opened(edits: Edits | None = None) -> Till:
        return Till(bonsai, await open_bonsai_shop({**WORLD, **(edits or {})}))

    return opened


@pytest.fixture
async def till(open_till: OpenTill) -> Till:
    return await open_till()


@pytest.fixture
async def engine(session_database_url: str) -> AsyncIterator[Engine]:
    """An operator's engine, beside the server's."""
    running = Engine(partial(connect_engine, session_database_url), Clock(), lanes=1)
    await running.start()
    yield running
    await running.stop()


def code(reply: Reply) -> str:
    return reply.json["errors"][0]["code"] if "errors" in reply.json else "paid"


async def test_card_pays_a_pending_order(till: Till) -> None:
    order = await till.record(externalOrderId="E-1")
    assert await till.state(order) == ("pending", "", "unpaid")
    assert (await till.held(), await till.taken()) == (0, 0)
    reply = await till.pay(order, CARD)
    assert reply.status == 200, reply.body
    data = reply.json["data"]
    assert (data["id"], data["orderNumber"], data["externalId"]) == (order["id"], order["orderNumber"], "E-1")
    assert data["fulfillmentStatus"] == "payment successful"
    assert [line["paymentStatus"] for line in data["products"]] == ["paid"]
    assert (await till.held(), await till.taken()) == (1, TOTAL)
    await till.assert_lawful()


async def test_account_vouches_for_a_pending_order(till: Till) -> None:
    order = await till.record(payment={"method": "external payment"})
    reply = await till.pay(order, EXTERNAL)
    assert reply.json["data"]["fulfillmentStatus"] == "payment successful"
    assert (await till.held(), await till.taken()) == (1, 0)
    await till.assert_lawful()


async def test_decline_leaves_the_order_pending(till: Till) -> None:
    order = await till.record()
    declined = await till.pay(order, {"method": "credit card", "token": "tok_poor"})
    assert (declined.status, code(declined)) == (402, "PAYMENT_REQUIRED")
    assert await till.state(order) == ("pending", "", "unpaid")
    assert await till.held() == 0
    assert code(await till.pay(order, CARD)) == "paid"
    assert await till.taken() == TOTAL
    await till.assert_lawful()


@pytest.mark.parametrize(
    ("payment", "expected"),
    [
        ({**EXTERNAL, "amounts": {"goods": -1, "shipping": 5, "taxes": 3.25}}, "INVALID_INPUT"),
        ({**EXTERNAL, "amounts": {"goods": 20, "shipping": 5}}, "INVALID_INPUT"),
        ({**EXTERNAL, "amounts": None}, "PAYMENT_AMOUNTS_NOT_PROVIDED"),
        ({"method": "external payment", "token": "paid-1"}, "PAYMENT_AMOUNTS_NOT_PROVIDED"),
        ({"method": "barter", "token": "paid-1"}, "PAYMENT_METHOD_NOT_SUPPORTED"),
        ({"method": "credit card"}, "INVALID_INPUT"),
    ],
)
async def test_wrong_payment_pays_nothing(till: Till, payment: dict[str, Any], expected: str) -> None:
    order = await till.record()
    assert code(await till.pay(order, payment)) == expected
    assert await till.state(order) == ("pending", "", "unpaid")
    assert await till.held() == 0


async def test_amounts_that_do_not_match_are_kept_for_the_operator(till: Till) -> None:
    order = await till.record()
    assert (
        code(await till.pay(order, {**EXTERNAL, "amounts": {"goods": 1, "shipping": 0, "taxes": 0}}))
        == "paid"
    )
    row = await till.connection.fetchrow(
        "select amount, reported from invoice_lines where workspace = $1", await till.shop.id()
    )
    assert tuple(row) == (TOTAL, 100)


async def test_price_that_changed_meanwhile_is_not_charged(till: Till) -> None:
    order = await till.record()
    await till.shop.change({"products/lamp/prices/CAD": "21.00"})
    assert code(await till.pay(order, CARD)) == "PRODUCTS_PRICE_CHANGE"
    assert (await till.held(), await till.taken()) == (0, 0)
    await till.shop.change({"products/lamp/prices/CAD": "20.00"})
    assert code(await till.pay(order, CARD)) == "paid"


async def test_order_whose_price_changed_is_paid_at_the_price_that_was_fetched_since(till: Till) -> None:
    order = await till.record()
    await till.shop.change({"products/lamp/prices/CAD": "21.00"})
    assert code(await till.pay(order, CARD)) == "PRODUCTS_PRICE_CHANGE"
    body = {"products": [till.shop.line("lamp", 101)], "target_currency": "CAD"}
    assert (await till.client.send(till.request("/bonsai/orders/checkout", body))).status == 200
    assert code(await till.pay(order, CARD)) == "paid"
    assert await till.taken() == TOTAL + 113
    total = "select total from orders where workspace = $1"
    assert await till.connection.fetchval(total, await till.shop.id()) == TOTAL + 113
    await till.assert_lawful()


@pytest.mark.parametrize(
    ("dearer", "as_recorded"),
    [
        ({"merchants/maple/shipping/CA/CAD": "5.01"}, {"merchants/maple/shipping/CA/CAD": "5.00"}),
        ({"taxes/rates/CA-ON/rate": "13.1%"}, {"taxes/rates/CA-ON/rate": "13%"}),
    ],
    ids=["shipping", "tax"],
)
async def test_more_than_was_recorded_is_not_charged(till: Till, dearer: Edits, as_recorded: Edits) -> None:
    order = await till.record()
    await till.shop.change(dearer)
    refused = await till.pay(order, CARD)
    [entry] = refused.json["errors"]
    assert (refused.status, entry["code"]) == (400, "PRODUCTS_PRICE_CHANGE")
    assert entry["detail"] == {"publicId": till.shop.public_id("lamp"), "variantId": "101"}
    assert dict(refused.headers)["link"] == '</failures/cost-risen>; rel="help"'
    assert await till.state(order) == ("pending", "", "unpaid")
    assert (await till.held(), await till.taken()) == (0, 0)
    anew = await till.record()
    assert code(await till.pay(anew, CARD)) == "paid"
    assert await till.taken() > TOTAL
    await till.shop.change(as_recorded)
    assert code(await till.pay(order, {**CARD, "token": "tok_1"})) == "paid"
    await till.assert_lawful()


async def test_less_than_was_recorded_is_what_is_charged(till: Till) -> None:
    order = await till.record()
    await till.shop.change({"merchants/maple/shipping/CA/CAD": "4.00", "taxes/rates/CA-ON/rate": "14%"})
    assert code(await till.pay(order, CARD)) == "paid"
    assert await till.taken() == 2_280 + 456


async def test_a_price_that_was_fetched_lets_no_dearer_shipping_through(till: Till) -> None:
    order = await till.record()
    await till.shop.change({"products/lamp/prices/CAD": "20.10", "merchants/maple/shipping/CA/CAD": "5.50"})
    body = {"products": [till.shop.line("lamp", 101)], "target_currency": "CAD"}
    assert (await till.client.send(till.request("/bonsai/orders/checkout", body))).status == 200
    assert code(await till.pay(order, CARD)) == "PRODUCTS_PRICE_CHANGE"
    assert await till.taken() == 0
    await till.shop.change({"merchants/maple/shipping/CA/CAD": "5.00"})
    assert code(await till.pay(order, CARD)) == "paid"
    assert await till.taken() == TOTAL + 11


async def test_what_the_account_vouches_for_costs_no_more_than_was_recorded(till: Till) -> None:
    order = await till.record(payment={"method": "external payment"})
    await till.shop.change({"merchants/maple/shipping/CA/CAD": "6.00"})
    assert code(await till.pay(order, EXTERNAL)) == "PRODUCTS_PRICE_CHANGE"
    assert await till.state(order) == ("pending", "", "unpaid")


async def test_payment_in_another_currency_than_the_orders_is_refused(till: Till) -> None:
    order = await till.record()
    reply = await till.pay(order, {**CARD, "currency": "USD"})
    [entry] = reply.json["errors"]
    assert (reply.status, entry["code"]) == (400, "INVALID_INPUT")
    assert entry["detail"] == [
        {
            "message": '"currency" must be one of [CAD]',
            "path": ["currency"],
            "type": "any.allowOnly",
            "context": {"value": "<redacted>", "valids": ["CAD"], "key": "currency", "label": "currency"},
        }
    ]
    assert await till.state(order) == ("pending", "", "unpaid")
    assert code(await till.pay(order, {**CARD, "currency": "CAD"})) == "paid"
    assert await till.taken() == TOTAL


async def test_another_payment_of_an_order_waits_for_the_one_under_way(till: Till, server: Server) -> None:
    order = await till.record()
    paying, fault = await stalled(till, server, order, "cards.confirm")
    other = asyncio.create_task(till.pay(order, {**CARD, "token": "tok_1"}))
    done, _ = await asyncio.wait([other], timeout=1)
    assert not done, "nobody knows yet whether the order is paid"
    await lift(server, fault)
    assert code(await paying) == "paid"
    assert code(await other) == "BAD_REQUEST"
    assert await till.taken() == TOTAL
    await till.assert_lawful()


async def test_another_payment_pays_after_the_one_under_way_is_declined(till: Till, server: Server) -> None:
    await till.shop.change({"products/lamp/stock/main": 1})
    order = await till.record()
    fault = {"target": "cards.confirm", "kind": "slow", "delay": 1, "workspace": till.shop.name}
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, verify=False, timeout=60) as client:
        assert (await client.post("/sandbox/faults", json=fault)).status_code == 201
    first = asyncio.create_task(till.pay(order, {**CARD, "token": "tok_poor"}))

    async def under_way() -> bool:
        return await till.state(order) == ("pending", "", "pending")

    await eventually(under_way)
    assert code(await till.pay(order, CARD)) == "paid"
    assert code(await first) == "PAYMENT_REQUIRED"
    assert await till.taken() == TOTAL
    await till.assert_lawful()


async def test_stock_that_went_meanwhile(till: Till) -> None:
    order = await till.record()
    await till.shop.change({"products/lamp/stock/main": 0})
    assert code(await till.pay(order, CARD)) == "OUT_OF_STOCK"
    assert await till.taken() == 0


async def test_paying_twice_at_once_charges_once(till: Till) -> None:
    order = await till.record()
    payments = [{"method": "credit card", "token": f"tok_{number}"} for number in range(5)]
    replies = await asyncio.gather(*(till.pay(order, payment) for payment in payments))
    assert Counter(map(code, replies)) == {"paid": 1, "BAD_REQUEST": 4}
    assert code(await till.pay(order, CARD)) == "BAD_REQUEST"
    assert (await till.held(), await till.taken()) == (1, TOTAL)
    await till.assert_lawful()


async def test_one_token_pays_one_of_two_orders(till: Till) -> None:
    orders = [await till.record(), await till.record()]
    replies = await asyncio.gather(*(till.pay(order, CARD) for order in orders))
    assert Counter(map(code, replies)) == {"paid": 1, "PAYMENT_REQUIRED": 1}
    assert await till.taken() == TOTAL
    await till.assert_lawful()


@pytest.mark.parametrize("target", ["cards.confirm", "cards.capture"])
async def test_order_is_not_cancelled_while_it_is_paid(
    till: Till, server: Server, engine: Engine, target: str
) -> None:
    order = await till.record()
    paying, fault = await stalled(till, server, order, target)
    outcome = await engine.execute(await till.shop.id(), CancelOrder(order["orderNumber"]))
    assert isinstance(outcome, Refused)
    assert isinstance(outcome.failures[0], NothingToCancel)
    await lift(server, fault)
    assert code(await paying) == "paid"
    assert isinstance(
        await engine.execute(await till.shop.id(), CancelOrder(order["orderNumber"])), Cancelled
    )
    assert await till.held() == 0
    await till.assert_lawful()


async def test_cancelled_order_is_not_paid(till: Till, engine: Engine) -> None:
    order = await till.record()
    await engine.execute(await till.shop.id(), CancelOrder(order["orderNumber"]))
    assert code(await till.pay(order, CARD)) == "BAD_REQUEST"
    assert (await till.held(), await till.taken()) == (0, 0)


async def test_the_id_of_an_ended_order_is_free_again_and_still_finds_it(till: Till, engine: Engine) -> None:
    keys = {"live": till.shop.key(), "private": f"{till.shop.name}-private"}
    await till.shop.change({"channels/shop/keys": keys})
    order = await till.record(externalOrderId="E-1")
    await engine.execute(await till.shop.id(), CancelOrder(order["orderNumber"]))
    path = "/bonsai/orders/v2/external-order-id/E-1"
    asked = Request(
        "GET", path, None, {"Authorization": "Basic " + b64encode(keys["private"].encode()).decode()}
    )
    found = await till.client.send(asked)
    assert (found.status, found.json["data"]["id"]) == (200, order["id"]), found.body
    again = await till.record(externalOrderId="E-1")
    assert (await till.client.send(asked)).json["data"]["id"] == again["id"], "the newest"


async def test_only_what_was_not_cancelled_is_paid_and_held(till: Till, engine: Engine) -> None:
    order = await till.record(("rug", 102, 1), ("lamp", 101, 2))
    cancel = CancelOrder(order["orderNumber"], (Units(1, 1), Units(2, 1)))
    assert isinstance(await engine.execute(await till.shop.id(), cancel), Cancelled)
    reply = await till.pay(order, CARD)
    assert [line["quantity"] for line in reply.json["data"]["products"]] == [1]
    assert (await till.held(), await till.taken()) == (1, TOTAL)
    await till.assert_lawful()


async def test_merchant_that_took_over_a_product_sends_it_too(open_till: OpenTill) -> None:
    oak = {"name": "Oak", "country": "CA", "shipping": {"CA": {"CAD": "7.00"}}}
    till = await open_till({"merchants/oak": oak, "products/rug/merchant": "oak"})
    order = await till.record(("rug", 102, 1), ("lamp", 101, 1))
    await till.shop.change({"products/rug/merchant": "maple"})
    assert code(await till.pay(order, CARD)) == "paid"
    parts = "select count(*) from order_parts where workspace = $1"
    assert await till.connection.fetchval(parts, await till.shop.id()) == 1
    await till.assert_lawful()


async def test_unpaid_order_expires_after_a_day(till: Till, server: Server) -> None:
    waiting, paying = await till.record(externalOrderId="E-1"), await till.record()
    reply, fault = await stalled(till, server, paying, "cards.capture")
    try:
        await set_clock(server, "23h55m")
        await asyncio.sleep(0)
        assert (await till.state(waiting))[0] == "pending"
        await set_clock(server, "24h1m")
        given_up = ("cancelled", "payment", "cancelled")
        assert await eventually(lambda: is_state(till, waiting, given_up))
    finally:
        await set_clock(server, "0s")
    assert code(await till.pay(waiting, CARD)) == "BAD_REQUEST"
    again = await till.record(externalOrderId="E-1")
    assert again["id"] != waiting["id"], "an order that was given up frees its external id"
    await lift(server, fault)
    assert code(await reply) == "paid", "an order whose money is on its way does not expire"
    await till.assert_lawful()


async def test_test_key_moves_no_live_money(open_till: OpenTill) -> None:
    till = await open_till()
    await till.shop.change(
        {"channels/shop/keys": {"live": till.shop.key(), "test": f"{till.shop.name}-test"}}
    )
    order = await till.record()
    reply = await till.client.send(till.payment(order, CARD, f"{till.shop.name}-test"))
    assert (reply.status, code(reply)) == (404, "CUSTOMER_ORDER_NOT_FOUND")
    assert await till.state(order) == ("pending", "", "unpaid")


async def test_test_order_is_paid_and_takes_no_stock(till: Till) -> None:
    order = await till.record(shippingAddress={**ADDRESS, "firstName": "Bonsai", "lastName": "Test"})
    assert code(await till.pay(order, {**CARD, "token": "tok_visa"})) == "paid"
    assert await till.held() == 0
    funds = "select distinct balance from bank_funds where workspace = $1 and account = 'ann'"
    assert await till.connection.fetchval(funds, await till.shop.id()) == FUNDS
    await till.assert_lawful()


async def stalled(
    till: Till, server: Server, order: dict[str, Any], target: str
) -> tuple[asyncio.Task[Reply], int]:
    """A payment that waits at this step until the fault is lifted."""
    fault = {"target": target, "kind": "slow", "delay": 60, "workspace": till.shop.name}
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, verify=False, timeout=60) as client:
        number = (await client.post("/sandbox/faults", json=fault)).json()["id"]
        paying = asyncio.create_task(till.pay(order, CARD))

        async def struck() -> bool:
            known = (await client.get("/sandbox/faults")).json()["faults"]
            return any(each["id"] == number and each["hits"] for each in known)

        await eventually(struck)
    return paying, number


async def lift(server: Server, fault: int) -> None:
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, verify=False, timeout=60) as client:
        await client.delete(f"/sandbox/faults/{fault}")


async def set_clock(server: Server, offset: str) -> None:
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, verify=False, timeout=60) as client:
        assert (await client.post("/sandbox/clock", json={"offset": offset})).status_code == 200


async def is_state(till: Till, order: dict[str, Any], state: tuple[str, str, str]) -> bool:
    return await till.state(order) == state
