"""The pages for whoever carries on name files, folders and modules of the project: each of them is there."""

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.pages import DOCS, PAGES, ROOT, blocks, name_of

SOURCE = ROOT / "src" / "entrepot"
FIRST = {path.name for path in (*ROOT.iterdir(), *SOURCE.iterdir())} - {"__init__.py"}
"""How a path begins: at the root of the project, or in the package."""
FOR_BUILDERS = [
    page
    for page in PAGES
    if page.parent.name in ("why", "contribute", "reference")
    or page.name in ("ARCHITECTURE.md", "CONTRIBUTING.md")
]

_CODE = re.compile(r"`([^`\n]+)`")
_PATH = re.compile(r"[\w.<>*-]+(?:/[\w.<>*-]+)*/?")
_MODULE = re.compile(r"\bentrepot(?:\.[a-z_]\w*)+")


def paths(text: str) -> Iterator[str]:
    """What a text names as files or folders: the whole path, or any Python file. `<door>` stands for any name."""
    for code in _CODE.findall(text):
        first = code.partition("/")[0]
        if _PATH.fullmatch(code) and (code.endswith(".py") or ("/" in code and first in FIRST)):
            yield code


def missing(text: str) -> list[str]:
    """The paths and modules of a text that are not there."""
    lost = [path for path in paths(text) if not any(_found(path))]
    return lost + [module for module in _MODULE.findall(text) if not _importable(module)]


def _found(path: str) -> Iterator[bool]:
    pattern = re.sub(r"<[^>]*>", "*", path).rstrip("/")
    for root in (ROOT, SOURCE):
        yield any(found.is_dir() or not path.endswith("/") for found in root.glob(pattern))


def _importable(module: str) -> bool:
    package, _, name = module.rpartition(".")
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        # The last part may be a name within its module.
        return hasattr(importlib.import_module(package), name) if importlib.util.find_spec(package) else False


@pytest.mark.parametrize("page", FOR_BUILDERS, ids=name_of)
def test_what_a_page_names_is_there(page: Path) -> None:
    assert missing(page.read_text("utf-8")) == []


def test_pages_for_builders_name_paths() -> None:
    named = {name_of(page): len(list(paths(page.read_text("utf-8")))) for page in FOR_BUILDERS}
    assert named["ARCHITECTURE.md"] > 50
    assert all(named[name_of(page)] for page in (DOCS / "contribute").glob("*.md"))


def test_code_that_is_shown_is_the_code() -> None:
    files = [path.read_text("utf-8") for folder in ("src", "tests") for path in (ROOT / folder).rglob("*.py")]
    shown = [block.text for page in FOR_BUILDERS for block in blocks(page) if block.language == "python"]
    assert shown
    assert [text for text in shown if not any(text in file for file in files)] == []


def test_what_is_not_there_is_noticed() -> None:
    lost = "`domain/attic/ghost.py`, `src/entrepot/attic/`, `ghost.py` and `python -m entrepot.attic`"
    assert missing(lost) == ["domain/attic/ghost.py", "src/entrepot/attic/", "ghost.py", "entrepot.attic"]
    assert (
        missing("`domain/kernel/`, `doors/<door>/door.py`, `app.py`, `entrepot.cli.reference`, `GET /x`")
        == []
    )
