"""The operator's commands through the engine: durable, lawful, and right when several want the same."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import msgspec
import pytest

from entrepot.checks import run_checks
from entrepot.domain.kernel.commands import Command, Refused
from entrepot.domain.kernel.records import Record
from entrepot.domain.orders.cancel import Cancelled, CancelOrder
from entrepot.domain.orders.line_counts import Units
from entrepot.domain.orders.records import Order, OrderLine
from entrepot.domain.stock.adjust import MoveStock, ReceiveStock
from entrepot.domain.stock.counts import SetLevel
from entrepot.domain.stock.levels import Hold, Level
from entrepot.engine.batches.bulk import run_all
from entrepot.failures.orders import NothingToCancel
from entrepot.failures.stock import StockUnknown
from entrepot.store.connections import Connection, connect
from entrepot.store.queries.orders import OrderFilter, list_orders, order_numbers, show_order
from entrepot.store.queries.stock import StockFilter, list_stock, locations, variants_by_sku
from entrepot.store.queries.workspaces import channel_names, workspace_by_name, workspace_names
from tests.support.interleaving import running
from tests.support.shop import (
    AT,
    CHANNEL,
    LOCATIONS,
    NORTH,
    PRODUCTS,
    RICE,
    SOUTH,
    TEA,
    VARIANTS,
    WORKSPACE,
    insert,
    level,
    line,
    open_shop,
    order_records,
)


@pytest.fixture
async def shop(database_url: str) -> AsyncIterator[Connection]:
    connection = await connect(database_url)
    await open_shop(connection)
    await reference_ids_taken(connection)
    yield connection
    await connection.close()


async def reference_ids_taken(connection: Connection) -> None:
    """A second workspace with the same ids: nothing may reach over."""
    await open_shop(connection, 2, "neighbour")
    await insert(connection, 2, [level(TEA, NORTH, 7), *order_records(7, [line(7, 1, TEA, 1)])])


async def seed(connection: Connection, lines: Sequence[OrderLine], *others: Record) -> None:
    await insert(connection, WORKSPACE, [*order_records(7, lines), *others])


async def execute(url: str, *commands: Command) -> list[object]:
    async with running(url) as (engine,):
        return [await engine.execute(WORKSPACE, command) for command in commands]


async def levels(connection: Connection) -> dict[object, Level]:
    return {row.level.key: row.level for row in await list_stock(connection, WORKSPACE)}


async def test_stock_comes_goes_and_is_counted(shop: Connection, database_url: str) -> None:
    await execute(
        database_url,
        ReceiveStock(TEA, NORTH, 10),
        MoveStock(TEA, NORTH, SOUTH, 4),
        SetLevel(TEA, SOUTH, 3),
        SetLevel(TEA, NORTH, 6),
    )
    assert await levels(shop) == {
        (TEA, NORTH): Level(TEA, NORTH, 1, received=6, available=6),
        (TEA, SOUTH): Level(TEA, SOUTH, 2, received=4, scrapped=1, available=3),
    }
    assert await run_checks(shop) == []


async def test_unknown_stock_is_refused_and_nothing_is_written(shop: Connection, database_url: str) -> None:
    (outcome,) = await execute(database_url, ReceiveStock(99, NORTH, 1))
    assert outcome == Refused((StockUnknown("99", str(NORTH)),))
    assert await levels(shop) == {}


async def test_two_workers_make_the_same_level_once(shop: Connection, database_url: str) -> None:
    async with running(database_url, workers=2) as engines:
        for _ in range(5):
            await shop.execute("delete from stock where workspace = $1", WORKSPACE)
            await asyncio.gather(
                *(engine.execute(WORKSPACE, ReceiveStock(TEA, NORTH, 1)) for engine in engines * 4)
            )
            assert (await levels(shop))[(TEA, NORTH)].received == 8


async def test_bulk_work_answers_row_by_row(shop: Connection, database_url: str) -> None:
    commands = [ReceiveStock(TEA if n % 2 else 99, NORTH, 1) for n in range(1_200)]
    async with running(database_url) as (engine,):
        outcomes = await run_all(engine, WORKSPACE, commands)
    assert [isinstance(outcome, Refused) for outcome in outcomes] == [n % 2 == 0 for n in range(1_200)]
    assert (await levels(shop))[(TEA, NORTH)].received == 600


async def test_a_cancelled_order_stands_cancelled(shop: Connection, database_url: str) -> None:
    hold = Hold(7, 1, NORTH, TEA, 3)
    await seed(shop, [line(7, 1, TEA, 3)], hold, level(TEA, NORTH, 4, 3))
    assert await run_checks(shop) == []
    outcomes = await execute(
        database_url, CancelOrder(7, (Units(1, 1),), "broken"), CancelOrder(7), CancelOrder(7)
    )
    assert isinstance(outcomes[1], Cancelled)
    assert outcomes[2] == Refused((NothingToCancel("7"),))
    found = await show_order(shop, WORKSPACE, 7)
    assert found is not None
    assert (found.order.state, found.order.events, found.holds) == ("cancelled", 3, ())
    assert [event.data.get("reason") for event in found.events] == [None, "broken", ""]
    assert found.events[1].data["lines"] == [{"no": 1, "quantity": 1}]
    assert found.invoice is not None
    assert found.invoice.amount == 0
    assert (await levels(shop))[(TEA, NORTH)] == level(TEA, NORTH, 4)
    assert await run_checks(shop) == []


async def test_one_unit_is_cancelled_once_however_many_ask(shop: Connection, database_url: str) -> None:
    await seed(shop, [line(7, 1, TEA, 3)], Hold(7, 1, NORTH, TEA, 3), level(TEA, NORTH, 3, 3))
    async with running(database_url, workers=2) as engines:
        outcomes = await asyncio.gather(
            *(engine.execute(WORKSPACE, CancelOrder(7, (Units(1, 1),))) for engine in engines * 4)
        )
    assert sum(isinstance(outcome, Cancelled) for outcome in outcomes) == 3
    assert await run_checks(shop) == []


async def test_nothing_of_the_neighbour_is_seen_or_touched(shop: Connection, database_url: str) -> None:
    assert isinstance((await execute(database_url, CancelOrder(7)))[0], Refused)
    assert await show_order(shop, WORKSPACE, 7) is None
    assert await order_numbers(shop, WORKSPACE, "7") == []
    assert (await list_orders(shop, WORKSPACE)).orders == ()
    assert await list_stock(shop, WORKSPACE) == []
    assert (await list_stock(shop, 2))[0].level.received == 7


async def test_orders_are_listed_newest_first_in_pages(shop: Connection) -> None:
    records = [order_records(number, [line(number, 1, TEA, 1)]) for number in range(1, 6)]
    await insert(shop, WORKSPACE, [record for records_of_one in records for record in records_of_one])
    first = await list_orders(shop, WORKSPACE, limit=3)
    assert [order.id for order in first.orders] == [5, 4, 3]
    second = await list_orders(shop, WORKSPACE, limit=3, before=first.before)
    assert ([order.id for order in second.orders], second.before) == ([2, 1], None)
    everything = OrderFilter("placed", CHANNEL, "live", AT)
    assert len((await list_orders(shop, WORKSPACE, everything)).orders) == 5
    for nothing in (OrderFilter("cancelled"), OrderFilter(channel=9), OrderFilter(environment="test")):
        assert (await list_orders(shop, WORKSPACE, nothing)).orders == ()


async def test_an_order_goes_by_four_names(shop: Connection) -> None:
    from entrepot.domain.channels.accounts import Reference
    from entrepot.domain.kernel.ids import cuid

    named = Reference(CHANNEL, "live", "external-order", "X-7", 7)
    await seed(shop, [line(7, 1, TEA, 1)], named)
    found = await show_order(shop, WORKSPACE, 7)
    assert found is not None
    for name in ("7", str(found.order.uuid), cuid(found.order.uuid), "X-7"):
        assert await order_numbers(shop, WORKSPACE, name) == [7]
    for name in ("8", "X-8", "", "²", "9" * 40, "a\0b", "c" * 25):
        assert await order_numbers(shop, WORKSPACE, name) == []


async def test_stock_is_listed_by_any_of_its_names(shop: Connection) -> None:
    await insert(shop, WORKSPACE, [level(TEA, NORTH, 1), level(TEA, SOUTH, 2), level(RICE, NORTH, 3)])
    rows = await list_stock(shop, WORKSPACE)
    assert [(row.sku, row.location) for row in rows] == [
        ("RICE", "north"),
        ("TEA", "north"),
        ("TEA", "south"),
    ]
    assert [row.scale for row in rows] == [2, 0, 0]
    page = await list_stock(shop, WORKSPACE, limit=2, after=("RICE", "north"))
    assert [(row.sku, row.location) for row in page] == [("TEA", "north"), ("TEA", "south")]
    for wanted, count in (
        (StockFilter(sku="TEA"), 2),
        (StockFilter(location="north"), 2),
        (StockFilter(product=PRODUCTS[0].uuid), 3),
        (StockFilter(sku="NONE"), 0),
    ):
        assert len(await list_stock(shop, WORKSPACE, wanted)) == count


async def test_names_lead_to_their_things(shop: Connection) -> None:
    assert await variants_by_sku(shop, WORKSPACE, ["TEA", "NONE", "T\0"]) == {"TEA": VARIANTS[0]}
    assert await locations(shop, WORKSPACE) == list(LOCATIONS)
    assert await workspace_by_name(shop, "shop") == WORKSPACE
    assert await workspace_by_name(shop, "none") is None
    assert await workspace_names(shop) == {2: "neighbour", 1: "shop"}
    assert [str(channel) for channel in await channel_names(shop, WORKSPACE)] == ["bonsai/main"]


async def test_orders_of_a_channel_come_by_when_they_were_placed(shop: Connection) -> None:
    """A cart has its number long before it becomes an order."""
    wanted = OrderFilter(channel=CHANNEL)
    for number, hour, environment in (
        (7, 4, "live"),
        (8, 1, "test"),
        (9, 3, "live"),
        (10, 3, "test"),
        (11, 2, "live"),
    ):
        records = order_records(number, [line(number, 1, TEA, 1)], environment=environment)  # pyright: ignore[reportArgumentType]
        at = AT.replace(hour=hour)
        placed = [
            msgspec.structs.replace(each, placed_at=at) if isinstance(each, Order) else each
            for each in records
        ]
        await insert(shop, WORKSPACE, placed)
    whole = await list_orders(shop, WORKSPACE, wanted)
    assert ([order.id for order in whole.orders], whole.before) == ([7, 10, 9, 11, 8], None)
    seen: list[int] = []
    before: int | None = None
    for _ in range(3):
        page = await list_orders(shop, WORKSPACE, wanted, limit=2, before=before)
        seen += [order.id for order in page.orders]
        before = page.before
    assert (seen, before) == ([7, 10, 9, 11, 8], None)
    live = await list_orders(shop, WORKSPACE, OrderFilter(channel=CHANNEL, environment="live"), before=9)
    assert [order.id for order in live.orders] == [11]
    assert len((await list_orders(shop, WORKSPACE, wanted, before=99)).orders) == 5
