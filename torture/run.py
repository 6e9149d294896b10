"""One run: scene after scene, each on a server of its own, and what came of it."""

from __future__ import annotations

import os
import secrets
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
from bench.figures import this_machine

from entrepot.store.embedded import EmbeddedPostgres
from entrepot.store.embedded.binaries import MAJOR
from torture import scenes, world
from torture.attacks import ATTACKS
from torture.disk import can_be
from torture.failover import Falls, failover
from torture.figures import Figures, Scene
from torture.house import House, apply, kept
from torture.kills import Size, kills
from torture.pair import pair
from torture.scenes import Length

KILLS, FAILOVER, SILENCE = "kills", "failover", "silent database"
DISK, PIPE = "full disk", "full log pipe"
NAMES = (KILLS, FAILOVER, SILENCE, *ATTACKS, DISK, PIPE)
COUNTS = {
    "slow heads": 500,
    "huge heads": 8,
    "huge URLs": 4,
    "slow bodies": 500,
    "huge bodies": 100,
    "slow readers": 1_000,
    "long lists": 16,
}
"""How many connections of each attack there are at once."""


class Plan(msgspec.Struct, frozen=True):
    """What is played, how much of it, and by which interpreter: another checkout's plays another release."""

    seed: int = msgspec.field(default_factory=lambda: secrets.randbelow(10**6))
    names: tuple[str, ...] = NAMES
    size: Size = Size(blows=200, pause=7.0, longest=40.0)
    falls: Falls = Falls(times=10, pause=5.0)
    counts: dict[str, int] = msgspec.field(default_factory=COUNTS.copy)
    quiet: float = 10.0
    harm: float = 30.0
    silences: int = 3
    python: str = sys.executable


Say = Callable[[str], None]


async def run(plan: Plan, say: Say) -> Figures:
    """Play every scene on a fresh folder, and leave nothing behind."""
    load, _, _ = os.getloadavg()
    with tempfile.TemporaryDirectory(prefix="entrepot-torture-", ignore_cleanup_errors=True) as name:
        os.chmod(name, 0o755)  # the account that PostgreSQL runs as must be able to enter
        folder = Path(name)
        played = [await _told(each(), say) for each in _wanted(plan, folder, say)]
        return Figures(this_machine(MAJOR), plan.seed, (*played, *await _attacks(plan, folder, say)), load)


def _wanted(plan: Plan, folder: Path, say: Say) -> list[Callable[[], Awaitable[Scene]]]:
    """The scenes that have a server of their own."""
    all_of_them: dict[str, Callable[[], Awaitable[Scene]]] = {
        KILLS: lambda: kills(folder, plan.seed, plan.size, say),
        FAILOVER: lambda: _failover(plan, folder, say),
        SILENCE: lambda: _silence(plan, folder),
        DISK: lambda: scenes.full_disk(folder, plan.seed, plan.harm),
        PIPE: lambda: scenes.full_log_pipe(folder, plan.seed, plan.harm, plan.python),
    }
    possible = {DISK: can_be(folder / "trial")}
    for name in plan.names:
        if not possible.get(name, True):
            say(f"{name}: left out, this machine lends no file system")
    return [each for name, each in all_of_them.items() if name in plan.names and possible.get(name, True)]


async def _failover(plan: Plan, folder: Path, say: Say) -> Scene:
    async with pair(folder / "pair") as both:
        return await failover(folder, both, plan.seed, plan.falls, say)


async def _silence(plan: Plan, folder: Path) -> Scene:
    with EmbeddedPostgres(folder / "silent") as url:
        return await scenes.silent_database(folder, url, plan.seed, plan.silences)


async def _attacks(plan: Plan, folder: Path, say: Say) -> list[Scene]:
    """The attacks, one after the other, on a server of one worker."""
    kinds = [kind for kind in ATTACKS if kind in plan.names]
    if not kinds:
        return []
    house = House(folder / "attacked", python=plan.python)
    async with kept(house):
        await apply(house, world.calm(), world.neighbour())
    played: list[Scene] = []
    for kind in kinds:
        async with kept(house):  # started anew: what one attack left behind is not the next one's
            played.append(await _told(scenes.under_attack(house, kind, plan.seed, _length(plan, kind)), say))
    return played


def _length(plan: Plan, kind: str) -> Length:
    return Length(plan.quiet, plan.harm, plan.counts[kind])


async def _told(scene: Awaitable[Scene], say: Say) -> Scene:
    played = await scene
    under = played.under
    say(
        f"{played.name}: p99 {under.p99:.0f} ms, {under.without:.1f} s without service, {len(played.faults)} faults"
    )
    return played
