"""The outbox of one worker process: finds deliveries that are due, and tries each until it has arrived.

A delivery is leased before it is tried and settled after, never within one transaction with the call: a process that
is killed at any line leaves a row that somebody takes when the lease has ended. So each message arrives at least
once, and handlers make that once by the job's key. All times here are real time.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta

import structlog

from entrepot.domain.channels.retention import Retention
from entrepot.domain.outbox.deliveries import Delivery
from entrepot.engine.clock import real_now
from entrepot.engine.deliveries.handler import Delivered, Failed, Handler, Job, Outcome
from entrepot.store import outbox as rows
from entrepot.store.connections import FAULTS, Connection, Pool, is_away

AT_A_TIME = 32
"""How many deliveries one process tries at once."""
OF_ONE_WORKSPACE = 16
"""How many of these may be of one workspace, so that its silent listeners leave room for the others."""
CALL_LIMIT = 45.0
"""Seconds for one try, less than the lease."""
LEASE = timedelta(seconds=60)
GIVE_UP_AFTER = timedelta(days=3)
FIRST_DELAY, LONGEST_DELAY = timedelta(seconds=1), timedelta(hours=1)
PERISHABLE = ["event", "mail"]
"""Handlers whose parked messages are deleted some time after. Money that is due waits for somebody to bring it back."""

IDLE = 1.0
"""Seconds between looks when nobody says that there is something."""
PRUNE_EVERY = 60.0
PRUNE_CHUNK = 500
STOP_LIMIT = 10.0
"""Seconds that deliveries in flight are given when the process stops."""

_log = structlog.stdlib.get_logger("entrepot.outbox")


def delay_after(tries: int, chance: float) -> timedelta:
    """How long to wait after this many failed tries: doubling from a second to an hour, `chance` (0 to 1) of it less.

    At most half is taken off, so that listeners that failed together do not all come back together.
    """
    whole = min(FIRST_DELAY * 2 ** min(tries, 20), LONGEST_DELAY)
    return whole * (1 - chance / 2)


class Outbox:
    """Delivers for all workspaces. `handlers` go by the part of a listener's name before the colon."""

    def __init__(
        self,
        pool: Pool,
        handlers: Mapping[str, Handler],
        *,
        clock: Callable[[], datetime] = real_now,
        idle: float = IDLE,
        keep: Retention | None = None,
    ) -> None:
        self._pool = pool
        self._handlers = handlers
        self._clock = clock
        self._idle = idle
        self._keep = keep or Retention()
        self._wanted = asyncio.Event()
        self._loops: list[asyncio.Task[None]] = []
        self._flying: dict[asyncio.Task[None], int] = {}
        self._looking = False

    async def start(self) -> None:
        """Begin to look for deliveries."""
        self._loops = [asyncio.create_task(self._look_always()), asyncio.create_task(self._prune_always())]

    async def stop(self) -> None:
        """Look no more, and give what is in flight a moment to end; what does not is tried again elsewhere."""
        loops, self._loops = self._loops, []
        await _cancel(loops)
        if self._flying:
            await asyncio.wait(self._flying, timeout=STOP_LIMIT)
        await _cancel(list(self._flying))

    @property
    def idle(self) -> bool:
        """Whether nothing is being taken or tried; what is due may still lie in the database."""
        return not self._flying and not self._looking

    def poke(self) -> None:
        """There is something new: look now."""
        self._wanted.set()

    async def _look_always(self) -> None:
        while True:
            self._wanted.clear()
            self._looking = True
            try:
                await self._look()
            except FAULTS as error:
                _log.warning("the outbox cannot be read", error=type(error).__name__)
                await asyncio.sleep(self._idle)
            except Exception:
                _log.exception("the outbox cannot be read")
                await asyncio.sleep(self._idle)
            finally:
                self._looking = False
            # Not `wait_for`, which in Python 3.11 loses a cancellation that comes together with what it waits for.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._idle):
                    await self._wanted.wait()

    async def _look(self) -> None:
        """Take what is due and there is room for, workspaces in random turn."""
        if len(self._flying) >= AT_A_TIME:
            return
        async with self._pool.acquire() as connection:
            workspaces = await rows.due_workspaces(connection, self._clock())
            random.shuffle(workspaces)
            for workspace in workspaces:
                await self._take(connection, workspace)

    async def _take(self, connection: Connection, workspace: int) -> None:
        room = self._room(workspace)
        if room <= 0:
            return
        now = self._clock()
        taken = await rows.take(connection, workspace, now, now + LEASE, now + GIVE_UP_AFTER, room)
        for delivery in taken.deliveries:
            task = asyncio.create_task(self._deliver(workspace, delivery))
            self._flying[task] = workspace
            task.add_done_callback(self._landed)
        if taken.put_off:
            self.poke()

    def _room(self, workspace: int) -> int:
        of_it = Counter(self._flying.values())[workspace]
        return min(AT_A_TIME - len(self._flying), OF_ONE_WORKSPACE - of_it)

    def _landed(self, task: asyncio.Task[None]) -> None:
        del self._flying[task]
        self.poke()

    async def _deliver(self, workspace: int, delivery: Delivery) -> None:
        outcome = await self._try(
            Job(
                workspace,
                delivery.subject,
                delivery.listener,
                delivery.seq,
                delivery.payload,
                delivery.tries,
            )
        )
        now = self._clock()
        if isinstance(outcome, Delivered):
            await self._write(lambda c: rows.settle(c, workspace, delivery, now, delivered=True))
            return
        _log.warning(
            "not delivered",
            workspace=workspace,
            subject=delivery.subject,
            listener=delivery.listener,
            tries=delivery.tries,
            reason=outcome.reason,
        )
        await self._write(lambda c: self._put_back(c, workspace, delivery, outcome, now))

    async def _put_back(
        self, connection: Connection, workspace: int, delivery: Delivery, failed: Failed, now: datetime
    ) -> None:
        """Wait for another try, or park what is past its time."""
        last = delivery.give_up_at
        if failed.final or last is None or now >= last:
            await rows.settle(connection, workspace, delivery, now, delivered=False, error=failed.reason)
            return
        again = min(now + delay_after(delivery.tries, random.random()), last)  # noqa: S311  (spread, not a secret)
        await rows.postpone(connection, workspace, delivery, again, failed.reason)

    async def _try(self, job: Job) -> Outcome:
        handler = self._handlers.get(job.listener.partition(":")[0])
        if handler is None:
            return Failed("this release has no handler for it")
        try:
            async with asyncio.timeout(CALL_LIMIT):
                return await handler(job)
        except TimeoutError:
            return Failed("no end within the time limit")
        except Exception as error:
            trace = None if isinstance(error, FAULTS) and is_away(error) else error
            _log.error("a handler failed", listener=job.listener, error=type(error).__name__, exc_info=trace)
            return Failed(f"the handler failed: {type(error).__name__}")

    async def _write(self, work: Callable[[Connection], Awaitable[None]]) -> None:
        """Write down what came of it, for as long as the lease lasts; unwritten, it is tried again."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LEASE.total_seconds() - CALL_LIMIT):
                while True:
                    try:
                        async with self._pool.acquire() as connection:
                            return await work(connection)
                    except FAULTS as error:
                        _log.warning("the outbox cannot be written", error=type(error).__name__)
                    await asyncio.sleep(self._idle)

    async def _prune_always(self) -> None:
        while True:
            await asyncio.sleep(PRUNE_EVERY * random.uniform(0.5, 1.5))  # noqa: S311  (spread, not a secret)
            with contextlib.suppress(*FAULTS):
                await self.prune()

    async def prune(self) -> int:
        """Delete what arrived, or was given up, so long ago; in chunks between which others get their turn."""
        gone = 0
        while True:
            now = self._clock()
            async with self._pool.acquire() as connection:
                arrived = await rows.prune_delivered(connection, now - self._keep.delivered, PRUNE_CHUNK)
                parked = await rows.prune_parked(connection, now - self._keep.parked, PRUNE_CHUNK, PERISHABLE)
            gone += arrived + parked
            if max(arrived, parked) < PRUNE_CHUNK:
                return gone
            await asyncio.sleep(0.05)


async def _cancel(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
