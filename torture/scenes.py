"""Harm to a server that stays up: attacks from outside, a database that says nothing, a full disk, a full log pipe."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from pathlib import Path

import msgspec
import psutil
from msgspec.structs import replace

from torture import world
from torture.attacks import attacking
from torture.audit import SETTLED_WITHIN, audit
from torture.calm import calmness
from torture.disk import lent
from torture.figures import Recovery, Scene
from torture.house import House, apply, connected, kept
from torture.silent_proxy import SilentProxy, silent_proxy
from torture.watch import Watched, watched

_ARGUMENTS = ("--attempt-seconds", "10")
_QUIET = 5.0
_CROWD = (1, 0.2)
"""Customers a door, and seconds from order to order of each."""


class Length(msgspec.Struct, frozen=True):
    """Seconds of each part of a scene: quiet, and under harm. `count` is how many connections attack."""

    quiet: float
    harm: float
    count: int


async def under_attack(house: House, kind: str, seed: int, length: Length) -> Scene:
    """One kind of attack on a server that runs, and how the calm client is served before it and beside it."""
    async with watched(house, seed, name=kind.replace(" ", "")) as watch:
        begun = await watch.quiet(length.quiet)
        started = time.monotonic()
        async with attacking(kind, house.url, length.count, length.harm) as attack:
            pass
        ended = time.monotonic()
        ends = attack.result()
        again = await watch.served_again(ended)
    return Scene(
        name=kind,
        seconds=ended - started,
        under=calmness(watch.calm.samples, started, ended),
        quiet=calmness(watch.calm.samples, begun, started),
        recoveries=(Recovery("end of the attack", (again,)),),
        memory=watch.memory,
        book=watch.book.tally,
        notes={"connections at once": length.count, "connections that ended": ends.ended},
        faults=tuple(watch.faults),
    )


async def silent_database(folder: Path, url: str, seed: int, times: int) -> Scene:
    """Established connections to the database go dead, so many times; at last new ones are not answered either.

    Then the server is told to end, and must; it is started again once the database answers.
    """
    async with silent_proxy(url) as proxy:
        house = House(folder / "silence", (*_ARGUMENTS, "--database-url", proxy.url))
        await apply(house, world.house(), url=url)
        async with kept(house), watched(house, seed, *_CROWD) as watch:
            begun = await watch.quiet(_QUIET)
            started = time.monotonic()
            silent = [await _silenced(watch, proxy) for _ in range(times)]
            await _deafened(watch, proxy)
            lost = watch.book.tally.lost_answers + watch.calm.lost
            took = await _ended(house)
            proxy.deaf = False
            ended = time.monotonic()
            spoke = await watch.served_again(ended)
    kinds = (Recovery("connections go dead", tuple(silent)), Recovery("the database answers again", (spoke,)))
    scene = await _audited("silent database", watch, url, (begun, started, ended), kinds)
    faults = (*scene.faults, *([f"{lost} callers were told nothing"] if lost else []))
    return replace(scene, notes={"seconds to end on SIGTERM": took}, faults=faults)


async def full_disk(folder: Path, seed: int, seconds: float) -> Scene:
    """The file system of the database fills up under load, and is given room again; the server never ends by it."""
    with lent(folder / "disk") as disk:
        house = House(disk.folder / "data", _ARGUMENTS, within=disk.command)
        house.log = folder / "disk.log"
        async with kept(house):
            await apply(house, world.house())
            async with watched(house, seed, *_CROWD) as watch:
                begun = await watch.quiet(_QUIET)
                started = time.monotonic()
                async with disk.full(house):
                    await asyncio.sleep(seconds)
                given = time.monotonic()
                kinds = (Recovery("room on the disk", (await watch.served_again(given),)),)
            scene = await _audited("full disk", watch, house.database_url, (begun, started, given), kinds)
            ended = [f"the server ended {house.starts} times"] if house.starts else []
            return replace(scene, faults=(*scene.faults, *ended))


async def full_log_pipe(folder: Path, seed: int, seconds: float, python: str) -> Scene:
    """Nobody reads the log, of which each request is a line, and the pipe to the reader holds no byte more."""
    reading, writing = os.pipe()
    try:
        house = House(folder / "pipe", (*_ARGUMENTS, "--log-level", "debug"), python, errors=writing)
        async with kept(house):
            await apply(house, world.calm())
            async with watched(house, seed) as watch:
                begun = await watch.quiet(_QUIET)
                started = time.monotonic()
                _fill(writing)
                await asyncio.sleep(seconds)
                ended = time.monotonic()
    finally:
        os.close(writing)
        os.close(reading)
    return Scene(
        name="full log pipe",
        seconds=ended - started,
        under=calmness(watch.calm.samples, started, ended),
        quiet=calmness(watch.calm.samples, begun, started),
        memory=watch.memory,
        book=watch.book.tally,
        faults=tuple(watch.faults),
    )


def _fill(pipe: int) -> None:
    """Write into a pipe until it is full, by a descriptor of our own: the server's stays one that waits."""
    end = os.open(f"/proc/self/fd/{pipe}", os.O_WRONLY | os.O_NONBLOCK)
    with contextlib.suppress(BlockingIOError), open(end, "wb", buffering=0) as ours:
        while ours.write(b"\n" * 4_096):
            pass


async def _silenced(watch: Watched, proxy: SilentProxy) -> float:
    at = time.monotonic()
    proxy.silence()
    return await watch.served_again(at)


async def _deafened(watch: Watched, proxy: SilentProxy) -> None:
    """New connections are not answered either; wait until callers have been told so."""
    told = watch.book.tally.put_off
    proxy.silence(deaf=True)
    async with asyncio.timeout(SETTLED_WITHIN):
        while watch.book.tally.put_off == told:
            await asyncio.sleep(0.1)


async def _ended(house: House) -> float:
    """Seconds from SIGTERM until the server has ended, whatever it waits for."""
    at = time.monotonic()
    (server,) = house.processes("master")
    server.terminate()
    async with asyncio.timeout(SETTLED_WITHIN):
        while server.is_running() and server.status() != psutil.STATUS_ZOMBIE:
            await asyncio.sleep(0.1)
    return time.monotonic() - at


async def _audited(
    name: str,
    watch: Watched,
    url: str,
    moments: tuple[float, float, float],
    recoveries: tuple[Recovery, ...],
) -> Scene:
    begun, started, ended = moments
    async with connected(url) as connection:
        settled, faults = await audit(connection, watch.book)
    faults += watch.faults
    return Scene(
        name=name,
        seconds=ended - started,
        under=calmness(watch.calm.samples, started, ended),
        quiet=calmness(watch.calm.samples, begun, started),
        recoveries=recoveries,
        memory=watch.memory,
        settled=settled,
        book=watch.book.tally,
        faults=tuple(faults),
    )
