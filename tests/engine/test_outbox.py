"""The outbox: nothing is lost, nothing overtakes, and a listener that is away is waited for, three days and no more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial

import msgspec
import pytest

from entrepot.checks import run_checks
from entrepot.domain.channels.retention import Retention
from entrepot.domain.kernel.commands import Refused
from entrepot.domain.outbox.deliveries import Delivery, ResendDelivery, RetryDelivery
from entrepot.domain.outbox.events import place_of
from entrepot.engine import Clock, Engine
from entrepot.engine.deliveries import Delivered, Failed, Job, Outcome
from entrepot.engine.deliveries import outbox as outboxes
from entrepot.engine.deliveries.outbox import (
    AT_A_TIME,
    GIVE_UP_AFTER,
    LEASE,
    OF_ONE_WORKSPACE,
    Outbox,
    delay_after,
)
from entrepot.store import outbox as rows
from entrepot.store.connections import Connection, Pool, connect, connect_engine, outbox_pool
from tests.support.blocked import blocked
from tests.support.cluster import not_on_citus
from tests.support.shop import AT, WORKSPACE, insert, open_shop
from tests.support.waiting import until

NOW = datetime(2026, 5, 1, 9, tzinfo=UTC)
BY_PAIR = "Index Cond: ((workspace = $1) AND (subject = {0}) AND (listener = {1}) AND (seq "
BY_SUBJECT = "Index Cond: ((workspace = $1) AND (subject = {0})"
PLANS = {
    "lock": ["Index Cond: ((workspace = $1) AND (due_at <= $2))"],
    "heads": [BY_PAIR.format("k.subject", "k.listener"), BY_SUBJECT.format("k.subject")],
    "hold": [BY_PAIR.format("k.subject", "k.listener")],
    "due": ["Index Cond: (due_at <= $1)"],
    "wake": [BY_PAIR.format("$2", "$3")] * 2,
    "stream": [BY_SUBJECT.format("$2")] * 2,
}
"""How the conditions on the indexes begin."""

STATES = (
    "select subject, listener, seq, state, tries, due_at, error from outbox order by subject, listener, seq"
)


class FakeTime:
    """Real time as the outbox is told it."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


class Watched(Outbox):
    """An outbox that counts its looks."""

    looks = 0

    async def _look(self) -> None:
        await super()._look()
        self.looks += 1


class Recorder:
    """A handler that does as told and remembers what it was asked, and how much of it at once."""

    def __init__(self, does: Callable[[Job], Outcome] = lambda _: Delivered()) -> None:
        self.does = does
        self.asked: list[Job] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.inside: list[Job] = []
        self.most = 0
        self.most_of: dict[int, int] = {}
        self.overtaken = False
        self.takes = 0.0

    async def __call__(self, job: Job) -> Outcome:
        self.overtaken |= pair_of(job) in map(pair_of, self.inside)
        self.asked.append(job)
        self.inside.append(job)
        self.most = max(self.most, len(self.inside))
        of_one = sum(j.workspace == job.workspace for j in self.inside)
        self.most_of[job.workspace] = max(self.most_of.get(job.workspace, 0), of_one)
        try:
            await asyncio.sleep(self.takes)
            await self.gate.wait()
            return self.does(job)
        finally:
            self.inside.remove(job)

    @property
    def seqs(self) -> list[int]:
        return [job.seq for job in self.asked]


def pair_of(job: Job) -> tuple[int, int, str]:
    return job.workspace, job.subject, job.listener


def delivery(seq: int = 1, subject: int = 7, listener: str = "hub") -> Delivery:
    return Delivery(subject, listener, seq, {"n": seq}, AT)


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    pool = await outbox_pool(database_url, 4)
    yield pool
    await pool.close()


@pytest.fixture
async def shop(database_url: str) -> AsyncIterator[Connection]:
    connection = await connect(database_url)
    for workspace, name in ((WORKSPACE, "shop"), (2, "neighbour"), (3, "other")):
        await open_shop(connection, workspace, name)
    yield connection
    await connection.close()


