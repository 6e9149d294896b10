"""One order as a page for a person: who, where to, what, for how much, and what happened."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from entrepot.cli.operate.after_sale import returns_of, shipments_of
from entrepot.cli.showing import amount, plain, table

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table

    from entrepot.domain.orders.payments import Payment
    from entrepot.domain.orders.records import Address, Order, OrderEvent, Person
    from entrepot.store.queries.orders import OrderDetails

_WORDS = {
    "placed": "The order was placed",
    "recorded": "The order was recorded: it was sold elsewhere",
    "cancelled": "Units were cancelled",
    "refunded": "Money was given back",
    "expired": "The order was not paid in time",
    "sent": "Units were sent",
    "payment-set": "A payment was changed",
    "payment-captured": "The money was taken",
    "payment-cancelled": "The money was let go",
}
"""Events in words; one that is not here is told by its own name."""


def order_page(found: "OrderDetails", account: str) -> "Group":
    """The order with its account, buyer, address, lines, sums, payments and history."""
    from rich.console import Group

    order = found.order
    heads = [f"{name}: {text}" for name, text in _heads(order, account) if text]
    sums = table(("", ""), _sums(order), right=("",))
    sums.show_header = False
    parts = (
        _lines(found),
        "",
        sums,
        "",
        _payments(found.payments),
        *(part for part in (shipments_of(found), returns_of(found)) if part is not None),
        "",
        _history(found.events, order.currency),
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


def _lines(found: "OrderDetails") -> "Table":
    counters = ("new", "acknowledged", "shipped", "delivered", "cancelled", "return_initiated", "returned")
    several = len(found.parts) > 1
    money = found.order.currency
    rows = (
        (
            *(line.no, line.part if several else "", line.sku, line.name, line.quantity),
            *(getattr(line, counter) for counter in counters),
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


def _history(events: "tuple[OrderEvent, ...]", currency: str) -> "Table":
    rows = (
        (
            event.seq,
            f"{event.at:%Y-%m-%d %H:%M:%S}",
            _WORDS.get(event.kind, event.kind),
            _told(event.data, currency),
        )
        for event in events
    )
    return table(("event", "at", "what", "details"), rows, whole=("at", "what"), sparse=("details",))


def _told(data: dict[str, Any], currency: str) -> str:
    """What an event knows, in words; money in the order's currency."""
    return "; ".join(
        _detail(name, value, currency) for name, value in data.items() if value not in (None, "", [], {})
    )


def _detail(name: str, value: Any, currency: str) -> str:
    words = name.replace("_", " ")
    if name in ("amount", "value", "refund") and isinstance(value, int):
        return f"{words} {amount(value, currency)}"
    if isinstance(value, list):
        return f"{words} {', '.join(_entry(each) for each in value)}"  # pyright: ignore[reportUnknownVariableType]
    return f"{words} {value}"


def _entry(value: Any) -> str:
    """A line of an order with its units, or whatever else a list may hold."""
    if isinstance(value, dict):
        return " ".join(f"{name} {inner}" for name, inner in value.items())  # pyright: ignore[reportUnknownVariableType]
    return str(value)
