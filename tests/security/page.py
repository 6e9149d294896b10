"""Prints docs/reference/security.md: `python -m tests.security.page docs/reference`."""

from __future__ import annotations

import asyncio
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from tests.security.claims import CLAIMS, LINES, OPEN, Claim
from tests.security.outgoing import OUTGOING
from tests.security.routes import Route, all_routes

INTRO = """# Security, and the tests that hold it

By the lines of OWASP's API Security Top 10 (2023): what holds at which routes, and the tests that show it, named as
`file::test` below `tests/`. A route without a test fails the build, and so does an outgoing call that is missing in the
last table.

This page is made: `python -m tests.security.page docs/reference`.
"""
"""What the page says before its tables."""


def matches(route: Route | str, patterns: Sequence[str]) -> bool:
    """Whether one of the patterns is of this route, or of a command by its words."""
    plain = str(route).replace("[", "(")
    return any(fnmatchcase(plain, each.replace("[", "(")) for each in patterns)


def is_open(route: Route) -> str | None:
    """Why nothing is guarded at a route; None where something is."""
    return next((why for pattern, why in OPEN.items() if matches(route, [pattern])), None)


def security_page(routes: Sequence[Route]) -> str:
    """The whole page."""
    parts = [INTRO, *(_line(line, routes) for line in LINES), _open(routes), _outgoing()]
    return "\n".join(parts)


def _line(number: str, routes: Sequence[Route]) -> str:
    line = LINES[number]
    claims = [each for each in CLAIMS if each.line == number]
    head = f"## {number}: {line.name}\n\n{line.means[0].upper()}{line.means[1:]}.\n"
    rows = _by_route(claims, routes) if line.by_route else _plain(claims)
    return "\n".join([head, *rows, ""])


def _plain(claims: Sequence[Claim]) -> Iterator[str]:
    yield from (f"- `{test}`" for each in claims for test in each.tests)


def _by_route(claims: Sequence[Claim], routes: Sequence[Route]) -> Iterator[str]:
    yield from ("| routes | held by |", "| --- | --- |")
    for claim in claims:
        mine = [each for each in routes if matches(each, claim.routes)]
        if claim.routes != ("*",):
            mine = [each for each in mine if is_open(each) is None]
        yield f"| {_routes(mine, len(mine) == len(routes))} | {'<br>'.join(f'`{test}`' for test in claim.tests)} |"


def _routes(routes: Sequence[Route], all_of_them: bool) -> str:
    if all_of_them:
        return f"all {len(routes)}"
    rooms: defaultdict[str, list[Route]] = defaultdict(list)
    for each in routes:
        rooms[each.room].append(each)
    return "<br>".join(_room(name, own) for name, own in rooms.items())


def _room(name: str, routes: Sequence[Route]) -> str:
    calls = [each for each in routes if each.method == "CALL"]
    paths = [f"`{each.method} {each.path}`" for each in routes if each.method != "CALL"]
    told = [*([f"all {len(calls)} methods"] if calls else []), *paths]
    return f"**{name}**: {', '.join(told)}"


def _open(routes: Sequence[Route]) -> str:
    rows = [
        f"| {_routes([each for each in routes if matches(each, [pattern])], False)} | {why} |"
        for pattern, why in OPEN.items()
    ]
    return "\n".join(["## Routes that are open", "", "| routes | why |", "| --- | --- |", *rows, ""])


def _outgoing() -> str:
    rows = [
        f"| `{each.module}` | {each.to} | {each.guard} | `{each.test}` |"
        for each in sorted(OUTGOING, key=lambda each: each.module)
    ]
    head = "| module | calls | how it is guarded | test |"
    return "\n".join(["## Outgoing calls", "", head, "| --- | --- | --- | --- |", *rows, ""])


if __name__ == "__main__":
    from tests.security.repeats import repeating_page

    known = asyncio.run(all_routes())
    for name, text in (("security.md", security_page(known)), ("repeating.md", repeating_page(known))):
        (Path(sys.argv[1]) / name).write_text(text, "utf-8")
