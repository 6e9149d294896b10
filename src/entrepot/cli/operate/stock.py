"""`entrepot stock`: show, receive, set, move and owed."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple
from uuid import UUID

import typer

from entrepot.cli.operate.session import Key, Session, operator_command
from entrepot.cli.options import fail

if TYPE_CHECKING:
    from rich.table import Table

    from entrepot.domain.catalogue.products import Variant
    from entrepot.domain.kernel.commands import Command
    from entrepot.failures import Failure
    from entrepot.store.queries.returns import OwedRow
    from entrepot.store.queries.stock import StockRow

app = typer.Typer(help="Show and change stock.", no_args_is_help=True)

LARGEST_FILE = 64 * 1024 * 1024
_TERMS = ("available", "reserved", "owed", "received", "returned", "adjusted", "shipped", "scrapped")

Sku = Annotated[str | None, typer.Argument(help="The variant's SKU.")]
Quantity = Annotated[str | None, typer.Argument(help="How many; with decimals where the variant has them.")]
Place = Annotated[str | None, typer.Option(help="Code of the location; may be left out where there is one.")]
Rows = Annotated[
    Path | None,
    typer.Option("--file", help="CSV with the columns sku, quantity and (optional) location instead."),
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
    if not rows:
        await _refuse_unknown(session, sku, location)
    session.tell(rows, lambda: _table(rows))


async def _refuse_unknown(session: Session, sku: str | None, location: str | None) -> None:
    """Exit where the list is empty because nothing has such a name."""
    from entrepot.store.queries import stock

    known = await stock.variants_by_sku(session.connection, session.workspace, [sku] if sku else [])
    if sku is not None and sku not in known:
        fail(f"There is no SKU {sku!r}; `entrepot products list` shows all.")
    places = [place.code for place in await stock.locations(session.connection, session.workspace)]
    if location is not None and location not in places:
        fail(f"--location: there is no location {location!r}; expected one of {', '.join(places) or 'none'}.")


@app.command("receive")
@operator_command
async def receive_stock(
    session: Session,
    sku: Sku = None,
    quantity: Quantity = None,
    location: Place = None,
    file: Rows = None,
    key: Key = None,
) -> None:
    """Take in new units; what is owed is filled first."""
    from entrepot.domain.stock.adjust import ReceiveStock
    from entrepot.domain.stock.levels import Level

    entries = await _entries(session, _written(sku, quantity, location, file))
    receipts = [
        session.once(
            key, ReceiveStock(e.variant, e.location, e.units), Level, (number, e.sku, e.location, e.units)
        )
        for number, e in enumerate(entries)
    ]
    await _change(session, entries, receipts)


@app.command("set")
@operator_command
async def set_stock(
    session: Session, sku: Sku = None, quantity: Quantity = None, location: Place = None, file: Rows = None
) -> None:
    """Say how many units were counted at a location, promised ones included."""
    from entrepot.domain.stock.counts import SetLevel

    entries = await _entries(session, _written(sku, quantity, location, file))
    await _change(session, entries, [SetLevel(e.variant, e.location, e.units) for e in entries])


@app.command("move")
@operator_command
async def move_stock(
    session: Session,
    sku: Annotated[str, typer.Argument(help="The variant's SKU.")],
    quantity: Annotated[str, typer.Argument(help="How many; with decimals where the variant has them.")],
    source: Annotated[str, typer.Option("--from", help="Code of the location that gives.")],
    target: Annotated[str, typer.Option("--to", help="Code of the location that gets.")],
    key: Key = None,
) -> None:
    """Move available units to another location; promised ones stay."""
    from entrepot.domain.stock.adjust import Moved, MoveStock

    written = [Written("--from", sku, quantity, source), Written("--to", sku, quantity, target)]
    entries = await _entries(session, written)
    gives, gets = entries
    move = MoveStock(gives.variant, gives.location, gets.location, gives.units)
    await _change(session, entries, [session.once(key, move, Moved)])


@app.command("owed")
@operator_command
async def show_owed(session: Session) -> None:
    """List what is promised and not there, with the orders that wait for it."""
    from entrepot.store.queries.returns import list_owed

    rows = await list_owed(session.connection, session.workspace)
    session.tell(rows, lambda: _owed(rows))


class Written(NamedTuple):
    """A change as somebody wrote it, and where."""

    where: str
    sku: str
    quantity: str
    location: str | None


class Entry(NamedTuple):
    """A change whose names were found; `units` in the variant's smallest unit."""

    where: str
    sku: str
    variant: int
    location: int
    units: int
    scale: int

    def told(self, failure: "Failure") -> "Mapping[str, object]":
        """The context of what was refused, its quantities as people count them."""
        from entrepot.domain.orders.whole_units import context_of

        return context_of(failure, self.scale)