@asynccontextmanager
async def running(
    pool: Pool, handler: Recorder, time: FakeTime | None = None, idle: float = 0.02
) -> AsyncGenerator[Watched]:
    outbox = Watched(pool, {"hub": handler}, clock=time or FakeTime(), idle=idle)
    await outbox.start()
    try:
        yield outbox
    finally:
        handler.gate.set()
        await outbox.stop()


async def states(shop: Connection) -> list[str]:
    return [row["state"] for row in await shop.fetch(STATES)]


async def settled(shop: Connection, count: int) -> None:
    async with asyncio.timeout(60):
        while (await states(shop)).count("delivered") < count:  # noqa: ASYNC110  (nobody tells)
            await asyncio.sleep(0.01)


async def quiet(outbox: Watched, looks: int = 3) -> None:
    """Until the outbox has looked a few times more."""
    for _ in range(looks):
        before = outbox.looks
        outbox.poke()
        await until(lambda before=before: outbox.looks > before)


def test_delays_double_from_a_second_to_an_hour() -> None:
    longest = [delay_after(tries, 0).total_seconds() for tries in (1, 2, 3, 11, 12, 40, 10_000)]
    assert longest == [2, 4, 8, 2048, 3600, 3600, 3600]
    assert delay_after(1, 1) == timedelta(seconds=1)
    assert delay_after(12, 0.5) == timedelta(seconds=2700)


async def test_a_pair_goes_in_order_and_pairs_go_side_by_side(pool: Pool, shop: Connection) -> None:
    records = [delivery(seq, subject) for subject in (7, 8, 9) for seq in range(1, 6)]
    await insert(shop, WORKSPACE, records)
    handler = Recorder()
    async with running(pool, handler):
        await settled(shop, 15)
    for subject in (7, 8, 9):
        assert [job.seq for job in handler.asked if job.subject == subject] == [1, 2, 3, 4, 5]
    assert not handler.overtaken
    assert handler.most > 1
    assert handler.asked[0].payload == {"n": 1}


async def test_what_was_delivered_keeps_no_payload(pool: Pool, shop: Connection) -> None:
    await insert(shop, WORKSPACE, [delivery()])
    async with running(pool, Recorder()):
        await settled(shop, 1)
    assert await shop.fetchval("select payload::text from outbox") == "{}"


async def test_later_ones_wait_for_the_first_and_others_do_not(pool: Pool, shop: Connection) -> None:
    await insert(shop, WORKSPACE, [delivery(1), delivery(2), delivery(1, 8)])
    handler, time, answer = Recorder(), FakeTime(), [False]
    handler.does = lambda job: Delivered() if job.subject == 8 or answer[0] else Failed("away")
    async with running(pool, handler, time) as outbox:
        await settled(shop, 1)
        await quiet(outbox)
        await insert(shop, WORKSPACE, [delivery(3)])
        await quiet(outbox)
        assert [(job.subject, job.seq) for job in handler.asked if job.subject == 7] == [(7, 1)]
        answer[0] = True
        time.now += timedelta(seconds=3)
        await settled(shop, 4)
    assert [job.seq for job in handler.asked if job.subject == 7] == [1, 1, 2, 3]


def told(place: int, listener: str, stream: str = "owner http://hub", subject: int = 7) -> Delivery:
    return Delivery(subject, f"hub:{listener}", place, {}, AT, stream=stream, place=place)


async def test_a_stream_goes_in_order_whatever_listener_it_is_to(pool: Pool, shop: Connection) -> None:
    records = [told(place, "ab"[place % 2], subject=subject) for subject in (7, 8) for place in range(1, 9)]
    await insert(shop, WORKSPACE, records)
    handler = Recorder()
    handler.takes = 0.002
    async with running(pool, handler):
        await settled(shop, 16)
    for subject in (7, 8):
        assert [job.seq for job in handler.asked if job.subject == subject] == list(range(1, 9))


