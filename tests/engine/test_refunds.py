"""Refunds against providers that answer, refuse, or fall silent after they have acted: the money moves once."""

import asyncio
import base64
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from entrepot.checks import run_checks
from entrepot.domain.kernel.commands import Refused, refused
from entrepot.domain.payments.refund import Refunding, RefundOrder
from entrepot.engine import Clock, Engine
from entrepot.engine.clock import real_now
from entrepot.engine.gateways import Gateways
from entrepot.engine.money.refund import Refunds, refund_order
from entrepot.failures.payments import (
    ASK_AGAIN,
    NothingToRefund,
    RefundInDoubt,
    RefundRefused,
    RefundUnderWay,
    RequestKeyUsed,
)
from entrepot.store.connections import connect_engine, read_pool, write_pool
from tests.conformance.bonsai import Shop
from tests.conformance.harness import Client, Request
from tests.conformance.harness.fixtures import OpenShop
from tests.conformance.harness.world import Edits
from tests.support.stripe_server import StripeServer
from tests.support.waiting import eventually

TOTAL, FUNDS = 2825, 100_000
WORLD: Edits = {"bank/accounts/ann/CAD": "1000.00", "bank/cards/tok_ann/account": "ann"}


@pytest.fixture
async def refunds(session_database_url: str) -> AsyncIterator[Refunds]:
    """The refunds of an operator's process; the running server has its own, and its outbox."""
    reads, books = await read_pool(session_database_url, 2), await write_pool(session_database_url, 2)
    engine = Engine(partial(connect_engine, session_database_url), Clock(), lanes=1)
    gateways = Gateways(books, real_now, private=True)
    await engine.start()
    yield Refunds(engine, reads, gateways)
    await engine.stop()
    await gateways.close()
    await books.close()
    await reads.close()


async def paid(client: Client, shop: Shop, edits: Edits | None = None, token: str = "tok_ann") -> int:
    payment = {"method": "credit card", "token": token, "currency": "CAD"}
    reply = await client.send(shop.submit({"payment": payment, **(edits or {})}))
    assert reply.status == 200, reply.body
    return reply.json["data"]["orderNumber"]


NO_LONGER_ALONE = """
update refunds set asked = jsonb_set(asked, '{alone_until}', to_jsonb('2026-01-01T00:00:00Z'::text))
where workspace = $1
"""


def command(
    order: int, amount: int | None = None, *, alone: float = 60, key: str | None = None
) -> RefundOrder:
    after = timedelta(seconds=alone)
    return refund_order(order, "Customer Returned", amount=amount, ask_again_after=after, key=key)


async def funds(shop: Shop) -> tuple[int, int]:
    query = "select balance, reserved from bank_funds where workspace = $1 and account = 'ann'"
    return tuple(await shop.connection.fetchrow(query, await shop.id()))


async def states(shop: Shop) -> list[tuple[str, int]]:
    query = 'select state, amount from refunds where workspace = $1 order by "order", id'
    return [tuple(row) for row in await shop.connection.fetch(query, await shop.id())]


async def test_money_goes_back_to_the_card(
    bonsai: Client, open_bonsai_shop: OpenShop, refunds: Refunds
) -> None:
    shop = await open_bonsai_shop(WORLD)
    order = await paid(bonsai, shop)
    part = await refunds.refund(await shop.id(), command(order, 825))
    assert isinstance(part, Refunding)
    assert (part.refund.state, part.order.payment_state) == ("done", "partially_refunded")
    assert await funds(shop) == (FUNDS - 2000, 0)
    rest = await refunds.refund(await shop.id(), command(order))
    assert isinstance(rest, Refunding)
    assert (rest.refund.amount, rest.order.payment_state) == (2000, "refunded")
    assert await funds(shop) == (FUNDS, 0)
    assert not await run_checks(shop.connection, await shop.id())


