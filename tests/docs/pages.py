"""The project's Markdown pages, and what stands in them: fenced blocks and links."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def name_of(page: Path) -> str:
    """The page's path within the project."""
    return str(page.relative_to(ROOT))


class Block(NamedTuple):
    """A fenced block: its language and its text."""

    language: str
    text: str


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page, in order."""
    return [Block(*found) for found in _FENCE.findall(page.read_text("utf-8"))]


def links(page: Path) -> list[str]:
    """Where the page's links lead."""
    return _LINK.findall(_FENCE.sub("", page.read_text("utf-8")))


def anchors(page: Path) -> set[str]:
    """The names of a page's headings, as links say them."""
    return {slug(heading) for heading in _HEADING.findall(_FENCE.sub("", page.read_text("utf-8")))}


def commands(text: str) -> Iterator[str]:
    """The commands of a shell block; comments are left out, and a command goes on while a quotation is open."""
    command = ""
    for line in text.splitlines():
        if not command and (not line.strip() or line.startswith("#")):
            continue
        command = f"{command}\n{line}" if command else line
        if _complete(command):
            yield command
            command = ""
    assert not command, f"a quotation is not closed: {command}"


def _complete(command: str) -> bool:
    try:
        return bool(shlex.split(command, comments=True)) and not command.endswith("\\")
    except ValueError:
        return False


def slug(heading: str) -> str:
    """The anchor of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
