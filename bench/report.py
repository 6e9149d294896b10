"""A run as tables: for a terminal, and as the page of the documentation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import median

from bench.aims import Aim, aims
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
    Series,
)

_TITLES = {
    UNIFORM: "HTTP, any of 1,000 variants",
    HOT: "HTTP, all on one variant",
    UNIFORM_MANY: "HTTP, any variant, more connections",
    HOT_MANY: "HTTP, one variant, more connections",
    SPREAD: "HTTP, 1,000 small workspaces",
    CARD: "HTTP, paid by card at the simulated bank",
    TEXTALK: "WebSocket, commands of buyers in a webshop",
    PURCHASE: "HTTP, whole purchases in a webshop, by card",
    MCS["create"]: "HTTP, Walmart: orders of one line",
    MCS["promise"]: "HTTP, Walmart: promises of five SKUs",
    MCS["status"]: "HTTP, Walmart: status by order number",
    MCS["token"]: "HTTP, Walmart: access tokens",
    PARTNERS["create"]: "HTTP, DataMingle: orders of one line",
    PARTNERS["mapped"]: "HTTP, DataMingle: the same in a partner's own words",
    RETURNS["create"]: "HTTP, ReBound: sales orders",
    RETURNS["errands"]: "HTTP, ReBound: sales orders with label and hub",
    RETURNS["get"]: "HTTP, ReBound: a sales order by its id",
    PGBENCH_UNIFORM: "pgbench, any of 1,000 variants",
    PGBENCH_HOT: "pgbench, all on one variant",
}
_BASES = {
    UNIFORM: PGBENCH_UNIFORM,
    HOT: PGBENCH_HOT,
    UNIFORM_MANY: PGBENCH_UNIFORM,
    HOT_MANY: PGBENCH_HOT,
    SPREAD: PGBENCH_UNIFORM,
    PGBENCH_UNIFORM: PGBENCH_UNIFORM,
    PGBENCH_HOT: PGBENCH_HOT,
}
_HEAD = (
    "load",
    "orders or commands/s (min..max)",
    "by pgbench",
    "p50 ms",
    "p99 ms",
    "worker µs each",
    "PostgreSQL µs each",
)


BUSY = 0.8
"""From this share of a core on, the buyers set the rate that they measure."""
_PAGE = Path(__file__).with_name("page.md")

Row = Sequence[str]


def title(name: str) -> str:
    """What a load is called in tables."""
    return _TITLES.get(name, name)


def text(figures: Figures) -> str:
    """The tables for a terminal."""
    parts = [aligned([_HEAD, *_rows(figures)]), *_notes(figures), aligned(aim_rows(aims(figures)))]
    return "\n\n".join(parts) + "\n"


def page(figures: Figures) -> str:
    """The page of the reference, in Markdown."""
    parts = [markdown([_HEAD, *_rows(figures)]), *_notes(figures), markdown(aim_rows(aims(figures)))]
    return _PAGE.read_text("utf-8").replace("@tables", "\n\n".join(parts))


def _rows(figures: Figures) -> list[Row]:
    return [_row(figures, series) for series in figures.series]


def _row(figures: Figures, series: Series) -> Row:
    base = _BASES.get(series.name)
    ratio = f"{figures.ratio(series.name, base):.2f}" if base and figures.comparable else ""
    return (
        title(series.name),
        f"{series.rate:.0f} ({series.slowest:.0f}..{series.fastest:.0f})",
        ratio,
        _number(series.median("p50"), 1),
        _number(series.median("p99"), 1),
        _number(series.median("worker"), 0),
        _number(series.median("postgres"), 0) + _by_node(series),
    )


def _by_node(series: Series) -> str:
    """What each node of a cluster had in it, the coordinator first."""
    return f" ({' + '.join(f'{node:.0f}' for node in series.nodes)})" if series.nodes else ""


def _notes(figures: Figures) -> list[str]:
    machine = figures.machine
    notes = [
        f"{machine.date}, {machine.cores} cores shared by load, server and database, {machine.memory_gib} GiB, "
        f"{machine.system}, {machine.python}, {machine.postgres}. {figures.rounds} rounds of {figures.seconds} s, "
        f"{figures.connections} connections ({figures.many} where there are more), medians; ratios are medians over "
        "rounds; µs are processor time.",
        f"A card order costs {figures.ratio(UNIFORM, CARD):.1f} times an external one. "
        f"{figures.stored:,} orders stored; acknowledged, stored, sold and taken from stock agree, and the laws hold.",
    ]
    listing = figures.listing
    notes.append(
        f"Article.list of {listing.articles} articles with choices and options takes {listing.listed:.1f} ms, "
        f"one bare statement that fetches their rows {listing.bare:.1f} ms. {figures.idle.line}."
    )
    notes.append(
        f"{figures.held:,} orders are in the folder on which it starts, in {figures.start:.2f} s."
        + "".join(f" {_crew(crew)}" for crew in figures.crews)
    )
    if figures.flood is not None:
        flood = figures.flood
        notes.append(
            f"A calm tenant's orders over 4 connections have a p99 of {flood.quiet:.0f} ms by themselves, and of "
            f"{flood.flooded:.0f} ms beside 64 connections that place orders of another one."
        )
    if figures.buyers_busy > BUSY:
        notes.append("The webshop's rate is client-bound: its buyers used a whole core.")
    if not figures.comparable:
        notes.append("client-bound: wrk is not installed, so the load generator sets these rates. No ratios.")
    if figures.faults:
        return ["THE FIGURES ARE WORTH NOTHING:\n" + "\n".join(figures.faults), notes[0]]
    return notes


def _crew(crew: Crew) -> str:
    one, two = median(crew.one), median(crew.two)
    return f"{crew.buyers} buyers: {one:.0f} orders/s by one worker, {two:.0f} by two."


def aim_rows(wanted: Sequence[Aim]) -> list[Row]:
    """A table of aims, its head first."""
    return [("aim", "wanted", "measured", ""), *map(_aim, wanted)]


def _aim(aim: Aim) -> Row:
    sign = "at least" if aim.at_least else "at most"
    missed = aim.wanted / aim.measured if aim.at_least else aim.measured / aim.wanted
    verdict = "met" if aim.met else f"missed by a factor of {missed:.2f}"
    return (aim.text, f"{sign} {aim.wanted:g}", f"{aim.measured:.2f}", verdict)


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def aligned(rows: Sequence[Row]) -> str:
    """A table for a terminal, its head first."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def markdown(rows: Sequence[Row]) -> str:
    head, *rest = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([head, f"|{' --- |' * len(rows[0])}", *rest])
