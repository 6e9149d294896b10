"""One batch: load and lock, decide in arrival order, claim, write, commit."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import structlog

from entrepot.domain.channels.accounts import Channel
from entrepot.domain.fulfilment.consign import messages, to_tell
from entrepot.domain.kernel.commands import Command, Decided, Decision, Ids, Refused, refused
from entrepot.domain.kernel.records import Changes, View
from entrepot.engine.batches.events import queue_events, tells
from entrepot.engine.chance import random_uuid
from entrepot.engine.clock import real_now
from entrepot.failures import Internal
from entrepot.store.batches.homes import Home
from entrepot.store.batches.readers import AlreadyCommittedError, BatchReader, find_function
from entrepot.store.batches.stages import load
from entrepot.store.batches.writer import commit, keep, write, write_function
from entrepot.store.connections import LaneConnection
from entrepot.store.sharing import Pace

Rule = Callable[[Command, View, datetime, Ids], Decision]
"""How a command is decided; wired per engine, so that a fault can be put around it."""

_log = structlog.stdlib.get_logger("entrepot.engine")


class BatchIds:
    """The integer ids that a batch drew from its workspace's counter, and random UUIDs."""

    def __init__(self, first: int, count: int) -> None:
        self._next, self._end = first, first + count

    def next(self) -> int:
        """A fresh integer id. Raises `IndexError` for a command that takes more than it announced."""
        if self._next >= self._end:
            raise IndexError("the command takes more ids than it announced")
        self._next += 1
        return self._next - 1

    def uuid(self) -> UUID:
        """A fresh random UUID (version 4)."""
        return random_uuid()


async def make_ready(connection: LaneConnection, home: Home | None = None) -> None:
    """Give a connection, once, what batches use on it; with a home, those of that shard."""
    await connection.execute(find_function(home, whole=connection.whole))
    await connection.execute(write_function(home))


class Batch:
    """The commands of one workspace that are decided and written together, under one id for all tries."""

    def __init__(self, workspace: int, commands: Sequence[Command]) -> None:
        self.id = BatchIds(0, 0).uuid()
        self.workspace = workspace
        self.commands = commands
        self.answers: list[object | Refused] = []
        self.tells = False
        """Whether it leaves messages in the outbox."""

    async def run(self, connection: LaneConnection, rule: Rule, now: datetime) -> None:
        """Try once; on return the batch is durable and `answers` hold one outcome per command.

        Raises `AlreadyCommittedError` when an earlier try was durable (its answers still stand), `ClaimLost` when the
        batch must be decided anew, and whatever the database says.
        """
        transaction = connection.transaction()
        await transaction.start()
        try:
            await self._work(connection, rule, now)
            await commit(transaction)
        except AlreadyCommittedError:
            await transaction.rollback()
            await keep(connection, self.workspace, self.id)
            raise
        except BaseException:
            if not connection.is_closed():
                await transaction.rollback()
            raise

    async def _work(self, connection: LaneConnection, rule: Rule, now: datetime) -> None:
        view = View(self.workspace)
        # What refused commands leave unused of the ids is a gap.
        count = sum(command.ids for command in self.commands)
        reader = BatchReader(connection, self.workspace, self.id, real_now(), count)
        await load(reader, self.commands, view)
        ids = self._ids(reader.first, count)
        self.answers = await self.decided(view, now, ids, rule)
        queue_events(view, reader.listeners, now)
        if told := to_tell(view):
            carriers = await _carriers(reader, view, {each.channel for each in told})
            view.apply(Changes(messages(told, carriers, now)))
        self.tells = tells(view)
        await write(connection, self.workspace, view)

    async def decided(self, view: View, now: datetime, ids: Ids, rule: Rule) -> list[object | Refused]:
        """The outcomes, in slices: batches of other workspaces go on meanwhile."""
        answers: list[object | Refused] = []
        pace = Pace()
        for command in self.commands:
            answers.append(decide(command, view, now, ids, rule))
            if pace.over:
                await pace.pause()
        return answers

    def _ids(self, first: int | None, count: int) -> BatchIds:
        if count and first is None:
            raise LookupError(f"workspace {self.workspace} has no counter")
        return BatchIds(first or 0, count)


async def _carriers(reader: BatchReader, view: View, channels: Collection[int]) -> Mapping[int, str]:
    """Which kind of carrier each of these channels has; those are asked for that no command brought into the view."""
    known = {each: found.settings.carrier.gateway for each in channels if (found := view.get(Channel, each))}
    missing = [each for each in channels if each not in known]
    return {**known, **await reader.carriers(missing)} if missing else known


def decide(command: Command, view: View, now: datetime, ids: Ids, rule: Rule) -> object | Refused:
    """One command's outcome. A rule that raises refuses that command alone, and nothing of it is kept."""
    try:
        decision = rule(command, view, now, ids)
    except Exception:
        _log.exception("rule failed", command=type(command).__name__)
        return refused(Internal())
    if isinstance(decision, Decided):
        view.apply(decision.changes)
        return decision.result
    return decision


def own_rule(command: Command, view: View, now: datetime, ids: Ids) -> Decision:
    """The rule that every command brings along."""
    return command.decide(view, now, ids)
