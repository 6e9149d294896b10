"""Refunds outside: the provider that took an order's money is asked to give some of it back, once per key.

Whoever reserves a refund asks at once; what stays in doubt is asked again by the outbox, under the same key.
"""

from __future__ import annotations

import asyncio
import hashlib
from datetime import datetime, timedelta

import msgspec
import structlog

from entrepot.domain.channels.charging import Steps
from entrepot.domain.fulfilment.returns.receive import ReceiveReturn
from entrepot.domain.kernel.commands import Refused, refused
from entrepot.domain.orders.access import Asker
from entrepot.domain.orders.line_counts import Units
from entrepot.domain.orders.payments import CallersKey, Refund, RefundedLine
from entrepot.domain.payments.refund import EndRefund, Refunding, RefundOrder
from entrepot.engine.batches.engine import Engine, Outcome
from entrepot.engine.clock import real_now
from entrepot.engine.deliveries.handler import UNREADABLE, Delivered, Failed, Job, read_payload
from entrepot.engine.deliveries.handler import Outcome as Tried
from entrepot.engine.gateways import Gateways, cards_of, steps_by_gateway
from entrepot.failures import Failure
from entrepot.failures.payments import (
    ASK_AGAIN,
    PaymentProviderUnreachable,
    RefundInDoubt,
    RefundRefused,
    RefundUnderWay,
)
from entrepot.gateways.cards.port import KEY_LIFE, CallFailed
from entrepot.gateways.cards.port import Refund as Given
from entrepot.store.connections import Pool
from entrepot.store.queries.attempts import read_account_of, read_refund

ASK_AGAIN_AFTER = timedelta(seconds=60)
"""How long whoever reserved a refund asks alone; the outbox asks after that."""
LATEST_FAILURE = timedelta(seconds=10)
"""A refund is not called failed so shortly before others may ask for it: they could be told that it succeeded."""
PATIENCE, PAUSE = timedelta(seconds=10), 0.2
"""How long a repeat waits for whoever asks alone, and how long (in seconds) between its looks."""
NEVER_MADE = "The refund was never made."

_ALREADY = "charge_already_refunded"
_log = structlog.stdlib.get_logger("entrepot.payments")


def refund_order(
    order: int,
    reason: str,
    lines: tuple[RefundedLine, ...] = (),
    amount: int | None = None,
    *,
    payment: int | None = None,
    asks: Asker | None = None,
    ask_again_after: timedelta = ASK_AGAIN_AFTER,
    key: str | None = None,
) -> RefundOrder:
    """The command of a refund that is to be reserved and asked for now; `key` is the caller's own name for it."""
    now, asked = real_now(), None
    if key is not None:
        body = msgspec.json.encode((reason, lines, amount, payment))
        asked = CallersKey(key, hashlib.sha256(body).hexdigest(), now + ask_again_after, now + KEY_LIFE)
    return RefundOrder(
        order, reason, now + ask_again_after, now + KEY_LIFE, lines, amount, payment, asks, asked=asked
    )


def receive_return(
    order: int,
    return_id: int,
    lines: tuple[Units, ...] = (),
    *,
    asks: Asker | None = None,
    event_id: str | None = None,
    at: datetime | None = None,
) -> ReceiveReturn:
    """The command of units that have come back; the outbox asks for the money that goes back with it."""
    return ReceiveReturn(
        order=order,
        return_id=return_id,
        asks=asks,
        lines=lines,
        event_id=event_id,
        at=at,
        key_until=real_now() + KEY_LIFE,
        steps=steps_by_gateway(),
    )


