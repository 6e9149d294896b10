"""Collecting reserved payments and letting them go: the provider that holds the money is asked, in doubt again.

An intent is captured once and cancelled once, however often it is asked for, so asking again needs no key. Whoever
asks first says what came of it; what stays in doubt is asked again by the outbox.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

import msgspec
import structlog

from entrepot.domain.kernel.commands import refused
from entrepot.domain.payments.capture import CancelPayment, CapturePayment, EndAsking, PaymentAsked
from entrepot.engine.batches.engine import Engine, Outcome
from entrepot.engine.clock import real_now
from entrepot.engine.deliveries.handler import UNREADABLE, Delivered, Failed, Job, read_payload
from entrepot.engine.deliveries.handler import Outcome as Tried
from entrepot.engine.gateways import Gateways, cards_of
from entrepot.failures import Failure
from entrepot.failures.payments import (
    ASK_AGAIN,
    PaymentCancelRefused,
    PaymentDeclined,
    PaymentInDoubt,
    PaymentProviderUnreachable,
)
from entrepot.gateways.cards.port import CallFailed, CardGateway, Intent
from entrepot.store.connections import Pool
from entrepot.store.queries.attempts import read_payment

ASK_AGAIN_AFTER = timedelta(seconds=60)
"""How long whoever asks first asks alone; the outbox asks after that."""
COLLECTED = "The payment has been collected already."

_log = structlog.stdlib.get_logger("entrepot.payments")


class Payments:
    """Collects and lets go the payments of orders of any workspace."""

    def __init__(self, engine: Engine, reads: Pool, gateways: Gateways) -> None:
        self._engine = engine
        self._reads = reads
        self._gateways = gateways

    async def ask(self, workspace: int, command: CapturePayment | CancelPayment) -> Outcome:
        """Note the question, ask, and write down: `PaymentSet` once the payment is paid or cancelled."""
        asked = await self._engine.execute(workspace, command)
        return (
            await self._ask(workspace, asked, ends=asked.first) if isinstance(asked, PaymentAsked) else asked
        )

    async def settle(self, workspace: int, order: int, payment: int, no: int) -> bool:
        """Ask a question again that may have been asked; whether it has been answered now."""
        async with self._reads.acquire() as connection:
            found = await read_payment(connection, workspace, order, payment)
        if found is None or found[1].asking is None or found[1].asking.no != no:
            return True
        asked = PaymentAsked(found[0], found[1], found[1].asking, first=False, amount=found[2])
        outcome = await self._ask(workspace, asked, ends=True)
        return outcome != refused(PaymentInDoubt(ASK_AGAIN, str(payment)))

    async def _ask(self, workspace: int, asked: PaymentAsked, *, ends: bool) -> Outcome:
        """Whoever comes upon a question that somebody else is asking (`ends` is off) does not call it refused."""
        gateway = await cards_of(self._reads, self._gateways, workspace, asked.order.id)
        answer = await _answered(gateway, asked)
        if isinstance(answer, Intent) and answer.status == _DONE[asked.asking.what]:
            state = "paid" if asked.asking.what == "capture" else "cancelled"
            captured = answer.captured if state == "paid" else None
            return await self._engine.execute(workspace, _ending(asked, state, captured))
        if isinstance(answer, CallFailed) and (answer.in_doubt or not ends):
            return refused(PaymentInDoubt(ASK_AGAIN, str(asked.payment.id)))
        await self._engine.execute(workspace, _ending(asked, None))
        failure = _why(asked, answer)
        _log.warning("payment not moved", workspace=workspace, order=asked.order.id, failure=failure.name)
        return refused(failure)


_DONE = {"capture": "succeeded", "cancel": "canceled"}


async def _answered(gateway: CardGateway, asked: PaymentAsked) -> Intent | CallFailed:
    intent = asked.payment.reference or ""
    if asked.asking.what == "cancel":
        return await gateway.cancel(intent)
    return await gateway.capture(intent, asked.amount, currency=asked.payment.currency)


def _ending(
    asked: PaymentAsked, state: Literal["paid", "cancelled"] | None, captured: int | None = None
) -> EndAsking:
    order, payment = asked.order, asked.payment
    return EndAsking(order=order.id, payment=payment.id, no=asked.asking.no, state=state, captured=captured)


def _why(asked: PaymentAsked, answer: Intent | CallFailed) -> Failure:
    """What the provider's refusal is called. An intent that it gave is one that was captured elsewhere."""
    if isinstance(answer, Intent):
        return PaymentCancelRefused(COLLECTED)
    if answer.unreachable:
        return PaymentProviderUnreachable(ASK_AGAIN, str(asked.order.id))
    kind = PaymentDeclined if asked.asking.what == "capture" else PaymentCancelRefused
    return kind(answer.reason)


class _Payload(msgspec.Struct):
    payment: int


class PaymentDeliveries:
    """Questions (`payment:<no>`) that somebody noted and may not have brought to their end."""

    def __init__(self, payments: Payments) -> None:
        self._payments = payments

    async def __call__(self, job: Job) -> Tried:
        """Ask again; the answer does not depend on how often it is asked."""
        payload, no = read_payload(job, _Payload), job.number
        if payload is None or no is None:
            return UNREADABLE
        ended = await self._payments.settle(job.workspace, job.subject, payload.payment, no)
        return Delivered() if ended else Failed("the provider gave no answer")


def ask_again_at() -> datetime:
    """Until when a question that is noted now is left to who notes it."""
    return real_now() + ASK_AGAIN_AFTER
