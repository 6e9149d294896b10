"""The bench measures a real server: a short run of every load, with its books checked."""

from pathlib import Path

import msgspec
import pytest
from bench.aims import aims
from bench.compare import compared, read
from bench.figures import (
    CARD,
    HOT,
    HOT_MANY,
    MCS,
    PARTNERS,
    PGBENCH_HOT,
    PGBENCH_UNIFORM,
    PURCHASE,
    RETURNS,
    SPREAD,
    TEXTALK,
    UNIFORM,
    UNIFORM_MANY,
    Crew,
    Figures,
    Flood,
    IdleSockets,
    Listing,
    Machine,
    Sample,
    Series,
)
from bench.plan import Plan
from bench.report import page, text
from bench.run import run
from msgspec.structs import replace

NAMES = (
    UNIFORM,
    HOT,
    SPREAD,
    CARD,
    UNIFORM_MANY,
    HOT_MANY,
    TEXTALK,
    PURCHASE,
    *MCS.values(),
    *PARTNERS.values(),
    *RETURNS.values(),
    PGBENCH_UNIFORM,
    PGBENCH_HOT,
)


async def test_a_short_run_counts_what_it_sold() -> None:
    plan = Plan(
        variants=5,
        workspaces=3,
        cards=2_000,
        connections=4,
        many=8,
        rounds=1,
        seconds=600,
        most=40,
        starts=1,
        held=500,
        turns=1,
        flood=0.5,
        sockets=20,
        counted_orders=8,
        wrk=None,
    )
    figures = await run(plan, lambda _: None)
    assert figures.faults == ()
    assert [series.name for series in figures.series] == list(NAMES)
    assert all(series.rate > 0 for series in figures.series)
    assert figures.stored > 4 * plan.counted_orders
    assert (figures.listing.articles, figures.listing.listed > 0) == (100, True)
    assert 0 < figures.starts[0] < 60
    assert figures.held == 500
    assert [(crew.buyers, crew.ratio > 0) for crew in figures.crews] == [(16, True), (64, True)]
    assert figures.flood is not None
    assert figures.flood.ratio > 0
    assert figures.memory > 10_000_000


def series(name: str, *rates: float) -> Series:
    return Series(name, tuple(Sample(rate, 1.0, 2.0) for rate in rates))


@pytest.fixture
def figures() -> Figures:
    rates = {UNIFORM: (90.0, 200.0, 300.0), PGBENCH_UNIFORM: (100.0, 100.0, 100.0)}
    taken = tuple(series(name, *rates.get(name, (50.0, 50.0, 50.0))) for name in NAMES)
    machine = Machine("2026-01-01", 2, 8, "Linux x86_64", "CPython 3.11.7", "PostgreSQL 18.4")
    return Figures(
        machine,
        "wrk",
        64,
        3,
        1,
        taken,
        Listing(100, 6.0, 2.0),
        0.5,
        IdleSockets(9, 9.0),
        (1.0,),
        100_000_000,
        9,
        (),
        256,
        100_000,
        (Crew(16, (100.0,), (90.0,)),),
        Flood(4.0, 10.0),
    )


def test_a_ratio_is_of_the_same_round(figures: Figures) -> None:
    assert figures.ratio(UNIFORM, PGBENCH_UNIFORM) == 2.0
    met = {aim.text: aim.met for aim in aims(figures)}
    assert met["any variant beside pgbench"]
    assert not met["one variant beside pgbench"]


def test_of_what_is_beside_each_other_the_aims_are_told(figures: Figures) -> None:
    met = {aim.text: aim.met for aim in aims(figures)}
    assert not met["two workers beside one, 16 buyers"]
    assert met["a calm tenant's p99 beside a flood"]


def test_a_missed_aim_says_by_how_much(figures: Figures) -> None:
    assert "missed by a factor of 3.00" in text(figures)


def test_without_wrk_there_is_no_ratio(figures: Figures) -> None:
    bound = replace(figures, generator="client-bound")
    assert "client-bound" in text(bound)
    assert "2.00" not in text(bound)
    assert "variant beside pgbench" not in page(bound)


def test_buyers_who_used_a_whole_core_are_told(figures: Figures) -> None:
    assert "client-bound" not in text(figures)
    assert "client-bound" in text(replace(figures, buyers_busy=0.95))


def test_figures_of_a_run_with_wrong_books_are_not_told_as_good(figures: Figures) -> None:
    assert "WORTH NOTHING" in text(replace(figures, faults=("hot: 1 order lost",)))


def test_a_later_run_is_told_by_an_earlier_one(figures: Figures, tmp_path: Path) -> None:
    """Ratios of medians, and nothing of a load that only one of them had."""
    before, after = tmp_path / "before.json", tmp_path / "after.json"
    before.write_bytes(msgspec.json.encode(figures))
    faster = Series(UNIFORM, (Sample(300.0, 1.0, 4.0, 150.0), Sample(320.0, 1.0, 4.0, 150.0)))
    after.write_bytes(msgspec.json.encode(replace(figures, series=(faster, series("new", 1.0)))))
    told = compared(read(before), read(after)).splitlines()
    assert [line.split("  ")[0] for line in told] == ["load", "HTTP, any of 1,000 variants"]
    assert told[1].split()[-2:] == ["1.55", "2.00"], (
        "310 by 200 a second, and 4 by 2 ms; what it cost before is unknown"
    )
