"""`entrepot products`: list."""

import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from entrepot.cli.operate.session import Session, operator_command
from entrepot.cli.options import fail

if TYPE_CHECKING:
    from rich.table import Table

    from entrepot.store.queries.catalogue import CatalogueRow

app = typer.Typer(help="List products with the ids by which callers name them.", no_args_is_help=True)

HEADINGS = ("sku", "product", "variant", "public_id", "product_id", "variant_id", "prices", "stock", "state")


@app.command("list")
@operator_command
async def list_products(
    session: Session,
    sku: Annotated[str | None, typer.Argument(help="Only the variant of this SKU.")] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, amounts in major units.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=100_000)] = 1_000,
    after: Annotated[str | None, typer.Option(help="Only SKUs after this one: the next page.")] = None,
) -> None:
    """List variants by SKU: names, public id, product and variant id, prices, stock, and whether they are for sale."""
    from entrepot.store.queries.catalogue import list_catalogue

    rows = await list_catalogue(session.connection, session.workspace, sku=sku, after=after, limit=limit)
    if sku is not None and not rows:
        fail(f"There is no SKU {sku!r}.")
    if as_csv:
        _write_csv(rows)
    else:
        session.tell(list(map(_told, rows)), lambda: _table(rows))


def _told(row: "CatalogueRow") -> dict[str, object]:
    from msgspec.structs import asdict

    from entrepot.domain.kernel.ids import cuid

    return {**asdict(row), "public_id": cuid(row.uuid)}


def _cells(row: "CatalogueRow") -> Iterator[object]:
    from entrepot.domain.kernel.ids import cuid
    from entrepot.domain.kernel.quantity import to_text

    yield from (row.sku, row.product, row.variant, cuid(row.uuid), row.product_id, row.variant_id)
    yield ", ".join(map(_price, row.prices.items()))
    yield to_text(row.stock, row.scale) if row.tracked else "not counted"
    yield "for sale" if row.on_sale else "hidden" if row.available else "off sale"


def _price(price: tuple[str, int | None]) -> str:
    from entrepot.cli.showing import amount

    currency, minor = price
    return f"none {currency}" if minor is None else amount(minor, currency)


def _table(rows: "Sequence[CatalogueRow]") -> "Table":
    from entrepot.cli.showing import table

    whole = ("sku", "public_id", "state")
    right = ("product_id", "variant_id", "stock")
    return table(HEADINGS, map(_cells, rows), right=right, whole=whole, sparse=("variant",))


def _write_csv(rows: "Sequence[CatalogueRow]") -> None:
    import csv

    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(HEADINGS)
    writer.writerows(map(_cells, rows))
