"""Sales that need an order hub first: an attempt that is not about money, driven, raced, lost and taken over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from entrepot.checks import run_checks
from entrepot.domain.channels.accounts import ChannelSettings, HubSettings
from entrepot.domain.checkout.attempt_endings import CompleteSale, Ended
from entrepot.domain.kernel.commands import Refused, refused
from entrepot.domain.placing.attempts import Attempt, Errands, Reserved
from entrepot.domain.placing.basket import OutsideName
from entrepot.domain.placing.place import InFlight, Placed
from entrepot.domain.placing.record_sale import SoldLine, TakeOrder
from entrepot.engine import Clock
from entrepot.engine.clock import real_now
from entrepot.engine.sales.errands import SaleErrands, hub_order
from entrepot.engine.worker import Wiring, Worker
from entrepot.failures import Unavailable
from entrepot.failures.errands import OrderHubFailed
from entrepot.failures.orders import DuplicateExternalOrder
from entrepot.failures.payments import ASK_AGAIN
from entrepot.gateways.hubs.port import TakenOver
from entrepot.gateways.hubs.simulated import register_clients
from entrepot.store.connections import Connection, connect
from tests.engine.test_taking import take
from tests.support.raw_server import http_reply, raw_server
from tests.support.shop import CHANNEL, NORTH, TEA, WORKSPACE, insert, level, open_shop
from tests.support.waiting import eventually

HUB = HubSettings("simulated", "shop")
RECORD = ChannelSettings(stock="record", hub=HUB)
RESERVE = ChannelSettings(hub=HUB)
_BOOKS = "select key, state from hub_orders where workspace = $1"


class Shop:
    """A shop with a hub, and two worker processes' parts on its database."""

    def __init__(self, connection: Connection, workers: tuple[Worker, Worker]) -> None:
        self.connection = connection
        self.workers = workers
        self.worker = workers[0]

    async def settings(self, settings: ChannelSettings) -> None:
        stored = msgspec.json.encode(settings).decode()
        await self.connection.execute("update channels set settings = $1::jsonb", stored)

    async def take(self, name: str = "A-1", worker: int = 0, settings: ChannelSettings = RECORD) -> Any:
        return await self.workers[worker].sales.take(WORKSPACE, settings, sale(name))

    async def begun(self, name: str = "A-1", seconds: float = 60) -> Attempt:
        """An attempt that nobody drives, left to its owner for so long."""
        lease = real_now() + timedelta(seconds=seconds)
        command = msgspec.structs.replace(sale(name), errands=Errands(hub=True), lease_until=lease)
        outcome = await self.worker.engine.execute(WORKSPACE, command)
        assert isinstance(outcome, Reserved), outcome
        return outcome.attempt

    async def count(self, what: str) -> int:
        return await self.connection.fetchval(f"select count(*) from {what}")

    async def books(self) -> dict[str, str]:
        return dict(await self.connection.fetch(_BOOKS, WORKSPACE))

    async def quiet(self) -> None:
        """Wait until no attempt is open and no message waits, and see that every law holds."""
        open_ = "attempts where state = 'open'"
        waiting = "outbox where state = 'waiting'"
        await eventually(lambda: self._none(open_))
        await eventually(lambda: self._none(waiting))
        assert await run_checks(self.connection) == []

    async def _none(self, what: str) -> bool:
        return not await self.count(what)


def sale(name: str) -> TakeOrder:
    names = (OutsideName("external-order", name),)
    return take(SoldLine("1", "TEA", 2, 500), names=names)


@pytest.fixture
async def shop(database_url: str) -> AsyncIterator[Shop]:
    connection = await connect(database_url)
    await open_shop(connection)
    await insert(connection, WORKSPACE, [level(TEA, NORTH, 5)])
    await register_clients(connection, WORKSPACE, {"shop": 3})
    workers = (
        Worker(database_url, Clock(), Wiring(private=True), attempt_seconds=60),
        Worker(database_url, Clock(), Wiring(private=True), attempt_seconds=60),
    )
    shop = Shop(connection, workers)
    await shop.settings(RECORD)
    for worker in workers:
        await worker.start()
    yield shop
    for worker in workers:
        await worker.stop()
    await connection.close()


