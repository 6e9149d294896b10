"""The command `entrepot`. Each subcommand has its file here and imports what it needs when it runs."""

import typer

from entrepot.cli.apply import apply
from entrepot.cli.serve import serve

app = typer.Typer(
    name="entrepot",
    help="One stock and one order book behind five order APIs.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def entrepot() -> None:
    """One stock and one order book behind five order APIs."""


app.command()(serve)
app.command()(apply)


def main() -> None:
    """The console script."""
    app()