class Refunds:
    """Gives money back for orders of any workspace."""

    def __init__(self, engine: Engine, reads: Pool, gateways: Gateways) -> None:
        self._engine = engine
        self._reads = reads
        self._gateways = gateways

    async def refund(self, workspace: int, command: RefundOrder) -> Outcome:
        """Reserve, ask, and write down: `Refunding` once the money is on its way back."""
        steps = await self._steps(workspace, command.order)
        command = msgspec.structs.replace(command, steps=steps)
        reserved = await self._reserved(workspace, command)
        if not isinstance(reserved, Refunding) or reserved.refund.state != "open":
            return reserved
        if reserved.repeated:
            return await self._ask_beside(workspace, reserved)
        return await self._ask(workspace, reserved, alone_until=command.ask_again_at - LATEST_FAILURE)

    async def _reserved(self, workspace: int, command: RefundOrder) -> Outcome:
        """What the command comes to; one that repeats another waits a while for whoever asks for that alone."""
        patient_until = real_now() + PATIENCE
        while True:
            outcome = await self._engine.execute(workspace, command)
            alone = isinstance(outcome, Refunding) and outcome.repeated and _is_alone(outcome.refund)
            if not alone or real_now() >= patient_until:
                return outcome
            await asyncio.sleep(PAUSE)

    async def _ask_beside(self, workspace: int, repeated: Refunding) -> Outcome:
        """Ask for what was asked before, under the provider's own key, as long as it knows that."""
        asked, now = repeated.refund.asked, real_now()
        if asked is None or not asked.alone_until <= now <= asked.known_until:
            return refused(_in_doubt(repeated.refund))
        return await self._ask(workspace, repeated, alone_until=None)

    async def _steps(self, workspace: int, order: int) -> Steps | None:
        """In which amounts the provider that took an order's money can give it back."""
        try:
            async with self._reads.acquire() as connection:
                settings, environment = await read_account_of(connection, workspace, order)
        except LookupError:
            return None  # the rule says that there is no such order
        return self._gateways.steps(settings.cards, environment)

    async def settle(self, workspace: int, order: int, refund: int, *, keyed: bool = True) -> bool:
        """Find out what came of a refund that may have been asked for; whether it has ended now.

        It is asked for again as long as the provider knows its key (`keyed`), and only looked for after that.
        """
        async with self._reads.acquire() as connection:
            found = await read_refund(connection, workspace, order, refund)
        if found is None or found[1].state != "open":
            return True
        known = Refunding(*found)
        outcome = await (
            self._ask(workspace, known, alone_until=None) if keyed else self._look(workspace, known)
        )
        return isinstance(outcome, Refunding) or _refused(outcome)

    async def _ask(self, workspace: int, refunding: Refunding, *, alone_until: datetime | None) -> Outcome:
        order, refund, payment = refunding.order, refunding.refund, refunding.payment
        cards = await cards_of(self._reads, self._gateways, workspace, order.id)
        answer = await cards.refund(
            payment.reference or "", refund.amount, refund.key_uuid.hex, currency=payment.currency
        )
        if isinstance(answer, CallFailed):
            # Only who asks first and alone learns that nothing moved: a later answer may be of that try alone.
            alone = alone_until is not None and real_now() < alone_until
            if answer.in_doubt or not (alone or answer.code == _ALREADY):
                return refused(_in_doubt(refund))
            return await self._not_given(workspace, refund, _why(refund, answer))
        return await self._answered(workspace, refund, answer)

    async def _look(self, workspace: int, refunding: Refunding) -> Outcome:
        order, refund = refunding.order, refunding.refund
        cards = await cards_of(self._reads, self._gateways, workspace, order.id)
        found = await cards.find_refund(refunding.payment.reference or "", refund.key_uuid.hex)
        if isinstance(found, CallFailed):
            return refused(_in_doubt(refund))
        if found is None:
            return await self._not_given(workspace, refund, RefundRefused(str(order.id), NEVER_MADE))
        return await self._answered(workspace, refund, found)

    async def _answered(self, workspace: int, refund: Refund, answer: Given) -> Outcome:
        if answer.status in ("failed", "canceled"):
            failure = RefundRefused(str(refund.order), f"The refund is {answer.status}.")
            return await self._not_given(workspace, refund, failure)
        return await self._engine.execute(workspace, EndRefund(refund, "done", answer.id))

    async def _not_given(self, workspace: int, refund: Refund, failure: Failure) -> Outcome:
        ended = await self._engine.execute(workspace, EndRefund(refund, "refused"))
        if not isinstance(ended, Refunding) or not ended.refused:
            return ended
        _log.warning("refund refused", workspace=workspace, order=refund.order, failure=failure.name)
        return refused(failure)


def _why(refund: Refund, answer: CallFailed) -> Failure:
    """A provider that was never reached has refused nothing."""
    order = str(refund.order)
    return (
        PaymentProviderUnreachable(ASK_AGAIN, order)
        if answer.unreachable
        else RefundRefused(order, answer.reason)
    )


def _is_alone(refund: Refund) -> bool:
    """Whether somebody else may be asking for it who would take a refusal for the last word."""
    return refund.state == "open" and refund.asked is not None and real_now() < refund.asked.alone_until


def _in_doubt(refund: Refund) -> Failure:
    """What is said of a refund that the provider may have given: whoever named it may ask again."""
    order = str(refund.order)
    if refund.asked is None:
        return RefundInDoubt(order, refund.id)
    return RefundUnderWay(ASK_AGAIN, order, refund.id)


def _refused(outcome: Outcome) -> bool:
    final = RefundRefused | PaymentProviderUnreachable
    return isinstance(outcome, Refused) and isinstance(outcome.failures[0], final)


class _Payload(msgspec.Struct):
    key_until: datetime


class RefundDeliveries:
    """Refunds (`refund:<id>`) that somebody reserved and may not have brought to their end."""

    def __init__(self, refunds: Refunds) -> None:
        self._refunds = refunds

    async def __call__(self, job: Job) -> Tried:
        """Ask again while the provider knows the key; after that look whether it was given."""
        payload, refund = read_payload(job, _Payload), job.number
        if payload is None or refund is None:
            return UNREADABLE
        keyed = real_now() <= payload.key_until
        ended = await self._refunds.settle(job.workspace, job.subject, refund, keyed=keyed)
        return Delivered() if ended else Failed("the provider gave no answer")
