"""What a run comes to: samples of each load, and medians."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from statistics import median

import msgspec
import psutil

from bench.sockets import Figure as IdleSockets

CARD, HOT, SPREAD, UNIFORM = "card", "hot", "spread", "uniform"
HOT_MANY, UNIFORM_MANY = "hot, many", "uniform, many"
"""The same over more connections."""
TEXTALK, PURCHASE = "textalk", "purchase"
MCS = {kind: f"mcs {kind}" for kind in ("create", "promise", "status", "token")}
"""What sellers at the Walmart door send."""
PARTNERS = {kind: f"partners {kind}" for kind in ("create", "mapped")}
"""What partners at the DataMingle door send."""
RETURNS = {kind: f"returns {kind}" for kind in ("create", "errands", "get")}
"""What retailers at the ReBound door send."""
PGBENCH_HOT, PGBENCH_UNIFORM = "pgbench hot", "pgbench uniform"


class Sample(msgspec.Struct, frozen=True):
    """One load of one round. Times in milliseconds; `worker` and `postgres` are processor time
    per order in microseconds, where known: of all figures the one that other work on the machine disturbs least.
    `nodes` are the parts of `postgres` that the servers of the database have in it, the coordinator's first."""

    rate: float
    p50: float
    p99: float | None = None
    worker: float | None = None
    postgres: float | None = None
    nodes: tuple[float, ...] = ()


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

    @property
    def nodes(self) -> tuple[float, ...]:
        """The medians of what each server of the database used, where there are several."""
        several = [sample.nodes for sample in self.samples if len(sample.nodes) > 1]
        return tuple(map(median, zip(*several, strict=True)))


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


class Crew(msgspec.Struct, frozen=True):
    """The orders a second of one worker and of two on the same machine, turn by turn, from so many buyers at once."""

    buyers: int
    one: tuple[float, ...]
    two: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """What a second worker brings."""
        return median(self.two) / median(self.one)


class Flood(msgspec.Struct, frozen=True):
    """A calm tenant's p99 in milliseconds by himself, and beside another one's flood."""

    quiet: float
    flooded: float

    @property
    def ratio(self) -> float:
        """How much longer he waits."""
        return self.flooded / self.quiet


class Figures(msgspec.Struct, frozen=True):
    """A whole run. `starts` are seconds, `memory` bytes; `faults` say why the figures are worth nothing.

    `many` are the connections of loads that have more of them, `held` the orders in the folder on which it starts.
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
    many: int = 0
    held: int = 0
    crews: tuple[Crew, ...] = ()
    flood: Flood | None = None

    @property
    def comparable(self) -> bool:
        """Whether the generator leaves the server enough of the machine for ratios to mean something."""
        return self.generator == "wrk"

    @property
    def start(self) -> float:
        """Seconds of a start, the median."""
        return median(self.starts)

    def of(self, name: str) -> Series:
        """The series of one load."""
        return next(series for series in self.series if series.name == name)

    def ratio(self, name: str, base: str) -> float:
        """The median, over the rounds, of one load's rate by another's of the same round."""
        pairs = zip(self.of(name).samples, self.of(base).samples, strict=True)
        return median(mine.rate / theirs.rate for mine, theirs in pairs)
