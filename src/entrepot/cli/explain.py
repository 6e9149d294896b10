"""`entrepot explain`: why a sandbox refused a request."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from entrepot.cli.operate.session import AsJson
from entrepot.cli.options import fail

if TYPE_CHECKING:
    from rich.console import Group


def explain(
    request_id: Annotated[str, typer.Argument(metavar="ID", help="As the answer has it in X-Request-Id.")],
    url: Annotated[
        str, typer.Option(envvar="ENTREPOT_URL", help="Where the sandbox answers.")
    ] = "http://127.0.0.1:8600",
    as_json: AsJson = False,
) -> None:
    """Tell which check of a running sandbox refused a request, what it compared on which rows, and what would pass."""
    from entrepot.cli import showing
    from entrepot.testing import ControlPlaneError, Entrepot

    sandbox = Entrepot(url)
    try:
        told = sandbox.explain(request_id)
    except ControlPlaneError as error:
        fail(str(error))
    finally:
        sandbox.close()
    showing.show_json(told) if as_json else showing.show(_page(told))


def _page(told: dict[str, Any]) -> "Group":
    from rich.console import Group

    from entrepot.cli.showing import plain

    head = "{door} {operation}: {status} {outcome}".format_map(told)
    return Group(plain(head), *(part for each in told["refusals"] for part in _refusal(each)))


def _refusal(told: dict[str, Any]) -> "list[Any]":
    from entrepot.cli.showing import plain, table

    check = told["check"]
    by = (
        []
        if check is None
        else [f"{told['command']}, {check['name']}:{check['line']} {check['says']}".rstrip()]
    )
    says = [f"{told['failure']}: {told['title']}.", *by, f"What would pass: {told['would_pass']}"]
    compared = table(("compared", "value"), ([name, _text(each)] for name, each in told["compared"].items()))
    rows = table(
        ("row", "key", "columns"),
        ([each["kind"], _text(each["key"]), _columns(each)] for each in told["rows"]),
    )
    tables = [*([compared] if told["compared"] else []), *([rows] if told["rows"] else [])]
    return [*(plain(text) for text in says), *tables]


def _columns(row: dict[str, Any]) -> str:
    columns = row["columns"]
    if columns is None:
        return "none"
    return ", ".join(
        f"{name} {_text(each)}" for name, each in columns.items() if each not in (None, "", [], {})
    )


def _text(value: Any) -> str:
    import msgspec

    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
