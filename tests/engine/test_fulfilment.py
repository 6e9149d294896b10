"""Two at once on one order after the sale: whatever comes first, units are counted once and every law holds."""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec
import pytest

from entrepot.checks import run_checks
from entrepot.domain.fulfilment.parcels import Parcel
from entrepot.domain.fulfilment.ship import Shipped, ShipUnits
from entrepot.domain.fulfilment.track import Tracked, TrackShipment
from entrepot.domain.kernel.commands import Command, Refused
from entrepot.domain.orders.cancel import Cancelled, CancelOrder
from entrepot.domain.orders.line_counts import Units
from entrepot.domain.stock.counts import Counted, SetLevel
from entrepot.domain.stock.levels import Hold
from entrepot.engine.batches.engine import Outcome
from entrepot.failures.fulfilment import TooManyUnits, UnitsOwed
from entrepot.failures.stock import TooManyToCancel
from entrepot.store.connections import Connection, connect
from entrepot.store.queries.orders import show_order
from tests.support.interleaving import interleaved, running
from tests.support.shop import NORTH, TEA, WORKSPACE, insert, level, line, open_shop, order_records

Both = tuple[Outcome, Outcome]
PARCEL = Parcel(tracking="1Z")
SHIP = ShipUnits(order=7, lines=(Units(1, 2),))
CANCEL = CancelOrder(7, (Units(1, 2),))
ARRIVED = TrackShipment(order=7, status="delivered", parcel=PARCEL, event_id="e1")


@pytest.fixture
async def shop(database_url: str) -> AsyncIterator[Connection]:
    connection = await connect(database_url)
    await open_shop(connection)
    records = order_records(7, [line(7, 1, TEA, 3)], holds=[Hold(7, 1, NORTH, TEA, 3)])
    await insert(connection, WORKSPACE, [*records, level(TEA, NORTH, 9, 3)])
    yield connection
    assert await run_checks(connection) == []
    await connection.close()


async def stands(connection: Connection) -> tuple[dict[str, int], str]:
    found = await show_order(connection, WORKSPACE, 7)
    assert found is not None
    stages = ("new", "shipped", "delivered", "cancelled")
    return {name: n for name in stages if (n := getattr(found.lines[0], name))}, found.order.progress


async def both(url: str, shop: Connection, first: Command, second: Command) -> Both:
    return await interleaved(url, shop, WORKSPACE, first, second)


async def test_cancelled_while_it_is_sent(shop: Connection, database_url: str) -> None:
    first, second = await both(database_url, shop, SHIP, CANCEL)
    assert (type(first), second) == (Shipped, Refused((TooManyToCancel("7", 1, 2, 1),)))
    assert await stands(shop) == ({"new": 1, "shipped": 2}, "partially_shipped")


async def test_sent_while_it_is_cancelled(shop: Connection, database_url: str) -> None:
    first, second = await both(database_url, shop, CANCEL, SHIP)
    assert (type(first), second) == (Cancelled, Refused((TooManyUnits("7", 1, 2, 1),)))
    assert await stands(shop) == ({"new": 1, "cancelled": 2}, "partially_cancelled")


async def test_the_same_units_are_sent_once(shop: Connection, database_url: str) -> None:
    first, second = await both(database_url, shop, SHIP, ShipUnits(order=7, lines=(Units(1, 2),)))
    assert (type(first), second) == (Shipped, Refused((TooManyUnits("7", 1, 2, 1),)))
    assert await stands(shop) == ({"new": 1, "shipped": 2}, "partially_shipped")


async def test_a_parcel_is_sent_once(shop: Connection, database_url: str) -> None:
    parcels = [ShipUnits(order=7, lines=(Units(1, 1),), parcel=PARCEL) for _ in range(2)]
    first, second = await both(database_url, shop, *parcels)
    assert isinstance(first, Shipped)
    assert second == msgspec.structs.replace(first, lines=())
    assert await stands(shop) == ({"new": 2, "shipped": 1}, "partially_shipped")


async def test_delivered_is_told_while_it_is_sent(shop: Connection, database_url: str) -> None:
    first, second = await both(database_url, shop, ShipUnits(order=7, parcel=PARCEL), ARRIVED)
    assert (type(first), type(second)) == (Shipped, Tracked)
    assert await stands(shop) == ({"delivered": 3}, "delivered")


async def test_delivered_is_told_before_it_is_sent(shop: Connection, database_url: str) -> None:
    first, second = await both(database_url, shop, ARRIVED, ShipUnits(order=7, parcel=PARCEL))
    assert isinstance(first, Tracked)
    assert isinstance(second, Shipped)
    assert (second.shipments, second.lines) == (first.shipments, ())
    assert await stands(shop) == ({"delivered": 3}, "delivered")


async def test_an_event_is_told_twice_at_once(shop: Connection, database_url: str) -> None:
    again = TrackShipment(order=7, status="delivered", parcel=PARCEL, event_id="e1")
    first, second = await both(database_url, shop, ARRIVED, again)
    assert isinstance(first, Tracked)
    assert isinstance(second, Tracked)
    assert (first.lines, second.lines) == ((Units(1, 3),), ())
    assert await shop.fetchval("select count(*) from shipment_events") == 1


async def test_counted_while_it_is_sent(shop: Connection, database_url: str) -> None:
    first, second = await both(database_url, shop, SHIP, SetLevel(TEA, NORTH, 0))
    assert isinstance(first, Shipped)
    assert isinstance(second, Counted)
    left = second.level
    assert (left.shipped, left.scrapped, left.reserved, left.owed) == (2, 7, 1, 1)


async def test_sent_while_it_is_counted_away(shop: Connection, database_url: str) -> None:
    first, second = await both(database_url, shop, SetLevel(TEA, NORTH, 1), SHIP)
    assert isinstance(first, Counted)
    assert second == Refused((UnitsOwed("7", 1, 2, 1),))


async def test_a_shipment_is_the_workspaces_own(shop: Connection, database_url: str) -> None:
    await open_shop(shop, 2, "neighbour")
    records = order_records(7, [line(7, 1, TEA, 3)], holds=[Hold(7, 1, NORTH, TEA, 3)])
    await insert(shop, 2, [*records, level(TEA, NORTH, 9, 3)])
    async with running(database_url) as (engine,):
        await engine.execute(2, ShipUnits(order=7, parcel=PARCEL))
    assert await stands(shop) == ({"new": 3}, "new")
    found = await show_order(shop, 2, 7)
    assert found is not None
    assert [(each.no, each.tracking) for each in found.shipments] == [(1, "1Z")]