async def test_a_stream_waits_for_its_first_and_other_streams_do_not(pool: Pool, shop: Connection) -> None:
    elsewhere = "owner http://elsewhere"
    await insert(shop, WORKSPACE, [told(1, "a"), told(2, "b"), told(3, "c", elsewhere), delivery(4)])
    handler = Recorder()
    handler.does = lambda job: Failed("away") if job.listener == "hub:a" else Delivered()
    time = FakeTime()
    async with running(pool, handler, time) as outbox:
        await settled(shop, 2)
        await quiet(outbox)
        assert sorted(job.seq for job in handler.asked) == [1, 3, 4]
        handler.does = lambda _: Delivered()
        time.now += timedelta(seconds=3)
        await settled(shop, 4)
    assert [job.seq for job in handler.asked if job.seq < 3] == [1, 1, 2]


async def test_a_listener_that_fails_and_fails_does_not_silence_its_stream(
    pool: Pool, shop: Connection
) -> None:
    await insert(shop, WORKSPACE, [told(1, "a"), told(2, "b"), told(3, "a"), told(4, "b")])
    handler, time = Recorder(), FakeTime()
    handler.does = lambda job: Failed("broken") if job.listener == "hub:a" else Delivered()
    async with running(pool, handler, time) as outbox:
        for _ in range(rows.WAITED_FOR + 1):
            assert "hub:b" not in [job.listener for job in handler.asked]
            await until(lambda: not outbox._flying)
            await quiet(outbox)
            time.now += timedelta(minutes=2)
        await settled(shop, 2)
    assert [job.seq for job in handler.asked if job.listener == "hub:b"] == [2, 4]
    assert {job.seq for job in handler.asked if job.listener == "hub:a"} == {1}, "its own order stays"


async def test_what_is_told_of_at_once_is_told_in_the_order_of_its_names(
    pool: Pool, shop: Connection
) -> None:
    names = ("order.placed", "order.changed", "order.paid")
    records = [
        Delivery(7, f"hub:{9 - rank}", 1, {}, AT, stream="a", place=place_of(name, 1))
        for rank, name in enumerate(names)
    ]
    await insert(shop, WORKSPACE, records)
    handler = Recorder()
    async with running(pool, handler):
        await settled(shop, 3)
    assert [job.listener for job in handler.asked] == ["hub:9", "hub:8", "hub:7"]


async def test_failures_are_tried_again_later_and_later(pool: Pool, shop: Connection) -> None:
    await insert(shop, WORKSPACE, [delivery()])
    handler, time = Recorder(lambda _: Failed("away")), FakeTime()
    async with running(pool, handler, time) as outbox:
        for tries in range(1, 16):
            await until(lambda tries=tries: len(handler.asked) == tries and not outbox._flying)
            (row,) = await shop.fetch(STATES)
            assert (row["state"], row["tries"], row["error"]) == ("waiting", tries, "away")
            assert delay_after(tries, 1) <= row["due_at"] - time.now <= delay_after(tries, 0)
            time.now = row["due_at"] - timedelta(milliseconds=1)
            await quiet(outbox, 1)
            assert len(handler.asked) == tries
            time.now = row["due_at"]
    assert {job.key for job in handler.asked} == {"1-7-hub-1"}


async def test_after_three_days_it_is_parked_and_the_next_one_has_its_turn(
    pool: Pool, shop: Connection
) -> None:
    await insert(shop, WORKSPACE, [delivery(1), delivery(2)])
    handler, time = Recorder(lambda job: Failed("away") if job.seq == 1 else Delivered()), FakeTime()
    async with running(pool, handler, time) as outbox:
        await until(lambda: len(handler.asked) == 1 and not outbox._flying)
        time.now = NOW + GIVE_UP_AFTER - timedelta(minutes=1)
        await until(lambda: len(handler.asked) == 2 and not outbox._flying)
        row = (await shop.fetch(STATES))[0]
        assert (row["state"], row["due_at"] <= NOW + GIVE_UP_AFTER) == ("waiting", True)
        time.now = NOW + GIVE_UP_AFTER
        await settled(shop, 1)
    assert await states(shop) == ["parked", "delivered"]
    assert handler.seqs == [1, 1, 1, 2]
    assert [finding.law for finding in await run_checks(shop, WORKSPACE)] == ["outbox-parked"]


