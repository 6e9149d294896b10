"""Second names of orders, when two want one at once: brought into the worst order, one of them has it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from entrepot.checks import run_checks
from entrepot.domain.kernel.commands import Refused
from entrepot.domain.orders.access import Asker
from entrepot.domain.orders.amend import Amended, AmendOrder, SecondName
from entrepot.domain.orders.records import ALSO_KNOWN_AS, Person
from entrepot.domain.placing.basket import OutsideName
from entrepot.domain.placing.place import Placed
from entrepot.domain.placing.record_sale import SoldLine, TakeOrder
from entrepot.failures.orders import DuplicateExternalOrder
from entrepot.store.connections import Connection, connect
from tests.support.interleaving import interleaved, running
from tests.support.shop import CHANNEL, NORTH, TEA, WORKSPACE, insert, level, open_shop

MEMBER = "external_order_id"
TAKEN = Refused((DuplicateExternalOrder("X", ALSO_KNOWN_AS),))
_NAMES = """
select value, target from "references" where workspace = $1 and kind = $2 order by value
"""


def taking(number: str, second: str | None) -> TakeOrder:
    names = () if second is None else (OutsideName(ALSO_KNOWN_AS, second),)
    return TakeOrder(
        channel=CHANNEL,
        environment="live",
        person=Person("a@example.com"),
        lines=(SoldLine("1", "TEA", 1),),
        external_id=number,
        names=names,
        data={MEMBER: second},
    )


def naming(order: int, value: str | None) -> AmendOrder:
    return AmendOrder(
        order=order, asks=Asker(CHANNEL, "live"), channel=CHANNEL, name=SecondName(MEMBER, value)
    )


@pytest.fixture
async def shop(database_url: str) -> AsyncIterator[Connection]:
    connection = await connect(database_url)
    await open_shop(connection, WORKSPACE, "shop")
    await insert(connection, WORKSPACE, [level(TEA, NORTH, 10)])
    yield connection
    await connection.close()


async def orders(url: str, *names: str | None) -> list[int]:
    """Orders with these second names."""
    found: list[int] = []
    async with running(url) as (engine,):
        for number, name in enumerate(names):
            placed = await engine.execute(WORKSPACE, taking(str(number), name))
            assert isinstance(placed, Placed)
            found.append(placed.order.id)
    return found


async def named(connection: Connection) -> dict[str, int]:
    """Which order has which second name; each order's own data says the same."""
    told = {row[0]: row[1] for row in await connection.fetch(_NAMES, WORKSPACE, ALSO_KNOWN_AS)}
    rows = await connection.fetch(f"select id, data->>'{MEMBER}' from orders where workspace = $1", WORKSPACE)
    assert told == {row[1]: row[0] for row in rows if row[1] is not None}
    assert await run_checks(connection) == []
    return told


async def test_a_name_that_two_orders_want_at_once_is_given_once(shop: Connection, database_url: str) -> None:
    one, other = await orders(database_url, "A", None)
    first, second = await interleaved(database_url, shop, WORKSPACE, naming(one, "X"), naming(other, "X"))
    assert sorted([type(first), type(second)], key=str) == sorted([Amended, Refused], key=str)
    assert TAKEN in (first, second)
    got = one if isinstance(first, Amended) else other
    assert await named(shop) == ({"X": one} if got == one else {"A": one, "X": other})


async def test_a_name_that_a_new_order_takes_meanwhile_is_refused(
    shop: Connection, database_url: str
) -> None:
    (one,) = await orders(database_url, "A")
    first, second = await interleaved(database_url, shop, WORKSPACE, naming(one, "X"), taking("new", "X"))
    names = await named(shop)
    if isinstance(second, Placed):
        assert (first, names) == (TAKEN, {"A": one, "X": second.order.id})
    else:
        assert isinstance(first, Amended)
        assert (second, names) == (TAKEN, {"X": one})


async def test_a_new_order_that_was_looking_first_leaves_the_name_to_one(
    shop: Connection, database_url: str
) -> None:
    (one,) = await orders(database_url, "A")
    first, second = await interleaved(database_url, shop, WORKSPACE, taking("new", "X"), naming(one, "X"))
    names = await named(shop)
    if isinstance(first, Placed):
        assert (second, names) == (TAKEN, {"A": one, "X": first.order.id})
    else:
        assert isinstance(second, Amended)
        assert (first, names) == (TAKEN, {"X": one})


async def test_a_name_that_is_given_back_meanwhile_goes_to_one_order_and_no_other(
    shop: Connection, database_url: str
) -> None:
    one, other = await orders(database_url, "X", "B")
    gives, wants = await interleaved(database_url, shop, WORKSPACE, naming(one, "Y"), naming(other, "X"))
    assert isinstance(gives, Amended)
    names = await named(shop)
    assert names["Y"] == one
    assert (wants == TAKEN and names == {"B": other, "Y": one}) or names == {"X": other, "Y": one}


async def test_two_that_want_each_others_name_keep_their_own(shop: Connection, database_url: str) -> None:
    one, other = await orders(database_url, "X", "B")
    outcomes = await interleaved(database_url, shop, WORKSPACE, naming(one, "B"), naming(other, "X"))
    assert all(isinstance(each, Refused) for each in outcomes)
    assert await named(shop) == {"B": other, "X": one}


async def test_an_order_that_two_name_at_once_has_one_name(shop: Connection, database_url: str) -> None:
    (one,) = await orders(database_url, "A")
    outcomes = await interleaved(database_url, shop, WORKSPACE, naming(one, "X"), naming(one, "Y"))
    assert all(isinstance(each, Amended) for each in outcomes)
    assert await named(shop) in ({"X": one}, {"Y": one})


async def test_in_one_batch_the_first_has_the_name(shop: Connection, database_url: str) -> None:
    one, other = await orders(database_url, "A", "B")
    async with running(database_url) as (engine,):
        outcomes: tuple[Any, ...] = await asyncio.gather(
            engine.execute(WORKSPACE, naming(one, "X")),
            engine.execute(WORKSPACE, naming(other, "X")),
            engine.execute(WORKSPACE, naming(other, "C")),
        )
    assert [type(each) for each in outcomes] == [Amended, Refused, Amended]
    assert await named(shop) == {"X": one, "C": other}
