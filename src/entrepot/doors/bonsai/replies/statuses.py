"""The words in which the API says how far an order, a row and its payment are (decision bonsai order lifecycle).

A row that is cancelled in part counts by the units that are left. An order with several merchants is as far as its
last row, except that the first shipment makes it `Partially Fulfilled`.
"""

from __future__ import annotations

from collections.abc import Sequence

from entrepot.domain.orders.records import Order, OrderLine, OrderPart

PENDING = "pending"
ACCEPTED = "payment successful"
SENT = "sent to merchant"
PARTIAL = "Partially Fulfilled"
FULFILLED = "fulfilled"
CANCELLED = "cancelled"

_CANCELLED_FOR = {"payment": "cancelled (payment)"}
_FAILED_FOR = {
    "payment": "failed (payment)",
    "payment validation": "failed (payment validation)",
    "merchant": "failed (merchant)",
    "inventory": "failed (inventory)",
}
_FAILED = "failed (unknown)"
_RELATED = "failed (inventory - related)"


def order_status(order: Order, parts: Sequence[OrderPart], lines: Sequence[OrderLine]) -> str:
    """How far the order is."""
    whole = _whole_order(order)
    if whole is not None:
        return whole
    known = {part.no: part for part in parts}
    rows = {_placed(line, known.get(line.part)) for line in lines} - {CANCELLED}
    if not rows:
        return CANCELLED
    if rows == {FULFILLED}:
        return FULFILLED
    if rows & {FULFILLED, PARTIAL}:
        return PARTIAL
    return SENT if rows == {SENT} else ACCEPTED


def row_statuses(order: Order, parts: Sequence[OrderPart], lines: Sequence[OrderLine]) -> list[str]:
    """How far each row is, in the order of `lines`.

    An order that failed for lack of stock has cancelled the units of the rows at fault; the others were only stopped.
    """
    whole = _whole_order(order)
    if whole is None:
        known = {part.no: part for part in parts}
        return [_placed(line, known.get(line.part)) for line in lines]
    if whole != _FAILED_FOR["inventory"]:
        return [whole] * len(lines)
    at_fault = {line.no for line in lines if line.cancelled} or {line.no for line in lines}
    return [whole if line.no in at_fault else _RELATED for line in lines]


def payment_status(order: Order, line: OrderLine) -> str:
    """Whether a row is paid: of a whole refund every row has its part, of another only the rows that it names."""
    if order.payment_state == "refunded":
        return "refunded"
    if order.payment_state not in ("paid", "partially_refunded"):
        return "unpaid"
    if not line.refunded:
        return "paid"
    return "refunded" if line.refunded >= line.quantity else "partially refunded"


def _whole_order(order: Order) -> str | None:
    """The status that the order's state alone decides, for all its rows."""
    match order.state:
        case "pending":
            return PENDING
        case "cancelled":
            return _CANCELLED_FOR.get(order.reason, CANCELLED)
        case "failed":
            return _FAILED_FOR.get(order.reason, _FAILED)
        case "placed":
            return None


def _placed(line: OrderLine, part: OrderPart | None) -> str:
    left = line.quantity - line.cancelled
    sent = line.shipped + line.delivered + line.return_initiated + line.returned
    if not left:
        return CANCELLED
    if sent:
        return FULFILLED if sent == left else PARTIAL
    return SENT if part is not None and part.merchant_order_id is not None else ACCEPTED
