"""What cites a decision leads to a heading of the pages that hold them, and nothing cites a page that is not here.

A citation is `(decision <door> <heading>, <heading> ...)`; see CONTRIBUTING.md.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.pages import DOCS, ROOT, anchors, name_of, slug

DECISIONS = {page.stem: anchors(page) for page in (DOCS / "decisions").glob("*.md")}
KINDS = {".py", ".md", ".txt", ".json", ".toml", ".sql", ".csv"}
FOLDERS = ("src", "tests", "docs", "bench")
READ = [
    path
    for path in (*ROOT.glob("*.md"), *(path for folder in FOLDERS for path in (ROOT / folder).rglob("*")))
    if path.suffix in KINDS and path != Path(__file__)
]

CITATION = re.compile(r"\(decision (\w+) ([\w-]+(?: [\w-]+)*(?:, [\w-]+(?: [\w-]+)*)*)\)")
ELSEWHERE = re.compile(
    r"\bcontracts?\b|\bsecond reading\b|\bdecisions? (?:bonsai|textalk)\b"
    r"|\bitems? \d|\bsections? \d|\b[IU]\d{1,2}\b|\b(?:bonsai|textalk), \d{1,2}\b",
    re.IGNORECASE,
)


LINK = re.compile(r"\b\w+\.md#[\w-]+")
"""Where it leads is looked at with all links."""


def citations(text: str) -> list[tuple[str, str]]:
    """The door and the anchor of every decision that the text cites."""
    return [
        (door, slug(heading)) for door, several in CITATION.findall(text) for heading in several.split(", ")
    ]


def left(text: str) -> list[str]:
    """What cites a decision in another form than the one that leads somewhere."""
    return [found.group() for found in ELSEWHERE.finditer(LINK.sub("", CITATION.sub("", text)))]


def breaches(path: Path) -> Iterator[str]:
    text = path.read_text("utf-8")
    for door, anchor in citations(text):
        if anchor not in DECISIONS.get(door, ()):
            yield f"docs/decisions/{door}.md#{anchor}"
    if path.parent != DOCS / "decisions":
        yield from left(text)


def test_every_citation_leads_to_a_decision() -> None:
    assert READ
    assert {name_of(path): found for path in READ if (found := list(breaches(path)))} == {}


def test_a_decision_of_each_door_is_cited() -> None:
    cited = {door for path in READ for door, _ in citations(path.read_text("utf-8"))}
    assert cited == set(DECISIONS)


@pytest.mark.parametrize(
    ("text", "cited"),
    [
        ("rounded (decision bonsai U14).", [("bonsai", "u14")]),
        (
            "(decision textalk filter objects, item 23)",
            [("textalk", "filter-objects"), ("textalk", "item-23")],
        ),
        ("(decision textalk second reading 7)", [("textalk", "second-reading-7")]),
    ],
)
def test_a_citation_names_anchors(text: str, cited: list[tuple[str, str]]) -> None:
    assert citations(text) == cited
    assert left(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "as the contract has it",
        "(contract, section 2)",
        "second reading 7",
        "(section 8, item 16)",
        "(item 9)",
        "(Bonsai, U14)",
        "(contract: textalk, 37)",
        "is 404 (U20)",
        "see decision bonsai U14",
    ],
)
def test_what_leads_nowhere_is_noticed(text: str) -> None:
    assert left(text)


def test_no_page_has_two_decisions_of_one_name() -> None:
    for page in (DOCS / "decisions").glob("*.md"):
        headings = [
            slug(line.lstrip("# ")) for line in page.read_text("utf-8").splitlines() if line[:1] == "#"
        ]
        assert len(headings) == len(set(headings)), page
