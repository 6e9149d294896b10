"""Attempts driven and recovered in this process, against the real bank: who may end one, and what that comes to."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from entrepot.checks import run_checks
from entrepot.domain.channels.accounts import ChannelSettings
from entrepot.domain.checkout.attempt_endings import CompleteAttempt, Ended, ExtendLease
from entrepot.domain.kernel.commands import Refused
from entrepot.domain.placing.attempts import Attempt, Reserved
from entrepot.domain.placing.draft import OrderCommand
from entrepot.domain.placing.place import InFlight, Placed, PlaceOrder
from entrepot.domain.placing.reserve import ReserveOrder
from entrepot.doors.bonsai import commands
from entrepot.engine import Clock
from entrepot.engine.clock import real_now
from entrepot.engine.money import turns
from entrepot.engine.money.charge import Charged, NotCharged, preparation
from entrepot.engine.money.charge import Charging as Calls
from entrepot.engine.money.endings import InDoubt
from entrepot.engine.money.order_placement import PaymentCredential
from entrepot.engine.money.proofs import PaymentProofs
from entrepot.engine.worker import Wiring, Worker
from entrepot.failures.orders import QuoteStale
from entrepot.failures.payments import CardProviderFailed, PaymentDeclined, PaymentUnderWay
from entrepot.gateways.cards.port import CreateIntent, Intent
from entrepot.store.batches.readers import BatchReader
from entrepot.store.batches.stages import Wanted
from entrepot.store.connections import Connection, connect
from entrepot.store.credentials.directory import Caller
from entrepot.store.queries.attempts import read_settings
from tests.conformance.bonsai import Shop, open_shop
from tests.conformance.harness.world import Edits
from tests.support.stripe_server import StripeServer
from tests.support.waiting import eventually

FUNDS, TOTAL = 100_000, 2825
WORLD: Edits = {
    "bank/accounts/ann/CAD": "1000.00",
    **{f"bank/cards/tok_{number}/account": "ann" for number in range(4)},
}


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[Connection]:
    opened = await connect(database_url)
    yield opened
    await opened.close()


@pytest.fixture
async def shop(connection: Connection) -> Shop:
    return await open_shop(connection, "shop", WORLD)


@pytest.fixture
async def workers(database_url: str) -> AsyncIterator[tuple[Worker, Worker]]:
    """Two worker processes' parts, on one database."""
    pair = (
        Worker(database_url, Clock(), Wiring(private=True), attempt_seconds=60),
        Worker(database_url, Clock(), Wiring(private=True), attempt_seconds=60),
    )
    for worker in pair:
        await worker.start()
    yield pair
    for worker in pair:
        await worker.stop()


async def command(shop: Shop, token: str = "tok_0", external_id: str | None = "E-1") -> PlaceOrder:
    payment = {"method": "credit card", "token": token, "currency": "CAD"}
    body: Any = shop.submit({"payment": payment, "external_order_id": external_id}).body
    workspace, channel = await shop.id(), await account(shop)
    settings = await read_settings(shop.connection, workspace, channel)
    caller = Caller(workspace, channel, "live", None, None, "shop", settings)
    return commands.place_order(body, body["shipping_address"], caller)


async def account(shop: Shop) -> int:
    return await shop.connection.fetchval("select id from channels where workspace = $1", await shop.id())


def reserving(order: OrderCommand, seconds: float, intent: str | None = None) -> ReserveOrder:
    lease = real_now() + timedelta(seconds=seconds)
    return ReserveOrder(order.basket, order.person, lease_until=lease, intent=intent)


async def reserved(
    worker: Worker, shop: Shop, order: OrderCommand, seconds: float = 60, intent: str | None = None
) -> Attempt:
    outcome = await worker.engine.execute(await shop.id(), reserving(order, seconds, intent))
    assert isinstance(outcome, Reserved), outcome
    return outcome.attempt


async def funds(shop: Shop) -> tuple[int, int]:
    query = "select balance, reserved from bank_funds where workspace = $1 and account = 'ann'"
    return tuple(await shop.connection.fetchrow(query, await shop.id()))


async def test_of_many_who_take_over_one_gets_the_attempt(shop: Shop, workers: tuple[Worker, Worker]) -> None:
    attempt = await reserved(workers[0], shop, await command(shop))
    take = ExtendLease(attempt.id, attempt.lease_until, attempt.lease_until + timedelta(seconds=60))
    workspace = await shop.id()
    outcomes = await asyncio.gather(
        *(worker.engine.execute(workspace, take) for worker in workers for _ in range(5))
    )
    assert sum(isinstance(outcome, Reserved) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, Ended) for outcome in outcomes) == 9


