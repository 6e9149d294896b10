"""How failures are reached, as the how-tos' tables show it: each line is sent, and its answer names the failure.

The servers' pages of failures show these ways. `reached.json` in a door's package keeps them;
delete it and run the tests of this folder with `ENTREPOT_REACHED=1` to make it anew.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import httpx

from entrepot.doors.kit.failing import telling
from entrepot.doors.kit.failing.telling import WAYS, Way
from entrepot.failures import OperationMissing
from tests.docs.pages import ROOT

_MAKING = "ENTREPOT_REACHED" in os.environ
_LINK = re.compile(r'</(?:failures/([\w-]+)|missing#[\w.-]+)>; rel="help"')


def named_by(reply: httpx.Response) -> str | None:
    """The failure whose page, or the list of what is missing, a reply leads to; None where it leads nowhere."""
    found = _LINK.fullmatch(reply.headers.get("link", ""))
    return found and (found[1] or OperationMissing.name)


def assert_kept(
    door: str, page: Path, steps: Sequence[str], reply: httpx.Response, otherwise: str | None = None
) -> None:
    """The failure that a reply names is kept as reached by these steps of the page.

    One that names none is of the `otherwise` that the line's own test knows by it.
    """
    failure = named_by(reply) or otherwise
    if failure is None:
        return
    way = Way(page.relative_to(ROOT).as_posix(), tuple(steps))
    if _MAKING:
        keep(door, failure, way)
    kept = telling.reached(door).get(failure, ())
    assert way in kept, f"make it anew: rm src/entrepot/doors/*/{WAYS}; ENTREPOT_REACHED=1 pytest tests/docs"


def left_over(door: str, page: Path, lines: Iterable[Sequence[str]]) -> list[Way]:
    """The ways that are kept and are no line of the page any more."""
    name, there = page.relative_to(ROOT).as_posix(), {tuple(steps) for steps in lines}
    kept = (way for ways in telling.reached(door).values() for way in ways)
    return [way for way in kept if way.page == name and way.steps not in there]


def keep(door: str, failure: str, way: Way) -> None:
    """Write a way down."""
    file = ROOT / "src" / "entrepot" / "doors" / door / WAYS
    known: dict[str, list[Any]] = json.loads(file.read_text("utf-8")) if file.exists() else {}
    ways = known.setdefault(failure, [])
    if (plain := {"page": way.page, "steps": list(way.steps)}) not in ways:
        ways.append(plain)
    text = json.dumps(dict(sorted(known.items())), indent=1, ensure_ascii=False)
    file.write_text(text + "\n", "utf-8")
    telling.reached.cache_clear()