async def test_an_order_that_its_hub_takes_over_exists_and_the_hub_has_it(shop: Shop) -> None:
    placed = await shop.take()
    assert isinstance(placed, Placed)
    key = await shop.connection.fetchval('select uuid from attempts where "order" = $1', placed.order.id)
    assert await shop.books() == {key.hex: "open"}
    assert placed.order.progress == "delivered"
    assert await shop.count("outbox") == 0
    await shop.quiet()


async def test_without_anybody_to_ask_it_is_one_batch(shop: Shop) -> None:
    await shop.settings(ChannelSettings(stock="record"))
    assert isinstance(await shop.take(settings=ChannelSettings(stock="record")), Placed)
    assert (await shop.count("attempts"), await shop.books()) == (0, {})


async def test_what_the_hub_refuses_leaves_nothing_and_its_name_is_free(shop: Shop) -> None:
    await register_clients(shop.connection, WORKSPACE, {"shop": 0})
    assert await shop.take() == refused(OrderHubFailed(ASK_AGAIN))
    assert [await shop.count(table) for table in ("orders", '"references"', "outbox")] == [0, 0, 0]
    await register_clients(shop.connection, WORKSPACE, {"shop": 1})
    assert isinstance(await shop.take(), Placed)
    await shop.quiet()


async def test_stock_is_held_while_the_hub_is_asked_and_given_back_where_it_refuses(shop: Shop) -> None:
    await shop.settings(RESERVE)
    attempt = await shop.begun()
    assert await shop.connection.fetchval("select reserved from stock") == 2
    await shop.connection.execute("update attempts set lease_until = $1", real_now())
    await shop.quiet()
    assert await shop.connection.fetchval("select available from stock") == 5
    placed = await shop.take(settings=RESERVE)
    assert isinstance(placed, Placed)
    assert placed.order.id != attempt.order
    assert await shop.connection.fetchval("select reserved from stock") == 2
    await shop.quiet()


async def test_of_one_name_ten_times_at_once_one_order_comes_and_one_hand_over(shop: Shop) -> None:
    outcomes = await asyncio.gather(*(shop.take(worker=number % 2) for number in range(10)))
    assert sum(isinstance(outcome, Placed) for outcome in outcomes) == 1
    assert outcomes.count(refused(DuplicateExternalOrder("A-1", "external-order"))) == 9
    assert list((await shop.books()).values()) == ["open"]
    await shop.quiet()


async def test_an_open_attempt_is_waited_for(shop: Shop) -> None:
    attempt = await shop.begun(seconds=60)
    late = asyncio.create_task(shop.take(worker=1))
    outcome = await shop.worker.engine.execute(WORKSPACE, sale("A-1"))
    assert outcome == InFlight(attempt.id)
    completed = await shop.worker.engine.execute(
        WORKSPACE, CompleteSale(attempt.id, attempt.order, attempt.draft)
    )
    assert isinstance(completed, Placed)
    assert await late == refused(DuplicateExternalOrder("A-1", "external-order"))


async def hand_over(shop: Shop, attempt: Attempt) -> None:
    hub = await shop.worker.gateways.hubs(WORKSPACE, HUB)
    assert hub is not None
    assert await hub.hand_over(hub_order(attempt.uuid.hex, "shop", attempt.draft)) == TakenOver()


@pytest.mark.parametrize("handed_over", [False, True])
async def test_whoever_takes_an_attempt_over_withdraws_and_never_completes(
    shop: Shop, handed_over: bool
) -> None:
    attempt = await shop.begun(seconds=0.01)
    if handed_over:
        await hand_over(shop, attempt)
    await shop.quiet()
    assert await shop.books() == {attempt.uuid.hex: "withdrawn"}
    assert [await shop.count(table) for table in ("orders", '"references"')] == [0, 0]
    assert isinstance(await shop.take(), Placed)


