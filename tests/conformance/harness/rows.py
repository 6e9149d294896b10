"""The documented rows (`rows.csv`), each of which, and each case of it, a test must prove."""

import csv
import functools
import importlib
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

FOLDER = Path(__file__).parent.parent
COLUMNS = ("id", "door", "operation", "condition", "http", "code", "note", "cases")
DOORS = frozenset({"bonsai", "datamingle", "rebound", "textalk", "walmart"})


@dataclass(frozen=True)
class Row:
    """One documented row. `http` and `code` are None where the document gives none."""

    id: str
    door: str
    operation: str
    condition: str
    http: int | None
    code: str | None
    note: str
    cases: tuple[str, ...]

    @property
    def parts(self) -> tuple[str | None, ...]:
        """What needs a proof each: the cases, or the row as a whole."""
        return self.cases or (None,)


def read_rows(text: str) -> dict[str, Row]:
    """The rows of a CSV file by id; raises ValueError for columns, doors or ids that are not as expected."""
    lines: csv.DictReader[str] = csv.DictReader(text.splitlines(), strict=True)
    if tuple(lines.fieldnames or ()) != COLUMNS:
        raise ValueError(f"columns {lines.fieldnames}")
    rows: dict[str, Row] = {}
    for line in lines:
        row = _row(line)
        if row.id in rows:
            raise ValueError(f"two rows {row.id}")
        rows[row.id] = row
    return rows


def _row(line: dict[str, Any]) -> Row:
    if line.keys() != set(COLUMNS) or None in line.values():
        raise ValueError(f"{line['id']}: too many or too few fields")
    if line["door"] not in DOORS or not line["id"].startswith(f"{line['door']}."):
        raise ValueError(f"{line['id']}: door {line['door']}")
    http = None if line["http"] == "-" else int(line["http"])
    code = None if line["code"] == "-" else line["code"]
    cases = tuple(case.strip() for case in line["cases"].split(";") if case.strip())
    return Row(
        line["id"], line["door"], line["operation"], line["condition"], http, code, line["note"], cases
    )


ROWS = read_rows((FOLDER / "rows.csv").read_text("utf-8"))
"""A row without a test for each of its cases fails the build."""


@functools.cache
def marked_tests() -> tuple[tuple[str, pytest.Mark, Callable[..., object]], ...]:
    """Every test of this folder that is marked with a row: its name, the mark, the function."""
    modules = [_module(path) for path in sorted(FOLDER.glob("test_*.py"))]
    return tuple(found for module in modules for found in _marked_in(module))


def _module(path: Path) -> ModuleType:
    return importlib.import_module(f"tests.conformance.{path.stem}")


def _marked_in(module: ModuleType) -> Iterator[tuple[str, pytest.Mark, Callable[..., object]]]:
    for name, function in inspect.getmembers(module, inspect.isfunction):
        if not name.startswith("test_"):
            continue
        for mark in marks_of(function):
            if mark.name == "row":
                yield f"{module.__name__}.{name}", mark, function


def marks_of(function: Callable[..., object]) -> Iterator[pytest.Mark]:
    """The marks on a function, and those on the parameter sets that `parametrize` gives it."""
    for mark in getattr(function, "pytestmark", ()):
        yield mark
        if mark.name == "parametrize":
            for given in mark.args[1]:
                yield from (each.mark for each in getattr(given, "marks", ()))


def row_of(mark: pytest.Mark) -> tuple[Row, str | None]:
    """The row and case that a mark names; raises LookupError for one that rows.csv does not have."""
    row = ROWS[mark.args[0]]
    case = mark.kwargs.get("case")
    if case not in row.parts:
        raise LookupError(f"{row.id}: the case {case!r} is none of {row.parts}")
    return row, case