async def test_ten_at_once_give_the_order_back_once(
    bonsai: Client, open_bonsai_shop: OpenShop, refunds: Refunds
) -> None:
    shop = await open_bonsai_shop(WORLD)
    order, workspace = await paid(bonsai, shop), await shop.id()
    outcomes = await asyncio.gather(*(refunds.refund(workspace, command(order)) for _ in range(10)))
    assert sum(isinstance(outcome, Refunding) for outcome in outcomes) == 1
    others = [outcome.failures[0] for outcome in outcomes if isinstance(outcome, Refused)]
    assert others == [NothingToRefund(str(order))] * 9
    assert await funds(shop) == (FUNDS, 0)


async def test_test_order_is_refunded_by_the_built_in_provider(
    bonsai: Client, open_bonsai_shop: OpenShop, refunds: Refunds
) -> None:
    settings = {"gateway": "stripe", "api_key": "sk_test_platform", "api_base": "http://127.0.0.1:9"}
    shop = await open_bonsai_shop({**WORLD, "channels/shop/settings/cards": settings})
    names = {"shipping_address/first_name": "Bonsai", "shipping_address/last_name": "Test"}
    order = await paid(bonsai, shop, {**names, "payment/token": "tok_visa"})
    assert await funds(shop) == (FUNDS, 0)
    outcome = await refunds.refund(await shop.id(), command(order))
    assert isinstance(outcome, Refunding)
    assert outcome.refund.state == "done"
    assert await funds(shop) == (FUNDS, 0)


async def test_account_that_collected_the_money_is_invoiced_less(
    bonsai: Client, open_bonsai_shop: OpenShop, refunds: Refunds
) -> None:
    shop = await open_bonsai_shop(WORLD)
    order = (await bonsai.send(shop.submit())).json["data"]["orderNumber"]
    outcome = await refunds.refund(await shop.id(), command(order, 1000))
    assert isinstance(outcome, Refunding)
    assert outcome.refund.state == "done"
    invoiced = "select amount from invoice_lines where workspace = $1"
    assert await shop.connection.fetchval(invoiced, await shop.id()) == TOTAL - 1000


@pytest.mark.parametrize(
    ("kind", "acts"), [("drop", True), ("drop", False), ("html", True), ("half", True), ("error", False)]
)
async def test_refund_in_doubt_is_asked_for_again_and_given_once(
    bonsai: Client, open_bonsai_shop: OpenShop, refunds: Refunds, kind: str, acts: bool
) -> None:
    stripe = StripeServer()
    async with stripe.listening() as url:
        settings = {"gateway": "stripe", "api_key": "sk_test_platform", "api_base": url}
        shop = await open_bonsai_shop({"channels/shop/settings/cards": settings})
        order, workspace = await paid(bonsai, shop, token="tok_visa"), await shop.id()
        stripe.fail("refund", kind, acts=acts, times=2)
        outcome = await refunds.refund(workspace, command(order, alone=1))
        refund = await in_doubt(shop, order, outcome)
        await eventually(lambda: is_done(shop))
        assert [each["amount"] for each in stripe.books.refunds.values()] == [TOTAL]
        assert await refunds.settle(workspace, order, refund)
        assert len(stripe.books.refunds) == 1


async def test_a_key_of_the_callers_gives_money_back_once_however_often_it_is_asked(
    bonsai: Client, open_bonsai_shop: OpenShop, refunds: Refunds
) -> None:
    shop = await open_bonsai_shop(WORLD)
    order, workspace = await paid(bonsai, shop), await shop.id()
    outcomes = await asyncio.gather(
        *(refunds.refund(workspace, command(order, 500, key="again")) for _ in range(10))
    )
    assert all(isinstance(each, Refunding) and each.refund.state == "done" for each in outcomes)
    assert len({each.refund.id for each in outcomes if isinstance(each, Refunding)}) == 1
    assert await states(shop) == [("done", 500)]
    other = await refunds.refund(workspace, command(order, 600, key="again"))
    assert other == refused(RequestKeyUsed("again"))
    assert isinstance(await refunds.refund(workspace, command(order, 500, key="another")), Refunding)
    assert isinstance(await refunds.refund(workspace, command(order, 500)), Refunding)
    assert await funds(shop) == (FUNDS - TOTAL + 1500, 0)
    assert not await run_checks(shop.connection, workspace)


