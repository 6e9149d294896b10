"""What a batch reads: in few round trips, and yet as if it had asked for one thing after the other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from functools import partial
from uuid import uuid4

import pytest

from entrepot.domain.carts.records import Cart, CartLine
from entrepot.domain.catalogue.products import Variant
from entrepot.domain.channels.accounts import CarrierSettings
from entrepot.domain.fulfilment.ship import Acknowledge
from entrepot.domain.kernel.commands import Command
from entrepot.domain.kernel.records import View
from entrepot.domain.kernel.stages import Stage
from entrepot.domain.orders.cancel import CancelOrder
from entrepot.domain.placing.place import Placed
from entrepot.domain.placing.record_sale import SoldLine
from entrepot.domain.stock.levels import FirstLocation
from entrepot.engine.batches.batch import Batch, make_ready, own_rule
from entrepot.engine.clock import real_now
from entrepot.store.batches.readers import AlreadyCommittedError, BatchReader, PlainReader
from entrepot.store.batches.stages import bring
from entrepot.store.connections import Connection, LaneConnection, connect, connect_engine
from tests.engine.test_taking import settings, take
from tests.support.blocked import blocked
from tests.support.boutique import SHIRT, SMALL, cart, cart_line, open_boutique, write
from tests.support.cluster import not_on_citus
from tests.support.shop import AT, NORTH, TEA, WORKSPACE, insert, level, open_shop
from tests.support.waiting import eventually


def _line(no: int) -> CartLine:
    return cart_line(no, Variant(SMALL, SHIRT, "SHIRT-S"), 1, 20_000)


@pytest.fixture
async def plain(database_url: str) -> AsyncGenerator[Connection]:
    connection = await connect(database_url)
    await open_boutique(connection, cart(), _line(1))
    yield connection
    await connection.close()


@pytest.fixture
async def lane(database_url: str) -> AsyncGenerator[LaneConnection]:
    connection = await connect_engine(database_url)
    await connection.execute("set lock_timeout = 0")  # a slow machine may let it wait for long
    await make_ready(connection)
    yield connection
    await connection.close()


async def test_children_are_as_new_as_the_lock_of_their_parent(
    plain: Connection, lane: LaneConnection, database_url: str
) -> None:
    """Parent and children come in one round trip; what the lock waited for must be among the children."""
    view, watching = View(WORKSPACE), await connect(database_url)
    async with plain.transaction():
        await plain.execute("select id from carts where workspace = $1 for update", WORKSPACE)
        await write(plain, [_line(2)])
        late = asyncio.create_task(
            bring(BatchReader(lane, WORKSPACE, uuid4(), real_now(), 0), {Stage.CART: [cart().id]}, view)
        )
        await eventually(partial(blocked, watching))
    await late
    await watching.close()
    assert [line.no for line in view.children(CartLine, cart().id)] == [1, 2]


async def test_a_batch_reads_what_a_plain_reader_does(plain: Connection, lane: LaneConnection) -> None:
    wanted = {Stage.CART: [cart().id], Stage.ARTICLE: [SHIRT], Stage.STOCK: [SMALL]}
    seen, locked = View(WORKSPACE), View(WORKSPACE)
    await bring(PlainReader(plain, WORKSPACE), wanted, seen)
    await bring(BatchReader(lane, WORKSPACE, uuid4(), real_now(), 0), wanted, locked)
    assert seen.get(Cart, cart().id) == locked.get(Cart, cart().id) == cart()
    assert seen._rows == locked._rows


async def test_ids_are_drawn_last_and_the_batch_is_known_by_its_own(
    plain: Connection, lane: LaneConnection
) -> None:
    batch = uuid4()
    first, second = (BatchReader(lane, WORKSPACE, batch, real_now(), 3) for _ in range(2))
    await first.find({}, last=True)
    with pytest.raises(AlreadyCommittedError):
        await second.find({}, last=True)
    assert (
        await plain.fetchval("select next from counters where workspace = $1", WORKSPACE)
        == (first.first or 0) + 3
    )


@pytest.fixture
async def shop(database_url: str) -> AsyncGenerator[Connection]:
    connection = await connect(database_url)
    await open_shop(connection)
    await insert(connection, WORKSPACE, [level(TEA, NORTH, 9)])
    await settings(connection, stock="backorder", carrier=CarrierSettings("simulated"))
    yield connection
    await connection.close()


async def looked_at(lane: LaneConnection, command: Command) -> tuple[object, dict[str, int]]:
    """What a command comes to in a batch of its own, and how often the batch looked at which table."""
    scans = """
    select relname, pg_stat_get_xact_numscans(c.oid) + coalesce((
      select sum(pg_stat_get_xact_numscans(i.indexrelid)) from pg_index i where i.indrelid = c.oid), 0)
    from pg_class c where relname in ('channels', 'locations') order by 1
    """
    batch = Batch(WORKSPACE, [command])
    async with lane.transaction():
        before = dict[str, int](await lane.fetch(scans))
        await batch._work(lane, own_rule, AT)
        after = dict[str, int](await lane.fetch(scans))
    return batch.answers[0], {table: int(after[table] - before[table]) for table in after}


@not_on_citus("looks at a shard are counted by its node")
async def test_a_batch_looks_for_carriers_and_the_first_location_only_where_it_needs_them(
    lane: LaneConnection, shop: Connection
) -> None:
    """Each order reads its own account, once: other accounts and all locations are nothing to it."""
    told = "select count(*) from outbox where listener like 'carrier:%'"
    placed, seen = await looked_at(lane, take(SoldLine("1", "TEA", 2)))
    assert isinstance(placed, Placed), placed
    assert seen == {"channels": 1, "locations": 0}
    assert await shop.fetchval(told) == 1
    _, seen = await looked_at(lane, Acknowledge(order=placed.order.id))
    assert seen == {"channels": 0, "locations": 0}
    _, seen = await looked_at(lane, CancelOrder(placed.order.id))
    assert seen == {"channels": 1, "locations": 0}
    assert await shop.fetchval(told) == 2
    await shop.execute("delete from stock")
    owed, seen = await looked_at(lane, take(SoldLine("1", "TEA", 2)))
    assert isinstance(owed, Placed), owed
    assert seen == {"channels": 1, "locations": 2}, "once looked for, once as what the new level refers to"


async def test_the_first_location_is_told_where_a_variant_stands_nowhere(plain: Connection) -> None:
    view, other = View(WORKSPACE), View(WORKSPACE)
    await bring(PlainReader(plain, WORKSPACE), {Stage.STOCK: [SMALL]}, view)
    await plain.execute("delete from stock where variant = $1", SMALL)
    await bring(PlainReader(plain, WORKSPACE), {Stage.STOCK: [SMALL]}, other)
    assert view.get(FirstLocation, "first") is None
    assert other.get(FirstLocation, "first") is not None
