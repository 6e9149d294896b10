"""A database's primary falls under load, and its standby takes its place; at last the old one is back and writes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from torture import world
from torture.audit import SETTLED_WITHIN, audit
from torture.calm import calmness
from torture.figures import Recovery, Scene
from torture.house import House, apply, connected, kept
from torture.pair import Pair
from torture.watch import Watched, watched

_MORE = 20
"""So many orders are acknowledged while two servers take writes."""
_HANG_UP = """
select count(pg_terminate_backend(pid)) from pg_stat_activity
where application_name = 'entrepot' and pid <> pg_backend_pid()
"""


class Falls(msgspec.Struct, frozen=True):
    """How often the primary falls, the seconds before each, workers; customers a door, seconds from order to order."""

    times: int
    pause: float
    workers: int = 2
    each: int = 2
    every: float = 0.2


async def failover(folder: Path, both: Pair, seed: int, falls: Falls, say: Callable[[str], None]) -> Scene:
    """Play the scene: all that was acknowledged is there at the end, once, and the old primary got none of it."""
    arguments = ("--workers", str(falls.workers), "--attempt-seconds", "10", "--database-url", both.url)
    house = House(folder / "failover", arguments)
    await apply(house, world.house())
    async with kept(house):
        return await _played(house, both, seed, falls, say)


async def _played(house: House, both: Pair, seed: int, falls: Falls, say: Callable[[str], None]) -> Scene:
    async with watched(house, seed, falls.each, falls.every) as watch:
        begun = await watch.quiet(falls.pause)
        started = time.monotonic()
        taken: list[float] = []
        for number in range(falls.times):
            if number:
                await both.follow()
                await asyncio.sleep(falls.pause)
            taken.append(await _fall(watch, both))
            say(f"primary {number + 1} fell: served again after {taken[-1]:.1f} s")
        ended = time.monotonic()
        faults = await _two_primaries(watch, both)
    async with connected(both.url) as connection:
        settled, wrong = await audit(connection, watch.book)
    samples = watch.calm.samples
    return Scene(
        name="failover",
        seconds=ended - started,
        under=calmness(samples, started, ended),
        quiet=calmness(samples, begun, started),
        recoveries=(Recovery("the primary falls", tuple(taken)),),
        memory=watch.memory,
        settled=settled,
        book=watch.book.tally,
        faults=(*faults, *wrong, *watch.faults),
    )


async def _fall(watch: Watched, both: Pair) -> float:
    """Seconds from the fall until the calm client is served, of which the standby's promotion is a part."""
    at = time.monotonic()
    await both.fail_over()
    return await watch.served_again(at)


async def _two_primaries(watch: Watched, both: Pair) -> list[str]:
    """The old primary comes back and takes writes. Every connection is made anew, and none may lead to it."""
    await both.come_back()
    before = await both.standby.batches()
    await both.primary.run(_HANG_UP)
    wanted = watch.book.tally.acknowledged + _MORE
    async with asyncio.timeout(SETTLED_WITHIN):
        while watch.book.tally.acknowledged < wanted:
            await asyncio.sleep(0.1)
    written = await both.standby.batches() - before
    return [f"{written} batches were written to the server that was replaced"] if written else []