async def test_who_drives_too_slowly_finds_that_it_was_taken_over(shop: Shop) -> None:
    """The hub takes the order over while somebody else ends the attempt; what was handed over is withdrawn."""
    attempt = await shop.begun()
    errands = SaleErrands(shop.worker.gateways, 5)

    async def slow() -> Any:
        ending = await errands.run(WORKSPACE, attempt, RECORD)
        await shop.connection.execute("update attempts set lease_until = $1", real_now())
        await shop.quiet()
        return ending

    outcome = await shop.worker.placement.attempts.drive(WORKSPACE, attempt, slow())
    assert outcome == refused(Unavailable(1))
    assert await shop.books() == {attempt.uuid.hex: "withdrawn"}
    assert await shop.count("orders") == 0


async def test_a_hub_that_may_have_taken_the_order_is_told_to_let_it_go(shop: Shop) -> None:
    async with raw_server(http_reply(b"", "500 Down")) as server:
        server.then = http_reply(b"", "204 No Content")
        hub = HubSettings("http", "shop", server.url, "secret", allow_private=True)
        settings = ChannelSettings(stock="record", hub=hub)
        await shop.settings(settings)
        assert await shop.take(settings=settings) == refused(OrderHubFailed(ASK_AGAIN))
        await shop.quiet()
        key = server.requests[0].headers["idempotency-key"]
        assert [request.line for request in server.requests] == [
            "POST /orders HTTP/1.1",
            f"DELETE /orders/{key} HTTP/1.1",
        ]
    assert [await shop.count(table) for table in ("orders", '"references"')] == [0, 0]


async def test_a_hub_that_was_never_reached_is_told_nothing(shop: Shop) -> None:
    settings = ChannelSettings(
        stock="record", hub=HubSettings("http", "shop", "http://127.0.0.1:9", "secret")
    )
    await shop.settings(settings)
    assert await shop.take(settings=settings) == refused(OrderHubFailed(ASK_AGAIN))
    assert await shop.count("outbox") == 0


async def test_an_account_that_lost_its_hub_keeps_the_message_for_the_operator(shop: Shop) -> None:
    attempt = await shop.begun(seconds=0.01)
    await shop.settings(ChannelSettings(stock="record"))
    tried = "select error from outbox where tries > 0"
    said = await eventually(lambda: shop.connection.fetchval(tried))
    assert said == "the account has no order hub any more"
    listener = await shop.connection.fetchval("select listener from outbox")
    assert listener == f"hub-withdraw:{attempt.id}"


async def test_a_caller_who_leaves_stops_nothing(shop: Shop) -> None:
    asked = asyncio.create_task(shop.take())
    await eventually(lambda: shop.connection.fetchval("select true from attempts"))
    asked.cancel()
    orders = "select count(*) = 1 from orders"
    await eventually(lambda: shop.connection.fetchval(orders))
    await shop.quiet()
    assert list((await shop.books()).values()) == ["open"]


async def test_an_attempt_ends_once(shop: Shop) -> None:
    attempt = await shop.begun()
    command = CompleteSale(attempt.id, attempt.order, attempt.draft)
    outcomes = await asyncio.gather(
        *(worker.engine.execute(WORKSPACE, command) for worker in shop.workers for _ in range(4))
    )
    assert sum(isinstance(outcome, Placed) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, Ended) for outcome in outcomes) == 7
    assert not any(isinstance(outcome, Refused) for outcome in outcomes)
    assert await shop.count("orders") == 1
    assert attempt.channel == CHANNEL


async def test_outside_a_sandbox_no_order_counts_as_taken_over_by_a_simulator(shop: Shop) -> None:
    """However the setting came there: nobody would process the order, so there is none."""
    await shop.connection.execute("update workspaces set sandbox = false")
    assert await shop.take() == refused(OrderHubFailed(ASK_AGAIN))
    await shop.quiet()
    assert (await shop.count("orders"), await shop.books()) == (0, {})