@pytest.mark.parametrize("acts", [True, False])
async def test_a_lost_answer_is_asked_for_again_by_its_key(
    bonsai: Client, open_bonsai_shop: OpenShop, refunds: Refunds, acts: bool
) -> None:
    """Whoever asked first may have died meanwhile: what it reserved stands, and is brought to its end."""
    stripe = StripeServer()
    async with stripe.listening() as url:
        settings = {"gateway": "stripe", "api_key": "sk_test_platform", "api_base": url}
        shop = await open_bonsai_shop({"channels/shop/settings/cards": settings})
        order, workspace = await paid(bonsai, shop, token="tok_visa"), await shop.id()
        stripe.fail("refund", "drop", acts=acts)
        lost = await refunds.refund(workspace, command(order, 500, key="again"))
        refund = await shop.connection.fetchval("select id from refunds where workspace = $1", workspace)
        assert lost == refused(RefundUnderWay(ASK_AGAIN, str(order), refund))
        # The outbox would ask by now too, and who is first is no matter of this test.
        await shop.connection.execute(NO_LONGER_ALONE, workspace)
        repeats = [refunds.refund(workspace, command(order, 500, key="again")) for _ in range(3)]
        found = await asyncio.gather(*repeats)
        assert [each.refund.id for each in found if isinstance(each, Refunding)] == [refund] * 3
        assert await states(shop) == [("done", 500)]
        assert [each["amount"] for each in stripe.books.refunds.values()] == [500]