async def test_what_never_can_arrive_is_parked_at_once(pool: Pool, shop: Connection) -> None:
    await insert(shop, WORKSPACE, [delivery(1), delivery(2)])
    handler = Recorder(lambda job: Failed("nobody", final=True) if job.seq == 1 else Delivered())
    async with running(pool, handler):
        await settled(shop, 1)
    assert await states(shop) == ["parked", "delivered"]


async def test_an_event_that_arrived_is_told_again_under_its_id(
    pool: Pool, shop: Connection, database_url: str
) -> None:
    """As one more try; of what else arrived, and of what has not, nothing is."""
    told = msgspec.structs.replace(delivery(1), listener="event:3")
    await insert(shop, WORKSPACE, [told, delivery(2)])
    handler = Recorder(lambda _: Delivered())
    outbox = Outbox(pool, {"hub": handler, "event": handler}, idle=0.01)
    engine = Engine(partial(connect_engine, database_url), Clock())
    await engine.start()
    again = ResendDelivery(7, "event:3", 1)
    assert isinstance(await engine.execute(WORKSPACE, again), Refused), "it has not arrived yet"
    await outbox.start()
    await settled(shop, 2)
    assert isinstance(await engine.execute(WORKSPACE, again), Delivery)
    await until(lambda: len(handler.asked) == 3 and not outbox._flying)
    assert isinstance(await engine.execute(WORKSPACE, ResendDelivery(7, "hub", 2)), Refused)
    assert isinstance(await engine.execute(WORKSPACE, ResendDelivery(7, "event:3", 9)), Refused)
    await outbox.stop()
    await engine.stop()
    first, second = [each for each in handler.asked if each.listener == "event:3"]
    assert (first.key, first.payload) == (second.key, second.payload)
    assert (first.attempt, second.attempt) == (1, 2)


async def test_what_was_parked_and_is_brought_back_has_all_its_time_again(
    pool: Pool, shop: Connection, database_url: str
) -> None:
    """It goes before what waits behind it; what has gone by then has gone."""
    await insert(shop, WORKSPACE, [delivery(1), delivery(2)])
    handler, time = Recorder(lambda _: Failed("nobody", final=True)), FakeTime()
    async with running(pool, handler, time) as outbox:
        await until(lambda: len(handler.asked) == 2 and not outbox._flying)
    assert await states(shop) == ["parked", "parked"]
    engine = Engine(partial(connect_engine, database_url), Clock())
    await engine.start()
    for seq in (2, 1):
        assert isinstance(await engine.execute(WORKSPACE, RetryDelivery(7, "hub", seq)), Delivery)
    assert isinstance(await engine.execute(WORKSPACE, RetryDelivery(7, "hub", 1)), Refused)
    await engine.stop()
    time.now += GIVE_UP_AFTER
    later = Recorder(lambda job: Failed("away") if job.seq == 1 else Delivered())
    async with running(pool, later, time) as outbox:
        await until(lambda: len(later.asked) == 1 and not outbox._flying)
        assert (await shop.fetch(STATES))[0]["tries"] == 1
        later.does = lambda _: Delivered()
        time.now += timedelta(seconds=3)
        await settled(shop, 2)
    assert later.seqs == [1, 1, 2]


async def kill(outbox: Outbox) -> None:
    """End it as SIGKILL would: nothing is written any more."""
    for task in (*outbox._loops, *outbox._flying):
        task.cancel()
    await asyncio.gather(*outbox._loops, *outbox._flying, return_exceptions=True)


