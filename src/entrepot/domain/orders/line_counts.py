"""How the units of order lines move from stage to stage, and how far an order is because of it.

Every change of the counters is one of these functions, so that they always add up to the line's quantity; whoever
changes lines writes the order that `counted` makes of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, cast

import msgspec

from entrepot.domain.orders.records import Order, OrderLine, Progress

RANK: Final = ("new", "cancelled", "acknowledged", "shipped", "delivered", "return_initiated", "returned")
"""The counters by how far their units have come, the furthest last."""
LARGEST_QUANTITY = 10**9
"""The most units that one order line may have."""


class Units(msgspec.Struct, frozen=True):
    """So many units of one order line."""

    no: int
    quantity: int


def progress(lines: Iterable[OrderLine]) -> Progress:
    """The furthest stage that any unit reached; `partially_` where other units stand elsewhere."""
    reached = [stage for stage in RANK if any(getattr(line, stage) for line in lines)] or ["new"]
    furthest = reached[-1]
    return cast("Progress", furthest if len(reached) == 1 else f"partially_{furthest}")


def counted(order: Order, lines: Sequence[OrderLine]) -> Order:
    """The order as far as these are all its lines."""
    return msgspec.structs.replace(order, progress=progress(lines))


def merged(lines: Sequence[OrderLine], changed: Iterable[OrderLine]) -> list[OrderLine]:
    """All lines, those that changed in their new state."""
    by_no = {line.no: line for line in changed}
    return [by_no.get(line.no, line) for line in lines]


def added(units: Iterable[Units]) -> dict[int, int]:
    """Units by line; those of one line that is named more than once count together."""
    wanted: dict[int, int] = {}
    for each in units:
        wanted[each.no] = wanted.get(each.no, 0) + each.quantity
    return wanted


def listed(wanted: Mapping[int, int]) -> tuple[Units, ...]:
    """The same the other way round."""
    return tuple(Units(no, quantity) for no, quantity in wanted.items())


def unsent(line: OrderLine) -> int:
    """How many units are new or acknowledged: they can be sent, or cancelled."""
    return line.new + line.acknowledged


def sent(line: OrderLine) -> int:
    """How many units ever left, those that came back since included."""
    return line.shipped + arrived(line)


def arrived(line: OrderLine) -> int:
    """How many units ever reached the buyer, those that came back since included."""
    return line.delivered + line.return_initiated + line.returned


def acknowledge(line: OrderLine, quantity: int) -> OrderLine:
    """So many new units are being worked on."""
    return msgspec.structs.replace(line, new=line.new - quantity, acknowledged=line.acknowledged + quantity)


def cancel(line: OrderLine, quantity: int) -> OrderLine:
    """So many units are cancelled, new ones before acknowledged ones."""
    new = min(line.new, quantity)
    return msgspec.structs.replace(
        line,
        new=line.new - new,
        acknowledged=line.acknowledged - (quantity - new),
        cancelled=line.cancelled + quantity,
    )


def ship(line: OrderLine, quantity: int) -> OrderLine:
    """So many units leave, acknowledged ones before new ones."""
    acknowledged = min(line.acknowledged, quantity)
    return msgspec.structs.replace(
        line,
        new=line.new - (quantity - acknowledged),
        acknowledged=line.acknowledged - acknowledged,
        shipped=line.shipped + quantity,
    )


def deliver(line: OrderLine, quantity: int) -> OrderLine:
    """So many units reach the buyer."""
    return msgspec.structs.replace(line, shipped=line.shipped - quantity, delivered=line.delivered + quantity)


def send_back(line: OrderLine, quantity: int) -> OrderLine:
    """So many delivered units are on their way back; a negative quantity keeps its units."""
    return msgspec.structs.replace(
        line, delivered=line.delivered - quantity, return_initiated=line.return_initiated + quantity
    )


def take_back(line: OrderLine, quantity: int) -> OrderLine:
    """So many units that were on their way back are here."""
    return msgspec.structs.replace(
        line, return_initiated=line.return_initiated - quantity, returned=line.returned + quantity
    )