async def test_a_repeat_leaves_the_question_to_who_asks_alone(
    bonsai: Client, open_bonsai_shop: OpenShop, refunds: Refunds, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the first could be told that nothing moved, while what the repeat asked for does move."""
    monkeypatch.setattr("entrepot.engine.money.refund.PATIENCE", timedelta())
    stripe = StripeServer()
    async with stripe.listening() as url:
        settings = {"gateway": "stripe", "api_key": "sk_test_platform", "api_base": url}
        shop = await open_bonsai_shop({"channels/shop/settings/cards": settings})
        order, workspace = await paid(bonsai, shop, token="tok_visa"), await shop.id()
        stripe.fail("refund", "drop", acts=False)
        for _ in range(2):
            outcome = await refunds.refund(workspace, command(order, 500, key="again"))
            assert isinstance(outcome, Refused)
            assert isinstance(outcome.failures[0], RefundUnderWay)
        assert stripe.steps.count("refund") == 1


async def test_a_key_whose_refund_was_refused_asks_anew(
    bonsai: Client, open_bonsai_shop: OpenShop, refunds: Refunds
) -> None:
    stripe = StripeServer()
    async with stripe.listening() as url:
        settings = {"gateway": "stripe", "api_key": "sk_test_platform", "api_base": url}
        shop = await open_bonsai_shop({"channels/shop/settings/cards": settings})
        order, workspace = await paid(bonsai, shop, token="tok_visa"), await shop.id()
        error = {"type": "invalid_request_error", "message": "No", "code": "balance_insufficient"}
        stripe.fail("refund", "error", status=400, acts=False, error=error)
        assert await refunds.refund(workspace, command(order, 500, key="again")) == refused(
            RefundRefused(str(order), "No")
        )
        assert isinstance(await refunds.refund(workspace, command(order, 500, key="again")), Refunding)
        assert await states(shop) == [("done", 500)]


@pytest.mark.parametrize("acts", [True, False])
async def test_refund_whose_key_has_ended_is_looked_for(
    bonsai: Client, open_bonsai_shop: OpenShop, refunds: Refunds, acts: bool
) -> None:
    stripe = StripeServer()
    async with stripe.listening() as url:
        settings = {"gateway": "stripe", "api_key": "sk_test_platform", "api_base": url}
        shop = await open_bonsai_shop({"channels/shop/settings/cards": settings})
        order, workspace = await paid(bonsai, shop, token="tok_visa"), await shop.id()
        stripe.fail("refund", "drop", acts=acts)
        refund = await in_doubt(shop, order, await refunds.refund(workspace, command(order)))
        stripe.forget_keys()
        stripe.fail("list_refunds", "drop")
        assert not await refunds.settle(workspace, order, refund, keyed=False)
        assert await refunds.settle(workspace, order, refund, keyed=False)
        assert await states(shop) == ([("done", TOTAL)] if acts else [])
        assert len(stripe.books.refunds) == (1 if acts else 0)


async def in_doubt(shop: Shop, order: int, outcome: object) -> int:
    """The refund of which nobody knows yet what became of it."""
    refund = await shop.connection.fetchval("select id from refunds where workspace = $1", await shop.id())
    assert outcome == refused(RefundInDoubt(str(order), refund))
    return refund


async def is_done(shop: Shop) -> bool:
    return await states(shop) == [("done", TOTAL)]


async def test_refund_that_the_provider_refuses_can_be_given_later(
    bonsai: Client, open_bonsai_shop: OpenShop, refunds: Refunds
) -> None:
    stripe = StripeServer()
    async with stripe.listening() as url:
        settings = {"gateway": "stripe", "api_key": "sk_test_platform", "api_base": url}
        shop = await open_bonsai_shop({"channels/shop/settings/cards": settings})
        order, workspace = await paid(bonsai, shop, token="tok_visa"), await shop.id()
        error = {
            "type": "invalid_request_error",
            "message": "Insufficient balance",
            "code": "balance_insufficient",
        }
        stripe.fail("refund", "error", status=400, acts=False, error=error)
        outcome = await refunds.refund(workspace, command(order))
        assert outcome == refused(RefundRefused(str(order), "Insufficient balance"))
        assert await states(shop) == []
        assert (
            await shop.connection.fetchval("select count(*) from outbox where workspace = $1", workspace) == 0
        )
        outcome = await refunds.refund(workspace, command(order))
        assert isinstance(outcome, Refunding)
        assert outcome.order.payment_state == "refunded"
        assert sum(int(str(each["amount"])) for each in stripe.books.refunds.values()) == TOTAL


async def test_refusal_that_comes_late_leaves_the_question_to_who_asks_next(
    bonsai: Client, open_bonsai_shop: OpenShop, refunds: Refunds
) -> None:
    stripe = StripeServer()
    async with stripe.listening() as url:
        settings = {"gateway": "stripe", "api_key": "sk_test_platform", "api_base": url}
        shop = await open_bonsai_shop({"channels/shop/settings/cards": settings})
        order, workspace = await paid(bonsai, shop, token="tok_visa"), await shop.id()
        stripe.fail("refund", "error", status=401, acts=False, error={"type": "invalid_request_error"})
        outcome = await refunds.refund(workspace, command(order, alone=2))
        await in_doubt(shop, order, outcome)
        await eventually(lambda: is_done(shop))
        assert len(stripe.books.refunds) == 1


async def test_operator_refunds_units_and_the_account_reads_it(
    bonsai: Client, open_bonsai_shop: OpenShop, session_database_url: str
) -> None:
    shop = await open_bonsai_shop(WORLD)
    await shop.change({"channels/shop/keys": {"live": shop.key(), "private": f"{shop.name}-private"}})
    order = await paid(bonsai, shop, {"products/0/quantity": 2})
    told = await operator(session_database_url, shop, str(order), "--line", "1=1", "--key", "back-1")
    assert await operator(session_database_url, shop, str(order), "--line", "1=1", "--key", "back-1") == told
    assert told == f"Order {order}: 22.60 CAD were given back; it is partially_refunded.\n"
    secret = base64.b64encode(f"{shop.name}-private".encode()).decode()
    public = "select uuid from orders where workspace = $1"
    from entrepot.domain.kernel.ids import cuid

    name = cuid(await shop.connection.fetchval(public, await shop.id()))
    path = f"/bonsai/orders/v2/{name}/refunds"
    reply = await bonsai.send(Request("GET", path, headers={"Authorization": f"Basic {secret}"}))
    [refund] = reply.json["data"]["refunds"]
    assert refund["products"] == [{"id": shop.public_id("lamp"), "variantId": "101", "quantity": 1}]
    assert (str(refund["refundedAmount"]), refund["refundReason"]) == ("22.6", "Customer Returned")
    breakdown: dict[str, Any] = refund["breakdown"]
    assert (breakdown["goods"], str(breakdown["goodsTax"]), breakdown["shipping"]) == (20, "2.6", 0)


async def operator(url: str, shop: Shop, *arguments: str) -> str:
    """What `entrepot orders refund` says."""
    command = [sys.executable, "-c", "from entrepot.cli import main; main()", "orders", "refund", *arguments]
    options = ["--reason", "Customer Returned", "--database-url", url, "--workspace", shop.name]
    environment = {**os.environ, "COLUMNS": "200", "NO_COLOR": "1"}
    run = partial(
        subprocess.run, [*command, *options], capture_output=True, encoding="utf-8", env=environment
    )
    done = await asyncio.to_thread(run, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


PAID_OUT = 2500
"""What the merchant of a lamp is handed on: the lamp and its shipping."""
BACK_AND_FORTH = "select every(state = 'delivered') from outbox where workspace = $1"


async def test_merchants_transfer_is_reversed_when_its_order_is_refunded(
    bonsai: Client, open_bonsai_shop: OpenShop, refunds: Refunds
) -> None:
    merchant = {"merchants/maple/integration": "shopify", "merchants/maple/payout_account": "maple-pays"}
    shop = await open_bonsai_shop({**WORLD, **merchant, "bank/payouts/maple-pays": "Maple"})
    order, workspace = await paid(bonsai, shop), await shop.id()
    assert isinstance(await refunds.refund(workspace, command(order, 1000)), Refunding)
    await eventually(lambda: shop.connection.fetchval(BACK_AND_FORTH, workspace), 60)
    balance = "select balance from bank_funds where workspace = $1 and account = 'maple-pays'"
    part = 1000 * PAID_OUT // TOTAL
    assert abs(await shop.connection.fetchval(balance, workspace) - (PAID_OUT - part)) <= 1
    assert isinstance(await refunds.refund(workspace, command(order)), Refunding)
    await eventually(lambda: shop.connection.fetchval(BACK_AND_FORTH, workspace), 60)
    assert await shop.connection.fetchval(balance, workspace) == 0
    assert await funds(shop) == (FUNDS, 0)
    held = "select sum(captured - refunded - transferred)::bigint from bank_intents where workspace = $1"
    assert await shop.connection.fetchval(held, workspace) == 0


async def test_reversal_whose_answer_was_lost_is_asked_for_again_and_made_once(
    bonsai: Client, open_bonsai_shop: OpenShop, refunds: Refunds
) -> None:
    stripe = StripeServer()
    async with stripe.listening() as url:
        settings = {"gateway": "stripe", "api_key": "sk_test_platform", "api_base": url}
        merchant = {"merchants/maple/integration": "shopify", "merchants/maple/payout_account": "acct_ready"}
        shop = await open_bonsai_shop({"channels/shop/settings/cards": settings, **merchant})
        order, workspace = await paid(bonsai, shop, token="tok_visa"), await shop.id()
        stripe.fail("reverse", "drop", acts=True, times=2)
        assert isinstance(await refunds.refund(workspace, command(order)), Refunding)
        await eventually(lambda: shop.connection.fetchval(BACK_AND_FORTH, workspace), 60)
        assert [each["amount"] for each in stripe.books.transfers.values()] == [PAID_OUT]
        assert [each["amount"] for each in stripe.books.reversals.values()] == [PAID_OUT]