async def test_a_worker_killed_before_it_delivered_loses_nothing(pool: Pool, shop: Connection) -> None:
    await insert(shop, WORKSPACE, [delivery(1), delivery(2)])
    time, stuck, second = FakeTime(), Recorder(), Recorder()
    stuck.gate.clear()
    first = Outbox(pool, {"hub": stuck}, clock=time, idle=0.02)
    await first.start()
    await until(lambda: len(stuck.asked) == 1)
    await kill(first)
    async with running(pool, second, time) as outbox:
        time.now = NOW + LEASE - timedelta(seconds=1)
        await quiet(outbox)
        assert second.asked == []
        time.now = NOW + LEASE
        await settled(shop, 2)
    assert second.seqs == [1, 2]
    assert second.asked[0].key == stuck.asked[0].key


class LosablePool:
    """A pool whose connections cannot be had while `lost`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.lost = False

    def acquire(self) -> AbstractAsyncContextManager[Connection]:
        if self.lost:
            raise ConnectionRefusedError("lost")
        return self._pool.acquire()

    async def close(self) -> None:
        await self._pool.close()


async def test_a_worker_killed_before_it_wrote_it_down_delivers_again_under_the_same_key(
    pool: Pool, shop: Connection
) -> None:
    await insert(shop, WORKSPACE, [delivery(1), delivery(2)])
    time, losable, second = FakeTime(), LosablePool(pool), Recorder()

    def lose(_: Job) -> Outcome:
        losable.lost = True
        return Delivered()

    first = Outbox(losable, {"hub": Recorder(lose)}, clock=time, idle=0.02)
    await first.start()
    await until(lambda: losable.lost)
    await asyncio.sleep(0.05)
    await kill(first)
    assert await states(shop) == ["waiting", "waiting"]
    async with running(pool, second, time) as outbox:
        await quiet(outbox)
        assert second.asked == []
        time.now += LEASE
        await settled(shop, 2)
    assert [job.key for job in second.asked] == ["1-7-hub-1", "1-7-hub-2"]


async def test_a_database_that_comes_back_is_told_what_was_delivered(pool: Pool, shop: Connection) -> None:
    await insert(shop, WORKSPACE, [delivery()])
    losable, handler = LosablePool(pool), Recorder()
    handler.gate.clear()
    outbox = Outbox(losable, {"hub": handler}, clock=FakeTime(), idle=0.02)
    await outbox.start()
    await until(lambda: len(handler.asked) == 1)
    losable.lost = True
    handler.gate.set()
    await asyncio.sleep(0.1)
    losable.lost = False
    await settled(shop, 1)
    await outbox.stop()
    assert handler.seqs == [1]


async def test_two_workers_share_the_work_and_never_a_row(
    pool: Pool, database_url: str, shop: Connection
) -> None:
    records = [delivery(seq, subject) for subject in range(1, 31) for seq in range(1, 6)]
    await insert(shop, WORKSPACE, records)
    await insert(shop, 2, records)
    handler, other = Recorder(), await outbox_pool(database_url, 4)
    handler.takes = 0.004
    async with running(pool, handler), running(other, handler):
        await settled(shop, 300)
    await other.close()
    assert len(handler.asked) == len({job.key for job in handler.asked}) == 300
    assert not handler.overtaken
    for workspace in (WORKSPACE, 2):
        for subject in range(1, 31):
            assert [j.seq for j in handler.asked if (j.workspace, j.subject) == (workspace, subject)] == [
                1, 2, 3, 4, 5,
            ]  # fmt: skip


async def test_a_silent_workspace_leaves_room_for_others(pool: Pool, shop: Connection) -> None:
    await insert(shop, WORKSPACE, [delivery(1, subject) for subject in range(1, 60)])
    handler = Recorder()
    handler.gate.clear()
    async with running(pool, handler) as outbox:
        await until(lambda: len(handler.inside) == OF_ONE_WORKSPACE)
        await quiet(outbox)
        for workspace in (2, 3):
            await insert(shop, workspace, [delivery(1, subject) for subject in range(1, 60)])
        await until(lambda: len(handler.inside) == AT_A_TIME)
        await quiet(outbox)
        handler.gate.set()
        await settled(shop, 59 * 3)
    assert handler.most == AT_A_TIME
    assert max(handler.most_of.values()) == OF_ONE_WORKSPACE


async def test_a_poke_is_heard_at_once(pool: Pool, shop: Connection) -> None:
    async with running(pool, Recorder(), idle=600) as outbox:
        await until(lambda: outbox.looks)
        await insert(shop, WORKSPACE, [delivery(1), delivery(2)])
        outbox.poke()
        await settled(shop, 2)


async def test_without_a_poke_it_looks_by_itself(pool: Pool, shop: Connection) -> None:
    async with running(pool, Recorder()) as outbox:
        await until(lambda: outbox.looks)
        await insert(shop, WORKSPACE, [delivery()])
        await settled(shop, 1)


def broken(_: Job) -> Outcome:
    raise KeyError("secret")


async def test_what_a_handler_raises_is_a_failed_try(pool: Pool, shop: Connection) -> None:
    await insert(shop, WORKSPACE, [delivery(), delivery(1, 7, "unheard:of")])
    handler = Recorder(broken)
    async with running(pool, handler) as outbox:
        await until(lambda: len(handler.asked) == 1 and not outbox._flying)
        await quiet(outbox)
    assert [(row["listener"], row["state"], row["error"]) for row in await shop.fetch(STATES)] == [
        ("hub", "waiting", "the handler failed: KeyError"),
        ("unheard:of", "waiting", "this release has no handler for it"),
    ]


async def test_a_handler_that_hangs_is_given_up_within_the_lease(
    pool: Pool, shop: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert LEASE.total_seconds() > outboxes.CALL_LIMIT
    monkeypatch.setattr(outboxes, "CALL_LIMIT", 0.05)
    await insert(shop, WORKSPACE, [delivery()])
    handler = Recorder()
    handler.gate.clear()
    async with running(pool, handler) as outbox:
        await until(lambda: len(handler.asked) == 1 and not outbox._flying)
    assert (await shop.fetch(STATES))[0]["error"] == "no end within the time limit"


async def test_stopping_is_heard_together_with_a_poke(pool: Pool, shop: Connection) -> None:
    await insert(shop, WORKSPACE, [delivery()])
    outbox = Outbox(pool, {"hub": Recorder()}, clock=FakeTime(), idle=60)
    await outbox.start()
    await settled(shop, 1)
    await asyncio.sleep(0.1)
    outbox.poke()
    loops = outbox._loops
    await asyncio.wait([asyncio.ensure_future(outbox.stop())], timeout=60)
    assert all(task.done() for task in loops)


async def test_stopping_lets_what_is_in_flight_end(pool: Pool, shop: Connection) -> None:
    await insert(shop, WORKSPACE, [delivery()])
    handler = Recorder()
    handler.gate.clear()
    outbox = Outbox(pool, {"hub": handler}, clock=FakeTime(), idle=0.02)
    await outbox.start()
    await until(lambda: len(handler.inside) == 1)
    asyncio.get_running_loop().call_later(0.05, handler.gate.set)
    await outbox.stop()
    assert await states(shop) == ["delivered"]


async def test_what_arrived_goes_after_a_day_and_what_was_parked_after_a_month(
    pool: Pool, shop: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Money that is due is not forgotten; what still waits is not touched."""
    monkeypatch.setattr(outboxes, "PRUNE_CHUNK", 3)
    day, month = NOW - timedelta(days=1), NOW - timedelta(days=30)
    old, young = timedelta(seconds=-1), timedelta(seconds=1)
    for workspace in (WORKSPACE, 2):
        await insert(
            shop,
            workspace,
            [
                *(Delivery(n, "payout:a", 1, {}, AT, day + old, 1, "delivered") for n in range(5)),
                Delivery(5, "mail:a", 1, {}, AT, month + old, 1, "parked"),
                Delivery(6, "event:9", 1, {}, AT, month + old, 1, "parked"),
                Delivery(11, "mail:a", 1, {}, AT, day + young, 1, "delivered"),
                Delivery(12, "mail:a", 1, {}, AT, month + young, 1, "parked"),
                Delivery(13, "payout:a", 1, {}, AT, month + old, 1, "parked"),
                Delivery(14, "mail:a", 1, {}, AT, month + old, 1),
            ],
        )
    assert await Outbox(pool, {}, clock=FakeTime()).prune() == 14
    left = await shop.fetch("select workspace, subject from outbox order by 1, 2")
    assert [tuple(row) for row in left] == [(w, n) for w in (WORKSPACE, 2) for n in range(11, 15)]
    eager = Retention(delivered=timedelta(), parked=timedelta(days=29))
    assert await Outbox(pool, {}, clock=FakeTime(), keep=eager).prune() == 4


