"""`entrepot orders`: list, show, cancel, delete and refund."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from entrepot.cli.operate.session import Key, Session, moment, operator_command
from entrepot.cli.options import fail

if TYPE_CHECKING:
    from rich.table import Table

    from entrepot.domain.orders.cancel import Cancelled
    from entrepot.domain.orders.line_counts import Units
    from entrepot.domain.orders.records import Order
    from entrepot.domain.orders.whole_units import Scales
    from entrepot.domain.payments.refund import Refunding
    from entrepot.store.queries.orders import OrderDetails

app = typer.Typer(help="List, show, ship, cancel and refund orders.", no_args_is_help=True)

State = Literal["pending", "placed", "cancelled", "failed"]

OrderName = Annotated[
    str, typer.Argument(metavar="ORDER", help="Number, UUID, public id or the account's own id.")
]


@app.command("list")
@operator_command
async def list_orders(
    session: Session,
    state: Annotated[State | None, typer.Option(help="Only these.")] = None,
    channel: Annotated[str | None, typer.Option(help="Only this channel's, as door/name.")] = None,
    since: Annotated[
        str | None, typer.Option(help="Only those placed at this time (ISO 8601) or later.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 50,
    before: Annotated[int | None, typer.Option(help="Only numbers below this one: the next page.")] = None,
) -> None:
    """List orders, newest first."""
    from entrepot.store.queries import orders

    known = await session.channel(channel) if channel is not None else None
    wanted = orders.OrderFilter(state, known.id if known else None, None, moment(since, "--since"))
    page = await orders.list_orders(session.connection, session.workspace, wanted, limit=limit, before=before)
    session.tell(page, lambda: _order_table(page.orders))


@app.command("show")
@operator_command
async def show_order(session: Session, order: OrderName) -> None:
    """Show one order: account, customer, address, lines, sums, payments and history."""
    from entrepot.cli.operate.order_page import order_page
    from entrepot.store.queries.workspaces import channel_names

    found = await find(session, order)
    names = {known.id: str(known) for known in await channel_names(session.connection, session.workspace)}
    account = names.get(found.order.channel, str(found.order.channel))
    session.tell(found, lambda: order_page(found, account))


@app.command("cancel")
@operator_command
async def cancel_order(
    session: Session,
    order: OrderName,
    reason: Annotated[str, typer.Option(help="For the order's history.")],
    line: Annotated[
        list[str] | None,
        typer.Option(metavar="NO=UNITS", help="Only so many units of a line; may be repeated."),
    ] = None,
    key: Key = None,
) -> None:
    """Cancel what has not been shipped: the whole order, or units of some lines."""
    from entrepot.domain.orders.cancel import Cancelled, CancelOrder
    from entrepot.domain.orders.whole_units import of_order

    found = await find(session, order)
    scales = of_order(found.lines)
    command = CancelOrder(found.order.id, units_of(line, scales), reason[:1_000])
    outcome: Cancelled = await session.execute(session.once(key, command, Cancelled), scales.context)
    session.tell(outcome, lambda: _cancellation(outcome, scales))


@app.command("delete")
@operator_command
async def delete_order(session: Session, order: OrderName) -> None:
    """Delete an order of which nothing waits: it stays in the books, and no account sees it any more."""
    from entrepot.domain.orders.delete import Deleted, DeleteOrder

    found = await find(session, order)
    outcome: Deleted = await session.execute(DeleteOrder(order=found.order.id))
    session.tell(outcome, lambda: f"Order {outcome.order.id} is deleted.")


@app.command("refund")
@operator_command
async def refund_order(
    session: Session,
    order: OrderName,
    reason: Annotated[str, typer.Option(help="Shown to the account that placed the order.")],
    line: Annotated[
        list[str] | None, typer.Option(metavar="NO=UNITS", help="So many units of a line; may be repeated.")
    ] = None,
    amount: Annotated[
        str | None,
        typer.Option(help="So much money, such as 12.50; with --line instead of the units' worth."),
    ] = None,
    payment: Annotated[
        int | None,
        typer.Option(metavar="NO", help="Of this payment; else of the first of which something is left."),
    ] = None,
    key: Key = None,
) -> None:
    """Give money back: all that is left of a payment, units of some lines, or an amount."""
    from entrepot.domain.orders.payments import LONGEST_KEY, RefundedLine, is_key
    from entrepot.domain.orders.whole_units import of_order
    from entrepot.domain.payments.refund import Refunding
    from entrepot.engine.money.refund import refund_order

    if key is not None and not is_key(key):
        fail(f"--key: expected 1 to {LONGEST_KEY} printable ASCII characters.", status=2)
    found = await find(session, order)
    scales = of_order(found.lines)
    lines = tuple(RefundedLine(each.no, each.quantity) for each in units_of(line, scales))
    money = None if amount is None else _money(amount, found.order.currency)
    named = None if payment is None else _payment(found, payment)
    command = refund_order(found.order.id, reason[:1_000], lines, money, payment=named, key=key)
    outcome: Refunding = await session.refund(command, found.order.currency, scales.context)
    session.tell(outcome, lambda: _refunded(outcome))


async def find(session: Session, name: str) -> "OrderDetails":
    """The order that goes by this name; exits where none does, or several do."""
    from entrepot.failures.orders import OrderUnknown
    from entrepot.store.queries import orders

    numbers = await orders.order_numbers(session.connection, session.workspace, name)
    if len(numbers) > 1:
        listed = ", ".join(map(str, numbers))
        fail(f"Several orders go by {name!r}; name one of them by its number: {listed}.")
    found = await orders.show_order(session.connection, session.workspace, numbers[0]) if numbers else None
    return found if found is not None else session.refuse(OrderUnknown(name))


def units_of(texts: "Iterable[str] | None", scales: "Scales", option: str = "--line") -> "tuple[Units, ...]":
    """Line numbers and units, each written `1=2`, or `1=0.5` where the line has decimals; exits on anything else."""
    return tuple(_units(text, scales, option) for text in texts or ())


def _units(text: str, scales: "Scales", option: str) -> "Units":
    from entrepot.domain.kernel.quantity import FINEST, to_units

    no, _, units = text.partition("=")
    number = to_units(no, 0)
    if number is None or to_units(units, FINEST) is None:
        fail(f"{option}: {text!r} is wrong; expected line number and units, such as 1=2.", status=2)
    read = scales.read(number, units)
    return fail(f"{option}: {text!r} is wrong; {read}.", status=2) if isinstance(read, str) else read


def _payment(found: "OrderDetails", no: int) -> int:
    numbers = {payment.no: payment.id for payment in found.payments}
    if no not in numbers:
        fail(f"--payment: {no} is wrong; the order has {', '.join(map(str, numbers)) or 'none'}.", status=2)
    return numbers[no]


def _money(text: str, currency: str) -> int:
    from entrepot.domain.kernel.money import exponent, read_amount

    minor = read_amount(text, currency)
    if minor is None:
        decimals = exponent(currency)
        fail(f"--amount: {text!r} is wrong; expected {currency} with at most {decimals} decimals.", status=2)
    if minor <= 0:
        fail(f"--amount: {text!r} is wrong; expected more than nothing.", status=2)
    return minor


def _refunded(outcome: "Refunding") -> str:
    from entrepot.cli.showing import amount

    order, refund = outcome.order, outcome.refund
    return f"Order {order.id}: {amount(refund.amount, order.currency)} were given back; it is {order.payment_state}."


def _order_table(orders: "tuple[Order, ...]") -> "Table":
    from entrepot.cli.showing import amount, table

    headings = ("order", "placed", "state", "payment", "total", "external id", "person")
    rows = (
        (
            order.id,
            f"{order.placed_at:%Y-%m-%d}",
            order.state if order.environment == "live" else f"{order.state} (test)",
            order.payment_state,
            amount(order.total, order.currency),
            order.external_id,
            order.person.email,
        )
        for order in orders
    )
    whole, sparse = ("placed", "state", "payment"), ("external id",)
    return table(headings, rows, right=("order", "total"), whole=whole, sparse=sparse)


def _cancellation(outcome: "Cancelled", scales: "Scales") -> str:
    from entrepot.cli.showing import amount

    order, units = outcome.order, scales.total(outcome.lines)
    said = f"Order {order.id}: {units} units worth {amount(outcome.value, order.currency)} are cancelled."
    if outcome.refund:
        said += f" {amount(outcome.refund, order.currency)} are still to be refunded."
    return said
