"""What travels ahead of a lane's statements, against a real database."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import asyncpg
import pytest

from entrepot.store.connections import Connection, LaneConnection, connect, connect_engine

_ADD = "insert into kept values ($1)"
_FAIL = """
create procedure pg_temp.fail(bigint) language plpgsql as $$ begin raise exception using errcode = 'EN009'; end $$
"""


@pytest.fixture
async def other(database_url: str) -> AsyncGenerator[Connection]:
    connection = await connect(database_url)
    await connection.execute("create table kept (n bigint primary key deferrable initially deferred)")
    yield connection
    await connection.execute("drop table kept")
    await connection.close()


@pytest.fixture
async def lane(other: Connection, database_url: str) -> AsyncGenerator[LaneConnection]:
    connection = await connect_engine(database_url)
    await connection.execute(_FAIL)
    yield connection
    await connection.close()


async def stored(other: Connection) -> list[int]:
    return [row[0] for row in await other.fetch("select n from kept order by n")]


async def test_what_travels_ahead_runs_in_order_and_is_durable_with_the_commit(
    other: Connection, lane: LaneConnection
) -> None:
    for number in (1, 2):  # the second time all statements are prepared
        transaction = lane.transaction()
        await transaction.start()
        assert [row[0] for row in await lane.fetch("select count(*) from kept")] == [number - 1]
        await lane.ahead(_ADD, number)
        await transaction.commit()
        assert await stored(other) == [*range(1, number + 1)]


async def test_a_fault_of_what_travels_ahead_lets_nothing_be_committed(
    other: Connection, lane: LaneConnection
) -> None:
    for _ in range(2):
        transaction = lane.transaction()
        await transaction.start()
        await lane.fetch("select count(*) from kept")
        await lane.ahead(_ADD, 1)
        await lane.ahead("call pg_temp.fail($1)", 7)
        with pytest.raises(asyncpg.PostgresError) as told:
            await transaction.commit()
        assert told.value.sqlstate == "EN009"
        await transaction.rollback()
        assert await stored(other) == []
    assert await lane.fetchval("select 1") == 1


async def test_a_fault_of_the_commit_itself_is_told(other: Connection, lane: LaneConnection) -> None:
    await other.execute("insert into kept values (1)")
    async with lane.transaction():
        await lane.ahead(_ADD, 2)
        await lane.fetch("select 1")
    transaction = lane.transaction()
    await transaction.start()
    await lane.ahead(_ADD, 1)
    with pytest.raises(asyncpg.UniqueViolationError):
        await transaction.commit()
    await transaction.rollback()
    assert await stored(other) == [1, 2]


async def test_what_still_waits_is_forgotten_by_a_rollback(other: Connection, lane: LaneConnection) -> None:
    transaction = lane.transaction()
    await transaction.start()
    await lane.ahead(_ADD, 1)
    await transaction.rollback()
    assert await lane.fetch("select 1")
    assert await stored(other) == []


async def test_a_statement_of_any_other_kind_runs_after_what_waits(
    other: Connection, lane: LaneConnection
) -> None:
    async with lane.transaction():
        await lane.ahead(_ADD, 1)
        assert await lane.fetchval("select count(*) from kept") == 1
        await lane.execute("delete from kept")
        assert await stored(other) == []
    assert await stored(other) == []


@pytest.mark.parametrize("text", ["", "é\\'\"", "x" * 300_000])
async def test_texts_arrive_as_they_are(lane: LaneConnection, text: str) -> None:
    await lane.execute("create temp table texts (t text)")
    await lane.ahead("insert into texts values ($1)", text)
    assert (await lane.fetch("select t from texts"))[0][0] == text
