"""The integration log is written beside the requests: in bulk, bounded, and at nobody's cost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import cast

import asyncpg
import pytest

from entrepot.integration_log import writer
from entrepot.integration_log.entries import COLUMNS, Row
from entrepot.integration_log.partitions import AHEAD, day_of, name_of
from entrepot.integration_log.writer import AT_ONCE, MOST_BYTES, MOST_ENTRIES, Copy, RequestLog
from entrepot.store.connections import Connection, connect
from tests.integration_log.exchanging import caller, exchange, tended
from tests.support.cluster import needs_cluster, servers
from tests.support.waiting import until

KEEP = timedelta(days=90)
_ATTACHED = (
    "select inhrelid::regclass::text from pg_inherits where inhparent = 'request_log'::regclass order by 1"
)

_COPIED = """
select count(*) from pg_stat_activity
where datname = current_database() and application_name = 'entrepot' and query like 'COPY "request_log"%'
"""


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[Connection]:
    opened = await connect(database_url)
    yield opened
    await opened.close()


async def attached(connection: Connection) -> list[str]:
    return [row[0] for row in await connection.fetch(_ATTACHED)]


async def test_partitions_are_made_two_weeks_ahead_and_dropped_when_they_are_over(
    connection: Connection,
) -> None:
    day = datetime(2027, 2, 26, 23, 59, tzinfo=UTC)
    await tended(connection, day, KEEP)
    assert await attached(connection) == [name_of(day + timedelta(days=each)) for each in range(AHEAD + 1)]
    await tended(connection, day + timedelta(days=1), KEEP)
    assert len(await attached(connection)) == AHEAD + 2
    end = day_of(name_of(day)) + timedelta(days=91)
    await tended(connection, end - timedelta(seconds=1), KEEP)
    assert name_of(day) in await attached(connection)
    await tended(connection, end, KEEP)
    assert name_of(day) not in await attached(connection)
    assert name_of(day + timedelta(days=1)) in await attached(connection)
    assert await connection.fetchval("select to_regclass($1)", name_of(day)) is None


async def test_partitions_are_tended_by_several_at_once_and_after_a_crash(
    database_url: str, connection: Connection
) -> None:
    day = datetime(2027, 1, 1, tzinfo=UTC)
    # A process ended after it made a partition and before it was attached.
    await connection.execute(f"create table {name_of(day)} (like request_log)")
    several = [await connect(database_url) for _ in range(4)]
    await asyncio.gather(*(tended(each, day, KEEP) for each in several))
    for each in several:
        await each.close()
    assert len(await attached(connection)) == AHEAD + 1


async def test_a_partition_is_made_while_the_log_is_read_and_written(
    database_url: str, connection: Connection
) -> None:
    day = datetime(2027, 1, 1, tzinfo=UTC)
    await tended(connection, day, KEEP)
    other = await connect(database_url)
    async with other.transaction():
        await other.fetch("select 1 from request_log")
        await other.execute(
            "insert into request_log values (0, $1, gen_random_uuid(), null, '', '', '', 0, '', '{}', 0, '')",
            day,
        )
        async with asyncio.timeout(60):
            await tended(connection, day + timedelta(days=3), KEEP)
    await other.close()
    assert len(await attached(connection)) == AHEAD + 4


@pytest.fixture
async def make_log(database_url: str) -> AsyncIterator[Callable[..., RequestLog]]:
    made: list[RequestLog] = []

    def make(around: Callable[[Copy], Copy] = lambda copy: copy) -> RequestLog:
        made.append(RequestLog(database_url, KEEP, around=around))
        return made[-1]

    yield make
    for each in made:
        await each.stop()


async def written(connection: Connection) -> int:
    return await connection.fetchval("select count(*) from request_log")


async def test_exchanges_are_written_by_copy_and_found_again(
    connection: Connection, make_log: Callable[..., RequestLog]
) -> None:
    log = make_log()
    log.start()
    for number in range(3):
        log(exchange(request_id=f"r{number}", who=caller()))
    log(exchange(request_id="stranger"))
    await until(lambda: log.waiting == 0)
    rows = await connection.fetch(
        "select workspace, request_id from request_log order by workspace, request_id"
    )
    assert [tuple(row) for row in rows] == [(0, "stranger"), (7, "r0"), (7, "r1"), (7, "r2")]


@needs_cluster
async def test_each_node_of_a_cluster_is_sent_the_rows_that_it_keeps(
    database_url: str, connection: Connection, make_log: Callable[..., RequestLog]
) -> None:
    log = make_log()
    log.start()
    for workspace in range(100):
        log(exchange(request_id=f"r{workspace}", who=caller(workspace)))
    await until(lambda: log.waiting == 0)
    assert await connection.fetchval("select count(distinct workspace) from request_log") == 100
    for each in servers(database_url)[1:]:
        node = await connect(each)
        assert await node.fetchval(_COPIED) == 1, each
        await node.close()


async def test_what_waits_is_written_when_the_process_stops(
    connection: Connection, make_log: Callable[..., RequestLog]
) -> None:
    log = make_log()
    log.start()
    await until(lambda: log.ready)
    for number in range(AT_ONCE + 100):
        log(exchange(request_id=f"r{number}"))
    await log.stop()
    assert await written(connection) == AT_ONCE + 100


async def test_no_more_waits_than_so_many_entries_and_bytes(make_log: Callable[..., RequestLog]) -> None:
    log = make_log()
    for _ in range(MOST_ENTRIES + 5):
        log(exchange())
    assert (log.waiting, log.dropped) == (MOST_ENTRIES, 5)
    large = make_log()
    for _ in range(MOST_BYTES // 10_000_000 + 2):
        large(exchange(body=b"x" * 10_000_000))
    assert (large.waiting, large.dropped) == (6, 2)
    log._waiting.clear()
    large._waiting.clear()


async def test_what_was_written_and_lost_its_answer_is_there_once(
    connection: Connection, make_log: Callable[..., RequestLog], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "PAUSE", 0.01)
    tried: list[int] = []

    def lossy(copy: Copy) -> Copy:
        async def lost(rows: Sequence[Row]) -> None:
            await copy(rows)
            tried.append(len(rows))
            if len(tried) == 1:
                raise ConnectionResetError

        return lost

    log = make_log(lossy)
    log.start()
    log(exchange())
    await until(lambda: log.waiting == 0 and not log._retrying)
    assert (await written(connection), log.dropped) == (1, 0)


async def test_a_log_that_cannot_be_written_is_written_later(
    connection: Connection, make_log: Callable[..., RequestLog], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "PAUSE", 0.01)
    refused: list[int] = []

    def closed(copy: Copy) -> Copy:
        async def refuse(rows: Sequence[Row]) -> None:
            if len(refused) < 3:
                refused.append(len(rows))
                raise asyncpg.CannotConnectNowError("the database is starting")
            await copy(rows)

        return refuse

    log = make_log(closed)
    log.start()
    for _ in range(10):
        log(exchange())
    await until(lambda: log.waiting == 0)
    assert (await written(connection), log.dropped) == (10, 0)


@pytest.mark.parametrize("spoilt", [{"2"}, {"0", "1", "4"}, set[str]()])
async def test_one_row_that_the_database_refuses_costs_no_other(
    connection: Connection, make_log: Callable[..., RequestLog], spoilt: set[str]
) -> None:
    """Whatever it says of the whole: a cluster calls every fault of a COPY an internal one."""
    whole: list[int] = []

    def spoiling(copy: Copy) -> Copy:
        async def spoil(rows: Sequence[Row]) -> None:
            if len(rows) > 1:
                whole.append(len(rows))
                raise asyncpg.InternalServerError("something about a row")
            await copy([_without_status(row) if row[REQUEST_ID] in spoilt else row for row in rows])

        return spoil

    log = make_log(spoiling)
    for number in range(5):
        log(exchange(request_id=str(number)))
    log.start()
    await until(lambda: log.waiting == 0)
    kept = await connection.fetch("select request_id from request_log order by 1")
    assert {row[0] for row in kept} == {"0", "1", "2", "3", "4"} - spoilt
    assert (whole, log.dropped) == ([5], len(spoilt))


async def test_a_row_of_a_day_without_a_partition_holds_up_no_other(
    connection: Connection, make_log: Callable[..., RequestLog]
) -> None:
    """As of a request that began before midnight, at a server whose first day has just begun."""

    def earlier(copy: Copy) -> Copy:
        async def shifted(rows: Sequence[Row]) -> None:
            at = COLUMNS.index("at")
            old = datetime(2001, 1, 1, tzinfo=UTC)
            await copy(
                [
                    cast("Row", (*row[:at], old, *row[at + 1 :])) if row[REQUEST_ID] == "0" else row
                    for row in rows
                ]
            )

        return shifted

    log = make_log(earlier)
    for number in range(3):
        log(exchange(request_id=str(number)))
    log.start()
    await until(lambda: log.waiting == 0)
    assert (await written(connection), log.dropped) == (2, 1)


REQUEST_ID = COLUMNS.index("request_id")


def _without_status(row: Row) -> Row:
    at = COLUMNS.index("status")
    return cast("Row", (*row[:at], "none", *row[at + 1 :]))


async def test_one_exchange_that_cannot_be_told_costs_no_other(
    connection: Connection, make_log: Callable[..., RequestLog]
) -> None:
    log = make_log()
    log.start()
    broken = exchange()
    broken.request.scope["headers"] = None
    log(broken)
    log(exchange(request_id="whole"))
    await until(lambda: log.waiting == 0)
    assert (await written(connection), log.dropped) == (1, 1)
