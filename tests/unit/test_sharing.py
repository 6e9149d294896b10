"""Whose turn it is to read: turns are counted, never time."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, cast

import msgspec
import pytest

from entrepot.domain.channels.accounts import ChannelSettings
from entrepot.domain.kernel.commands import Command, Decided
from entrepot.domain.kernel.records import Changes, View
from entrepot.doors.kit import Request
from entrepot.engine.batches.batch import Batch, BatchIds
from entrepot.engine.batches.queues import BATCH_WEIGHT, REMEMBERED, Line, Pending, Queues
from entrepot.store import sharing
from entrepot.store.credentials.directory import Caller
from entrepot.store.sharing import LIGHT, MOST_WAITING, Bill, Flow, Pace, Turns, subscriber

FLOOD, CALM = Flow(1, "192.0.2.1"), Flow(2, "192.0.2.2")
HEAVY = LIGHT + 1


async def served(turns: Turns, wanted: Sequence[tuple[str, Flow, int]]) -> list[str]:
    """Names in the order of their turns, where all want one while the only place is taken."""
    order: list[str] = []

    async def read(name: str, flow: Flow, cost: int) -> None:
        async with turns.turn(Bill(cost, flow)):
            order.append(name)

    async with turns.turn(Bill(1, FLOOD)):
        tasks = [asyncio.create_task(read(*each)) for each in wanted]
        await asyncio.sleep(0)
    await asyncio.gather(*tasks)
    return order


def one_place() -> Turns:
    return Turns(places=1, heavy=1)


async def test_a_calm_tenant_waits_for_no_more_than_the_read_that_runs() -> None:
    wanted = [(f"flood {n}", FLOOD, 3_000) for n in range(64)] + [(f"calm {n}", CALM, 3) for n in range(64)]
    order = await served(one_place(), wanted)
    # After the first heavy read the calm one's account is the smaller for as long as it wants anything.
    assert [each for each in order[:65] if each.startswith("flood")] == ["flood 0"]


async def test_equal_reads_of_two_tenants_alternate() -> None:
    wanted = [("a", FLOOD, 10)] * 20 + [("b", CALM, 10)] * 10
    order = await served(one_place(), wanted)
    assert Counter(order[:20]) == {"a": 10, "b": 10}


async def test_shares_are_of_rows_and_not_of_reads() -> None:
    wanted = [("long", FLOOD, 100)] * 10 + [("short", CALM, 10)] * 100
    order = await served(one_place(), wanted)
    assert Counter(order[:33]) == {"long": 3, "short": 30}


async def test_of_one_tenant_the_addresses_have_equal_shares() -> None:
    other = Flow(FLOOD.workspace, "192.0.2.9")
    order = await served(one_place(), [("a", FLOOD, 10)] * 20 + [("b", other, 10)] * 5)
    assert Counter(order[:10]) == {"a": 5, "b": 5}


async def test_an_address_gains_nothing_by_going_to_many_tenants() -> None:
    spread = [("spread", Flow(tenant, FLOOD.address), 10) for tenant in range(10, 30)]
    order = await served(one_place(), spread + [("calm", CALM, 10)] * 10)
    assert Counter(order[:20]) == {"spread": 10, "calm": 10}


async def test_who_was_quiet_has_saved_nothing_up() -> None:
    turns = one_place()
    await served(turns, [("a", FLOOD, 10)] * 50)
    order = await served(turns, [("a", FLOOD, 10)] * 20 + [("b", CALM, 10)] * 20)
    assert Counter(order[:20]) == {"a": 10, "b": 10}


async def test_a_read_is_charged_what_it_came_to() -> None:
    turns, order = one_place(), list[str]()

    async def read(name: str, flow: Flow, came_to: int) -> None:
        bill = Bill(1, flow)
        async with turns.turn(bill):
            order.append(name)
            bill.cost = came_to

    async with turns.turn(Bill(1, FLOOD)):
        tasks = [asyncio.create_task(read("dear", FLOOD, 100)) for _ in range(10)]
        tasks += [asyncio.create_task(read("cheap", CALM, 10)) for _ in range(100)]
        await asyncio.sleep(0)
    await asyncio.gather(*tasks)
    assert Counter(order[:33]) == {"dear": 3, "cheap": 30}


async def test_heavy_reads_leave_places_for_light_ones() -> None:
    turns, release = Turns(places=4, heavy=2), asyncio.Event()
    running: list[str] = []

    async def read(name: str, cost: int) -> None:
        async with turns.turn(Bill(cost, FLOOD)):
            running.append(name)
            await release.wait()

    tasks = [asyncio.create_task(read("heavy", HEAVY)) for _ in range(10)]
    tasks += [asyncio.create_task(read("light", 1)) for _ in range(2)]
    for _ in range(50):  # turns of the loop, far more than that takes
        await asyncio.sleep(0)
    assert sorted(running) == ["heavy", "heavy", "light", "light"]
    release.set()
    await asyncio.gather(*tasks)


async def test_who_goes_away_leaves_his_place_to_the_next() -> None:
    turns = one_place()

    async def read(flow: Flow) -> None:
        async with turns.turn(Bill(1, flow)):
            pass

    async with turns.turn(Bill(1, FLOOD)):
        gone, next_ = asyncio.create_task(read(FLOOD)), asyncio.create_task(read(CALM))
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.sleep(0)
    await next_
    given = asyncio.create_task(read(FLOOD))
    async with turns.turn(Bill(1, FLOOD)):
        pass
    given.cancel()  # its turn has come, and nobody takes it
    await asyncio.gather(given, return_exceptions=True)
    await read(CALM)


async def test_nobody_waits_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "TURN_SECONDS", 0)
    turns = one_place()
    async with turns.turn(Bill(1, FLOOD)):
        with pytest.raises(TimeoutError):
            async with turns.turn(Bill(1, CALM)):
                pass
    async with turns.turn(Bill(1, CALM)):
        pass


async def test_one_tenant_cannot_fill_the_queue_for_others() -> None:
    turns = one_place()

    async def read(flow: Flow) -> None:
        async with turns.turn(Bill(1, flow)):
            pass

    async with turns.turn(Bill(1, FLOOD)):
        tasks = [asyncio.create_task(read(FLOOD)) for _ in range(MOST_WAITING)]
        await asyncio.sleep(0)
        with pytest.raises(TimeoutError):
            await read(FLOOD)
        tasks.append(asyncio.create_task(read(CALM)))
        await asyncio.sleep(0)
    await asyncio.gather(*tasks)


async def test_reads_count_as_the_callers_from_when_he_is_known() -> None:
    request = Request({"type": "http", "headers": [], "client": ("2001:db8::1", 1)})
    sharing.serve(0, request.client)
    assert Bill().flow == Flow(0, "2001:db8::/64")
    request.caller = Caller(7, 1, "test", None, None, "account", ChannelSettings())
    assert Bill().flow == Flow(7, "2001:db8::/64")


class _Noted(msgspec.Struct, frozen=True):
    """Stands for a command that a rule of the test decides."""

    ids: int = 0


async def test_batches_of_others_go_on_while_a_large_one_is_decided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "SLICE_SECONDS", 0)
    turns, pause = 0, Pace.pause

    async def counted(pace: Pace) -> None:
        nonlocal turns
        turns += 1
        await pause(pace)

    monkeypatch.setattr(Pace, "pause", counted)
    batch = Batch(1, cast("Any", [_Noted()] * 50))
    rule: Any = lambda *_: Decided(turns, Changes())  # noqa: E731
    answers = await batch.decided(View(1), datetime.now(UTC), BatchIds(0, 0), rule)
    assert answers == list(range(50))


async def test_a_calm_tenants_command_waits_for_one_batch_of_a_flood() -> None:
    """However many commands wait, and however many tenants flood: each workspace has one turn before the next."""
    queues = Queues()

    def put(workspace: int, count: int) -> None:
        for _ in range(count):
            future = asyncio.get_running_loop().create_future()
            assert queues.put(workspace, Pending(cast("Any", _Weighed()), future, 0))

    put(1, 1_000)
    assert (await queues.take())[0] == 1
    put(1, 1_000)
    put(2, 1)
    queues.done(1)
    turns = [(await queues.take())[0] for _ in range(2)]
    assert turns == [2, 1]


class _Weighed(msgspec.Struct, frozen=True):
    weight: int = 10


async def test_a_slice_ends_by_the_clock_and_a_new_one_begins_after_the_pause() -> None:
    now = 0.0
    pace = Pace(lambda: now)
    assert not pace.over
    now = sharing.SLICE_SECONDS
    assert pace.over
    await pace.pause()
    assert not pace.over


def test_an_address_of_ipv6_stands_for_its_subscribers_network() -> None:
    assert subscriber("2001:db8::1") == subscriber("2001:db8::2") != subscriber("2001:db8:0:1::1")
    assert subscriber("::ffff:192.0.2.1") == "192.0.2.1"
    assert subscriber("no address") == "no address"


class _Rows(Command, frozen=True):
    """So many rows are written, under a number."""

    number: int
    rows: int = 40

    @property
    def weight(self) -> int:
        return self.rows


async def _waits(queues: Queues, address: str, *numbers: int) -> list[bool]:
    loop = asyncio.get_running_loop()
    return [queues.put(1, Pending(_Rows(each), loop.create_future(), 0.0, address)) for each in numbers]


async def test_a_flood_of_commands_from_one_address_puts_others_of_the_tenant_back_by_its_share() -> None:
    """Three callers come behind a thousand commands of a fourth: the next batch has one of each before its third."""
    queues = Queues()
    await _waits(queues, "flood", *range(1_000))
    first = (await queues.take())[1]
    assert [each.address for each in first] == ["flood"] * (BATCH_WEIGHT // 40)
    for address in ("a", "b", "c"):
        await _waits(queues, address, 1, 2)
    queues.done(1)
    turns = [each.address for each in (await queues.take())[1]]
    assert max(turns.index(address) for address in "abc") <= 4
    assert turns.count("flood") == len(turns) - 6
    own = [each.command.number for each in first if isinstance(each.command, _Rows)]
    assert own == sorted(own)


async def test_whoever_waits_again_and_again_has_no_more_than_his_share() -> None:
    """Two addresses that always have something waiting are served alike, however much more one of them sends."""
    queues, served = Queues(), {"many": 0, "few": 0}
    await _waits(queues, "many", *range(900))
    for _ in range(8):
        await _waits(queues, "few", *range(60))
        for each in (await queues.take())[1]:
            served[each.address] += 1
        queues.done(1)
    assert abs(served["many"] - served["few"]) <= 2 * BATCH_WEIGHT // 40, served


async def test_one_address_leaves_half_of_its_tenants_queue_to_others() -> None:
    queues = Queues(limit=10)
    assert (await _waits(queues, "flood", *range(8))).count(True) == 5
    assert all(await _waits(queues, "calm", 1, 2))


async def test_of_addresses_that_come_once_none_is_remembered_for_good() -> None:
    line, loop = Line(), asyncio.get_running_loop()
    for number in range(10 * REMEMBERED):
        for address in ("always", f"once {number}"):
            line.put(Pending(_Rows(number), loop.create_future(), 0.0, address))
        assert {line.take().address for _ in range(2)} == {"always", f"once {number}"}
    assert len(line._had) <= 2 * REMEMBERED + len(line)
