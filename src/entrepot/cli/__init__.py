"""The command `entrepot`. Each subcommand has its file here and imports what it needs when it runs."""

import io
import sys
from typing import Annotated

import typer

from entrepot import __version__
from entrepot.cli.data.apply import apply
from entrepot.cli.data.backup import backup, restore
from entrepot.cli.data.check import check
from entrepot.cli.data.migrate import migrate
from entrepot.cli.data.upgrade import upgrade_data
from entrepot.cli.explain import explain
from entrepot.cli.failures import failures
from entrepot.cli.operate import keys, mapping, outbox, products, returns, shipping, stock
from entrepot.cli.run import operators
from entrepot.cli.run.demo import demo
from entrepot.cli.run.serve import serve


def _tell_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"entrepot {__version__}")
        raise typer.Exit


app = typer.Typer(
    name="entrepot",
    help="One stock and one order book behind the order APIs of Bonsai, Textalk, Walmart, ReBound and DataMingle.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def entrepot(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_tell_version, help="Print the version.")
    ] = False,
) -> None:
    """One stock and one order book behind the order APIs of Bonsai, Textalk, Walmart, ReBound and DataMingle."""


app.command()(serve)
app.add_typer(shipping.app, name="orders")
app.add_typer(returns.app, name="returns")
app.add_typer(products.app, name="products")
app.add_typer(stock.app, name="stock")
app.add_typer(keys.app, name="keys")
app.add_typer(mapping.app, name="mapping")
app.add_typer(outbox.app, name="outbox")
app.add_typer(operators.app, name="operators")
app.command()(backup)
app.command()(restore)
app.command()(check)
# Codes may be negative numbers, which look like options.
app.command(context_settings={"ignore_unknown_options": True})(failures)
app.command()(explain)
app.command()(apply)
app.command()(migrate)
app.command()(upgrade_data)
app.command()(demo)


def main() -> None:
    """The console script. What the terminal's encoding does not have is printed as a question mark, not refused."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    app()
