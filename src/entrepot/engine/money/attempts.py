"""Driving attempts to their end: by the one who reserved, and after a crash by whoever takes the lease over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta

import msgspec
import structlog

from entrepot.domain.channels.accounts import CardSettings, ChannelSettings, ExternalApi
from entrepot.domain.checkout.attempt_endings import (
    CompleteAttempt,
    Ended,
    ExtendLease,
    ReleaseAttempt,
    Released,
)
from entrepot.domain.kernel.commands import Refused, refused
from entrepot.domain.placing.attempts import Attempt, Reserved
from entrepot.domain.placing.place import Placed
from entrepot.engine.batches.engine import Engine, Outcome
from entrepot.engine.clock import real_now
from entrepot.engine.gateways import Gateways
from entrepot.engine.money.charge import Charge, Charged, Charging, InDoubt, NotCharged
from entrepot.failures import Failure, Internal
from entrepot.failures.packing import pack, unpack
from entrepot.failures.payments import ExternalPaymentRefused, ExternalPaymentUndecided
from entrepot.gateways.tokens.port import Invalid, NoVerdict, TokenAnswer, TokenQuery, Valid
from entrepot.store.connections import FAULTS, Pool
from entrepot.store.queries.attempts import (
    paying_attempt,
    read_attempt,
    read_placed,
    read_settings,
    read_untold,
)
from entrepot.store.queries.workspaces import is_sandbox

ATTEMPT_SECONDS = 30.0
"""How long all outside calls of one attempt may take together, in real time."""
LEASE_MARGIN = timedelta(seconds=10)
"""How much longer than its calls an attempt is left to who drives it: for the batches, and clocks that differ."""

_log = structlog.stdlib.get_logger("entrepot.attempts")


class AttemptProcessor:
    """Ends attempts. Every ending is conditional on the attempt being open: who loses takes the stored outcome."""

    def __init__(
        self, engine: Engine, reads: Pool, gateways: Gateways, seconds: float = ATTEMPT_SECONDS
    ) -> None:
        self._engine = engine
        self._reads = reads
        self._gateways = gateways
        self._seconds = seconds
        self._doubts: set[asyncio.Task[None]] = set()

    def lease(self) -> datetime:
        """Until when an attempt that is taken now is left to who takes it."""
        return real_now() + timedelta(seconds=self._seconds) + LEASE_MARGIN

    async def lacks_cards(self, workspace: int, settings: CardSettings, environment: str) -> bool:
        """Whether nobody stands behind an account's cards: the simulated bank is for sandboxes and test orders."""
        if settings.gateway != "bank" or environment == "test":
            return False
        async with self._reads.acquire() as connection:
            return not await is_sandbox(connection, workspace)

    async def validate(
        self, workspace: int, attempt: Attempt, api: ExternalApi, question: TokenQuery
    ) -> Outcome:
        """Ask the partner about the token, and end the attempt by its verdict."""
        answer: TokenAnswer = NoVerdict("no reply within the time limit")
        with suppress(TimeoutError):
            async with self._resolved_soon(workspace, attempt), asyncio.timeout(self._seconds):
                answer = await self._gateways.tokens(workspace, api).validate(question)
        if isinstance(answer, Valid):
            return await self._complete(workspace, attempt)
        if isinstance(answer, Invalid):
            return await self._release(workspace, attempt, ExternalPaymentRefused())
        return await self._release(workspace, attempt, undecided(api))

    async def charge(
        self, workspace: int, attempt: Attempt, settings: CardSettings, token: str | None
    ) -> Outcome:
        """Charge the card, and end the attempt by what became of it."""
        async with self._resolved_soon(workspace, attempt):
            gateway = self._gateways.cards(workspace, settings, attempt.environment)
            charge = await Charging(gateway, attempt, self._seconds).charge(token)
        return await self._end(workspace, attempt, charge)

    async def made_before(
        self, workspace: int, channel: int, environment: str, request: str | None
    ) -> Placed | None:
        """The order that came of this request after all, where its caller had been told of a failure."""
        if request is None:
            return None
        async with self._reads.acquire() as connection:
            return await read_untold(connection, workspace, channel, environment, request)

    async def recover(self, workspace: int, number: int) -> bool:
        """Take over an attempt whose lease has ended and find out what became of it; False while that is in doubt."""
        attempt = await self._read(workspace, number)
        if attempt is None or attempt.state != "open":
            return True
        if attempt.lease_until > real_now():
            return False
        return await self._take_over(workspace, attempt)

    async def await_end(self, workspace: int, number: int, deadline: float) -> bool:
        """Wait until an attempt has ended, driving it oneself if nobody does; False when that takes too long."""
        pause = 0.02
        while asyncio.get_running_loop().time() < deadline:
            if await self.recover(workspace, number):
                return True
            await asyncio.sleep(pause)
            pause = min(pause * 2, 0.5)
        return False

    async def await_payment(self, workspace: int, order: int, deadline: float) -> bool:
        """As `await_end`, of the attempt that pays an order; True as well where it has just come to its end."""
        async with self._reads.acquire() as connection:
            number = await paying_attempt(connection, workspace, order)
        return number is None or await self.await_end(workspace, number, deadline)

    async def stop(self) -> None:
        """Leave attempts in doubt to whoever recovers them next."""
        for task in self._doubts:
            task.cancel()
        await asyncio.gather(*self._doubts, return_exceptions=True)

    async def _end(
        self, workspace: int, attempt: Attempt, charge: Charge, *, untold: bool = False
    ) -> Outcome:
        match charge:
            case Charged():
                outcome = await self._complete(
                    workspace, attempt, charge.intent, charge.description, untold=untold
                )
                if isinstance(outcome, Placed) and charge.client_secret:
                    return msgspec.structs.replace(outcome, client_secret=charge.client_secret)
                return outcome
            case NotCharged():
                return await self._release(workspace, attempt, charge.failure)
            case InDoubt():
                self._resolve_soon(workspace, attempt)
                return refused(charge.failure)

    async def _complete(
        self,
        workspace: int,
        attempt: Attempt,
        reference: str | None = None,
        description: str | None = None,
        *,
        untold: bool = False,
    ) -> Outcome:
        command = CompleteAttempt(attempt.id, attempt.order, attempt.draft, reference, description, untold)
        outcome = await self._surely(workspace, attempt, command)
        return await self._stored(workspace, outcome.attempt) if isinstance(outcome, Ended) else outcome

    async def _release(self, workspace: int, attempt: Attempt, failure: Failure) -> Outcome:
        command = ReleaseAttempt(attempt.id, attempt.order, attempt.draft, outcome=pack([failure]))
        outcome = await self._surely(workspace, attempt, command)
        if isinstance(outcome, Ended):
            return await self._stored(workspace, outcome.attempt)
        return refused(failure) if isinstance(outcome, Released) else outcome

    async def _surely(
        self, workspace: int, attempt: Attempt, command: CompleteAttempt | ReleaseAttempt
    ) -> Outcome:
        """Batch 2 must not be turned away by a full queue: money may have moved. After the lease others care."""
        pause = 0.05
        while True:
            outcome = await self._engine.execute(workspace, command)
            if not isinstance(outcome, Refused):
                return outcome
            if isinstance(outcome.failures[0], Internal) or real_now() > attempt.lease_until:
                self._resolve_soon(workspace, attempt)
                return outcome
            await asyncio.sleep(pause)
            pause = min(pause * 2, 1.0)

    async def _stored(self, workspace: int, attempt: Attempt) -> Outcome:
        """The outcome that somebody else stored."""
        if attempt.state == "refused":
            return Refused(unpack(attempt.outcome))
        async with self._reads.acquire() as connection:
            placed = await read_placed(connection, workspace, attempt.order)
        return placed if isinstance(placed, Placed) else refused(Internal())

    @asynccontextmanager
    async def _resolved_soon(self, workspace: int, attempt: Attempt) -> AsyncGenerator[None]:
        """For calls that may raise after all: then somebody finds out at once what became of the attempt."""
        try:
            yield
        except Exception:
            self._resolve_soon(workspace, attempt)
            raise

    def _resolve_soon(self, workspace: int, attempt: Attempt) -> None:
        """Do not wait for the lease to end: this process knows that it has stopped driving."""
        task = asyncio.create_task(self._resolve(workspace, attempt))
        self._doubts.add(task)
        task.add_done_callback(self._doubts.discard)

    async def _resolve(self, workspace: int, attempt: Attempt) -> None:
        for pause in (0.2, 1.0, 3.0, 10.0):
            await asyncio.sleep(pause)
            try:
                if await self._take_over(workspace, attempt):
                    return
                refreshed = await self._read(workspace, attempt.id)
            except Exception as error:
                log_stuck(workspace, attempt.id, error)
                continue
            if refreshed is None or refreshed.state != "open":
                return
            attempt = refreshed

    async def _take_over(self, workspace: int, attempt: Attempt) -> bool:
        take = ExtendLease(attempt.id, attempt.lease_until, self.lease())
        taken = await self._engine.execute(workspace, take)
        if isinstance(taken, Ended):
            return taken.attempt.state != "open"
        if not isinstance(taken, Reserved):
            return False
        charge = await self._finding(workspace, taken.attempt)
        if isinstance(charge, InDoubt):
            _log.warning("attempt in doubt", workspace=workspace, attempt=attempt.id)
            return False
        await self._end(workspace, taken.attempt, charge, untold=True)
        return True

    async def _finding(self, workspace: int, attempt: Attempt) -> Charge:
        """What became of an attempt: nothing was charged for an external one, a card's provider is asked."""
        settings = await self._settings(workspace, attempt)
        if attempt.draft.vouched:
            config = settings.external_payment
            return NotCharged(undecided(config.api if config else None))
        gateway = self._gateways.cards(workspace, settings.cards, attempt.environment)
        return await Charging(gateway, attempt, self._seconds).settle()

    async def _settings(self, workspace: int, attempt: Attempt) -> ChannelSettings:
        async with self._reads.acquire() as connection:
            return await read_settings(connection, workspace, attempt.channel)

    async def _read(self, workspace: int, number: int) -> Attempt | None:
        async with self._reads.acquire() as connection:
            return await read_attempt(connection, workspace, number)


def log_stuck(workspace: int, attempt: int, error: Exception) -> None:
    """Tell that an attempt could not be brought to its end; it is tried again when its lease has ended."""
    passing = isinstance(error, FAULTS)
    _log.warning(
        "attempt stuck",
        workspace=workspace,
        attempt=attempt,
        error=type(error).__name__,
        exc_info=not passing,
    )


def undecided(api: ExternalApi | None) -> ExternalPaymentUndecided:
    """No verdict, with those of the account's settings that may be shown."""
    return ExternalPaymentUndecided(
        "api", api.skip_validation if api else False, api.type if api else "apiKey"
    )
