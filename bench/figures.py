"""What a run comes to: samples of each load, medians, and the aims that they are held against."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from statistics import median

import msgspec
import psutil

from bench.sockets import Figure as IdleSockets

CARD, HOT, SPREAD, UNIFORM = "card", "hot", "spread", "uniform"
TEXTALK = "textalk"
MCS = {kind: f"mcs {kind}" for kind in ("create", "promise", "status", "token")}
"""What sellers at the Walmart door send."""
PARTNERS = {kind: f"partners {kind}" for kind in ("create", "mapped")}
"""What partners at the DataMingle door send."""
RETURNS = {kind: f"returns {kind}" for kind in ("create", "errands", "get")}
"""What retailers at the ReBound door send."""
PGBENCH_HOT, PGBENCH_UNIFORM = "pgbench hot", "pgbench uniform"


class Sample(msgspec.Struct, frozen=True):
    """One load of one round. Times in milliseconds; `worker` and `postgres` are processor time
    per order in microseconds, where known: of all figures the one that other work on the machine disturbs least."""

    rate: float
    p50: float
    p99: float | None = None
    worker: float | None = None
    postgres: float | None = None


class Series(msgspec.Struct, frozen=True):
    """The samples of one load over all rounds."""

    name: str
    samples: tuple[Sample, ...]

    @property
    def rate(self) -> float:
        """The median of orders per second."""
        return median(sample.rate for sample in self.samples)

    @property
    def slowest(self) -> float:
        """The least orders per second of any round."""
        return min(sample.rate for sample in self.samples)

    @property
    def fastest(self) -> float:
        """The most orders per second of any round."""
        return max(sample.rate for sample in self.samples)

    def median(self, field: str) -> float | None:
        """The median of one field, None where it is not measured."""
        known = [value for sample in self.samples if (value := getattr(sample, field)) is not None]
        return median(known) if known else None


class Listing(msgspec.Struct, frozen=True):
    """One list of articles over the API, and one bare statement that fetches the same rows; milliseconds, medians."""

    articles: int
    listed: float
    bare: float

    @property
    def ratio(self) -> float:
        """How much longer the list takes."""
        return self.listed / self.bare


class Machine(msgspec.Struct, frozen=True):
    """Where and when it was measured."""

    date: str
    cores: int
    memory_gib: int
    system: str
    python: str
    postgres: str


def this_machine(postgres: str) -> Machine:
    """The machine that this runs on, today, with the version of PostgreSQL that it was told."""
    return Machine(
        date=datetime.now(UTC).date().isoformat(),
        cores=os.cpu_count() or 0,
        memory_gib=round(psutil.virtual_memory().total / 2**30),
        system=f"{platform.system()} {platform.machine()}",
        python=f"{platform.python_implementation()} {platform.python_version()}",
        postgres=f"PostgreSQL {postgres}",
    )


class Aim(msgspec.Struct, frozen=True):
    """What is wanted of one figure: at least or at most so much."""

    text: str
    wanted: float
    measured: float
    at_least: bool = False

    @property
    def met(self) -> bool:
        """Whether the figure is as good as wanted, or better."""
        return self.measured >= self.wanted if self.at_least else self.measured <= self.wanted


class Figures(msgspec.Struct, frozen=True):
    """A whole run. `starts` are seconds, `memory` bytes; `faults` say why the figures are worth nothing.

    `buyers_busy` is the share of one core that the webshop's buyers used at most: near 1, they set its rate.
    """

    machine: Machine
    generator: str
    connections: int
    rounds: int
    seconds: int
    series: tuple[Series, ...]
    listing: Listing
    buyers_busy: float
    idle: IdleSockets
    starts: tuple[float, ...]
    memory: int
    stored: int
    faults: tuple[str, ...]

    @property
    def comparable(self) -> bool:
        """Whether the generator leaves the server enough of the machine for ratios to mean something."""
        return self.generator == "wrk"

    def of(self, name: str) -> Series:
        """The series of one load."""
        return next(series for series in self.series if series.name == name)

    def ratio(self, name: str, base: str) -> float:
        """The median, over the rounds, of one load's rate by another's of the same round."""
        pairs = zip(self.of(name).samples, self.of(base).samples, strict=True)
        return median(mine.rate / theirs.rate for mine, theirs in pairs)

    def aims(self) -> list[Aim]:
        """What is wanted of these figures; without wrk, only what its absence does not distort."""
        start = Aim("start on an existing folder after a clean stop, seconds", 1.5, median(self.starts))
        memory = Aim("memory of the worker, MB", 150, self.memory / 1e6)
        text = f"Article.list of {self.listing.articles}, three levels, beside one bare statement of its rows"
        listing = Aim(text, 5, self.listing.ratio)
        if not self.comparable:
            return [listing, start, memory]
        p99 = max(self.of(name).median("p99") or 0 for name in (UNIFORM, HOT, SPREAD))
        return [
            Aim("uniform beside pgbench", 1.0, self.ratio(UNIFORM, PGBENCH_UNIFORM), at_least=True),
            Aim("one variant beside pgbench", 3.0, self.ratio(HOT, PGBENCH_HOT), at_least=True),
            Aim(
                "commands in a webshop beside Bonsai's orders",
                0.5,
                self.ratio(TEXTALK, UNIFORM),
                at_least=True,
            ),
            *self._marketplace(),
            *self._partners(),
            *self._returns(),
            listing,
            Aim(f"p99 at {self.connections} connections, ms (worst of three loads)", 100, p99),
            start,
            memory,
        ]

    def _marketplace(self) -> list[Aim]:
        """What is wanted of the Walmart door, beside Bonsai's orders."""
        wanted = {"create": 0.9, "promise": 2.0, "status": 2.0, "token": 0.5}
        return [
            Aim(
                f"Walmart, {kind}, beside Bonsai's orders",
                least,
                self.ratio(MCS[kind], UNIFORM),
                at_least=True,
            )
            for kind, least in wanted.items()
        ]

    def _partners(self) -> list[Aim]:
        """What is wanted of the DataMingle door, beside Bonsai's orders."""
        wanted = {"create": ("orders", 0.85), "mapped": ("mapped orders", 0.75)}
        return [
            Aim(
                f"DataMingle, {words}, beside Bonsai's",
                least,
                self.ratio(PARTNERS[kind], UNIFORM),
                at_least=True,
            )
            for kind, (words, least) in wanted.items()
        ]

    def _returns(self) -> list[Aim]:
        """What is wanted of the ReBound door."""
        wanted = {
            "errands": ("with label and hub, beside card orders", 1.0, CARD),
            "create": ("alone, beside Walmart's orders", 0.9, MCS["create"]),
            "get": ("read by id, beside Bonsai's orders", 2.0, UNIFORM),
        }
        return [
            Aim(f"ReBound, sales orders {words}", least, self.ratio(RETURNS[kind], base), at_least=True)
            for kind, (words, least, base) in wanted.items()
        ]
