"""Payouts (`payout:<merchant>`): what a merchant is due of a captured charge is handed on to its account.

Reversals (`reversal:<merchant>`) take back what was refunded since; one that comes first waits for its payout.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec

from entrepot.engine.deliveries.handler import UNREADABLE, Delivered, Failed, Job, Outcome, read_payload
from entrepot.gateways.cards.port import CardGateway, Reversal, Transfer

CardsOf = Callable[[int, int], Awaitable[CardGateway]]
"""The card gateway that took the money of an order, by workspace and order."""


class _Payout(msgspec.Struct):
    intent: str
    account: str
    amount: int
    key: str


class PayoutDeliveries:
    """Transfers once per attempt and merchant, however often it is asked: the provider knows the key."""

    def __init__(self, cards_of: CardsOf) -> None:
        self._cards_of = cards_of

    async def __call__(self, job: Job) -> Outcome:
        """Ask the provider for the transfer; whatever it refuses may be mended, at the account if not here."""
        payout = read_payload(job, _Payout)
        if payout is None:
            return UNREADABLE
        cards = await self._cards_of(job.workspace, job.subject)
        key = f"{payout.key}:{job.to}"
        answer = await cards.transfer(payout.intent, payout.account, payout.amount, key)
        return Delivered() if isinstance(answer, Transfer) else Failed(answer.reason)


class _Reversal(_Payout):
    refund: str


class ReversalDeliveries:
    """Takes payouts back, once per refund and merchant, however often it is asked."""

    def __init__(self, cards_of: CardsOf) -> None:
        self._cards_of = cards_of

    async def __call__(self, job: Job) -> Outcome:
        """Ask the provider; where the merchant's account is empty it is asked again."""
        back = read_payload(job, _Reversal)
        if back is None:
            return UNREADABLE
        cards = await self._cards_of(job.workspace, job.subject)
        made, key = f"{back.key}:{job.to}", f"{back.key}:{job.to}:{back.refund}"
        answer = await cards.reverse(back.intent, back.account, back.amount, made, key)
        return Delivered() if isinstance(answer, Reversal) else Failed(answer.reason)
