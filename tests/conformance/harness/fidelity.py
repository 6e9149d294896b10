"""How far each documented row is the vendor's word: `fidelity.csv`, judged row by row against the vendors' pages."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from tests.conformance.harness.rows import FOLDER, ROWS

WORDS: Final = ("documented", "inferred", "ours")
ASPECTS: Final = ("fidelity", "status", "text", "body")
"""Of the code under its condition, of the HTTP status, of the texts, and of the body's shape."""
COLUMNS: Final = ("id", *ASPECTS, "source", "note", "decision")


class Fidelity(msgspec.Struct, frozen=True):
    """One row's: each aspect one of the words, or `-` where there is none; the vendor's page, and what we added."""

    id: str
    fidelity: str
    status: str
    text: str
    body: str
    source: str
    note: str
    decision: str


def read_fidelity(text: str, rows: Iterable[str]) -> Mapping[str, Fidelity]:
    """By row. Raises ValueError for a row without, one too many, a word that is none, and ours without a reason."""
    lines: csv.DictReader[str] = csv.DictReader(text.splitlines(), strict=True)
    if tuple(lines.fieldnames or ()) != COLUMNS:
        raise ValueError(f"columns {lines.fieldnames}")
    found = {each.id: _checked(each) for each in (msgspec.convert(line, Fidelity) for line in lines)}
    if odd := sorted(found.keys() ^ set(rows)):
        raise ValueError(f"rows and fidelity differ in {odd}")
    return found


def _checked(each: Fidelity) -> Fidelity:
    said = [getattr(each, aspect) for aspect in ASPECTS]
    if each.fidelity not in WORDS or set(said) - {*WORDS, "-"}:
        raise ValueError(f"{each.id}: {said} are not all of {WORDS}")
    if not each.source or ("ours" in said and not each.note):
        raise ValueError(f"{each.id}: no source, or nothing said of what is ours")
    return each


FIDELITY: Final = read_fidelity((FOLDER / "fidelity.csv").read_text("utf-8"), ROWS)
"""A row of which nobody judged it fails the build."""
