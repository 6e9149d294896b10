"""A door is a folder with a manifest and one line of registration; nothing else of the source names one."""

import re
from pathlib import Path

from entrepot.domain.channels.accounts import KNOWN_SOURCES
from entrepot.registry import DOORS, failure_tables, manifests
from tests.unit.test_house import FILES, SOURCE
from tests.unit.test_words import CITATION

REGISTRY = SOURCE / "registry.py"
KINDS = {".html", ".css", ".js", ".toml", ".json"}
"""What is read beside modules: an account of each door stands in the demo world."""
TOLD = {SOURCE / "__init__.py", SOURCE / "cli" / "__init__.py"}
"""Sentences for people that name every door, as `tests/docs/test_described_doors.py` holds."""
ELSEWHERE = [
    path
    for path in (*FILES, *(each for each in SOURCE.rglob("*") if each.suffix in KINDS))
    if path.relative_to(SOURCE).parts[:2] not in {("doors", door) for door in DOORS}
    and path.parent.name != "versions"
    and path.name != "demo.toml"
    and path not in TOLD
]


def doors_in(text: str) -> list[str]:
    """The doors that a text names; a citation such as `(decision bonsai U1)` names a page."""
    names = "|".join(DOORS)
    rest = CITATION.sub("", text)
    for source in KNOWN_SOURCES:  # stored in workspaces, and the name of no door
        rest = rest.replace(f'"{source}"', "")
    return re.findall(rf"(?<![a-z])(?:{names})(?![a-z])", rest, re.IGNORECASE)


def named(path: Path) -> list[str]:
    return doors_in(path.read_text("utf-8"))


def test_nothing_outside_its_folder_names_a_door_but_one_line_of_the_registry() -> None:
    assert REGISTRY in ELSEWHERE
    assert len(ELSEWHERE) > len(DOORS)
    assert {str(path): found for path in ELSEWHERE if path != REGISTRY and (found := named(path))} == {}
    assert named(REGISTRY) == list(DOORS)


def test_names_of_doors_are_noticed() -> None:
    door = DOORS[0]
    assert doors_in(f"from entrepot.doors.{door}.app import app") == [door]
    assert doors_in("as Bonsai has it (decision bonsai U1)") == ["Bonsai"]


def test_each_folder_of_a_door_is_registered_and_has_its_manifest() -> None:
    folders = {path.parent.name for path in (SOURCE / "doors").glob("*/door.py")}
    assert folders == set(DOORS) == set(manifests())


def test_a_door_says_its_failures_under_its_name() -> None:
    assert [table.door for table in failure_tables()] == list(DOORS)
