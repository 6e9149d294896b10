"""What a batch reads: in few round trips, and yet as if it had asked for one thing after the other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from uuid import uuid4

import pytest

from entrepot.domain.carts.records import Cart, CartLine
from entrepot.domain.catalogue.products import Variant
from entrepot.domain.kernel.records import View
from entrepot.domain.kernel.stages import Stage
from entrepot.engine.batches.batch import make_ready
from entrepot.engine.clock import real_now
from entrepot.store.batches.readers import AlreadyCommittedError, BatchReader, PlainReader
from entrepot.store.batches.stages import bring
from entrepot.store.connections import Connection, connect, connect_engine
from tests.support.boutique import SHIRT, SMALL, cart, cart_line, open_boutique, write
from tests.support.shop import WORKSPACE
from tests.support.waiting import eventually

_WAITING = """
select count(*) from pg_stat_activity
where wait_event_type = 'Lock' and datname = current_database() and query like '%find_rows%'
"""


def _line(no: int) -> CartLine:
    return cart_line(no, Variant(SMALL, SHIRT, "SHIRT-S"), 1, 20_000)


@pytest.fixture
async def plain(database_url: str) -> AsyncGenerator[Connection]:
    connection = await connect(database_url)
    await open_boutique(connection, cart(), _line(1))
    yield connection
    await connection.close()


@pytest.fixture
async def lane(database_url: str) -> AsyncGenerator[Connection]:
    connection = await connect_engine(database_url)
    await connection.execute("set lock_timeout = 0")  # a slow machine may let it wait for long
    await make_ready(connection)
    yield connection
    await connection.close()


async def test_children_are_as_new_as_the_lock_of_their_parent(
    plain: Connection, lane: Connection, database_url: str
) -> None:
    """Parent and children come in one round trip; what the lock waited for must be among the children."""
    view, watching = View(WORKSPACE), await connect(database_url)
    async with plain.transaction():
        await plain.execute("select id from carts where workspace = $1 for update", WORKSPACE)
        await write(plain, [_line(2)])
        late = asyncio.create_task(
            bring(BatchReader(lane, WORKSPACE, uuid4(), real_now(), 0), {Stage.CART: [cart().id]}, view)
        )
        # Not within the transaction, which goes on seeing the activity that it saw first.
        await eventually(lambda: watching.fetchval(_WAITING))
    await late
    await watching.close()
    assert [line.no for line in view.children(CartLine, cart().id)] == [1, 2]


async def test_a_batch_reads_what_a_plain_reader_does(plain: Connection, lane: Connection) -> None:
    wanted = {Stage.CART: [cart().id], Stage.ARTICLE: [SHIRT], Stage.STOCK: [SMALL]}
    seen, locked = View(WORKSPACE), View(WORKSPACE)
    await bring(PlainReader(plain, WORKSPACE), wanted, seen)
    await bring(BatchReader(lane, WORKSPACE, uuid4(), real_now(), 0), wanted, locked)
    assert seen.get(Cart, cart().id) == locked.get(Cart, cart().id) == cart()
    assert seen._rows == locked._rows


async def test_ids_are_drawn_last_and_the_batch_is_known_by_its_own(
    plain: Connection, lane: Connection
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