async def lease(pool: Pool, now: datetime) -> rows.Taken:
    async with pool.acquire() as connection:
        return await rows.take(connection, WORKSPACE, now, now + LEASE, now + GIVE_UP_AFTER, 10)


async def test_who_lost_the_lease_can_only_say_that_it_arrived(pool: Pool, shop: Connection) -> None:
    await insert(shop, WORKSPACE, [delivery(1), delivery(2)])
    ((late,), _) = await _taken(pool, NOW)
    ((current,), _) = await _taken(pool, NOW + LEASE)
    assert (late.tries, current.tries) == (1, 2)
    await rows.settle(shop, WORKSPACE, late, NOW, delivered=False, error="late")
    await rows.postpone(shop, WORKSPACE, late, NOW + timedelta(hours=1), "late")
    first = (await shop.fetch(STATES))[0]
    assert (first["state"], first["due_at"], first["error"]) == ("waiting", NOW + 2 * LEASE, "")
    await rows.settle(shop, WORKSPACE, late, NOW + LEASE, delivered=True)
    ((following,), _) = await _taken(pool, NOW + LEASE)
    assert following.seq == 2
    # The other one's word comes too late to wake what is leased by now.
    await rows.settle(shop, WORKSPACE, current, NOW + LEASE, delivered=True)
    assert await _taken(pool, NOW + LEASE) == ((), 0)