async def test_name_that_was_taken_while_a_batch_waited_is_seen(
    shop: Shop, workers: tuple[Worker, Worker], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first order is reserved and completed between another batch's look at the names and its claim to them."""
    first, second = workers
    order, workspace = await command(shop), await shop.id()
    looked, go_on = asyncio.Event(), asyncio.Event()
    find = BatchReader.find

    async def looking(reader: BatchReader, wanted: Wanted, *, last: bool) -> Any:
        found = await find(reader, wanted, last=last)
        if not looked.is_set():
            looked.set()
            await go_on.wait()
        return found

    monkeypatch.setattr(BatchReader, "find", looking)
    late = asyncio.create_task(second.engine.execute(workspace, reserving(order, 60)))
    await looked.wait()
    attempt = await reserved(first, shop, order)
    done = await first.engine.execute(
        workspace, CompleteAttempt(attempt.id, attempt.order, attempt.draft, "pi_1", "visa")
    )
    assert isinstance(done, Placed)
    go_on.set()
    outcome = await late
    assert isinstance(outcome, Refused)
    assert outcome.failures[0].name == "duplicate-external-order"
    assert not await run_checks(shop.connection, workspace)


async def test_names_are_held_while_an_attempt_is_open(shop: Shop, workers: tuple[Worker, Worker]) -> None:
    attempt = await reserved(workers[0], shop, await command(shop))
    for other in (await command(shop, "tok_0", None), await command(shop, "tok_1", "E-1")):
        outcome = await workers[1].engine.execute(await shop.id(), reserving(other, 60))
        assert outcome == InFlight(attempt.id)


async def test_who_waited_in_vain_for_an_attempt_is_told_when_to_ask_again(
    shop: Shop, workers: tuple[Worker, Worker], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a final refusal nor a failure of the provider: this request was not even begun."""
    monkeypatch.setattr(turns, "WAIT_SECONDS", 0.1)
    attempt = await reserved(workers[0], shop, await command(shop))
    settings = await read_settings(shop.connection, await shop.id(), await account(shop))
    for order, proof in (
        (await command(shop), PaymentCredential("tok_0")),
        (await command(shop, "tok_1"), None),
    ):
        outcome = await workers[1].placement.place(await shop.id(), settings, order, proof)
        assert outcome == Refused((PaymentUnderWay(5),))
    assert await outcome_of(shop, attempt) is None


async def test_recovery_goes_on_past_an_attempt_that_cannot_be_recovered(
    shop: Shop, workers: tuple[Worker, Worker]
) -> None:
    workspace = await shop.id()
    broken = await reserved(workers[0], shop, await command(shop, "tok_0", None), seconds=0.5)
    whole = await reserved(workers[0], shop, await command(shop, "tok_1", None), seconds=0.6)
    await shop.connection.execute(
        "update attempts set channel = 999 where workspace = $1 and id = $2", workspace, broken.id
    )

    async def ended() -> bool:
        query = "select state = 'refused' from attempts where workspace = $1 and id = $2"
        return await shop.connection.fetchval(query, workspace, whole.id)

    await eventually(ended)
    held = 'select "order", sum(quantity)::bigint from holds where workspace = $1 group by 1'
    assert [tuple(row) for row in await shop.connection.fetch(held, workspace)] == [(broken.order, 1)]
    assert await funds(shop) == (FUNDS, 0)


async def test_attempt_whose_amount_no_provider_takes_is_released_after_a_crash(
    shop: Shop, workers: tuple[Worker, Worker]
) -> None:
    await shop.change({"products/lamp/prices/CAD": "2000000.00"})
    attempt = await reserved(workers[0], shop, await command(shop), seconds=0.5)

    assert await eventually(lambda: outcome_of(shop, attempt)) == "refused"
    assert not await run_checks(shop.connection, await shop.id())


@pytest.mark.parametrize("created", [True, False])
async def test_charge_is_found_though_the_provider_has_forgotten_its_key(
    shop: Shop, workers: tuple[Worker, Worker], created: bool
) -> None:
    """The platform was down for longer than keys live, after a charge was captured or before it was made."""
    stripe = StripeServer()
    async with stripe.listening() as url:
        account = {"gateway": "stripe", "api_key": "sk_test_platform", "api_base": url}
        await shop.change({"channels/shop/settings/cards": account})
        attempt = await reserved(workers[0], shop, await command(shop), seconds=60)
        if created:
            charged = await (await calls(workers[0], shop, attempt)).charge("tok_visa")
            assert isinstance(charged, Charged)
        stripe.forget_keys()
        await shop.connection.execute(DOWN_FOR_TWO_DAYS, await shop.id(), real_now() - timedelta(days=2))
        state = await eventually(lambda: outcome_of(shop, attempt))
        assert state == ("done" if created else "refused")
        assert len(stripe.books.intents) == (1 if created else 0)
    assert not await run_checks(shop.connection, await shop.id())


DOWN_FOR_TWO_DAYS = "update attempts set started_at = $2, lease_until = $2 where workspace = $1"


async def outcome_of(shop: Shop, attempt: Attempt) -> str | None:
    """What the attempt came to; None while it is open."""
    query = "select nullif(state, 'open') from attempts where workspace = $1 and id = $2"
    return await shop.connection.fetchval(query, await shop.id(), attempt.id)


async def calls(worker: Worker, shop: Shop, attempt: Attempt) -> Calls:
    settings = await read_settings(shop.connection, await shop.id(), await account(shop))
    return Calls(worker.gateways.cards(await shop.id(), settings.cards, "live"), attempt, 5)


@pytest.mark.parametrize("marks", [{}, preparation(999, "live"), preparation(0, "live")])
async def test_charge_that_was_not_prepared_for_the_account_is_left_alone(
    shop: Shop, workers: tuple[Worker, Worker], marks: dict[str, str]
) -> None:
    gateway = workers[0].gateways.cards(await shop.id(), ChannelSettings().cards, "live")
    foreign = await gateway.create_intent(CreateIntent(uuid4().hex, TOTAL, "CAD", marks))
    assert isinstance(foreign, Intent)
    assert isinstance(await gateway.confirm(foreign.id, "tok_1", uuid4().hex), Intent)
    captured = await gateway.capture(foreign.id)
    assert isinstance(captured, Intent)
    attempt = await reserved(workers[0], shop, await command(shop), intent=foreign.id)
    charging = await calls(workers[0], shop, attempt)
    for outcome in (await charging.charge(None), await charging.settle()):
        assert isinstance(outcome, NotCharged)
        assert isinstance(outcome.failure, CardProviderFailed)
    assert await gateway.read(foreign.id) == captured


async def test_charge_that_was_prepared_for_the_account_pays_its_order(
    shop: Shop, workers: tuple[Worker, Worker]
) -> None:
    gateway = workers[0].gateways.cards(await shop.id(), ChannelSettings().cards, "live")
    marks = preparation(await account(shop), "live")
    own = await gateway.create_intent(CreateIntent(uuid4().hex, TOTAL, "CAD", marks))
    assert isinstance(own, Intent)
    assert isinstance(await gateway.confirm(own.id, "tok_1", uuid4().hex), Intent)
    order = await command(shop)
    attempt = await reserved(workers[0], shop, order, intent=own.id)
    settings = await read_settings(shop.connection, await shop.id(), await account(shop))
    workspace = await shop.id()
    proofs = PaymentProofs(workers[0].reads, workers[0].gateways, 5)
    charging = proofs.charge(workspace, attempt, settings.cards, None)
    placed = await workers[0].placement.attempts.drive(workspace, attempt, charging)
    assert isinstance(placed, Placed)
    assert placed.client_secret == own.client_secret
    assert await funds(shop) == (FUNDS - TOTAL, 0)


async def test_charge_that_is_too_small_is_let_go(shop: Shop, workers: tuple[Worker, Worker]) -> None:
    gateway = workers[0].gateways.cards(await shop.id(), ChannelSettings().cards, "live")
    own = await gateway.create_intent(
        CreateIntent(uuid4().hex, TOTAL - 1, "CAD", preparation(await account(shop), "live"))
    )
    assert isinstance(own, Intent)
    assert isinstance(await gateway.confirm(own.id, "tok_1", uuid4().hex), Intent)
    attempt = await reserved(workers[0], shop, await command(shop), intent=own.id)
    outcome = await (await calls(workers[0], shop, attempt)).charge(None)
    assert isinstance(outcome, NotCharged)
    assert isinstance(outcome.failure, PaymentDeclined)
    assert await funds(shop) == (FUNDS, 0)


async def test_settling_never_confirms(shop: Shop, workers: tuple[Worker, Worker]) -> None:
    attempt = await reserved(workers[0], shop, await command(shop))
    settled = await (await calls(workers[0], shop, attempt)).settle()
    assert isinstance(settled, NotCharged)
    late = await (await calls(workers[1], shop, attempt)).charge("tok_0")
    assert not isinstance(late, InDoubt), "who comes late finds the charge let go"
    assert await funds(shop) == (FUNDS, 0)


async def test_order_that_needs_a_proof_is_not_placed_without_one(
    shop: Shop, workers: tuple[Worker, Worker]
) -> None:
    """The way is chosen by settings that may be old by the time the order is decided."""
    outcome = await workers[0].engine.execute(await shop.id(), await command(shop))
    assert outcome == Refused((QuoteStale(1),))
    vouched = msgspec.structs.replace(await command(shop), basket=(await external(shop)).basket)
    assert isinstance(await workers[0].engine.execute(await shop.id(), vouched), Placed)
    await shop.change({"channels/shop/settings/external_payment/api": {"partner": "simulated"}})
    again = await external(shop, "paid-2")
    assert await workers[0].engine.execute(await shop.id(), again) == Refused((QuoteStale(1),))


async def external(shop: Shop, token: str = "paid-1") -> PlaceOrder:
    body: Any = shop.submit({"payment/token": token}).body
    workspace, channel = await shop.id(), await account(shop)
    settings = await read_settings(shop.connection, workspace, channel)
    caller = Caller(workspace, channel, "live", None, None, "shop", settings)
    return commands.place_order(body, body["shipping_address"], caller)
