"""`entrepot failures`: the failure catalogue."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from entrepot.cli.operate.session import AsJson
from entrepot.cli.options import fail

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Group

    from entrepot.failures import Failure


def failures(
    name: Annotated[
        str | None,
        typer.Argument(
            help="Only this one, with all that is known of it; or those of this code of some API."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List all failures, or show one: what it means, its context, whether to retry and what to do."""
    from entrepot.cli import showing
    from entrepot.failures import catalogue

    known = catalogue()
    coded, own = ([], []) if name is None or name in known else _with_code(name)
    if name is not None and name not in known and not (coded or own):
        fail(_unknown(name, list(known)), status=2)
    if name is None or len(coded) + len(own) > 1:
        listed = coded or (known.values() if name is None else ())
        rows = [{"name": each.name, "title": each.title, "retry": each.retry.value} for each in listed]
        showing.show_json([*own, *rows]) if as_json else showing.show(_list(rows, own))
    elif own:
        showing.show_json(own[0]) if as_json else showing.show(_list([], own))
    else:
        described = describe_failure(coded[0].name if coded else name)
        showing.show_json(described) if as_json else showing.show(_page(described))


def _with_code(code: str) -> "tuple[list[type[Failure]], list[dict[str, str]]]":
    from entrepot.doors.kit.failing.pages import own_codes, with_code
    from entrepot.registry import failure_tables

    return with_code(code, failure_tables()), own_codes(code, failure_tables())


def _list(rows: list[dict[str, str]], own: list[dict[str, str]]) -> "Group":
    from rich.console import Group

    from entrepot.cli.showing import plain, table

    said = (plain(f"{each['code']} of {each['door']}: {each['title']}. {each['advice']}") for each in own)
    listed = table(("failure", "title", "retry"), (row.values() for row in rows), whole=("retry",))
    return Group(*said, *([listed] if rows else []))


def _unknown(name: str, known: list[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, known, 3)
    hint = f"did you mean {' or '.join(near)}?" if near else "`entrepot failures` lists them all."
    return f"There is no failure {name!r}; {hint}"


def describe_failure(name: str) -> dict[str, Any]:
    """All that the catalogue and the doors say about the failure of this name."""
    from entrepot.doors.kit.failing.pages import describe
    from entrepot.failures import catalogue
    from entrepot.registry import failure_tables

    return describe(catalogue()[name], failure_tables())


def _page(described: dict[str, Any]) -> "Group":
    from rich.console import Group

    from entrepot.cli.showing import plain, table

    shopper = "; may be shown to a shopper" if described["shopper"] else ""
    paragraphs = [f"{described['name']}: {described['title']}.", described["description"]]
    paragraphs += [f"Retry: {described['retry']}{shopper}. {described['again']}", described["advice"]]
    context = table(
        ("context", "what it is"), ([field["name"], field["type"]] for field in described["context"])
    )
    doors = table(
        ("door", "status", "code"), ([d["door"], d["status"], d["code"]] for d in described["doors"])
    )
    tables = [*([context] if described["context"] else []), *([doors] if described["doors"] else [])]
    told = (plain(line) for door in described["doors"] if door["expected"] for line in _told(door))
    return Group(*(plain(text) for text in paragraphs if text), *tables, *told)


def _told(door: dict[str, Any]) -> "Iterator[str]":
    """A door's worked examples, and the ways to the failure there or why there are none, line by line."""
    from entrepot.doors.kit.failing.pages import pretty

    for said in door["examples"]:
        operations = f" ({', '.join(said['operations'])})" if said["operations"] else ""
        yield ""
        yield f"{door['door']} says{operations}:"
        yield f"HTTP/1.1 {said['status']}"
        yield from (f"{name}: {value}" for name, value in said["headers"].items())
        yield from pretty(said["body"]).splitlines()
    for way in door["reach"]:
        yield f"Reached by: {', '.join(way['steps']) or 'the proof'} ({way['page']})"
    if door["why_not"] is not None:
        yield f"No request alone reaches it on the demo world: {door['why_not']}"
