"""A run as tables: for a terminal, and as the page of the documentation."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from bench.report import Row, aligned, markdown

from torture.attacks import ATTACKS
from torture.calm import Calmness
from torture.figures import Figures, Recovery, Scene

_HEAD = (
    "what is done",
    "seconds",
    "p50 ms quiet",
    "p99 ms quiet",
    "p50 ms",
    "p99 ms",
    "unserved",
    "s without service",
)
_RECOVERY = ("what happens", "how often", "served again after, s (median)", "longest, s")
_BOOK = (
    "scene",
    "orders",
    "acknowledged",
    "sold out",
    "answers lost",
    "put off",
    "settled after, s",
    "wrong",
)
_BEFORE = (
    "attack",
    "connections",
    "before: p99 ms quiet",
    "attacked",
    "MB",
    "now: p99 ms quiet",
    "attacked",
    "MB",
)
_MOST = 20
_PAGE = Path(__file__).with_name("page.md")


def text(figures: Figures) -> str:
    """The tables for a terminal."""
    tables = (_served(figures), _recovered(figures), _books(figures))
    return "\n\n".join([_run(figures), *(aligned(rows) for rows in tables), *figures.faults[:_MOST]]) + "\n"


_COMPARISON: Final = """
## Attacks, before and after

The calm client's p99 beside each attack, and the most memory of a worker: by an older release, and by this one.

"""


def page(figures: Figures, before: Figures | None = None) -> str:
    """The page of the reference, in Markdown; `before` is a run of an older release."""
    page = _PAGE.read_text("utf-8")
    parts = {
        "@run": _run(figures),
        "@served": markdown(_served(figures)),
        "@recovered": markdown(_recovered(figures)),
        "@books": markdown(_books(figures)),
        "@faults": _wrong(figures),
        "@before": "" if before is None else _COMPARISON + markdown(_compared(figures, before)) + "\n",
    }
    for name, part in parts.items():
        page = page.replace(name, part)
    return page


_ERROR: Final = re.compile(r"^\w[\w.]*(?:Error|Exception)\b.*", re.MULTILINE)


def _wrong(figures: Figures) -> str:
    """What the last column counts, a line each."""
    lines = [f"- {_shortly(each)}" for each in figures.faults[:_MOST]]
    return "".join(f"\n{line}" for line in ["", *lines]) if lines else ""


def _shortly(fault: str) -> str:
    """A fault in one line: of a traceback, the scene and the exception."""
    first = fault.partition("\n")[0]
    error = _ERROR.search(fault)
    return first if error is None else f"{first.removesuffix(':')}: `{error.group()}`"


def _run(figures: Figures) -> str:
    machine = figures.machine
    where = f"{machine.date}, {machine.cores} cores shared by callers, server and database, {machine.memory_gib} GiB, "
    what = f"{machine.system}, {machine.python}, {machine.postgres}, seed {figures.seed}. "
    what += f"Other work on the machine: a load average of {figures.load:.0f} before the run began."
    kills = figures.of("kills")
    if kills is None:
        return where + what
    counted = ", ".join(f"{value:,.0f} {name}" for name, value in kills.notes.items())
    return f"{where}{what} Kills at random, in {kills.seconds / 60:.0f} minutes: {counted}."


def _served(figures: Figures) -> list[Row]:
    return [_HEAD, *(_scene(scene) for scene in figures.scenes)]


def _scene(scene: Scene) -> Row:
    under = scene.under
    unserved = f"{under.unserved} of {under.requests}"
    return (
        scene.name,
        f"{scene.seconds:.0f}",
        *_times(scene.quiet),
        *_times(under),
        unserved,
        f"{under.without:.1f}",
    )


def _times(calm: Calmness | None) -> tuple[str, str]:
    return ("", "") if calm is None else (f"{calm.p50:.0f}", f"{calm.p99:.0f}")


def _recovered(figures: Figures) -> list[Row]:
    rows = [
        _recovery(each) for scene in figures.scenes for each in scene.recoveries if scene.name not in ATTACKS
    ]
    return [_RECOVERY, *rows]


def _recovery(each: Recovery) -> Row:
    return (each.what, str(len(each.times)), f"{each.median:.1f}", f"{max(each.times):.1f}")


def _books(figures: Figures) -> list[Row]:
    return [_BOOK, *(_book(scene) for scene in figures.scenes if scene.settled is not None)]


def _book(scene: Scene) -> Row:
    book = scene.book
    assert book is not None
    told = (book.orders, book.acknowledged, book.refused, book.lost_answers, book.put_off)
    return (scene.name, *(f"{each:,}" for each in told), f"{scene.settled:.1f}", str(len(scene.faults)))


def _compared(figures: Figures, before: Figures) -> list[Row]:
    pairs = [(now, then) for now in figures.scenes if (then := before.of(now.name)) is not None]
    return [_BEFORE, *(_pair(now, then) for now, then in pairs)]


def _pair(now: Scene, then: Scene) -> Row:
    count = now.notes.get("connections at once")
    return (now.name, "" if count is None else f"{count:.0f}", *_attacked(then), *_attacked(now))


def _attacked(scene: Scene) -> tuple[str, str, str]:
    _, quiet = _times(scene.quiet)
    return (
        quiet,
        f"{scene.under.p99:.0f}" if _is_served(scene.under) else "not served",
        f"{scene.memory / 1e6:.0f}",
    )


def _is_served(calm: Calmness) -> bool:
    return calm.unserved < calm.requests
