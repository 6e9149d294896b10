"""Two runs side by side: each load's figures in the second by those in the first."""

from __future__ import annotations

from pathlib import Path

import msgspec

from bench.figures import Figures, Series
from bench.report import aligned, title

_HEAD = ("load", "rate", "p99", "worker", "PostgreSQL")
_FIELDS = ("p99", "worker", "postgres")


def read(file: Path) -> Figures:
    """A run that `--json` wrote. Raises `msgspec.DecodeError` for anything else."""
    return msgspec.json.decode(file.read_bytes(), type=Figures)


def compared(before: Figures, after: Figures) -> str:
    """A table of ratios: of a rate more is better, of all else less. Of loads that only one run had nothing is said."""
    known = {series.name: series for series in before.series}
    return aligned([_HEAD, *(_row(known[each.name], each) for each in after.series if each.name in known)])


def _row(before: Series, after: Series) -> tuple[str, ...]:
    others = (_ratio(before.median(field), after.median(field)) for field in _FIELDS)
    return title(after.name), _ratio(before.rate, after.rate), *others


def _ratio(before: float | None, after: float | None) -> str:
    return f"{after / before:.2f}" if before and after is not None else ""
