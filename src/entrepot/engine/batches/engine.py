"""The engine of one worker process: lanes that take workspaces in turn and run their batches to a sure end."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence

import asyncpg
import structlog

from entrepot.domain.kernel.commands import Command, Refused, refused, refused_as
from entrepot.domain.kernel.records import View
from entrepot.engine.batches import batch as batches
from entrepot.engine.batches.batch import Batch, Rule
from entrepot.engine.batches.queues import Pending, Queues
from entrepot.engine.batches.ways import Ways
from entrepot.engine.batches.writing import READ_ONLY, Writing
from entrepot.engine.clock import Clock
from entrepot.failures import Internal, Overloaded, Unavailable
from entrepot.failures.orders import QuoteStale
from entrepot.failures.rows import NameTaken, PartUnknown
from entrepot.store.batches.readers import AlreadyCommittedError, PlainReader
from entrepot.store.batches.stages import load
from entrepot.store.batches.writer import ClaimLostError
from entrepot.store.connections import LANE_CONNECTIONS, Connection, LaneConnection
from entrepot.store.sharing import caller_address

Outcome = object | Refused
Connect = Callable[[], Awaitable[LaneConnection]]

PATIENCE = 30.0
"""Seconds of real time for which a batch is tried again while the database does not answer."""

GIVING_UP = 5.0
"""So long before its patience ends a batch is given up: another try, a connect without an answer, could last longer."""
UNREACHED = 1.0
"""For how long after a lost connection those whose patience is over are told so without a try of their own."""

TOLD_AT_ONCE = 8
"""So many callers of a batch go on before others have their turn: each has an answer to write."""

SIGHTS = 3
"""How often a command is decided that did not see all it must."""

_AGAIN = frozenset({"40001", "40P01", "55P03"})
_LOST = (OSError, asyncpg.InterfaceError, asyncpg.InternalClientError, TimeoutError)

_BY_STATE = {"23505": NameTaken(), "23503": PartUnknown()}
"""What the database alone knows: two rows of one name, and a row whose parent is gone."""

_log = structlog.stdlib.get_logger("entrepot.engine")


class Engine:
    """Runs commands of any workspace. `rule` decides them; faults of a sandbox wrap it where it is wired."""

    def __init__(
        self, connect: Connect, clock: Clock, *, lanes: int = LANE_CONNECTIONS, rule: Rule = batches.own_rule
    ) -> None:
        self.clock = clock
        self.rule = rule
        self.connect = connect
        self.patience = PATIENCE
        self.lost_at = -UNREACHED
        """When a connection was last lost or not made, by the loop's clock."""
        self.writing = Writing(time.monotonic)
        """Whether batches reach the disk."""
        self.on_message: Callable[[], None] = _nobody
        """Called once a batch that leaves messages in the outbox is durable."""
        self.on_outcome: Callable[[int, Command, Outcome], None] = _unnoticed
        """Called with each command that somebody waits for, and its outcome, in the context of whoever waits."""
        self._lanes = lanes
        self._queues = Queues()
        self._tasks: list[asyncio.Task[None]] = []
        self._telling = set[asyncio.Task[None]]()

    async def start(self) -> None:
        """Start the lanes; each connects when it first has work."""
        self._tasks = [asyncio.create_task(Lane(self, self._queues).work()) for _ in range(self._lanes)]

    async def stop(self) -> None:
        """Finish what was accepted, then stop the lanes."""
        await self._queues.drained()
        await asyncio.gather(*self._telling)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    @property
    def waiting(self) -> int:
        """How many commands wait for a lane."""
        return len(self._queues)

    @property
    def idle(self) -> bool:
        """Whether nothing waits and nothing runs."""
        return self._queues.idle and not self._telling

    def tell(self, pending: Sequence[Pending], answers: Sequence[Outcome]) -> None:
        """Let the callers of a batch go on.

        They do so beside their lane, which asks for its next batch before any of them writes an answer.
        """
        told = list(zip(pending, answers, strict=True))
        _resolve(told[:TOLD_AT_ONCE])
        if later := told[TOLD_AT_ONCE:]:
            telling = asyncio.create_task(_resolve_in_turn(later))
            self._telling.add(telling)
            telling.add_done_callback(self._telling.discard)

    async def execute(self, workspace: int, command: Command) -> Outcome:
        """The outcome of a command once it is durable: the rule's result, or `Refused`.

        Cancelling the caller does not cancel the command.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[object] = loop.create_future()
        outcome: Outcome = refused(Overloaded(1))
        if self._queues.put(workspace, Pending(command, future, loop.time(), caller_address())):
            outcome = await future
        self.on_outcome(workspace, command, outcome)
        return outcome

    async def execute_anew(self, workspace: int, command: Command) -> Outcome:
        """As `execute`, again where the command must first see what another one of its batch brought into play.

        After `SIGHTS` times `QuoteStale` is the outcome.
        """
        outcome = await self.execute(workspace, command)
        for _ in range(SIGHTS - 1):
            if not refused_as(outcome, QuoteStale):
                break
            outcome = await self.execute(workspace, command)
        return outcome

    async def preview(self, connection: Connection, workspace: int, command: Command) -> View:
        """What the command would see now: a plain read, without locks."""
        view = View(workspace)
        await load(PlainReader(connection, workspace), [command], view)
        return view

    async def rehearse(self, connection: Connection, workspace: int, command: Command) -> Outcome:
        """What the command would come to now. Nothing is stored, and ids in the result are nobody's."""
        view = await self.preview(connection, workspace, command)
        return batches.decide(
            command, view, self.clock.now(), batches.BatchIds(0, command.ids), batches.own_rule
        )


