"""What a run comes to, scene by scene."""

from __future__ import annotations

from statistics import median

import msgspec
from bench.figures import Machine

from torture.book import Tally
from torture.calm import Calmness


class Recovery(msgspec.Struct, frozen=True):
    """Seconds until the calm client was served again, over all blows of a kind."""

    what: str
    times: tuple[float, ...]

    @property
    def median(self) -> float:
        """The usual one."""
        return median(self.times)


class Scene(msgspec.Struct, frozen=True):
    """One kind of harm. `quiet` is how the calm client was served before it, `under` while it was done.

    `seconds` is how long it was done, `memory` the most resident bytes of a worker, `settled` the seconds after which
    whatever was cut off had come to its end, `notes` what else was counted.
    """

    name: str
    seconds: float
    under: Calmness
    quiet: Calmness | None = None
    recoveries: tuple[Recovery, ...] = ()
    memory: int = 0
    settled: float | None = None
    book: Tally | None = None
    notes: dict[str, float] = {}
    faults: tuple[str, ...] = ()


class Figures(msgspec.Struct, frozen=True):
    """A whole run, which its seed repeats."""

    machine: Machine
    seed: int
    scenes: tuple[Scene, ...]

    @property
    def faults(self) -> list[str]:
        """What went wrong, scene by scene."""
        return [f"{scene.name}: {fault}" for scene in self.scenes for fault in scene.faults]

    def of(self, name: str) -> Scene | None:
        """The scene of this name, where it was played."""
        return next((scene for scene in self.scenes if scene.name == name), None)
