"""Which process is hit when and how: made from a seed alone, so that a run can be done again."""

from __future__ import annotations

import random
from typing import Final, Literal

import msgspec

Way = Literal["kill", "stop", "end"]
"""SIGKILL; SIGSTOP and later SIGCONT; SIGTERM."""
Who = Literal["master", "worker", "postmaster", "backend", "helper"]
"""The server's parent process, a worker, PostgreSQL's first process, one that serves a connection, another of its."""
KINDS: Final[tuple[tuple[Way, Who], ...]] = (
    ("kill", "worker"),
    ("kill", "backend"),
    ("stop", "worker"),
    ("kill", "postmaster"),
    ("stop", "backend"),
    ("kill", "worker"),
    ("kill", "helper"),
    ("kill", "master"),
    ("stop", "postmaster"),
    ("end", "master"),
)
"""Of ten blows each is one."""


class Blow(msgspec.Struct, frozen=True):
    """One blow, `pause` seconds after the one before; `which`, from 0 to 1, chooses one of several. Stops end."""

    way: Way
    who: Who
    pause: float
    which: float
    seconds: float = 0.0

    @property
    def name(self) -> str:
        """What it is, in two words."""
        return f"{self.way} {self.who}"


def plan(seed: int, count: int, pause: float, longest: float) -> tuple[Blow, ...]:
    """So many blows, on the average a pause apart; a stop takes up to `longest` seconds, but most are short."""
    chance = random.Random(seed)
    blows: list[Blow] = []
    while len(blows) < count:
        for way, who in chance.sample(KINDS, len(KINDS)):
            seconds = longest * chance.random() ** 3 if way == "stop" else 0.0
            blows.append(Blow(way, who, pause * chance.uniform(0.5, 1.5), chance.random(), seconds))
    return tuple(blows[:count])
