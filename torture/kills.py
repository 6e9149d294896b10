"""Kills at random under load: processes of the server and its database fall and freeze while all doors take orders."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import msgspec

from torture import calm, world
from torture.audit import audit
from torture.blows import Struck, strike
from torture.calm import Sample, calmness
from torture.figures import Recovery, Scene
from torture.house import House, apply, connected, kept
from torture.plan import Blow, plan
from torture.watch import watched

_ARGUMENTS = ("--workers", "2", "--attempt-seconds", "10")


class Size(msgspec.Struct, frozen=True):
    """Blows, the mean pause between them, the longest stop; customers a door, and seconds from order to order."""

    blows: int
    pause: float
    longest: float
    each: int = 2
    every: float = 0.2


async def kills(folder: Path, seed: int, size: Size, say: Callable[[str], None]) -> Scene:
    """Play the scene on a server of its own in this folder."""
    house = House(folder / "kills", _ARGUMENTS)
    blows = plan(seed, size.blows, size.pause, size.longest)
    async with kept(house):
        await apply(house, world.house())
        return await _under_blows(house, blows, seed, size, say)


async def _under_blows(
    house: House, blows: tuple[Blow, ...], seed: int, size: Size, say: Callable[[str], None]
) -> Scene:
    async with watched(house, seed, size.each, size.every) as watch:
        started = await watch.quiet(size.pause)
        say(f"{len(blows)} blows, seed {seed}")
        struck = await strike(house, blows)
        ended = time.monotonic()
        await watch.served_again(ended)
    async with connected(house.database_url) as connection:
        settled, faults = await audit(connection, watch.book)
    faults += watch.faults
    samples = watch.calm.samples
    return Scene(
        name="kills",
        seconds=ended - struck[0].at,
        under=calmness(samples, struck[0].at, ended),
        quiet=calmness(samples, started, struck[0].at),
        recoveries=recoveries(struck, samples),
        memory=watch.memory,
        settled=settled,
        book=watch.book.tally,
        notes=_counted(house, struck, ended - struck[0].at),
        faults=tuple(faults),
    )


def recoveries(struck: list[Struck], samples: list[Sample]) -> tuple[Recovery, ...]:
    """How long it took after the blows of each kind."""
    times: dict[str, list[float]] = defaultdict(list)
    for each in struck:
        times[each.blow.name].append(calm.recovery(samples, each.at))
    return tuple(Recovery(name, tuple(taken)) for name, taken in sorted(times.items()))


def _counted(house: House, struck: list[Struck], seconds: float) -> dict[str, float]:
    killed = sum(each.blow.way == "kill" for each in struck)
    return {
        "kills": killed,
        "kills an hour": killed * 3600 / seconds,
        "stops": sum(each.blow.way == "stop" for each in struck),
        "restarts of the server": house.starts,
        "restarts that failed": house.failed,
    }
