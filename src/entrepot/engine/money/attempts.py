"""Driving attempts to their end: by the one who reserved, and after a crash by whoever takes the lease over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import msgspec
import structlog

from entrepot.domain.checkout.attempt_endings import (
    CompleteAttempt,
    CompleteSale,
    Ended,
    ExtendLease,
    ReleaseAttempt,
    Released,
)
from entrepot.domain.kernel.commands import Refused, refused
from entrepot.domain.placing.attempts import Attempt, AttemptKind, Reserved
from entrepot.domain.placing.place import Placed
from entrepot.engine.batches.engine import Engine, Outcome
from entrepot.engine.clock import real_now
from entrepot.engine.money.endings import Ending, InDoubt, Way
from entrepot.failures import Internal
from entrepot.failures.packing import unpack
from entrepot.store.connections import FAULTS, Pool
from entrepot.store.queries.attempts import paying_attempt, read_attempt, read_placed, read_untold

ATTEMPT_SECONDS = 30.0
"""How long all outside calls of one attempt may take together, in real time."""
LEASE_MARGIN = timedelta(seconds=10)
"""How much longer than its calls an attempt is left to who drives it: for the batches, and clocks that differ."""

_log = structlog.stdlib.get_logger("entrepot.attempts")


class AttemptProcessor:
    """Ends attempts. Every ending is conditional on the attempt being open: who loses takes the stored outcome.

    `ways` tell for each kind of attempt how those end that nobody drives any more.
    """

    def __init__(
        self,
        engine: Engine,
        reads: Pool,
        ways: Mapping[AttemptKind, Way],
        seconds: float = ATTEMPT_SECONDS,
    ) -> None:
        self._engine = engine
        self._reads = reads
        self._ways = ways
        self._seconds = seconds
        self._doubts: set[asyncio.Task[None]] = set()

    def lease(self) -> datetime:
        """Until when an attempt that is taken now is left to who takes it."""
        return real_now() + timedelta(seconds=self._seconds) + LEASE_MARGIN

    async def drive(self, workspace: int, attempt: Attempt, calls: Awaitable[Ending]) -> Outcome:
        """End the attempt by what its outside calls come to."""
        async with self._resolved_soon(workspace, attempt):
            ending = await calls
        return await self._end(workspace, attempt, ending)

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

    async def _end(self, workspace: int, attempt: Attempt, ending: Ending) -> Outcome:
        if isinstance(ending, InDoubt):
            self._resolve_soon(workspace, attempt)
            return refused(ending.failure)
        outcome = await self._surely(workspace, attempt, ending.command)
        match outcome:
            case Ended():
                return await self._stored(workspace, outcome.attempt)
            case Released():
                return Refused(unpack(outcome.attempt.outcome))
            case Placed():
                shown = {"client_secret": ending.client_secret, "document": ending.document}
                return msgspec.structs.replace(outcome, **shown)
            case _:
                return outcome

    async def _surely(
        self, workspace: int, attempt: Attempt, command: CompleteAttempt | CompleteSale | ReleaseAttempt
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
        ending = await self._ways[attempt.kind].settle(workspace, taken.attempt)
        if isinstance(ending, InDoubt):
            _log.warning("attempt in doubt", workspace=workspace, attempt=attempt.id)
            return False
        await self._end(workspace, taken.attempt, ending)
        return True

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
