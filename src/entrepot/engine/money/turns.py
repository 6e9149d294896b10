"""Turns: who finds another attempt in the way waits for its end and tries again, with orders and carts alike."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from entrepot.domain.kernel.commands import Refused, refused
from entrepot.domain.placing.place import BeingPaid, InFlight
from entrepot.engine.batches.engine import Outcome
from entrepot.engine.money.attempts import AttemptProcessor
from entrepot.failures import Unavailable
from entrepot.failures.payments import ASK_AGAIN, PaymentUnderWay
from entrepot.store.connections import FAULTS

WAIT_SECONDS = 25.0
"""How long a request waits for other attempts with the same token, external id, order or cart to end."""


async def in_turn(
    attempts: AttemptProcessor, workspace: int, once: Callable[[], Awaitable[Outcome]]
) -> Outcome:
    """The outcome of `once`, tried again whenever what was in its way has ended; `PaymentUnderWay` where it has not."""
    deadline = asyncio.get_running_loop().time() + WAIT_SECONDS
    while isinstance(outcome := await once(), InFlight | BeingPaid):
        if not await _out_of_the_way(attempts, workspace, outcome, deadline):
            return refused(PaymentUnderWay(ASK_AGAIN))
    return outcome


async def unless_made(
    attempts: AttemptProcessor,
    workspace: int,
    refusal: Refused,
    channel: int,
    environment: str,
    request: str | None,
) -> Outcome:
    """A refusal; or, where the request is refused because of the order that it made before, that order.

    What an attempt took it keeps, so no request makes a second order; looking after the refusal misses none.
    """
    try:
        return await attempts.made_before(workspace, channel, environment, request) or refusal
    except FAULTS:
        return refused(Unavailable(1))


async def _out_of_the_way(
    attempts: AttemptProcessor, workspace: int, holder: InFlight | BeingPaid, deadline: float
) -> bool:
    """Whether whoever is in the way has come to an end in time."""
    if asyncio.get_running_loop().time() >= deadline:
        return False
    if isinstance(holder, InFlight):
        return await attempts.await_end(workspace, holder.attempt, deadline)
    return await attempts.await_payment(workspace, holder.order, deadline)
