"""The pages lead to each other, and say of the program what is so."""

import dataclasses
import re
from pathlib import Path

import pytest

from entrepot.cli.reference import PAGES as MADE
from entrepot.config import Settings
from entrepot.doors.bonsai.openapi.routes import ROUTES
from entrepot.doors.textalk import page as textalk
from entrepot.store.connections import WORKER_CONNECTIONS
from tests.docs import rows_page
from tests.docs.pages import DOCS, PAGES, ROOT, anchors, blocks, links, name_of

REFERENCE = DOCS / "reference"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    for link in links(page):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.is_relative_to(ROOT), link
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_the_index_has_every_page() -> None:
    index = DOCS / "README.md"
    listed = {(DOCS / link.partition("#")[0]).resolve() for link in links(index)}
    assert {page for page in DOCS.rglob("*.md") if page != index} <= listed


@pytest.mark.parametrize("name", MADE)
def test_the_reference_pages_are_what_the_program_says(name: str) -> None:
    stale = "make it anew: python -m entrepot.cli.reference docs/reference"
    assert _text(name) == MADE[name](), stale


def test_the_page_of_documented_answers_is_what_rows_and_proofs_say() -> None:
    stale = "make it anew: python -m tests.docs.rows_page docs/reference"
    assert _text(rows_page.NAME) == rows_page.rows_page(), stale


def test_the_page_of_textalks_classes_is_what_the_program_says() -> None:
    stale = "make it anew: python -m entrepot.doors.textalk.page docs/reference"
    assert _text("textalk-classes.md") == textalk.classes_page(), stale


def test_the_configuration_page_has_every_setting() -> None:
    rows = re.findall(
        r"^\| `(\w+)` \| `(--[\w-]+)` \| `(\w+)` \| (.+?) \|",
        (REFERENCE / "configuration.md").read_text("utf-8"),
        re.MULTILINE,
    )
    fields = {field.name: field.default for field in dataclasses.fields(Settings)}
    assert [row[0] for row in rows] == list(fields)
    for name, flag, variable, default in rows:
        assert flag.strip("-").replace("-", "_") in (name, name.removesuffix("s"), "trusted_proxy")
        assert variable == f"ENTREPOT_{name.upper()}"
        if default.startswith("`"):
            assert default.strip("`") == str(fields[name]).lower()
        else:
            assert fields[name] in (None, (), dataclasses.MISSING)


def test_every_flag_of_the_configuration_page_is_one_of_serve() -> None:
    shown = set(re.findall(r"^\| `\w+` \| `(--[\w-]+)`", _text("configuration.md"), re.MULTILINE))
    serve = _text("command-line.md").partition("## entrepot serve")[2].partition("\n## ")[0]
    assert shown | {"--config"} == set(re.findall(r"`(--[\w-]+)", serve))


def test_the_production_page_counts_the_connections() -> None:
    page = (DOCS / "how-to" / "take-orders-in-production.md").read_text("utf-8")
    assert f"opens up to {WORKER_CONNECTIONS} connections" in page


def test_the_bonsai_page_has_every_route() -> None:
    shown = set(re.findall(r"^\| `([A-Z]+) ([^`?]+)", _text("bonsai.md"), re.MULTILINE))
    assert shown == {(route.method, route.path) for route in ROUTES}


def test_the_shown_worlds_are_the_examples() -> None:
    shown = [block.text for block in blocks(DOCS / "how-to" / "write-a-world.md") if block.language == "toml"]
    examples = [DOCS / "examples" / name for name in ("shop.toml", "webshop.toml")]
    assert shown == [example.read_text("utf-8") for example in examples]


def _text(name: str) -> str:
    return (REFERENCE / name).read_text("utf-8")


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_no_table_is_torn_in_two(page: Path) -> None:
    """After a blank line rows are no table any more, but for a table with a head of its own."""
    lines = page.read_text("utf-8").splitlines()
    rows = [number for number, line in enumerate(lines[2:], 2) if line.startswith("|")]
    torn = [
        number + 1
        for number in rows
        if not lines[number - 1].startswith("|")
        and not "".join(lines[number + 1 : number + 2]).startswith("| ---")
    ]
    assert torn == []
