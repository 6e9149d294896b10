"""Returns through the engine: two at once on one return or order, and money and units go back once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import msgspec
import pytest

from entrepot.checks import run_checks
from entrepot.domain.channels.accounts import ChannelSettings, ReturnSettings
from entrepot.domain.fulfilment.returns.move import CancelReturn
from entrepot.domain.fulfilment.returns.open import OpenReturn, ReturnWish
from entrepot.domain.fulfilment.returns.receive import InspectReturn
from entrepot.domain.fulfilment.returns.work import ReturnState
from entrepot.domain.fulfilment.track import Tracked, TrackShipment
from entrepot.domain.kernel.commands import Command, Refused
from entrepot.domain.orders.access import Asker
from entrepot.domain.orders.line_counts import Units
from entrepot.domain.orders.payments import RefundedLine
from entrepot.domain.payments.refund import Refunding, RefundOrder
from entrepot.domain.stock.levels import Hold
from entrepot.engine.batches.engine import Outcome
from entrepot.engine.money.refund import receive_return
from entrepot.failures.fulfilment import ReturnNotCancellable, TooManyToReturn, TooManyUnits
from entrepot.failures.payments import UnitsNotRefundable
from entrepot.store.connections import Connection, connect
from entrepot.store.queries.orders import show_order
from tests.support.interleaving import interleaved, running
from tests.support.shop import (
    AT,
    CHANNEL,
    NORTH,
    TEA,
    WORKSPACE,
    insert,
    level,
    line,
    open_shop,
    order_records,
)

OTHER = 6
LATER = AT + timedelta(days=1)
ONE = (ReturnWish(1, line=1),)


@pytest.fixture
async def shop(database_url: str) -> AsyncIterator[Connection]:
    """Three units of an order are delivered; two channels see it."""
    connection = await connect(database_url)
    await open_shop(connection)
    settings = ChannelSettings(sees="workspace", returns=ReturnSettings("automatic"))
    await connection.execute("update channels set settings = $1", msgspec.json.encode(settings).decode())
    await connection.execute(
        "insert into channels (workspace, id, uuid, door, name, settings) "
        "select workspace, $1, gen_random_uuid(), 'bonsai', 'other', settings from channels",
        OTHER,
    )
    records = order_records(7, [line(7, 1, TEA, 3)], holds=[Hold(7, 1, NORTH, TEA, 3)])
    await insert(connection, WORKSPACE, [*records, level(TEA, NORTH, 9, 3)])
    async with running(database_url) as (engine,):
        assert isinstance(
            await engine.execute(WORKSPACE, TrackShipment(order=7, status="delivered")), Tracked
        )
    yield connection
    assert await run_checks(connection) == []
    await connection.close()


async def opened(url: str, *wishes: ReturnWish) -> int:
    async with running(url) as (engine,):
        state = await engine.execute(WORKSPACE, OpenReturn(order=7, wishes=wishes))
    assert isinstance(state, ReturnState)
    return state.ret.id


async def both(url: str, shop: Connection, *commands: Command) -> tuple[Outcome, Outcome]:
    first, second = commands
    return await interleaved(url, shop, WORKSPACE, first, second)


async def stands(shop: Connection) -> tuple[int, int, int, int]:
    found = await show_order(shop, WORKSPACE, 7)
    assert found is not None
    one = found.lines[0]
    return one.delivered, one.return_initiated, one.returned, one.refunded


async def test_two_doors_return_the_last_unit(shop: Connection, database_url: str) -> None:
    await opened(database_url, ReturnWish(2, line=1))
    askers = (Asker(CHANNEL, "live"), Asker(OTHER, "live"))
    commands = [OpenReturn(order=7, asks=asks, wishes=ONE, name="R1") for asks in askers]
    first, second = await both(database_url, shop, *commands)
    assert isinstance(first, ReturnState)
    assert second == Refused((TooManyToReturn("7", "1", 1, 0, 0),))
    assert await stands(shop) == (0, 3, 0, 0)


async def test_one_door_opens_one_return_twice(shop: Connection, database_url: str) -> None:
    commands = [OpenReturn(order=7, asks=Asker(OTHER, "live"), wishes=ONE, name="R1") for _ in range(2)]
    first, second = await both(database_url, shop, *commands)
    assert isinstance(first, ReturnState)
    assert isinstance(second, ReturnState)
    assert (second.ret, second.moved) == (first.ret, ())
    assert await stands(shop) == (2, 1, 0, 0)


async def test_cancelled_while_it_is_received(shop: Connection, database_url: str) -> None:
    number = await opened(database_url)
    first, second = await both(
        database_url, shop, receive_return(7, number), CancelReturn(order=7, return_id=number)
    )
    assert isinstance(first, ReturnState)
    assert second == Refused((ReturnNotCancellable(str(number)),))
    assert await stands(shop) == (0, 0, 3, 3)


async def test_received_while_it_is_cancelled(shop: Connection, database_url: str) -> None:
    number = await opened(database_url)
    first, second = await both(
        database_url,
        shop,
        CancelReturn(order=7, return_id=number),
        receive_return(7, number, (Units(1, 1),)),
    )
    assert isinstance(first, ReturnState)
    assert second == Refused((TooManyUnits("7", 1, 1, 0),))
    assert await stands(shop) == (3, 0, 0, 0)


async def test_received_twice(shop: Connection, database_url: str) -> None:
    number = await opened(database_url)
    first, second = await both(database_url, shop, receive_return(7, number), receive_return(7, number))
    assert isinstance(first, ReturnState)
    assert isinstance(second, ReturnState)
    assert ([each.amount for each in first.refunds], second.refunds, second.moved) == ([3_390], (), ())
    assert await shop.fetchval("select sum(amount) from refunds") == 3_390
    assert await stands(shop) == (0, 0, 3, 3)


def by_hand(units: int) -> RefundOrder:
    return RefundOrder(7, "by hand", LATER, LATER, (RefundedLine(1, units),))


async def test_refunded_by_hand_while_it_is_received(shop: Connection, database_url: str) -> None:
    number = await opened(database_url)
    first, second = await both(database_url, shop, receive_return(7, number), by_hand(1))
    assert isinstance(first, ReturnState)
    assert second == Refused((UnitsNotRefundable("7", 1, 1, 0),))
    assert await stands(shop) == (0, 0, 3, 3)


async def test_received_while_it_is_refunded_by_hand(shop: Connection, database_url: str) -> None:
    number = await opened(database_url)
    first, second = await both(database_url, shop, by_hand(2), receive_return(7, number))
    assert isinstance(first, Refunding)
    assert isinstance(second, ReturnState)
    assert [[each.quantity for each in refund.lines] for refund in second.refunds] == [[1]]
    assert await stands(shop) == (0, 0, 3, 3)
    paid, given = await shop.fetchrow("select amount, refunded from payments") or (0, 0)
    assert given <= paid


async def test_put_into_stock_twice(shop: Connection, database_url: str) -> None:
    number = await opened(database_url)
    async with running(database_url) as (engine,):
        await engine.execute(WORKSPACE, receive_return(7, number))
    commands = [InspectReturn(order=7, return_id=number, location=NORTH) for _ in range(2)]
    first, second = await both(database_url, shop, *commands)
    assert isinstance(first, ReturnState)
    assert isinstance(second, ReturnState)
    row = await shop.fetchrow("select returned, available from stock")
    assert tuple(row or ()) == (3, 9)


_LISTEN = """
insert into event_listeners (workspace, id, channel, event, url, owner, secret, active, inactive_since, tries, failures,
  created_at, changed_at)
