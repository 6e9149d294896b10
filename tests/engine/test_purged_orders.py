"""Orders go where it is wished, some time after their end, with all that hangs on them; what is not over stays."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from entrepot.checks import run_checks
from entrepot.domain.channels.accounts import CarrierSettings, LabelSettings, Reference
from entrepot.domain.channels.retention import Retention
from entrepot.domain.fulfilment.records import ReturnLabel
from entrepot.domain.fulfilment.returns.open import OpenReturn
from entrepot.domain.fulfilment.returns.receive import InspectReturn
from entrepot.domain.fulfilment.ship import Acknowledge
from entrepot.domain.fulfilment.track import Tracked, TrackShipment
from entrepot.domain.kernel.commands import refused
from entrepot.domain.orders.access import Asker
from entrepot.domain.orders.cancel import CancelOrder
from entrepot.domain.orders.records import SOLD_AS, Order
from entrepot.domain.placing.basket import EXTERNAL_ID, PAYMENT_TOKEN, OutsideName
from entrepot.domain.placing.place import Placed
from entrepot.domain.placing.record_sale import SoldLine
from entrepot.domain.stock.levels import Hold
from entrepot.domain.upkeep.purge_orders import PurgeOrders
from entrepot.engine.money.refund import receive_return
from entrepot.engine.upkeep.purging import ORDERS, purge
from entrepot.failures.orders import DuplicateExternalOrder, OrderUnknown
from entrepot.gateways.labels.simulated import label_path
from entrepot.store.queries.ended import ENDED_ORDERS
from tests.engine.test_carrier import SIMULATED, Shop, opened
from tests.engine.test_taking import take
from tests.support.cluster import not_on_citus
from tests.support.shop import AT, CHANNEL, NORTH, TEA, WORKSPACE, insert, line, order_records
from tests.support.waiting import eventually

DAY = timedelta(days=1)
CHILDREN = (
    "orders", "order_parts", "order_lines", "order_events", "payments", "refunds", "shipments", "shipment_lines",
    "shipment_events", "returns", "return_lines", "return_events", "carrier_consignments", "labels",
)  # fmt: skip


@pytest.fixture
async def shop(database_url: str) -> AsyncIterator[Shop]:
    async with opened(database_url) as shop:
        await shop.settings(SIMULATED, labels=LabelSettings("simulated"), sees="workspace")
        yield shop


async def sold(shop: Shop, name: str, sold_as: str) -> Any:
    names = (OutsideName(EXTERNAL_ID, name), OutsideName(SOLD_AS, sold_as))
    return await shop.run(take(SoldLine("1", "TEA", 2, 500), names=names))


async def back(shop: Shop, name: str) -> Order:
    """An order that was delivered and came back, with a label, and was looked at."""
    placed = await sold(shop, name, f"N-{name}")
    assert isinstance(placed, Placed), placed
    await shop.goes(1_000)
    state = await shop.run(OpenReturn(order=placed.order.id, asks=Asker(CHANNEL, "live"), name=f"R-{name}"))
    await shop.announced()
    await shop.goes(1_000)
    await shop.run(receive_return(placed.order.id, state.ret.id))
    await shop.run(InspectReturn(order=placed.order.id, return_id=state.ret.id, location=NORTH))
    await shop.announced()
    return placed.order


async def purged(shop: Shop, after: timedelta, **keep: timedelta) -> int:
    """How many orders go, once so much time has passed."""
    shop.clock.at += after
    gone = await purge(shop.workers[0].engine, shop.workers[0].pool, Retention(**keep))
    await shop.announced()
    return gone["orders"]


async def left(shop: Shop, *tables: str) -> dict[str, int]:
    found = {
        table: await shop.connection.fetchval(f'select count(*) from "{table}"')
        for table in tables or CHILDREN
    }
    return {table: count for table, count in found.items() if count}


async def test_an_order_goes_with_all_that_hangs_on_it_where_that_is_wished(shop: Shop) -> None:
    await back(shop, "A1")
    assert len(await left(shop)) == len(CHILDREN) - 1, "no refund"
    assert await purged(shop, 3_650 * DAY) == 0
    assert await purged(shop, timedelta(), orders=3_651 * DAY) == 0
    assert await purged(shop, timedelta(), orders=3_650 * DAY) == 1
    assert await left(shop) == {}
    stays = await shop.connection.fetch('select kind, value, target from "references"')
    assert [tuple(row) for row in stays] == [(SOLD_AS, "N-A1", 0)]
    assert await run_checks(shop.connection) == []


async def test_a_name_for_ever_stays_taken_and_another_one_is_free_again(shop: Shop) -> None:
    await back(shop, "A1")
    assert await purged(shop, 100 * DAY, orders=90 * DAY) == 1
    assert await sold(shop, "A2", "N-A1") == refused(DuplicateExternalOrder("N-A1", SOLD_AS))
    assert isinstance(await sold(shop, "A1", "N-A2"), Placed)


async def test_what_money_is_counted_by_stays_and_a_token_still_pays_once(shop: Shop) -> None:
    records = order_records(7, [line(7, 1, TEA, 3)], holds=[Hold(7, 1, NORTH, TEA, 3)])
    names = [Reference(CHANNEL, "live", kind, "X-7", 7) for kind in (EXTERNAL_ID, PAYMENT_TOKEN)]
    await insert(shop.connection, WORKSPACE, [*records, *names])
    await shop.connection.execute("update stock set reserved = 3, available = available - 3")
    assert isinstance(await shop.run(TrackShipment(order=7, status="delivered")), Tracked)
    owed = "select amount, order_gone from invoice_lines"
    before = await shop.connection.fetchrow(owed)
    assert await purged(shop, 100 * DAY, orders=90 * DAY) == 1
    assert tuple(await shop.connection.fetchrow(owed)) == (before[0], True)
    stays = await shop.connection.fetch('select kind, target from "references"')
    assert [tuple(row) for row in stays] == [(PAYMENT_TOKEN, 0)]


async def test_what_is_not_over_stays_however_long(shop: Shop) -> None:
    """Not sent, coming back, not looked at, not paid, a refund or a message under way, and money that is kept."""
    await shop.settings(CarrierSettings(), sees="workspace")
    orders = list[int]()
    for _ in range(7):
        placed = await shop.run(take(SoldLine("1", "TEA", 2, 500)))
        orders.append(placed.order.id)
    new, coming, unseen, unpaid, refunding, telling, kept = orders
    await shop.run(Acknowledge(order=new))
    for order in orders[1:6]:
        await shop.run(TrackShipment(order=order, status="delivered"))
    for order in (coming, unseen):
        state = await shop.run(OpenReturn(order=order))
        if order == unseen:
            await shop.run(receive_return(order, state.ret.id))
    await shop.run(CancelOrder(kept))
    for statement in (
        f"update orders set payment_state = 'unpaid' where id = {unpaid}",
        f"""insert into refunds (workspace, "order", id, payment, key_uuid, state, amount, reason, breakdown, lines, at)
        values (1, {refunding}, 9, 1, gen_random_uuid(), 'open', 1, '', '{{"goods": 1, "goods_tax": 0, "shipping": 0,
          "shipping_tax": 0, "duties": 0}}', '[]', '2026-03-01')""",
        f'update payments set refunded = 1 where "order" = {refunding}',
        f"update payments set kind = 'card', state = 'paid' where \"order\" = {kept}",
        f"update orders set payment_state = 'paid' where id = {kept}",
    ):
        await shop.connection.execute(statement)
    await shop.connection.execute(
        """insert into outbox (workspace, subject, listener, seq, payload, created_at, due_at, tries, state, error,
        stream, place) values (1, $1, 'event:1', 1, '{}', $2, $2, 9, 'parked', '', '', 0)""",
        telling,
        AT,
    )
    assert await purged(shop, 3_650 * DAY, orders=90 * DAY) == 0
    for order in (each for each in orders if each != telling):
        outcome = await shop.run(PurgeOrders((order,), 90 * DAY))
        assert outcome == 0, orders.index(order)
    await shop.connection.execute("delete from outbox")
    assert await purged(shop, timedelta(), orders=90 * DAY) == 1
    await shop.connection.execute("delete from refunds")
    await shop.connection.execute("update payments set refunded = 0")


