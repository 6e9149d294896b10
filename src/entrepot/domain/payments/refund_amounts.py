"""How much of an order can be given back, what units of it are worth, and what an amount of it was paid for."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from entrepot.domain.channels.charging import Steps, movable_part
from entrepot.domain.kernel.records import View
from entrepot.domain.orders.cancel import share_of
from entrepot.domain.orders.payments import Breakdown, Payment, Refund, RefundedLine
from entrepot.domain.orders.records import InvoiceLine, Order, OrderLine, OrderPart
from entrepot.failures import Failure
from entrepot.failures.payments import RefundTooLarge, UnitsNotRefundable


class Wanted(msgspec.Struct, frozen=True):
    """An amount by what it was paid for, and the units that it is for."""

    breakdown: Breakdown
    lines: tuple[RefundedLine, ...]


class Claim:
    """What is left to be given back of one payment of an order."""

    def __init__(self, order: Order, payment: Payment, view: View) -> None:
        self.order = order
        self.payment = payment
        self.payments = view.children(Payment, order.id)
        self.parts = view.children(OrderPart, order.id)
        self.lines = view.children(OrderLine, order.id)
        self.refunds = view.children(Refund, order.id)
        self.invoice = view.get(InvoiceLine, order.id)

    def wanted(self, lines: Sequence[RefundedLine], amount: int | None) -> Wanted | Failure:
        """What units or an amount come to, or without either all that is left of the payment."""
        units = self._units(lines)
        if isinstance(units, Failure):
            return units
        of_order = self._left()
        left = min(self.payment.amount - self.payment.refunded, of_order.total)
        worth = self._worth(units) if lines else of_order
        asked = amount if amount is not None else worth.total if lines else left
        if not 1 <= asked <= left:
            return RefundTooLarge(str(self.order.id), asked, left)
        if not lines and amount is None and asked == of_order.total:
            units = tuple(RefundedLine(x.no, open_units(x)) for x in self.lines if open_units(x))
        return Wanted(divided(asked, worth, of_order), units)

    def share_of_goods(
        self, worth: Breakdown, units: tuple[RefundedLine, ...], steps: Steps | None = None
    ) -> Wanted | None:
        """What this payment can give of so much worth of goods and their tax, in steps; None where it is nothing."""
        of_order = self._left()
        goods = Breakdown(
            min(of_order.goods, worth.goods), min(of_order.goods_tax, worth.goods_tax), *(0, 0, 0)
        )
        amount = min(self.payment.amount - self.payment.refunded, goods.total, of_order.total)
        amount = movable_part(amount, self.payment.currency, steps)
        return Wanted(divided(amount, worth, goods), units) if amount > 0 else None

    def _units(self, lines: Sequence[RefundedLine]) -> tuple[RefundedLine, ...] | Failure:
        known = {line.no: line for line in self.lines}
        asked: dict[int, int] = {}
        for line in lines:
            asked[line.line] = asked.get(line.line, 0) + line.quantity
            left = open_units(known[line.line]) if line.line in known else 0
            if line.quantity < 1 or asked[line.line] > left:
                return UnitsNotRefundable(str(self.order.id), line.line, asked[line.line], left)
        return tuple(RefundedLine(no, quantity) for no, quantity in asked.items())

    def _worth(self, units: Sequence[RefundedLine]) -> Breakdown:
        taken = {each.line: each.quantity for each in units}
        parts = self._last_of_parts(taken)
        lines = [(line, taken[line.no]) for line in self.lines if line.no in taken]
        return Breakdown(
            sum(_slice(line.goods, line, quantity) for line, quantity in lines),
            sum(_slice(line.tax, line, quantity) for line, quantity in lines),
            sum(part.shipping for part in parts),
            sum(part.shipping_tax for part in parts),
            sum(_slice(line.duties, line, quantity) for line, quantity in lines),
        )

    def _last_of_parts(self, taken: dict[int, int]) -> list[OrderPart]:
        """The parts of which nothing is left that was not given back."""
        touched = {line.part for line in self.lines if line.no in taken}
        kept = {line.part for line in self.lines if open_units(line) > taken.get(line.no, 0)}
        return [part for part in self.parts if part.no in touched - kept]

    def _left(self) -> Breakdown:
        """What of the order was not given back, by what it is paid for; the fee and coins count with the goods."""
        order = self.order
        given = [refund.breakdown for refund in self.refunds]
        other = order.goods_tax + order.shipping + order.shipping_tax + order.duties
        return Breakdown(
            order.total - other - sum(each.goods for each in given),
            order.goods_tax - sum(each.goods_tax for each in given),
            order.shipping - sum(each.shipping for each in given),
            order.shipping_tax - sum(each.shipping_tax for each in given),
            order.duties - sum(each.duties for each in given),
        )


def goods_of(lines: Sequence[OrderLine], units: Sequence[RefundedLine]) -> Breakdown:
    """What units are worth that were not given back before: goods and their tax, no shipping and no duties."""
    taken = {each.line: each.quantity for each in units}
    wanted = [(line, taken[line.no]) for line in lines if line.no in taken]
    return Breakdown(
        sum(_slice(line.goods, line, quantity) for line, quantity in wanted),
        sum(_slice(line.tax, line, quantity) for line, quantity in wanted),
        *(0, 0, 0),
    )


def without(whole: Breakdown, part: Breakdown) -> Breakdown:
    """What is left of an amount after a part of it."""
    return Breakdown(*(getattr(whole, name) - getattr(part, name) for name in _PARTS))


def divided(amount: int, worth: Breakdown, left: Breakdown) -> Breakdown:
    """An amount by what it is given back for: in the proportions of `worth`, and never more than is `left` of each."""
    parts = {name: getattr(worth, name) for name in _PARTS}
    limits = {name: getattr(left, name) for name in _PARTS}
    whole = sum(parts.values())
    given = {name: min(amount * part // whole if whole else 0, limits[name]) for name, part in parts.items()}
    for name in _PARTS:
        more = min(amount - sum(given.values()), limits[name] - given[name])
        given[name] += more
    return Breakdown(**given)


_PARTS = ("goods", "goods_tax", "shipping", "shipping_tax", "duties")


def open_units(line: OrderLine) -> int:
    """How many units of a line have not been given back."""
    return line.quantity - line.refunded


def _slice(amount: int, line: OrderLine, quantity: int) -> int:
    """The share of so many more units: refunded unit by unit, a line comes to exactly its own sums."""
    before = share_of(amount, line.refunded, line.quantity)
    return share_of(amount, line.refunded + quantity, line.quantity) - before