select 1, n, $1, name, 'https://x.example/', '', '', true, null, 0, 0, $3, $3
from unnest($2::text[]) with ordinality e(name, n)
"""
_NAMES = (
    *("order.delivered", "order.shipped", "order.changed"),
    *("return.opened", "return.changed", "return.received", "return.cancelled"),
)


async def test_listeners_are_told_of_returns_by_the_returns_id(shop: Connection, database_url: str) -> None:
    await shop.execute(_LISTEN, CHANNEL, list(_NAMES), AT)
    number = await opened(database_url)
    async with running(database_url) as (engine,):
        for command in (
            receive_return(7, number, (Units(1, 1),)),
            InspectReturn(order=7, return_id=number, location=NORTH),
            CancelReturn(order=7, return_id=number),
        ):
            assert isinstance(await engine.execute(WORKSPACE, command), ReturnState)
    told = await shop.fetch(
        "select payload ->> 'event', subject from outbox where listener like 'event:%' order by seq, listener"
    )
    about_returns = [row[0] for row in told if row[1] == number]
    assert about_returns == [
        "return.opened",
        *("return.changed", "return.received"),
        "return.changed",
        *("return.changed", "return.cancelled"),
    ]
    assert {row[0] for row in told if row[1] == 7} == {"order.changed"}


async def test_who_opened_a_return_hears_of_it_whoever_it_is_today(
    shop: Connection, database_url: str
) -> None:
    """The channel that opened it may see no other's orders any more; a third one is told nothing."""
    await shop.execute(_LISTEN, OTHER, ["return.opened", "return.received"], AT)
    await shop.execute(
        "insert into channels (workspace, id, uuid, door, name, settings) "
        "select workspace, 8, gen_random_uuid(), 'bonsai', 'third', '{}' from channels limit 1"
    )
    third = _LISTEN.replace("select 1, n,", "select 1, n + 10,")
    await shop.execute(third, 8, ["return.opened", "return.received"], AT)
    async with running(database_url) as (engine,):
        state = await engine.execute(WORKSPACE, OpenReturn(order=7, asks=Asker(OTHER, "live"), wishes=ONE))
        assert isinstance(state, ReturnState)
        await shop.execute("update channels set settings = '{}' where id = $1", OTHER)
        await engine.execute(WORKSPACE, receive_return(7, state.ret.id))
    told = await shop.fetch("select listener, payload ->> 'event' from outbox where listener like 'event:%'")
    assert sorted(map(tuple, told)) == [("event:1", "return.opened"), ("event:2", "return.received")]
