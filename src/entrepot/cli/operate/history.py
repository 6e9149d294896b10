"""What happened to an order or a return, in words."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from rich.table import Table

    from entrepot.domain.orders.records import OrderEvent
    from entrepot.domain.orders.whole_units import Scales

_UNITS = frozenset({"quantity", "restock", "scrap"})
"""What an event calls units of a line."""
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
    "edited": "The order was edited",
    "acknowledged": "Units were acknowledged",
    "tracked": "News of a shipment came",
    "delivered": "Units were delivered",
    "return-opened": "A return was opened",
    "return-in_transit": "Units are on their way back",
    "return-at_center": "Units came to the return centre",
    "return-received": "Units came back",
    "return-inspected": "Returned units were inspected",
    "return-cancelled": "Units will not come back",
}
"""Events in words; one that is not here is told by its own name."""


def history(
    events: "Iterable[OrderEvent]", currency: str, counted: "Callable[[OrderEvent], Scales]"
) -> "Table":
    """What happened to an order, in words; `counted` says how the lines are counted that an event names."""
    from entrepot.cli.showing import table

    rows = (
        (
            event.seq,
            f"{event.at:%Y-%m-%d %H:%M:%S}",
            _WORDS.get(event.kind, event.kind),
            told(event.data, counted(event), currency),
        )
        for event in events
    )
    return table(("event", "at", "what", "details"), rows, whole=("at", "what"), sparse=("details",))


def told(data: dict[str, Any], scales: "Scales", currency: str = "") -> str:
    """What an event knows, in words: units of lines by how these are counted, money in the order's currency."""
    known = ((name, value) for name, value in data.items() if value not in (None, "", [], {}))
    return "; ".join(_detail(name, value, scales, currency) for name, value in known)


def _detail(name: str, value: Any, scales: "Scales", currency: str) -> str:
    from entrepot.cli.showing import amount

    words = name.replace("_", " ")
    if name == "ended":
        return "nothing is left of the order"
    if name in ("amount", "value") and isinstance(value, int):
        return f"{words} {amount(value, currency)}"
    if isinstance(value, list):
        entries = cast("list[Any]", value)
        return f"{words} {', '.join(_entry(each, scales) for each in entries)}"
    return f"{words} {value}"


def _entry(value: Any, scales: "Scales") -> str:
    """A line with its units, or whatever else a list may hold."""
    if not isinstance(value, dict):
        return str(value)
    entry = cast("dict[str, Any]", value)
    no = entry.get("no", 0)
    return " ".join(
        f"{name} {scales.text(no, inner) if name in _UNITS and isinstance(inner, int) else inner}"
        for name, inner in entry.items()
    )
