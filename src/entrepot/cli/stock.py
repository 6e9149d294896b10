"""`entrepot stock`: show, receive, set and move."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from entrepot.cli.operating import Session, operator_command
from entrepot.cli.options import fail

if TYPE_CHECKING:
    from rich.table import Table

    from entrepot.domain.catalogue import Variant
    from entrepot.domain.state import Command
    from entrepot.store.queries.stock import StockRow

app = typer.Typer(help="Show and change stock.", no_args_is_help=True)

LARGEST_FILE = 64 * 1024 * 1024
_TERMS = ("available", "reserved", "owed", "received", "returned", "adjusted", "shipped", "scrapped")

Sku = Annotated[str | None, typer.Argument(help="The variant's SKU.")]
Quantity = Annotated[str | None, typer.Argument(help="How many; with decimals where the variant has them.")]
Place = Annotated[str | None, typer.Option(help="Code of the location; may be left out where there is one.")]
Rows = Annotated[
    Path | None, typer.Option("--file", help="CSV with the columns sku, quantity and (optional) location instead.")
]


@app.command("show")
@operator_command
async def show_stock(
    session: Session,
    sku: Sku = None,
    product: Annotated[UUID | None, typer.Option(help="Only this product's variants, by its UUID.")] = None,
    location: Annotated[str | None, typer.Option(help="Only at this location, by its code.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 1_000,
) -> None:
    """Show stock levels by SKU and location."""
    from entrepot.store.queries.stock import StockFilter, list_stock

    wanted = StockFilter(sku, product, location)
    rows = await list_stock(session.connection, session.workspace, wanted, limit=limit)
    session.tell(rows, lambda: _table(rows))


@app.command("receive")
@operator_command
async def receive_stock(
    session: Session, sku: Sku = None, quantity: Quantity = None, location: Place = None, file: Rows = None
) -> None:
    """Take in new units; what is owed is filled first."""
    from entrepot.domain.stocking import ReceiveStock

    await _change(session, await _Shelves.of(session, sku, quantity, location, file), ReceiveStock)


@app.command("set")
@operator_command
async def set_stock(
    session: Session, sku: Sku = None, quantity: Quantity = None, location: Place = None, file: Rows = None
) -> None:
    """Say how many units were counted at a location, promised ones included."""
    from entrepot.domain.stocking import CountStock

    await _change(session, await _Shelves.of(session, sku, quantity, location, file), CountStock)


@app.command("move")
@operator_command
async def move_stock(
    session: Session,
    sku: Annotated[str, typer.Argument(help="The variant's SKU.")],
    quantity: Annotated[str, typer.Argument(help="How many; with decimals where the variant has them.")],
    source: Annotated[str, typer.Option("--from", help="Code of the location that gives.")],
    target: Annotated[str, typer.Option("--to", help="Code of the location that gets.")],
) -> None:
    """Move available units to another location; promised ones stay."""
    from entrepot.domain.stocking import MoveStock

    shelves = await _Shelves.of(session, sku, quantity, source, None)
    variant, units, place = shelves.row(shelves.rows[0])
    await session.execute(MoveStock(variant.id, place, shelves.place(target), units))
    await _show_again(session, [sku])
