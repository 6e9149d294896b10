"""The sandbox of one server: its clock and faults, the gate before its doors, and its way back to the beginning."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta

from starlette.types import ASGIApp

from entrepot.domain.channels.retention import Retention
from entrepot.domain.kernel.commands import Command, refused
from entrepot.engine import Clock
from entrepot.engine.batches.engine import Outcome
from entrepot.engine.deliveries.events import BodyOf, untold
from entrepot.engine.money.attempts import ATTEMPT_SECONDS
from entrepot.engine.worker import Wiring, Worker
from entrepot.failures import Unavailable
from entrepot.sandbox.beginning.reset import Beginning
from entrepot.sandbox.beginning.snapshots import Snapshot, Snapshots
from entrepot.sandbox.explaining.explanations import Explanations
from entrepot.sandbox.explaining.tracing import Traces
from entrepot.sandbox.faults import Faults
from entrepot.sandbox.gate import Gate, StillBusyError
from entrepot.sandbox.journal import Journal, JournalOffError
from entrepot.sandbox.targets import line_target
from entrepot.sandbox.wrapped.line import FaultyLine
from entrepot.sandbox.wrapped.quotas import Quotas
from entrepot.sandbox.wrapped.sockets import FaultySockets
from entrepot.store.connections import Connection, connect
from entrepot.worlds import find_workspace

DRAIN_SECONDS = 5.0


class Sandbox:
    """What `--sandbox` adds to a server of one process. Its own connections are never hit by faults."""

    def __init__(self, database_url: str, clock: Clock) -> None:
        self.clock = clock
        self.faults = Faults()
        self.quotas = Quotas(clock.now)
        self._database_url = database_url
        self._gate = Gate()
        self._resetting = asyncio.Lock()
        self._worker: Worker | None = None
        self.journal = Journal()
        self._traces = Traces()
        self.explanations = Explanations(self._traces)
        self._beginning = Beginning(lambda: self._still)
        self.snapshots = Snapshots(clock, lambda: self._still, DRAIN_SECONDS)

    def worker(
        self,
        attempt_seconds: float = ATTEMPT_SECONDS,
        keep: Retention | None = None,
        body_of: BodyOf = untold,
    ) -> Worker:
        """The server's parts, with faults around its connections, rules and gateways.

        What it calls may be on this machine.
        """
        wiring = Wiring(
            self.faults.wrap_connect,
            self.faults.wrap_pool,
            self.faults.wrap_rule(self._traces.around()),
            self.faults.wrap_gateway,
            body_of,
            private=True,
        )
        self._worker = Worker(
            self._database_url, self.clock, wiring, attempt_seconds=attempt_seconds, keep=keep
        )
        return self._worker

    def door(self, name: str, app: ASGIApp) -> ASGIApp:
        """The door behind the gate, and behind its callers' line."""
        target = line_target(name)
        line = FaultyLine(self.quotas.before(name, app), target, self.faults)
        return self._gate.before(FaultySockets(line, target, self.faults))

    async def execute(self, workspace: int, command: Command) -> Outcome:
        """The outcome of a command by the server's own engine; faults of its rules and connections hit it too."""
        return (
            await self._worker.engine.execute(workspace, command) if self._worker else refused(Unavailable(1))
        )

    @asynccontextmanager
    async def acquire(self) -> AsyncGenerator[Connection]:
        """A connection of the sandbox's own, for the length of a block. Raises what asyncpg raises."""
        connection = await connect(self._database_url)
        try:
            yield connection
        finally:
            await connection.close()

    async def reset(self, workspace: str | None = None) -> None:
        """Begin anew once nothing is under way: all with its faults lifted and the clock right, or one workspace.

        Raises StillBusyError, NoWorkspaceError, NotASandboxError, WorldLostError and what asyncpg raises.
        """
        async with self._at_rest(workspace) as connection:
            if workspace is None:
                self.clock.frozen, self.clock.offset = False, timedelta()
            await self._beginning.again(connection, self.clock.now(), workspace)
        self._look_anew()

    async def take_snapshot(self, name: str, workspace: str | None) -> Snapshot:
        """Keep what stands now under a name, of one workspace or of all. Raises what Snapshots and `reset` raise."""
        async with self._at_rest(None, lifting=False) as connection:
            return await self.snapshots.take(connection, name, workspace)

    async def restore_snapshot(self, name: str) -> Snapshot:
        """Have a snapshot's state stand here, without faults. Raises what Snapshots and `reset` raise."""
        async with self.acquire() as connection:
            workspace = await self.snapshots.workspace_of(connection, name)
        async with self._at_rest(workspace) as connection:
            restored = await self.snapshots.restore(connection, name)
        self._look_anew()
        return restored

    def clock_was_set(self) -> None:
        """Other things are due now."""
        if self._worker is not None:
            self._worker.rounds.poke()
            self._worker.housekeeping.poke()

    def _look_anew(self) -> None:
        """What stands here now may have things that are due."""
        if self._worker is not None:
            self._worker.rounds.poke()
            self._worker.housekeeping.poke()
            self._worker.outbox.poke()

    async def _lift_faults(self, connection: Connection, workspace: str | None) -> None:
        if workspace is None:
            self.faults.clear()
            self.quotas.clear()
        elif (number := await find_workspace(connection, workspace)) is not None:
            self.faults.clear(number)

    @asynccontextmanager
    async def _at_rest(self, workspace: str | None, *, lifting: bool = True) -> AsyncGenerator[Connection]:
        """A connection, while nothing is under way and who comes waits. Raises StillBusyError and what asyncpg raises.

        With `lifting` the faults of this workspace, or all, are lifted first: what waits because of one goes on.
        """
        async with self._resetting, self.acquire() as connection:
            if lifting:
                await self._lift_faults(connection, workspace)
            async with self._gate.closed(DRAIN_SECONDS):
                await self._worker_idle()
                with contextlib.suppress(TimeoutError, JournalOffError):
                    # Else what came before would be written into what begins anew.
                    await self.journal.settle()
                async with self._carrier_waits():
                    yield connection

    @property
    def quiet(self) -> bool:
        """Whether no command is queued or decided, and nobody outside is being asked."""
        return self._worker is None or (self._still and not self._worker.rounds.turns.locked())

    @property
    def _still(self) -> bool:
        """As `quiet`, but for the carriers' turns, which a reset holds itself."""
        worker = self._worker
        return worker is None or (worker.engine.idle and worker.placement.idle and worker.outbox.idle)

    @asynccontextmanager
    async def _carrier_waits(self) -> AsyncGenerator[None]:
        """No turn of the simulated carrier, which holds rows, is under way or begins. Raises StillBusyError."""
        if self._worker is None:
            yield
            return
        turns = self._worker.rounds.turns
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                await turns.acquire()
        except TimeoutError as error:
            raise StillBusyError from error
        try:
            yield
        finally:
            turns.release()

    async def _worker_idle(self) -> None:
        """Wait for what goes on without a caller."""
        worker = self._worker
        for _ in range(int(DRAIN_SECONDS / 0.01)):
            if worker is None or (worker.engine.idle and worker.placement.idle):
                return
            await asyncio.sleep(0.01)
        raise StillBusyError