async def _taken(pool: Pool, now: datetime) -> tuple[tuple[Delivery, ...], int]:
    taken = await lease(pool, now)
    return taken.deliveries, taken.put_off


async def test_a_row_whose_head_ends_while_it_is_looked_at_is_not_forgotten(
    pool: Pool, shop: Connection, database_url: str
) -> None:
    await insert(shop, WORKSPACE, [delivery(1), delivery(2)])
    async with pool.acquire() as first:
        head = (await rows.take(first, WORKSPACE, NOW, NOW + LEASE, NOW + GIVE_UP_AFTER, 1)).deliveries[0]
        looking = await connect(database_url)
        async with looking.transaction():
            assert len(await looking.fetch(rows._LOCK, WORKSPACE, NOW, 10)) == 1
            ending = asyncio.create_task(rows.settle(first, WORKSPACE, head, NOW, delivered=True))
            await waiting_for_a_lock(shop)
            await looking.execute("update outbox set due_at = $1 where seq = 2", NOW + LEASE)
        await ending
        await looking.close()
    taken, _ = await _taken(pool, NOW)
    assert [row.seq for row in taken] == [2]


@pytest.mark.parametrize("stream", ["", "a stream"], ids=["pair", "stream"])
async def test_a_row_that_is_written_while_its_head_ends_is_not_put_off(
    pool: Pool, shop: Connection, database_url: str, stream: str
) -> None:
    head, behind = (
        msgspec.structs.replace(delivery(seq, listener=f"hub{stream and seq}"), stream=stream, place=seq)
        for seq in (1, 2)
    )
    await insert(shop, WORKSPACE, [head])
    ((taken,), _) = await _taken(pool, NOW)
    ending = await connect(database_url)
    async with ending.transaction():
        await rows.settle(ending, WORKSPACE, taken, NOW, delivered=True)
        await insert(shop, WORKSPACE, [behind])
        assert await _taken(pool, NOW) == ((), 0)
    await ending.close()
    ((following,), _) = await _taken(pool, NOW)
    assert following.seq == 2