async def test_an_order_that_changed_meanwhile_stays(shop: Shop) -> None:
    order = await back(shop, "A1")
    shop.clock.at += 100 * DAY
    command = PurgeOrders((order.id,), 90 * DAY)
    await shop.connection.execute("update orders set changed_at = $1", shop.clock.at - DAY)
    assert await shop.run(command) == 0
    await shop.connection.execute("update orders set changed_at = $1", shop.clock.at - 90 * DAY)
    assert await shop.run(command) == 1
    assert await shop.run(command) == 0
    told = TrackShipment(order=order.id, status="delivered")
    assert await shop.run(told) == refused(OrderUnknown(str(order.id)))


async def test_two_processes_delete_an_order_once_and_more_than_one_chunk_goes(shop: Shop) -> None:
    for number in range(ORDERS + 3):
        placed = await shop.place(f"A{number}")
        await shop.run(CancelOrder(placed.id), number % 2)
    await shop.announced()
    assert await shop.connection.fetchval("select count(*) from orders where payment_state = 'paid'") > 0
    shop.clock.at += 100 * DAY
    keys = tuple(row[0] for row in await shop.connection.fetch("select id from orders order by id"))
    commands = (PurgeOrders(keys[:5], 90 * DAY), PurgeOrders(tuple(reversed(keys[:5])), 90 * DAY))
    outcomes = await asyncio.gather(*(shop.run(each, worker) for worker, each in enumerate(commands)))
    assert sorted(outcomes) == [0, 5]
    assert await purged(shop, timedelta(), orders=90 * DAY) == ORDERS - 2
    assert await eventually(lambda: shop.connection.fetchval("select count(*) = 0 from carrier_consignments"))
    assert await left(shop) == {}


@not_on_citus("EXPLAIN of the coordinator tells another form, and the indexes are the same")
async def test_an_index_finds_orders_that_are_over(shop: Shop) -> None:
    for other in ("seqscan", "bitmapscan", "sort"):
        await shop.connection.execute(f"set enable_{other} = off")
    plan = await shop.connection.fetch(
        f"explain select workspace from orders where {ENDED_ORDERS.where} and changed_at <= '2026-01-01Z'"
        " and workspace <> all(array[]::bigint[]) order by changed_at limit 20"
    )
    assert "orders_over_idx" in "\n".join(row[0] for row in plan)


async def test_an_orders_own_label_goes_with_it_whatever_else_its_door_calls_a_label(shop: Shop) -> None:
    key = "0123456789abcdef" * 2
    await shop.connection.execute(
        "insert into labels (workspace, key, state, tracking, request, made_at) values (1, $1, 'open', '', '{}', $2)",
        key,
        AT,
    )
    made = msgspec.to_builtins(ReturnLabel("Post", "SC1", label_path(WORKSPACE, key)))
    for data in ({"label": "mine"}, {"label": {"url": 1}}, {"label": made}):
        placed = await shop.run(take(SoldLine("1", "TEA", 1), data=data))
        await shop.run(CancelOrder(placed.order.id))
    await shop.announced()
    assert await purged(shop, 100 * DAY, orders=90 * DAY) == 3
    assert await left(shop) == {}
