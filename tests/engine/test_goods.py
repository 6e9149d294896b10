"""Products, counts and locations through the engine: durable, by their names, and right when several want the same."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from entrepot.checks import run_checks
from entrepot.domain.catalogue.changes import PriceChange, ProductChanges, VariantChanges
from entrepot.domain.catalogue.save_product import DeleteProduct, SavedProduct, SaveProduct
from entrepot.domain.kernel.commands import Command, Refused
from entrepot.domain.stock.adjust import ReceiveStock
from entrepot.domain.stock.counts import Count, Counted, SetAvailable, SetLevel
from entrepot.domain.stock.locations import DeleteLocation, LocationChanges, SaveLocation
from entrepot.domain.stock.save_goods import SavedGoods, SaveGoods
from entrepot.failures.goods import LocationInUse
from entrepot.failures.rows import CatalogueClosed, NameTaken, PartUnknown, RowUnknown, StockClosed
from entrepot.failures.stock import StockUnknown
from entrepot.store.connections import Connection, connect
from tests.support.interleaving import interleaved, running
from tests.support.shop import CHANNEL, NORTH, SOUTH, TEA, WORKSPACE, insert, level, open_shop


@pytest.fixture
async def shop(database_url: str) -> AsyncIterator[Connection]:
    connection = await connect(database_url)
    await open_shop(connection)
    await open_shop(connection, 2, "neighbour")
    yield connection
    await connection.close()


async def run(url: str, *commands: Command) -> list[Any]:
    async with running(url) as (engine,):
        return [await engine.execute(WORKSPACE, command) for command in commands]


async def at_once(url: str, commands: Sequence[Command], workers: int = 2) -> list[Any]:
    async with running(url, workers) as engines:
        calls = [engines[n % workers].execute(WORKSPACE, each) for n, each in enumerate(commands)]
        return await asyncio.gather(*calls)


async def test_goods_are_made_changed_and_deleted(shop: Connection, database_url: str) -> None:
    made, changed, gone = await run(
        database_url,
        SaveGoods(channel=None, name="RUG", mode="make", prices={"EUR": PriceChange(900)}, count=Count(4)),
        SaveGoods(
            channel=None,
            name="RUG",
            mode="change",
            product=ProductChanges(name="Rug"),
            variant=VariantChanges(sku="RUG-2"),
        ),
        DeleteProduct(channel=None, name="RUG-2"),
    )
    assert isinstance(made, SavedGoods)
    assert made.level is not None
    assert (made.level.on_hand, changed.variant.id, gone.variant.id) == (4, made.variant.id, made.variant.id)
    row = await shop.fetchrow(
        "select v.sku, v.available, v.deleted_at is null, p.name, p.deleted_at is null, r.amount from variants v "
        "join products p on p.workspace = v.workspace and p.id = v.product "
        "join prices r on r.workspace = v.workspace and r.variant = v.id where v.workspace = $1 and v.id = $2",
        WORKSPACE, made.variant.id,
    )  # fmt: skip
    assert tuple(row) == ("RUG-2", False, False, "Rug", False, 900)
    assert await run_checks(shop) == []


async def test_of_many_that_make_one_sku_or_code_one_does(shop: Connection, database_url: str) -> None:
    products = [SaveGoods(channel=None, name="RUG", mode="make", count=Count(1)) for _ in range(10)]
    places = [SaveLocation(channel=None, location="A-101", mode="make") for _ in range(10)]
    for commands in (products, places):
        outcomes = await at_once(database_url, commands)
        refused = [each for each in outcomes if isinstance(each, Refused)]
        assert [each.failures for each in refused] == [(NameTaken(),)] * 9
    assert await shop.fetchval("select count(*) from variants where sku = 'RUG'") == 1
    assert await shop.fetchval("select count(*) from locations where code = 'A-101'") == 1


async def test_of_two_that_save_one_sku_the_second_changes_what_the_first_made(
    shop: Connection, database_url: str
) -> None:
    first = SaveGoods(channel=None, name="RUG", product=ProductChanges(name="One"))
    second = SaveGoods(channel=None, name="RUG", product=ProductChanges(hidden=True))
    outcomes = await interleaved(database_url, shop, WORKSPACE, first, second)
    results = [each for each in outcomes if isinstance(each, SavedProduct)]
    assert sorted(each.made for each in results) == [False, True]
    row = await shop.fetchrow("select count(*), bool_and(hidden) from products where id >= 1000")
    assert tuple(row) == (1, True)


async def test_a_sku_is_renamed_to_none_that_another_has(shop: Connection, database_url: str) -> None:
    (outcome,) = await run(
        database_url, SaveProduct(channel=None, name="TEA", variant=VariantChanges(sku="RICE"))
    )
    assert outcome == Refused((NameTaken(),))


async def test_a_choice_that_there_is_not_is_refused(shop: Connection, database_url: str) -> None:
    from entrepot.domain.catalogue.changes import ChoiceChanges

    command = SaveProduct(channel=None, name="TEA", choices=ChoiceChanges(listed=(77,)))
    assert await run(database_url, command) == [Refused((PartUnknown(),))]


async def test_rights_are_those_of_the_channel_as_it_stands(shop: Connection, database_url: str) -> None:
    commands = (
        SaveGoods(channel=CHANNEL, name="TEA", product=ProductChanges(name="T")),
        SetLevel("TEA", "north", 5, CHANNEL),
        SaveLocation(channel=CHANNEL, location="A-1"),
    )
    closed = await run(database_url, *commands)
    assert [each.failures for each in closed] == [(CatalogueClosed(),), (StockClosed(),), (StockClosed(),)]
    await shop.execute(
        'update channels set settings = \'{"may_set_stock": true, "may_edit_catalogue": true}\''
    )
    assert not any(isinstance(each, Refused) for each in await run(database_url, *commands))


async def test_levels_go_by_sku_and_code(shop: Connection, database_url: str) -> None:
    by_name, again, unknown = await run(
        database_url,
        SetLevel("TEA", "south", 5),
        SetLevel(TEA, SOUTH, 6),
        SetLevel("TEA", "nowhere", 5),
    )
    assert (by_name.made, by_name.level.key, again.made) == (True, (TEA, SOUTH), False)
    assert unknown == Refused((StockUnknown("TEA", "nowhere", "location"),))


async def test_what_can_be_sold_is_decided_on_what_is_promised_now(
    shop: Connection, database_url: str
) -> None:
    """The first has read the promises when the second comes: it waits, and both hold."""
    await insert(shop, WORKSPACE, [level(TEA, NORTH, 9, reserved=4)])
    first, second = SetAvailable(TEA, None, 3), ReceiveStock(TEA, NORTH, 2)
    outcomes = await interleaved(database_url, shop, WORKSPACE, first, second)
    assert not any(isinstance(each, Refused) for each in outcomes)
    row = await shop.fetchrow("select available, reserved from stock where variant = $1", TEA)
    assert tuple(row) == (5, 4)


@pytest.mark.parametrize("order", ["count first", "delete first"])
async def test_a_location_is_not_deleted_under_a_count(
    shop: Connection, database_url: str, order: str
) -> None:
    pair: list[Command] = [SetLevel("TEA", "south", 5), DeleteLocation(channel=None, location="south")]
    first, second = pair if order == "count first" else reversed(pair)
    outcomes = await interleaved(database_url, shop, WORKSPACE, first, second)
    refused = [each for each in outcomes if isinstance(each, Refused)]
    expected = LocationInUse("south") if order == "count first" else StockUnknown("TEA", "south", "location")
    assert [each.failures for each in refused] == [(expected,)]
    kept = await shop.fetchval("select count(*) from stock where location = $1", SOUTH)
    gone = await shop.fetchval(
        "select count(*) from locations where id = $1 and deleted_at is not null and workspace = $2",
        SOUTH, WORKSPACE,
    )  # fmt: skip
    assert kept + gone == 1


async def test_an_emptied_location_is_deleted_and_comes_back(shop: Connection, database_url: str) -> None:
    outcomes = await run(
        database_url,
        SetLevel("TEA", "south", 5),
        DeleteLocation(channel=None, location="south"),
        SetLevel("TEA", "south", 0),
        DeleteLocation(channel=None, location="south"),
        DeleteLocation(channel=None, location="south"),
        SetLevel("TEA", "south", 1),
        SaveLocation(channel=None, location="south", changes=LocationChanges(zone="Z")),
        SetLevel("TEA", "south", 1),
    )
    refusals = {n: each.failures[0] for n, each in enumerate(outcomes) if isinstance(each, Refused)}
    assert refusals == {
        1: LocationInUse("south"),
        4: RowUnknown("Location", "south"),
        5: StockUnknown("TEA", "south", "location"),
    }
    assert isinstance(outcomes[-1], Counted)
    assert await run_checks(shop) == []
    assert await shop.fetchval("select count(*) from locations where deleted_at is not null") == 0
