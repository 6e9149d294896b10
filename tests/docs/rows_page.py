"""The reference page of documented rows: what each is, how far it is the vendor's word, and which tests prove it.

`python -m tests.docs.rows_page docs/reference` writes it; a test keeps it equal to what it is made from.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from entrepot.registry import DOORS, manifests
from tests.conformance.harness.fidelity import ASPECTS, FIDELITY, WORDS, Fidelity
from tests.conformance.harness.rows import ROWS, Row, marked_tests, row_of

NAME: Final = "rows.md"
HEAD: Final = """# Documented answers

Made by `python -m tests.docs.rows_page docs/reference`.

Every answer that a vendor's pages document is a row here: {rows} of them. Tests provoke each over a socket, compare the
whole reply, see that nothing changed, make the smallest change and see it succeed. The build fails when a row has no
proof, or nobody judged how far it is the vendor's word:

- **documented**: a page of the vendor states it;
- **inferred**: it follows from an example, from a sibling, or from public clients of the API;
- **ours**: the pages are silent, and we decided.

This is said of the code under its condition, of the HTTP status, of the texts, and of the body's shape. A client should
not lean on what is ours: the vendor's service may answer otherwise.

| API | rows | code | status | texts | body |
| --- | --- | --- | --- | --- | --- |
"""
_TABLE: Final = "| row | when | answer | fidelity | source | proven by |"
_CALLED: Final = dict(zip(ASPECTS, ("code", "status", "texts", "body"), strict=True))


def rows_page() -> str:
    """The page."""
    proofs = _proofs()
    parts = [HEAD.format(rows=len(ROWS)) + "\n".join(_counts(door) for door in DOORS) + "\n"]
    parts += [_section(door, proofs) for door in DOORS]
    return "\n".join(parts)


def _proofs() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, mark, _ in marked_tests():
        *_, module, test = name.split(".")
        found.setdefault(row_of(mark)[0].id, []).append(f"{module}.py::{test}")
    return {row: sorted(set(tests)) for row, tests in found.items()}


def _of(door: str) -> list[Row]:
    return [row for row in ROWS.values() if row.door == door]


def _counts(door: str) -> str:
    rows = _of(door)
    cells = (Counter(getattr(FIDELITY[row.id], aspect) for row in rows) for aspect in ASPECTS)
    told = (", ".join(f"{count[word]} {word}" for word in WORDS if count[word]) for count in cells)
    return f"| [{door}](#{door}) | {len(rows)} | {' | '.join(told)} |"


def _section(door: str, proofs: dict[str, list[str]]) -> str:
    title = manifests()[door].title
    head = f"## {door}\n\n{title[0].upper()}{title[1:]}.\n\n{_TABLE}\n| --- | --- | --- | --- | --- | --- |\n"
    return head + "\n".join(_line(row, proofs.get(row.id, [])) for row in _of(door)) + "\n"


def _line(row: Row, tests: list[str]) -> str:
    known = FIDELITY[row.id]
    answer = " ".join(filter(None, [str(row.http or ""), f"`{row.code}`" if row.code else ""])) or "-"
    when = f"{row.operation}: {row.condition}" + (f" ({'; '.join(row.cases)})" if row.cases else "")
    proven = "<br>".join(f"`{test}`" for test in tests)
    cells = (f"`{row.id}`", when, answer, _said(known), " ".join(_source(row.id)), proven)
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"


def _said(known: Fidelity) -> str:
    """Each word with what it is said of; alone where it is said of all."""
    words = {word: [_CALLED[each] for each in ASPECTS if getattr(known, each) == word] for word in WORDS}
    told = {word: of for word, of in words.items() if of}
    return (
        next(iter(told))
        if len(told) == 1
        else "; ".join(f"{word}: {', '.join(of)}" for word, of in told.items())
    )


def _source(row: str) -> Iterator[str]:
    known = FIDELITY[row]
    yield f"{known.source}."
    if known.note:
        yield known.note
    if known.decision:
        yield f"[Decision](../decisions/{known.decision})."


if __name__ == "__main__":
    (Path(sys.argv[1]) / NAME).write_text(rows_page(), "utf-8")
