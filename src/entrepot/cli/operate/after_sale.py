"""How shipments and returns of an order are shown."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Group

    from entrepot.domain.fulfilment.records import ReturnLine
    from entrepot.domain.orders.whole_units import Scales
    from entrepot.store.queries.orders import OrderDetails


def shipments_of(found: "OrderDetails", scales: "Scales") -> "Group | None":
    """The order's shipments with what is in them; None where there is none."""
    from rich.console import Group

    from entrepot.cli.showing import table

    if not found.shipments:
        return None
    rows = (
        (
            *(each.no, each.part, each.carrier, each.tracking),
            ", ".join(
                f"{one.line}={scales.text(one.line, one.quantity)}"
                for one in found.contents
                if one.shipment == each.no
            ),
            f"{each.shipped_at:%Y-%m-%d %H:%M}",
            f"{each.delivered_at:%Y-%m-%d %H:%M}" if each.delivered_at else "",
            next((e.status for e in reversed(found.tracking) if e.shipment == each.no), ""),
        )
        for each in found.shipments
    )
    headings = ("shipment", "part", "carrier", "tracking", "line=units", "shipped", "delivered", "last told")
    sparse = ("carrier", "tracking", "delivered", "last told")
    return Group("", table(headings, rows, whole=("shipped", "delivered"), sparse=sparse))


def returns_of(found: "OrderDetails", scales: "Scales") -> "Group | None":
    """The order's returns with their lines; None where there is none."""
    from rich.console import Group

    names = {each.id: each.name for each in found.returns}
    return Group("", return_lines(found.returned, names, scales)) if found.returns else None


def return_lines(lines: "Iterable[ReturnLine]", names: dict[int, str | None], scales: "Scales") -> "Group":
    """Lines of returns, each with how far its units are.

    `names` are what the returns' channels call them, `scales` how the order's lines are counted.
    """
    from rich.console import Group

    from entrepot.cli.showing import table
    from entrepot.domain.fulfilment.records import RETURN_STAGES

    rows = (
        (
            *(each.return_id, names.get(each.return_id), each.no, each.line, each.sku, each.reason),
            *(scales.text(each.line, getattr(each, counter)) for counter in ("quantity", *RETURN_STAGES)),
        )
        for each in lines
    )
    shown = tuple(stage.replace("_", " ") for stage in RETURN_STAGES)
    headings = ("return", "named", "no", "line", "sku", "reason", "units", *shown)
    return Group(table(headings, rows, right=("units", *shown), sparse=("named", "reason", *shown)))
