"""The simulated carrier: what is announced takes its steps as time passes, and a clock that jumps changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import msgspec
import pytest

from entrepot.checks import run_checks
from entrepot.domain.channels.accounts import CarrierSettings, ChannelSettings
from entrepot.domain.fulfilment.returns.move import CancelReturn
from entrepot.domain.fulfilment.returns.open import OpenReturn
from entrepot.domain.fulfilment.returns.work import ReturnState
from entrepot.domain.kernel.commands import Command
from entrepot.domain.orders.access import Asker
from entrepot.domain.orders.cancel import CancelOrder
from entrepot.domain.orders.line_counts import Units
from entrepot.domain.orders.records import Address, Order
from entrepot.domain.placing.basket import EXTERNAL_ID, OutsideName
from entrepot.domain.placing.place import Placed
from entrepot.domain.placing.record_sale import SoldLine
from entrepot.domain.stock.adjust import ReceiveStock
from entrepot.engine import Clock
from entrepot.engine.carriers.events import Told
from entrepot.engine.clock import real_now
from entrepot.engine.worker import Wiring, Worker
from entrepot.store.connections import Connection, connect
from tests.engine.test_taking import take
from tests.support.blocked import blocked
from tests.support.raw_server import http_reply, raw_server
from tests.support.shop import CHANNEL, NORTH, TEA, WORKSPACE, insert, level, open_shop
from tests.support.waiting import eventually

SIMULATED = CarrierSettings("simulated", prefixes=True)
_ELSEWHERE = Address("Bo", "Ek", "2 Side Street", "Malmö", "SE", "211 22")
STAGES = ("new", "acknowledged", "shipped", "delivered")
_STATUS = "select progress from orders where external_id = $1"
"""Columns that say when it was learnt, or are drawn by chance."""
_FACTS = {
    "orders": "external_id, state, progress, version, events, total",
    "order_lines": "no, part, new, acknowledged, shipped, delivered, cancelled, return_initiated, returned",
    "order_events": "seq, kind",
    "shipments": "no, part, name, carrier, shipped_at, delivered_at, events",
    "shipment_lines": "shipment, line, quantity, delivered",
    "shipment_events": "shipment, seq, event_id, at, status",
    "holds": "line, location, quantity",
    "returns": "name, events",
    "return_lines": "no, line, quantity, initiated, in_transit, at_center, received, cancelled",
    "return_events": "seq, at, kind, event_id",
    "carrier_consignments": "kind, next_step, due_at",
}


class FixedClock(Clock):
    """Business time as the test sets it."""

    def __init__(self, at: datetime) -> None:
        super().__init__()
        self.at = at

    def now(self) -> datetime:
        return self.at


class Shop:
    """A shop with a simulated carrier, and the parts of two worker processes with one clock."""

    def __init__(self, url: str, connection: Connection) -> None:
        self.connection = connection
        self.clock = FixedClock(datetime(2026, 5, 1, 9, tzinfo=UTC))
        self.workers = [Worker(url, self.clock, Wiring(private=True)) for _ in range(2)]

    async def settings(self, carrier: CarrierSettings, **more: Any) -> None:
        stored = msgspec.json.encode(ChannelSettings(carrier=carrier, **more)).decode()
        await self.connection.execute("update channels set settings = $1::jsonb", stored)

    async def run(self, command: Command, worker: int = 0) -> Any:
        return await self.workers[worker].engine.execute(WORKSPACE, command)

    async def place(self, name: str = "A1", *lines: SoldLine, environment: Any = "live") -> Order:
        command = take(*(lines or (SoldLine("1", "TEA", 2, 500),)), names=(OutsideName(EXTERNAL_ID, name),))
        placed = await self.run(msgspec.structs.replace(command, environment=environment))
        assert isinstance(placed, Placed), placed
        return placed.order

    async def announced(self) -> None:
        """Wait until the outbox has told everything."""
        waiting = "select not exists (select 1 from outbox where state = 'waiting')"
        await eventually(lambda: self.connection.fetchval(waiting))

    async def goes(self, seconds: float) -> None:
        """Let business time go on, and the carrier take what falls due."""
        await self.announced()
        self.clock.at += timedelta(seconds=seconds)
        while any(await asyncio.gather(*(worker.rounds.look() for worker in self.workers))):
            pass

    async def progress(self, name: str = "A1") -> str:
        return await self.connection.fetchval(_STATUS, name)

    async def there(self, units: int) -> None:
        """From now on so many units are in stock; nothing is promised yet."""
        await self.connection.execute("update stock set received = $1, available = $1", units)

    async def units(self, stage: str) -> int:
        """How many units stand there, of all lines."""
        return await self.connection.fetchval(f"select sum({stage})::integer from order_lines")

    async def facts(self) -> dict[str, Sequence[Any]]:
        """All rows, without what is drawn by chance and when it was learnt."""
        return {
            table: sorted(map(str, map(tuple, await self.connection.fetch(f"select {columns} from {table}"))))
            for table, columns in _FACTS.items()
        }


@asynccontextmanager
async def opened(url: str) -> AsyncGenerator[Shop]:
    """The shop in this database, whose carrier makes its rounds when the test says so."""
    connection = await connect(url)
    await open_shop(connection)
    await insert(connection, WORKSPACE, [level(TEA, NORTH, 500)])
    shop = Shop(url, connection)
    await shop.settings(SIMULATED)
    for worker in shop.workers:
        worker.rounds.start = lambda: None
        await worker.start()
    yield shop
    for worker in shop.workers:
        await worker.stop()
    assert await run_checks(connection) == []
    await connection.close()


@pytest.fixture
async def shop(database_url: str) -> AsyncIterator[Shop]:
    async with opened(database_url) as shop:
        yield shop


async def test_an_order_goes_its_way_as_time_passes(shop: Shop) -> None:
    await shop.place()
    seen: list[str] = []
    for seconds in (59, 1, 119, 1, 119, 1, 10_000):
        await shop.goes(seconds)
        seen.append(await shop.progress())
    assert seen == ["new", "acknowledged", "acknowledged", "shipped", "shipped", "delivered", "delivered"]


async def journey(shop: Shop, waits: Sequence[float]) -> dict[str, Sequence[Any]]:
    """Two orders, one of two parts, which are delivered and come back; where that leads."""
    two = (SoldLine("1", "TEA", 2), SoldLine("2", "TEA", 1, ship_to=_ELSEWHERE))
    orders = [await shop.place("A1"), await shop.place("A2", *two)]
    await shop.announced()
    for seconds in waits:
        await shop.goes(seconds)
    shop.clock.at = datetime(2026, 5, 2, 9, tzinfo=UTC)
    for order in orders:
        state = await shop.run(
            OpenReturn(order=order.id, asks=Asker(CHANNEL, "live"), name=f"R{order.external_id}")
        )
        assert isinstance(state, ReturnState)
    for seconds in waits:
        await shop.goes(seconds)
    return await shop.facts()


async def test_a_clock_that_jumps_ends_in_the_same_rows_as_waiting(
    shop: Shop, module_database_url: str
) -> None:
    waited = await journey(shop, [30, 30, 60, 60, 60, 60, 0.5, 600])
    assert await shop.progress("A2") == "returned"
    async with opened(module_database_url) as other:
        assert await journey(other, [900.5]) == waited


async def test_two_processes_take_no_step_twice(shop: Shop) -> None:
    orders = [await shop.place(f"N{number}") for number in range(40)]
    await shop.goes(10_000)
    told = await shop.connection.fetch('select "order", count(*) from shipment_events group by 1')
    assert sorted(tuple(row) for row in told) == sorted((order.id, 1) for order in orders)
    kinds = await shop.connection.fetch("select kind, count(*) from order_events group by 1 order by 1")
    assert [tuple(row) for row in kinds] == [
        ("acknowledged", 40), ("delivered", 40), ("placed", 40), ("sent", 40),
    ]  # fmt: skip


async def test_a_process_that_dies_after_telling_tells_again_and_nothing_changes(shop: Shop) -> None:
    await shop.place()
    await shop.goes(300)
    before = await shop.facts()
    first = await shop.connection.fetchval(
        "select (steps #>> '{0,1}')::timestamptz from carrier_consignments"
    )
    await shop.connection.execute("update carrier_consignments set next_step = 0, due_at = $1", first)
    await shop.goes(0)
    assert await shop.facts() == before


@pytest.mark.parametrize(
    ("prefix", "progress"),
    [("ACK", "acknowledged"), ("SHP", "shipped"), ("DLV", "delivered"), ("CAN", "cancelled"), ("ack", "new")],
)
async def test_the_beginning_of_a_number_makes_it_so_at_once(shop: Shop, prefix: str, progress: str) -> None:
    await shop.place(f"{prefix}1")
    await shop.goes(0)
    assert await shop.progress(f"{prefix}1") == progress


async def test_without_the_setting_a_number_is_only_a_number(shop: Shop) -> None:
    await shop.settings(CarrierSettings("simulated"))
    await shop.place("CAN1")
    await shop.goes(0)
    assert await shop.progress("CAN1") == "new"


@pytest.mark.parametrize(
    ("prefix", "stage"),
    [("RIT", "in_transit"), ("DRC", "at_center"), ("RRC", "received"), ("A", "initiated")],
)
async def test_so_does_the_beginning_of_a_returns_name(shop: Shop, prefix: str, stage: str) -> None:
    order = await shop.place("DLV1")
    await shop.goes(0)
    await shop.run(OpenReturn(order=order.id, asks=Asker(CHANNEL, "live"), name=f"{prefix}1"))
    await shop.goes(0)
    assert await shop.connection.fetchval(f"select {stage} from return_lines") == 2


async def test_what_is_cancelled_is_withdrawn_and_what_is_left_goes_on(shop: Shop) -> None:
    order = await shop.place("A1")
    other = await shop.place("A2")
    await shop.announced()
    await shop.run(CancelOrder(order.id))
    await shop.run(CancelOrder(other.id, (Units(1, 1),)))
    await shop.goes(10_000)
    assert (await shop.progress("A1"), await shop.progress("A2")) == ("cancelled", "partially_delivered")
    assert (
        await shop.connection.fetchval("select count(*) from carrier_consignments where due_at is not null")
        == 0
    )


async def test_a_return_that_is_cancelled_is_fetched_by_nobody(shop: Shop) -> None:
    order = await shop.place("DLV1")
    await shop.goes(0)
    state = await shop.run(OpenReturn(order=order.id))
    await shop.announced()
    await shop.run(CancelReturn(order=order.id, return_id=state.ret.id))
    await shop.goes(10_000)
    assert await shop.progress("DLV1") == "delivered"


async def test_what_is_owed_leaves_once_it_is_there(shop: Shop) -> None:
    await shop.settings(SIMULATED, stock="backorder")
    await shop.there(0)
    await shop.place("A1", SoldLine("1", "TEA", 1))
    await shop.goes(180)
    assert await shop.progress("A1") == "acknowledged"
    await shop.run(ReceiveStock(TEA, NORTH, 1))
    await shop.goes(60)
    assert await shop.progress("A1") == "shipped"
    await shop.goes(120)
    assert await shop.progress("A1") == "delivered"


async def test_what_can_go_goes_and_what_is_owed_follows_in_a_parcel_of_its_own(shop: Shop) -> None:
    """Each parcel has its own number and arrives in its own time."""
    await shop.settings(SIMULATED, stock="backorder")
    await shop.there(2)
    placed = await shop.place("A1", SoldLine("1", "TEA", 3), SoldLine("2", "TEA", 1, ship_to=_ELSEWHERE))
    seen = list[dict[str, int]]()
    for seconds, received in ((180, 0), (120, 0), (60, 2), (60, 0), (60, 0), (60, 0)):
        if received:
            await shop.run(ReceiveStock(TEA, NORTH, received))
        await shop.goes(seconds)
        seen.append({stage: units for stage in STAGES if (units := await shop.units(stage))})
    assert seen == [
        {"acknowledged": 2, "shipped": 2},
        {"acknowledged": 2, "delivered": 2},
        {"shipped": 2, "delivered": 2},
        {"shipped": 2, "delivered": 2},
        {"delivered": 4},
        {"delivered": 4},
    ]
    parcels = await shop.connection.fetch("select part, tracking from shipments order by no")
    first, second = f"SIM{placed.id:016d}01", f"SIM{placed.id:016d}02"
    assert [tuple(row) for row in parcels] == [(1, first), (1, f"{first}-2"), (2, f"{second}-2")]
    assert await shop.connection.fetchval("select due_at is null from carrier_consignments")


async def test_a_process_that_dies_with_a_part_sent_sends_the_rest_all_the_same(shop: Shop) -> None:
    """It told of the first parcel and did not write it down: told again, it still knows that something is left."""
    await shop.settings(SIMULATED, stock="backorder")
    await shop.there(1)
    await shop.place("A1", SoldLine("1", "TEA", 3))
    await shop.goes(60)
    books = "select steps, next_step, due_at from carrier_consignments"
    before = await shop.connection.fetchrow(books)
    await shop.goes(120)
    undone = "update carrier_consignments set steps = $1, next_step = $2, due_at = $3"
    await shop.connection.execute(undone, *before)
    await shop.run(ReceiveStock(TEA, NORTH, 2))
    await shop.goes(0)
    assert (await shop.units("shipped"), await shop.units("acknowledged")) == (1, 2)
    await shop.goes(1_000)
    assert await shop.progress("A1") == "delivered"
    assert await shop.connection.fetchval("select count(*) from shipments") == 2


async def test_what_was_recorded_and_what_has_no_carrier_is_announced_to_nobody(shop: Shop) -> None:
    await shop.settings(SIMULATED, stock="record")
    await shop.place("A1")
    await shop.settings(CarrierSettings())
    await shop.place("A2")
    assert await shop.connection.fetchval("select count(*) from outbox") == 0


async def test_test_orders_are_told_to_the_simulated_carrier_alone(shop: Shop) -> None:
    await shop.place("A1", environment="test")
    await shop.goes(300)
    assert await shop.progress("A1") == "delivered"
    await shop.settings(CarrierSettings("http", "http://127.0.0.1:9", "secret", allow_private=True))
    await shop.place("A2", environment="test")
    assert await shop.connection.fetchval("select count(*) from outbox where state = 'waiting'") == 0


async def test_a_carrier_that_is_away_is_told_later(shop: Shop) -> None:
    async with raw_server(http_reply(b"", "503 Down")) as server:
        server.then = http_reply(b"", "200 OK")
        await shop.settings(CarrierSettings("http", server.url, "secret", allow_private=True))
        order = await shop.place()
        await eventually(lambda: shop.connection.fetchval("select true from outbox where error <> ''"))
        await shop.run(CancelOrder(order.id, (Units(1, 1),)))
        await shop.connection.execute("update outbox set due_at = $1 where state = 'waiting'", real_now())
        await shop.announced()
    told = [request.json for request in server.requests]
    assert [each["action"] for each in told] == ["announce"] * 3
    assert told[-1]["lines"][0]["quantity"] == 1
    assert {each["key"] for each in told} == {order.uuid.hex}


REAL = "update workspaces set sandbox = false"


async def test_outside_a_sandbox_a_live_order_is_moved_by_no_simulator(shop: Shop) -> None:
    """However the setting came there, and whatever the simulated carrier had in its books."""
    await shop.place("A1")
    await shop.announced()
    await shop.connection.execute(REAL)
    await shop.place("DLV2")
    told = "select error from outbox where state = 'waiting' and error <> ''"
    assert "settings.carrier" in await eventually(lambda: shop.connection.fetchval(told))
    shop.clock.at += timedelta(days=1)
    assert not await shop.workers[0].rounds.look()
    assert (await shop.progress("A1"), await shop.progress("DLV2")) == ("new", "new")
    await shop.connection.execute("delete from outbox")


@asynccontextmanager
async def in_hand(shop: Shop) -> AsyncGenerator[asyncio.Task[bool]]:
    """The first process has taken what is due, and tells of it only when this ends."""
    taken, go = asyncio.Event(), asyncio.Event()
    events = shop.workers[0].carrier_events
    tell = events.take

    async def held(workspace: int, told: Sequence[Told]) -> Any:
        taken.set()
        await go.wait()
        return await tell(workspace, told)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(events, "take", held)
        turn = asyncio.create_task(shop.workers[0].rounds.look())
        await asyncio.wait_for(taken.wait(), 60)
        yield turn
        go.set()
        assert await asyncio.wait_for(turn, 60)


async def test_what_one_process_has_in_hand_another_one_passes_over(shop: Shop) -> None:
    orders = [await shop.place(f"N{number}") for number in range(3)]
    await shop.announced()
    shop.clock.at += timedelta(seconds=60)
    async with in_hand(shop) as turn:
        assert not await asyncio.wait_for(shop.workers[1].rounds.look(), 60)
        assert not turn.done()
    told = "select count(*) from order_events where kind = 'acknowledged'"
    assert await shop.connection.fetchval(told) == len(orders)


async def test_an_order_that_is_cancelled_while_its_step_is_in_hand_is_carried_no_further(shop: Shop) -> None:
    """The withdrawal waits for the turn: what that writes down must not bring the consignment back."""
    order = await shop.place("A1")
    await shop.announced()
    shop.clock.at += timedelta(seconds=180)
    async with in_hand(shop):
        await shop.run(CancelOrder(order.id))
        await eventually(partial(blocked, shop.connection))
    await shop.goes(10_000)
    assert await shop.progress() == "cancelled"
    assert await shop.connection.fetchval("select due_at is null from carrier_consignments")
