"""Orders by SKU through the engine: durable, lawful, and right when several want the same."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from entrepot.checks import run_checks
from entrepot.domain.catalogue.changes import VariantChanges
from entrepot.domain.catalogue.save_product import SaveProduct
from entrepot.domain.channels.accounts import ChannelSettings
from entrepot.domain.kernel.commands import Refused
from entrepot.domain.orders.records import Address, Person
from entrepot.domain.placing.place import Placed
from entrepot.domain.placing.record_sale import OutsideName, SoldLine, TakeOrder
from entrepot.domain.stock.levels import Level
from entrepot.failures.orders import (
    DuplicateExternalOrder,
    LineRef,
    ProductUnavailable,
    SkuUnknown,
    SoldOut,
)
from entrepot.store.connections import Connection, connect
from entrepot.store.queries.orders import show_order
from entrepot.store.queries.stock import list_stock
from tests.support.interleaving import interleaved, running
from tests.support.shop import CHANNEL, NORTH, SOUTH, TEA, WORKSPACE, insert, level, open_shop

TO = Address("A", "B", "Street 1", "Town", "DE", "1")
OFF_SALE = SaveProduct(channel=None, name="TEA", mode="change", variant=VariantChanges(available=False))


def take(*lines: SoldLine, **fields: Any) -> TakeOrder:
    who: dict[str, Any] = {"channel": CHANNEL, "environment": "live", "person": Person("a@example.com")}
    who |= {"lines": lines, "ship_to": TO}
    return TakeOrder(**who | fields)


async def settings(connection: Connection, **changes: Any) -> None:
    stored = msgspec.json.encode(ChannelSettings(**changes)).decode()
    await connection.execute("update channels set settings = $1::jsonb", stored)


@pytest.fixture
async def shop(database_url: str) -> AsyncIterator[Connection]:
    connection = await connect(database_url)
    for workspace, name in ((WORKSPACE, "shop"), (2, "neighbour")):
        await open_shop(connection, workspace, name)
    yield connection
    await connection.close()


async def levels(connection: Connection) -> dict[object, Level]:
    return {row.level.key: row.level for row in await list_stock(connection, WORKSPACE)}


async def test_an_order_is_kept_as_it_was_taken(shop: Connection, database_url: str) -> None:
    await insert(shop, WORKSPACE, [level(TEA, NORTH, 5)])
    there = msgspec.structs.replace(TO, city="Elsewhere")
    lines = (SoldLine("1", "TEA", 2, 500), SoldLine("2", "TEA", 1, 500, ship_to=there))
    async with running(database_url) as (engine,):
        placed = await engine.execute(WORKSPACE, take(*lines, names=(OutsideName("external-order", "X"),)))
    assert isinstance(placed, Placed)
    found = await show_order(shop, WORKSPACE, placed.order.id)
    assert found is not None
    assert (found.order, found.parts, found.lines) == (placed.order, placed.parts, placed.lines)
    assert [part.ship_to for part in found.parts] == [None, there]
    assert (await levels(shop))[TEA, NORTH].available == 2
    assert await run_checks(shop) == []


async def test_the_neighbours_skus_do_not_exist(shop: Connection, database_url: str) -> None:
    await shop.execute("update variants set sku = 'MUG' where workspace = 2 and id = $1", TEA)
    await insert(shop, 2, [level(TEA, NORTH, 5)])
    async with running(database_url) as (engine,):
        outcome = await engine.execute(WORKSPACE, take(SoldLine("1", "MUG", 1)))
        other = await engine.execute(2, take(SoldLine("1", "MUG", 1)))
    assert outcome == Refused((SkuUnknown(LineRef("", "MUG", "1")),))
    assert isinstance(other, Placed)


@pytest.mark.parametrize(
    "flag", ["available = false", "hidden = true", "draft = true", "display_only = true"]
)
async def test_whatever_takes_a_product_off_sale_takes_its_skus_off_sale(
    shop: Connection, database_url: str, flag: str
) -> None:
    await insert(shop, WORKSPACE, [level(TEA, NORTH, 5)])
    await shop.execute(f"update products set {flag}")
    async with running(database_url) as (engine,):
        outcome = await engine.execute(WORKSPACE, take(SoldLine("1", "TEA", 1)))
    assert outcome == Refused((ProductUnavailable(LineRef("", "TEA", "1")),))


async def test_of_two_orders_with_one_external_id_one_is_taken(shop: Connection, database_url: str) -> None:
    await insert(shop, WORKSPACE, [level(TEA, NORTH, 5)])
    named = (OutsideName("external-order", "X"),)
    first, second = await interleaved(
        database_url,
        shop,
        WORKSPACE,
        take(SoldLine("1", "TEA", 2), names=named),
        take(SoldLine("1", "TEA", 3), names=named),
    )
    outcomes = [type(outcome) for outcome in (first, second)]
    assert sorted(outcomes, key=str) == [Refused, Placed]
    assert Refused((DuplicateExternalOrder("X", "external-order"),)) in (first, second)
    assert await shop.fetchval("select count(*) from orders") == 1
    assert await run_checks(shop) == []


async def test_two_orders_owe_at_one_level_that_neither_found(shop: Connection, database_url: str) -> None:
    await settings(shop, stock="backorder")
    await interleaved(
        database_url, shop, WORKSPACE, take(SoldLine("1", "TEA", 2)), take(SoldLine("1", "TEA", 3))
    )
    assert await levels(shop) == {(TEA, NORTH): Level(TEA, NORTH, 1, reserved=5, owed=5)}
    assert await run_checks(shop) == []


async def test_of_two_orders_of_the_last_units_one_is_taken(shop: Connection, database_url: str) -> None:
    await insert(shop, WORKSPACE, [level(TEA, NORTH, 1), level(TEA, SOUTH, 1)])
    wanted = take(SoldLine("1", "TEA", 2)), take(SoldLine("1", "TEA", 2))
    first, second = await interleaved(database_url, shop, WORKSPACE, *wanted)
    assert isinstance(first, Placed)
    assert second == Refused((SoldOut(LineRef("", "TEA", "1")),))
    assert await run_checks(shop) == []


async def test_an_order_that_was_looking_while_its_sku_went_off_sale_came_before(
    shop: Connection, database_url: str
) -> None:
    await settings(shop, may_edit_catalogue=True)
    await insert(shop, WORKSPACE, [level(TEA, NORTH, 5)])
    one = SoldLine("1", "TEA", 1)
    first, gone = await interleaved(database_url, shop, WORKSPACE, take(one), OFF_SALE)
    assert isinstance(first, Placed)
    assert not isinstance(gone, Refused)
    async with running(database_url) as (engine,):
        later = await engine.execute(WORKSPACE, take(one))
    assert later == Refused((ProductUnavailable(LineRef("", "TEA", "1")),))
    assert (await levels(shop))[TEA, NORTH].reserved == 1
    assert await run_checks(shop) == []


async def test_what_was_sold_elsewhere_is_lawful_too(shop: Connection, database_url: str) -> None:
    await settings(shop, stock="record")
    async with running(database_url) as (engine,):
        placed = await engine.execute(WORKSPACE, take(SoldLine("1", "TEA", 2), SoldLine("2", "NONE", 1, 100)))
    assert isinstance(placed, Placed)
    assert (placed.order.progress, await levels(shop)) == ("delivered", {})
    assert await run_checks(shop) == []