class Lane:
    """Runs batches, one after the other."""

    def __init__(self, engine: Engine, queues: Queues) -> None:
        self._engine = engine
        self._queues = queues
        self._ways = Ways(engine.connect)

    async def work(self) -> None:
        """Take workspaces in turn until cancelled."""
        try:
            while True:
                workspace, pending = await self._queues.take()
                try:
                    await self._settle(workspace, pending)
                finally:
                    self._queues.done(workspace)
        finally:
            self._ways.close()

    async def _settle(self, workspace: int, pending: Sequence[Pending]) -> None:
        """Bring these commands to their outcomes, whatever happens."""
        batch = Batch(workspace, [entry.command for entry in pending])
        try:
            answers = await self._drive(batch, min(entry.since for entry in pending))
        except asyncpg.PostgresError as error:
            if len(pending) > 1 and _of_one_command(error):
                await self._split(workspace, pending)
                return
            answers = [_fault(error)] * len(pending)
        except Exception:
            _log.exception("batch failed", workspace=workspace)
            answers = [refused(Internal())] * len(pending)
        self._engine.tell(pending, answers)
        if batch.tells:
            self._engine.on_message()

    async def _split(self, workspace: int, pending: Sequence[Pending]) -> None:
        """Some command's data offends the database: halve until it stands alone."""
        half = len(pending) // 2
        await self._settle(workspace, pending[:half])
        await self._settle(workspace, pending[half:])

    async def _drive(self, batch: Batch, since: float) -> list[Outcome]:
        """Try the same batch under the same id until its fate is sure, or who waits `since` then is out of patience."""
        began = _time()
        self._refuse_while_unreached(since)
        delay = 0.005
        while True:
            answers = batch.answers
            try:
                await batch.run(
                    await self._ways.to(batch.workspace), self._engine.rule, self._engine.clock.now()
                )
            except AlreadyCommittedError:
                batch.answers = answers
                self._engine.writing.done()
                return answers
            except ClaimLostError:
                if self._is_late(began):
                    raise
            except (asyncpg.PostgresError, *_LOST) as error:
                await self._recover(error, began, since)
            else:
                self._engine.writing.done()
                return batch.answers
            await asyncio.sleep(delay * random.uniform(0.5, 1.5))  # noqa: S311  (back-off, not a secret)
            delay = min(delay * 2, 1.0)

    def _refuse_while_unreached(self, since: float) -> None:
        """A long queue before a database that is away must not wait for a connect for each of its batches."""
        if self._is_late(since) and _time() - self._engine.lost_at < UNREACHED:
            raise asyncpg.CannotConnectNowError

    def _is_late(self, since: float, left: float = 0) -> bool:
        return _time() + left > since + self._engine.patience

    async def _recover(self, error: Exception, began: float, since: float) -> None:
        """Make ready for the same batch again; raises what cannot be mended by trying again."""
        self._engine.writing.refused(_sqlstate(error))
        if isinstance(error, asyncpg.PostgresError) and not _connection_lost(error):
            if _sqlstate(error) not in _AGAIN or self._is_late(began):
                raise error
            return
        self._ways.close()
        self._engine.lost_at = _time()
        if self._is_late(since, GIVING_UP):
            raise asyncpg.CannotConnectNowError(str(error)) from error


def _resolve(told: Sequence[tuple[Pending, Outcome]]) -> None:
    for entry, answer in told:
        entry.resolve(answer)


async def _resolve_in_turn(told: Sequence[tuple[Pending, Outcome]]) -> None:
    for first in range(0, len(told), TOLD_AT_ONCE):
        _resolve(told[first : first + TOLD_AT_ONCE])
        await asyncio.sleep(0)


def _time() -> float:
    return asyncio.get_running_loop().time()


def _nobody() -> None:
    """Nobody waits for messages."""


def _unnoticed(_workspace: int, _command: Command, _outcome: Outcome) -> None:
    """Nobody notes commands."""


def _connection_lost(error: asyncpg.PostgresError) -> bool:
    """Whether another connection may do: after a failover an old one leads to a server that only reads."""
    return _sqlstate(error)[:2] in {"08", "57"} or _sqlstate(error) == READ_ONLY


def _of_one_command(error: asyncpg.PostgresError) -> bool:
    return _sqlstate(error)[:2] in {"22", "23"}


def _fault(error: asyncpg.PostgresError) -> Refused:
    """What a caller is told of a fault of the database that trying again did not mend."""
    if _sqlstate(error)[:2] in {"08", "57", "53", "40", "55"}:
        return refused(Unavailable(1))
    if (failure := _BY_STATE.get(_sqlstate(error))) is not None:
        return refused(failure)
    # No more of it than where it was: its texts quote the row.
    constraint = str(getattr(error, "constraint_name", None) or "")
    _log.error("the database refused a batch", sqlstate=_sqlstate(error), constraint=constraint)
    return refused(Internal())


def _sqlstate(error: BaseException) -> str:
    return str(getattr(error, "sqlstate", "") or "")
