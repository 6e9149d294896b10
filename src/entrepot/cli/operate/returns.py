"""`entrepot returns`: open, list, show, advance, receive, inspect and cancel."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from entrepot.cli.operate.orders import OrderName, find, units_of
from entrepot.cli.operate.session import Key, Session, operator_command
from entrepot.cli.options import fail

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table

    from entrepot.domain.fulfilment.records import Return
    from entrepot.domain.fulfilment.returns.open import ReturnWish
    from entrepot.domain.fulfilment.returns.work import ReturnState
    from entrepot.domain.kernel.commands import Command
    from entrepot.domain.orders.whole_units import Scales
    from entrepot.store.queries.returns import ReturnDetails

app = typer.Typer(help="Open, list, show, receive, inspect and cancel returns.", no_args_is_help=True)

LONGEST = 1_000

ReturnId = Annotated[int, typer.Argument(metavar="RETURN", help="The return's id.")]
Lines = Annotated[
    list[str] | None,
    typer.Option(
        "--line", metavar="NO=UNITS", help="Only so many units of a line of the return; may be repeated."
    ),
]


@app.command("open")
@operator_command
async def open_return(
    session: Session,
    order: OrderName,
    reason: Annotated[str, typer.Option(help="Why it comes back.")] = "",
    line: Annotated[
        list[str] | None, typer.Option(metavar="NO=UNITS", help="So many units of an order line.")
    ] = None,
    sku: Annotated[
        list[str] | None, typer.Option(metavar="SKU=UNITS", help="So many units of a SKU, off its lines.")
    ] = None,
    key: Key = None,
) -> None:
    """Announce that delivered units come back: all of them, or units of some lines or SKUs."""
    from entrepot.domain.fulfilment.returns.open import OpenReturn
    from entrepot.domain.fulfilment.returns.work import of_return
    from entrepot.domain.orders.whole_units import of_order

    found = await find(session, order)
    scales = of_order(found.lines)
    wishes = [_wish(each.quantity, reason, line=each.no) for each in units_of(line, scales)]
    wishes += [_by_sku(each, reason, scales) for each in sku or ()]
    if not wishes:
        standing = [each for each in found.lines if each.delivered]
        wishes = [_wish(each.delivered, reason, line=each.no) for each in standing]
    command = OpenReturn(order=found.order.id, wishes=tuple(wishes))
    outcome = await _execute(session, key, command, scales)
    session.tell(outcome, lambda: _state(outcome, "announced", of_return(outcome.lines, scales)))


@app.command("list")
@operator_command
async def list_returns(
    session: Session,
    order: Annotated[str | None, typer.Option(help="Only those of this order.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 50,
    before: Annotated[int | None, typer.Option(help="Only ids below this one: the next page.")] = None,
) -> None:
    """List returns, newest first."""
    from entrepot.store.queries import returns

    number = (await find(session, order)).order.id if order is not None else None
    page = await returns.list_returns(
        session.connection, session.workspace, order=number, limit=limit, before=before
    )
    session.tell(page, lambda: _table(page))


@app.command("show")
@operator_command
async def show_return(session: Session, return_id: ReturnId) -> None:
    """Show one return with its lines and history."""
    found = await _find(session, return_id)
    session.tell(found, lambda: _details(found))


@app.command("advance")
@operator_command
async def advance_return(
    session: Session,
    return_id: ReturnId,
    to: Annotated[Literal["in_transit", "at_center"], typer.Option(help="How far it is now.")],
    line: Lines = None,
    key: Key = None,
) -> None:
    """Note that units are on their way, or at the returns centre."""
    from entrepot.domain.fulfilment.returns.move import AdvanceReturn

    ret, scales = _counted(await _find(session, return_id))
    command = AdvanceReturn(order=ret.order, return_id=ret.id, stage=to, lines=units_of(line, scales))
    outcome = await _execute(session, key, command, scales)
    session.tell(outcome, lambda: _state(outcome, to.replace("_", " "), scales))


@app.command("receive")
@operator_command
async def receive(session: Session, return_id: ReturnId, line: Lines = None, key: Key = None) -> None:
    """Note that units have come back; money goes back by itself where the placing channel wants it so."""
    from entrepot.engine.money.refund import receive_return

    ret, scales = _counted(await _find(session, return_id))
    command = receive_return(ret.order, ret.id, units_of(line, scales))
    outcome = await _execute(session, key, command, scales)
    session.tell(outcome, lambda: _received(outcome, scales))


@app.command("inspect")
@operator_command
async def inspect(
    session: Session,
    return_id: ReturnId,
    restock: Annotated[
        list[str] | None, typer.Option(metavar="NO=UNITS", help="Put so many units of a line into stock.")
    ] = None,
    scrap: Annotated[
        list[str] | None, typer.Option(metavar="NO=UNITS", help="Throw so many units of a line away.")
    ] = None,
    location: Annotated[
        str | None, typer.Option(help="Where they are put, by its code; else where orders take from first.")
    ] = None,
    key: Key = None,
) -> None:
    """Put received units into stock, or throw them away; without options all that wait are put into stock."""
    from entrepot.cli.operate.after_sale import return_lines
    from entrepot.domain.fulfilment.returns.receive import InspectReturn, inspections
    from entrepot.domain.orders.whole_units import Scales

    found = await _find(session, return_id)
    ret, scales = _counted(found)
    command = InspectReturn(
        order=ret.order,
        return_id=ret.id,
        location=await _place(session, location),
        inspections=inspections(units_of(restock, scales, "--restock"), units_of(scrap, scales, "--scrap")),
    )
    outcome = await _execute(session, key, command, scales)
    shown = Scales(found.scales)
    session.tell(outcome, lambda: return_lines(outcome.lines, {ret.id: ret.name}, shown))


@app.command("cancel")
@operator_command
async def cancel(session: Session, return_id: ReturnId, line: Lines = None, key: Key = None) -> None:
    """Let the buyer keep what is still there."""
    from entrepot.domain.fulfilment.returns.move import CancelReturn

    ret, scales = _counted(await _find(session, return_id))
    command = CancelReturn(order=ret.order, return_id=ret.id, lines=units_of(line, scales))
    outcome = await _execute(session, key, command, scales)
    session.tell(outcome, lambda: _state(outcome, "cancelled", scales))


async def _execute(session: Session, key: str | None, command: "Command", scales: "Scales") -> "ReturnState":
    from entrepot.domain.fulfilment.returns.work import ReturnState

    outcome: ReturnState = await session.execute(session.once(key, command, ReturnState), scales.context)
    return outcome


async def _find(session: Session, number: int) -> "ReturnDetails":
    from entrepot.failures.fulfilment import ReturnUnknown
    from entrepot.store.queries import returns

    known = 0 < number < 2**53
    found = await returns.show_return(session.connection, session.workspace, number) if known else None
    return found if found is not None else session.refuse(ReturnUnknown(str(number)))


async def _place(session: Session, code: str | None) -> int:
    from entrepot.store.queries import stock

    places = await stock.locations(session.connection, session.workspace)
    found = [place.id for place in places if code in (None, place.code)]
    if not found:
        known = ", ".join(place.code for place in places) or "none: there is none yet"
        fail(f"--location: {code!r} is wrong; expected one of {known}.", status=2)
    return found[0]


def _counted(found: "ReturnDetails") -> "tuple[Return, Scales]":
    """The return, and how its lines are counted."""
    from entrepot.domain.fulfilment.returns.work import of_return
    from entrepot.domain.orders.whole_units import Scales

    return found.ret, of_return(found.lines, Scales(found.scales))


def _wish(quantity: int, reason: str, *, line: int | None = None, sku: str | None = None) -> "ReturnWish":
    from entrepot.domain.fulfilment.returns.open import ReturnWish

    return ReturnWish(quantity, reason[:LONGEST], line, sku)


def _by_sku(text: str, reason: str, scales: "Scales") -> "ReturnWish":
    from entrepot.domain.kernel.quantity import FINEST, to_units

    sku, _, units = text.rpartition("=")
    if not sku or to_units(units, FINEST) is None:
        fail(f"--sku: {text!r} is wrong; expected SKU and units, such as TEA=2.", status=2)
    quantity = scales.read_sku(sku, units)
    if isinstance(quantity, str):
        fail(f"--sku: {text!r} is wrong; {quantity}.", status=2)
    return _wish(quantity, reason, sku=sku)


def _state(outcome: "ReturnState", word: str, scales: "Scales") -> str:
    units = scales.total(outcome.moved)
    head = f"Return {outcome.ret.id} of order {outcome.order.id}"
    return f"{head}: {units} units are {word}." if units else f"{head}: nothing was left to do."


def _received(outcome: "ReturnState", scales: "Scales") -> str:
    from entrepot.cli.showing import amount

    money = sum(refund.amount for refund in outcome.refunds)
    back = f" {amount(money, outcome.order.currency)} go back." if money else ""
    return _state(outcome, "received", scales) + back


def _details(found: "ReturnDetails") -> "Group":
    from rich.console import Group

    from entrepot.cli.operate.after_sale import return_lines
    from entrepot.cli.operate.history import told
    from entrepot.cli.showing import plain, table
    from entrepot.domain.orders.whole_units import Scales

    ret, scales = _counted(found)
    rows = (
        (each.seq, f"{each.at:%Y-%m-%d %H:%M:%S}", each.kind, told(each.data, scales))
        for each in found.events
    )
    history = table(("event", "at", "what", "details"), rows, whole=("at", "what"), sparse=("details",))
    label = f", label {ret.label.carrier} {ret.label.tracking} at {ret.label.url}" if ret.label else ""
    head = plain(f"Return {ret.id} of order {ret.order}{label}")
    return Group(head, "", return_lines(found.lines, {ret.id: ret.name}, Scales(found.scales)), "", history)


def _table(page: "list[Return]") -> "Table":
    from entrepot.cli.showing import table

    rows = (
        (each.id, each.order, each.name, f"{each.opened_at:%Y-%m-%d}", f"{each.changed_at:%Y-%m-%d}")
        for each in page
    )
    headings = ("return", "order", "named", "opened", "changed")
    return table(headings, rows, right=("return", "order"), whole=("opened", "changed"), sparse=("named",))
