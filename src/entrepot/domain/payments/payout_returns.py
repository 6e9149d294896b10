"""What merchants give back of their payouts when an order's money is refunded: asked of the provider by the outbox."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from entrepot.domain.kernel.records import Changes
from entrepot.domain.orders.cancel import share_of
from entrepot.domain.orders.payments import Payment, Refund
from entrepot.domain.orders.records import Order, OrderLine, OrderPart, PartPayout
from entrepot.domain.outbox.deliveries import Delivery

LISTENER = "reversal"


def take_back(
    order: Order,
    payment: Payment,
    refund: Refund,
    parts: Sequence[OrderPart],
    lines: Sequence[OrderLine],
    now: datetime,
    changes: Changes,
) -> None:
    """Put into `changes` what each merchant owes because of a refund that was given; `order` is as it is after it.

    Merchants were paid goods and shipping, without taxes, and that is what comes back: of the parts whose units were
    refunded, else of all, in proportion. Once everything is refunded, nothing of a payout is left.
    """
    if payment.reference is None:
        return
    owed = _owed(refund, parts, lines)
    for part in parts:
        payout = part.payout
        if payout is None:
            continue
        left = payout.amount - payout.returned
        amount = left if order.payment_state == "refunded" else min(owed.get(part.no, 0), left)
        if amount > 0:
            after = msgspec.structs.replace(
                payout, returned=payout.returned + amount, returns=payout.returns + 1
            )
            changes.put(msgspec.structs.replace(part, payout=after))
            changes.put(_message(payment.reference, after, amount, refund, now))


def _owed(refund: Refund, parts: Sequence[OrderPart], lines: Sequence[OrderLine]) -> dict[int, int]:
    """What of the refund's goods and shipping falls on each part."""
    units = {each.line: each.quantity for each in refund.lines}
    goods = {part.no: 0 for part in parts}
    for line in lines:
        share = share_of(line.goods, units.get(line.no, 0), line.quantity) if units else line.goods
        goods[line.part] = goods.get(line.part, 0) + share
    touched = {line.part for line in lines if line.no in units} or set(goods)
    closed = touched - {line.part for line in lines if line.refunded < line.quantity}
    shipping = {part.no: part.shipping if part.no in (closed or touched) else 0 for part in parts}
    of_goods = _allotted(refund.breakdown.goods, goods)
    of_shipping = _allotted(refund.breakdown.shipping, shipping)
    return {no: of_goods.get(no, 0) + of_shipping.get(no, 0) for no in goods}


def _allotted(amount: int, weights: Mapping[int, int]) -> dict[int, int]:
    """The amount by weight, to the last minor unit; nothing where nothing weighs anything."""
    whole, before, given = sum(weights.values()), 0, dict[int, int]()
    for no, weight in weights.items():
        after = before + weight
        given[no] = share_of(amount, after, whole) - share_of(amount, before, whole)
        before = after
    return given


def _message(intent: str, payout: PartPayout, amount: int, refund: Refund, now: datetime) -> Delivery:
    payload = {
        "intent": intent,
        "account": payout.account,
        "amount": amount,
        "key": payout.key,
        "refund": refund.key_uuid.hex,
    }
    return Delivery(refund.order, f"{LISTENER}:{payout.merchant}", payout.returns, payload, now)
