"""`entrepot failures`: the failure catalogue."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from entrepot.cli.operate.session import AsJson
from entrepot.cli.options import fail

if TYPE_CHECKING:
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
    coded = [] if name is None or name in known else _with_code(name)
    if name is None or len(coded) > 1:
        listed_ones = coded or known.values()
        rows = [{"name": each.name, "title": each.title, "retry": each.retry.value} for each in listed_ones]
        listed = (row.values() for row in rows)
        table = showing.table(("failure", "title", "retry"), listed, whole=("retry",))
        showing.show_json(rows) if as_json else showing.show(table)
        return
    if name not in known and not coded:
        fail(_unknown(name, list(known)), status=2)
    described = describe_failure(coded[0].name if coded else name)
    showing.show_json(described) if as_json else showing.show(_page(described))


def _with_code(code: str) -> "list[type[Failure]]":
    from entrepot.doors.kit.pages import with_code
    from entrepot.registry import failure_tables

    return with_code(code, failure_tables())


def _unknown(name: str, known: list[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, known, 3)
    hint = f"did you mean {' or '.join(near)}?" if near else "`entrepot failures` lists them all."
    return f"There is no failure {name!r}; {hint}"


def describe_failure(name: str) -> dict[str, Any]:
    """All that the catalogue and the doors say about the failure of this name."""
    from entrepot.doors.kit.pages import describe
    from entrepot.failures import catalogue
    from entrepot.registry import failure_tables

    return describe(catalogue()[name], failure_tables())


def _page(described: dict[str, Any]) -> "Group":
    from rich.console import Group

    from entrepot.cli.showing import plain, table

    shopper = "; may be shown to a shopper" if described["shopper"] else ""
    paragraphs = [f"{described['name']}: {described['title']}.", described["description"]]
    paragraphs += [f"Retry: {described['retry']}{shopper}.", described["advice"]]
    context = table(
        ("context", "what it is"), ([field["name"], field["type"]] for field in described["context"])
    )
    doors = table(
        ("door", "status", "code"), ([d["door"], d["status"], d["code"]] for d in described["doors"])
    )
    tables = [*([context] if described["context"] else []), *([doors] if described["doors"] else [])]
    return Group(*(plain(text) for text in paragraphs if text), *tables)