async def test_a_head_that_a_look_holds_ends_after_it(
    pool: Pool, shop: Connection, database_url: str
) -> None:
    await insert(shop, WORKSPACE, [delivery(1)])
    ((head,), _) = await _taken(pool, NOW)
    await insert(shop, WORKSPACE, [delivery(2)])
    looking = await connect(database_url)
    async with looking.transaction():
        taken = await rows.take(looking, WORKSPACE, NOW, NOW + LEASE, NOW + GIVE_UP_AFTER, 10)
        assert taken == rows.Taken((), 1)
        ending = asyncio.create_task(rows.settle(shop, WORKSPACE, head, NOW, delivered=True))
        async with pool.acquire() as watching:
            await waiting_for_a_lock(watching)
    await ending
    await looking.close()
    ((following,), _) = await _taken(pool, NOW)
    assert following.seq == 2


async def waiting_for_a_lock(shop: Connection) -> None:
    async with asyncio.timeout(60):
        while not await blocked(shop):  # noqa: ASYNC110  (nobody tells)
            await asyncio.sleep(0.005)


async def test_what_waits_behind_another_is_read_once(pool: Pool, shop: Connection) -> None:
    await insert(shop, WORKSPACE, [delivery(seq) for seq in range(1, 6)])
    taken, put_off = await _taken(pool, NOW)
    assert ([row.seq for row in taken], put_off) == ([1], 4)
    assert await rows.due_workspaces(shop, NOW) == []
    assert [row["tries"] for row in await shop.fetch(STATES)] == [1, 0, 0, 0, 0]
    await rows.settle(shop, WORKSPACE, taken[0], NOW, delivered=True)
    assert [row["due_at"] <= NOW for row in await shop.fetch(STATES)] == [True, True, False, False, False]


@not_on_citus("each shard has a plan of its own, made for the values at hand")
async def test_a_plan_made_while_the_table_was_empty_stays_by_key(pool: Pool, shop: Connection) -> None:
    statements = {
        "lock(2, now(), 16)": f"prepare lock (bigint, timestamptz, bigint) as {rows._LOCK}",
        "heads(2, '{7}', '{hub}', '{2}', '{a}', '{2}', 3)": (
            f"prepare heads (bigint, bigint[], text[], int[], text[], bigint[], int) as {rows._HEADS}"
        ),
        "hold(2, '{7}', '{hub}', '{2}')": f"prepare hold (bigint, bigint[], text[], int[]) as {rows._HOLD}",
        "due(now())": f"prepare due (timestamptz) as {rows._DUE}",
        "wake(2, 7, 'hub', 1, now())": f"prepare wake (bigint, bigint, text, int, timestamptz) as {rows._WAKE}",
        "stream(2, 7, 'a', 1, now())": (
            f"prepare stream (bigint, bigint, text, bigint, timestamptz) as {rows._WAKE_STREAM}"
        ),
    }
    async with pool.acquire() as connection:
        await connection.execute("vacuum analyze outbox")
        for call, statement in statements.items():
            await connection.execute(statement)
            await connection.execute(f"execute {call}")
        for workspace in (WORKSPACE, 2, 3):
            await insert(shop, workspace, [delivery(seq, n) for n in range(200) for seq in (1, 2)])
        for call in statements:
            plan = [row[0] for row in await connection.fetch(f"explain (costs off) execute {call}")]
            conditions = [line.strip() for line in plan if "Index Cond" in line]
            assert not [line for line in plan if "Seq Scan" in line or "Bitmap" in line or "Hash" in line]
            wanted = PLANS[call.partition("(")[0]]
            assert len(conditions) == len(wanted)
            assert all(map(str.startswith, conditions, wanted))
