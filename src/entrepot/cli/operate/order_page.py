"""One order as a page for a person: who, where to, what, for how much, and what happened."""

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from entrepot.cli.operate.after_sale import returns_of, shipments_of
from entrepot.cli.operate.history import history
from entrepot.cli.showing import amount, plain, table

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table

    from entrepot.domain.orders.payments import Payment
    from entrepot.domain.orders.records import Address, Order, OrderEvent, Person
    from entrepot.domain.orders.whole_units import Scales
    from entrepot.store.queries.orders import OrderDetails


def order_page(found: "OrderDetails", account: str) -> "Group":
    """The order with its account, buyer, address, lines, sums, payments and history."""
    from rich.console import Group

    from entrepot.domain.orders.whole_units import of_order

    order, scales = found.order, of_order(found.lines)
    heads = [f"{name}: {text}" for name, text in _heads(order, account) if text]
    sums = table(("", ""), _sums(order), right=("",))
    sums.show_header = False
    parts = (
        _lines(found, scales),
        "",
        sums,
        "",
        _payments(found.payments),
        *(part for part in (shipments_of(found, scales), returns_of(found, scales)) if part is not None),
        "",
        history(found.events, order.currency, partial(_counted, found, scales)),
    )
    return Group(plain(_title(order)), *map(plain, heads), "", *parts)


def _title(order: "Order") -> str:
    from entrepot.domain.kernel.ids import cuid

    why = f" ({order.reason})" if order.reason else ""
    test = ", a test order" if order.environment == "test" else ""
    return f"Order {order.id}, {cuid(order.uuid)}{test}: {order.state}{why}, {order.payment_state}"


def _heads(order: "Order", account: str) -> Iterator[tuple[str, str]]:
    yield "Account", account
    yield "External id", order.external_id or ""
    yield "Progress", order.progress.replace("_", " ")
    yield "Placed", f"{order.placed_at:%Y-%m-%d %H:%M:%S}"
    yield "Customer", _person(order.person)
    yield "Ships to", _address(order.ship_to) if order.ship_to else ""
    yield "Payment method", order.payment_method
    yield "Note", order.note or ""


def _person(person: "Person") -> str:
    name = f"{person.first_name} {person.last_name}".strip()
    return f"{name} <{person.email}>" if name else person.email


def _address(to: "Address") -> str:
    name = to.name or f"{to.first_name} {to.last_name}".strip()
    town = " ".join(filter(None, (to.city, to.province, to.zip)))
    return ", ".join(filter(None, (name, to.address1, to.address2, town, to.country, to.phone)))


def _sums(order: "Order") -> Iterator[tuple[str, str]]:
    named = {
        "Goods": order.goods, "Shipping": order.shipping, "Fee": order.fee,
        "Taxes": order.goods_tax + order.shipping_tax + order.fee_tax,
        "Duties": order.duties, "Rounding": order.rounding,
    }  # fmt: skip
    for name, minor in named.items():
        if minor or name in ("Goods", "Taxes"):
            yield name, amount(minor, order.currency)
    yield "Total", amount(order.total, order.currency)


def _counted(found: "OrderDetails", scales: "Scales", happened: "OrderEvent") -> "Scales":
    """How the lines are counted that an event of the order names: its own, or those of a return."""
    from entrepot.domain.fulfilment.returns.work import of_return

    number = happened.data.get("return")
    if number is None:
        return scales
    return of_return([each for each in found.returned if each.return_id == number], scales)


def _lines(found: "OrderDetails", scales: "Scales") -> "Table":
    counters = ("new", "acknowledged", "shipped", "delivered", "cancelled", "return_initiated", "returned")
    several = len(found.parts) > 1
    money = found.order.currency
    rows = (
        (
            *(line.no, line.part if several else "", line.sku, line.name),
            *(scales.text(line.no, getattr(line, counter)) for counter in ("quantity", *counters)),
            *(amount(line.price, money), amount(line.tax, money)),
        )
        for line in found.lines
    )
    headings = ("line", "part", "sku", "name", "units", *counters, "price", "tax")
    return table(
        headings, rows, right=("units", *counters, "price", "tax"), whole=("sku",), sparse=("part", *counters)
    )


def _payments(payments: "tuple[Payment, ...]") -> "Table":
    rows = (
        (p.no, p.kind, p.state, amount(p.amount, p.currency), amount(p.refunded, p.currency))
        for p in payments
    )
    headings = ("payment", "kind", "state", "amount", "refunded")
    return table(headings, rows, right=("amount", "refunded"))