def _written(sku: str | None, quantity: str | None, location: str | None, file: Path | None) -> list[Written]:
    if file is not None and sku is None:
        return _from_file(file, location)
    if file is not None or sku is None or quantity is None:
        fail("Expected either SKU and QUANTITY, or --file.", status=2)
    return [Written("QUANTITY", sku, quantity, location)]


def _from_file(path: Path, location: str | None) -> list[Written]:
    import csv

    try:
        if path.stat().st_size > LARGEST_FILE:
            fail(f"--file: {path} is larger than {LARGEST_FILE // 1024 // 1024} MB.", status=2)
        with path.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines)
            if not {"sku", "quantity"} <= set(reader.fieldnames or ()):
                fail(f"--file: {path} must start with a line of headings with sku and quantity.", status=2)
            return [
                Written(
                    f"{path} line {reader.line_num}",
                    row["sku"] or "",
                    row["quantity"] or "",
                    row.get("location") or location,
                )
                for row in reader
            ]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        fail(f"--file: {path} cannot be read ({error}).", status=2)


async def _entries(session: Session, written: "Sequence[Written]") -> list[Entry]:
    """The changes with their names found; exits before anything is changed if one is wrong."""
    from entrepot.store.queries import stock

    variants = await stock.variants_by_sku(session.connection, session.workspace, [w.sku for w in written])
    places = {place.code: place.id for place in await stock.locations(session.connection, session.workspace)}
    read = [_entry(one, variants, places) for one in written]
    if faults := [one for one in read if isinstance(one, str)]:
        fail(*faults[:20], *([f"and {len(faults) - 20} more"] if len(faults) > 20 else []), status=2)
    return [one for one in read if isinstance(one, Entry)]


def _entry(written: Written, variants: "Mapping[str, Variant]", places: Mapping[str, int]) -> Entry | str:
    from entrepot.domain.kernel.quantity import to_units

    where, sku, quantity, location = written
    variant = variants.get(sku)
    if variant is None:
        return f"{where}: there is no SKU {sku!r}."
    code = next(iter(places)) if location is None and len(places) == 1 else location
    if code is None or code not in places:
        given = "the location is missing" if code is None else f"there is no location {code!r}"
        return f"{where}: {given}; expected one of {', '.join(places) or 'none: there is none yet'}."
    units = to_units(quantity, variant.scale)
    if units is None:
        allowed = f"no sign, at most 13 digits, and {variant.scale} decimals"
        return f"{where}: {quantity!r} is wrong; expected {allowed}."
    return Entry(where, sku, variant.id, places[code], units, variant.scale)


async def _change(session: Session, entries: Sequence[Entry], commands: "Sequence[Command]") -> None:
    """Run the commands; exits with status 1 if any was refused, after telling all of them."""
    from entrepot.domain.kernel.commands import Refused

    if len(commands) == 1:
        await session.execute(commands[0], entries[0].told)
        await _show_touched(session, entries)
        return
    outcomes = await session.execute_all(commands)
    refusals = [
        (entry, outcome.failures[0])
        for entry, outcome in zip(entries, outcomes, strict=True)
        if isinstance(outcome, Refused)
    ]
    _tell_bulk(session, len(commands) - len(refusals), refusals)


def _tell_bulk(session: Session, done: int, refusals: "Sequence[tuple[Entry, Failure]]") -> None:
    from entrepot.cli.showing import failure_json, failure_text

    told = [{"where": entry.where, **failure_json(failure)} for entry, failure in refusals]
    session.tell({"done": done, "refused": told}, lambda: f"{done} levels are changed.")
    if refusals:
        fail(*(f"{entry.where}: {failure_text(failure, entry.told)}" for entry, failure in refusals))


async def _show_touched(session: Session, entries: Sequence[Entry]) -> None:
    from entrepot.store.queries.stock import StockFilter, list_stock

    places = {entry.location for entry in entries}
    rows = await list_stock(session.connection, session.workspace, StockFilter(entries[0].sku), limit=10_000)
    touched = [row for row in rows if row.level.location in places]
    session.tell(touched, lambda: _table(touched))


def _owed(rows: "Sequence[OwedRow]") -> "Table":
    from entrepot.cli.showing import table
    from entrepot.domain.kernel.quantity import to_text

    shown = (
        (
            *(row.sku, row.location, to_text(row.owed, row.scale)),
            ", ".join(f"{each.order} ({to_text(each.quantity, row.scale)})" for each in row.waiting),
        )
        for row in rows
    )
    return table(("sku", "location", "owed", "orders (units)"), shown, right=("owed",))


def _table(rows: "Sequence[StockRow]") -> "Table":
    from entrepot.cli.showing import table
    from entrepot.domain.kernel.quantity import to_text

    return table(
        ("sku", "product", "variant", "location", *_TERMS),
        (
            [row.sku, row.product, row.variant, row.location]
            + [to_text(getattr(row.level, term), row.scale) for term in _TERMS]
            for row in rows
        ),
        right=_TERMS,
        sparse=_TERMS[2:],
    )
