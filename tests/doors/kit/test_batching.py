"""All look-ups of one turn of the loop are one load, and nobody's fate depends on another's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest

from entrepot.doors.kit import TickBatcher, by_workspace
from entrepot.store.sharing import OURS, Bill, serve
from tests.support.waiting import until


class Directory:
    def __init__(self) -> None:
        self.loads: list[list[str]] = []
        self.rows = {"a": 1, "b": 2}
        self.gate = asyncio.Event()
        self.gate.set()

    async def load(self, keys: list[str]) -> Mapping[str, int]:
        self.loads.append(keys)
        await self.gate.wait()
        if "broken" in keys:
            raise ConnectionError
        return {key: self.rows[key] for key in keys if key in self.rows}


async def test_one_turn_is_one_load_of_distinct_keys() -> None:
    directory = Directory()
    batcher = TickBatcher(directory.load)
    assert await asyncio.gather(*map(batcher.get, ["a", "b", "a", "none"])) == [1, 2, 1, None]
    assert directory.loads == [["a", "b", "none"]]


async def test_nothing_is_kept_for_the_next_turn() -> None:
    directory = Directory()
    batcher = TickBatcher(directory.load)
    assert await batcher.get("a") == 1
    del directory.rows["a"]
    assert await batcher.get("a") is None
    assert directory.loads == [["a"], ["a"]]


async def test_a_load_under_way_does_not_delay_the_next() -> None:
    directory = Directory()
    batcher = TickBatcher(directory.load)
    directory.gate.clear()
    first = asyncio.create_task(batcher.get("a"))
    await until(lambda: len(directory.loads) == 1)
    second = asyncio.create_task(batcher.get("b"))
    await until(lambda: len(directory.loads) == 2)
    assert directory.loads == [["a"], ["b"]]
    directory.gate.set()
    assert (await first, await second) == (1, 2)


async def test_beyond_so_many_at_once_all_who_came_meanwhile_share_one_that_begins_later() -> None:
    directory = Directory()
    batcher = TickBatcher(directory.load, 1)
    directory.gate.clear()
    first = asyncio.create_task(batcher.get("a"))
    await until(lambda: len(directory.loads) == 1)
    later = [asyncio.create_task(batcher.get(key)) for key in "ab"]
    await asyncio.sleep(0)
    later += [asyncio.create_task(batcher.get(key)) for key in "ab"]
    await asyncio.sleep(0)
    assert directory.loads == [["a"]]
    del directory.rows["a"]  # revoked after they came, and before they are looked up
    directory.gate.set()
    assert await first is None
    assert await asyncio.gather(*later) == [None, 2, None, 2]
    assert directory.loads == [["a"], ["a", "b"]]
    assert await batcher.get("b") == 2


async def test_an_error_of_a_load_keeps_no_place() -> None:
    batcher = TickBatcher(Directory().load, 1)
    for _ in range(3):
        with pytest.raises(ConnectionError):
            await batcher.get("broken")
    assert await batcher.get("a") == 1


async def test_an_error_reaches_all_of_its_load_and_none_of_the_next() -> None:
    batcher = TickBatcher(Directory().load)
    results = await asyncio.gather(batcher.get("broken"), batcher.get("a"), return_exceptions=True)
    assert [type(each) for each in results] == [ConnectionError, ConnectionError]
    assert await batcher.get("a") == 1


@pytest.mark.parametrize("moment", ["before the load", "during the load"])
async def test_who_gives_up_stops_only_himself(moment: str) -> None:
    directory = Directory()
    batcher = TickBatcher(directory.load)
    directory.gate.clear()
    leaver, stayer = (asyncio.create_task(batcher.get("a")) for _ in range(2))
    await asyncio.sleep(0)
    if moment == "during the load":
        await until(lambda: directory.loads)
    leaver.cancel()
    await asyncio.sleep(0)
    directory.gate.set()
    assert await stayer == 1
    with pytest.raises(asyncio.CancelledError):
        await leaver
    assert directory.loads == [["a"]]


class Pool:
    """Lends one connection, and counts how often."""

    def __init__(self) -> None:
        self.lent = 0

    @asynccontextmanager
    async def acquire(self, bill: Bill) -> AsyncGenerator[Any]:
        self.lent += 1
        self.bill = bill
        yield self


async def test_each_workspace_is_asked_by_itself_for_its_own_names_alone() -> None:
    pool = Pool()
    asked: list[tuple[int, list[str]]] = []

    async def load(connection: Any, workspace: int, names: list[str]) -> Mapping[str, str]:
        assert connection is pool
        asked.append((workspace, names))
        return {name: f"{workspace} has {name}" for name in names if (workspace, name) != (2, "b")}

    batcher = TickBatcher(by_workspace(cast("Any", pool), load))
    keys = [(1, "a"), (2, "a"), (1, "b"), (2, "b"), (1, "a")]
    found = await asyncio.gather(*map(batcher.get, keys))
    assert found == ["1 has a", "2 has a", "1 has b", None, "1 has a"]
    assert asked == [(1, ["a", "b"]), (2, ["a", "b"])]
    assert pool.lent == 1


async def test_what_many_share_is_nobodys_share() -> None:
    """Else whoever asks first in a turn of the loop would pay for all, and all would wait in his place."""
    pool = Pool()

    async def load(_connection: Any, _workspace: int, _names: list[str]) -> Mapping[str, str]:
        return {}

    batcher = TickBatcher(by_workspace(cast("Any", pool), load))
    serve(7, "192.0.2.1")
    await asyncio.gather(*(batcher.get((7, name)) for name in "abc"))
    assert (pool.bill.flow, pool.bill.cost) == (OURS, 3)
