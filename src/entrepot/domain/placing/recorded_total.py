"""A recorded order is paid at no more than was recorded: shipping, taxes and rates may have risen since.

Prices are another matter: a price that the account was shown since the order was recorded is charged, with its tax
(decision bonsai what a pending order costs).
"""

from __future__ import annotations

from collections.abc import Iterator

from entrepot.domain.kernel.records import View
from entrepot.domain.orders.cancel import share_of
from entrepot.domain.orders.line_counts import unsent
from entrepot.domain.orders.owed import owed_of
from entrepot.domain.orders.records import Order, OrderLine
from entrepot.domain.placing.attempts import Draft
from entrepot.domain.placing.basket import Basket
from entrepot.failures.orders import CostRisen


def risen(basket: Basket, drafted: Draft, view: View) -> tuple[CostRisen, ...]:
    """Why the recorded order cannot be paid as drafted: it costs more than its shopper was told; line by line.

    Every line is named: the shipping and taxes of an order are those of all its lines together.
    """
    recorded = view.get(Order, drafted.order.id)
    if recorded is None or drafted.order.total <= owed_of(recorded, view) + sum(_shown(drafted, view)):
        return ()
    return tuple(CostRisen(line.ref) for line in basket.lines)


def _shown(drafted: Draft, view: View) -> Iterator[int]:
    """What lines may cost more than was recorded, because a higher price of theirs was shown since."""
    recorded = sorted(view.children(OrderLine, drafted.order.id), key=lambda line: line.no)
    left = [line for line in recorded if unsent(line)]
    for before, now in zip(left, drafted.lines, strict=True):
        goods = share_of(before.goods, unsent(before), before.quantity)
        if now.goods > goods:
            yield _with_taxes(now.goods - goods, goods, before)


def _with_taxes(more: int, goods: int, before: OrderLine) -> int:
    """So much more for a line's goods, with tax and duties at its recorded rates.

    The rates are known from sums that were rounded; whatever rate they may stand for is allowed.
    """
    recorded = share_of(before.tax + before.duties, unsent(before), before.quantity)
    return more + -(-more * (recorded + 1) // max(goods, 1)) + 2
