"""The simulated carrier's rounds: steps that fall due are taken, by several processes side by side.

A turn locks the consignments of one workspace that are due and that nobody else has, tells the engine of their next
steps, and writes down how they stand. A process that dies in between leaves them due: they are told again, and what was
told before changes nothing. Each event is stamped with the moment at which it fell due, so a clock that jumps ends in
the same rows as waiting.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Sequence

import structlog

from entrepot.domain.fulfilment.ship import Shipped
from entrepot.domain.kernel.commands import Refused, refused_as
from entrepot.engine.batches.engine import Engine, Outcome
from entrepot.engine.carriers.events import CarrierEvents, NotRead, Told
from entrepot.failures import Internal, TemporaryFailure
from entrepot.failures.fulfilment import UnitsOwed
from entrepot.gateways.carriers.simulated import (
    AGAIN_AFTER,
    Carried,
    Finished,
    due_workspaces,
    take_due,
    write_steps,
)
from entrepot.store.connections import FAULTS, Connection, Pool
from entrepot.store.queries.workspaces import sandboxes_among

EVERY = 0.5
"""Seconds between looks when nobody says that there is something."""
AT_A_TIME = 500
"""How many consignments of one workspace a turn takes."""

_log = structlog.stdlib.get_logger("entrepot.carrier")


class CarrierRounds:
    """Looks in all workspaces. `books` are the simulators' own connections."""

    def __init__(self, engine: Engine, books: Pool, events: CarrierEvents, *, every: float = EVERY) -> None:
        self._engine = engine
        self._books = books
        self._events = events
        self._every = every
        self._wanted = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.turns = asyncio.Lock()
        """Held for the length of a turn: who holds it knows that none is under way."""

    def start(self) -> None:
        """Look until stopped."""
        self._task = asyncio.create_task(self._look_always())

    async def stop(self) -> None:
        """Look no more, once the turn that is under way has ended."""
        async with self.turns:
            task, self._task = self._task, None
            if task is not None:
                task.cancel()
        if task is not None:
            await asyncio.gather(task, return_exceptions=True)

    def poke(self) -> None:
        """The clock was set, or something was announced: look now."""
        self._wanted.set()

    async def _look_always(self) -> None:
        while True:
            self._wanted.clear()
            moved = False
            try:
                moved = await self.look()
            except FAULTS as error:
                _log.warning("the carrier's books cannot be read", error=type(error).__name__)
            except Exception:
                _log.exception("the carrier's round failed")
            if moved:
                continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._every):
                    await self._wanted.wait()

    async def look(self) -> bool:
        """One turn in each sandbox in which a step is due; whether any step was taken. Raises `FAULTS`."""
        async with self._books.acquire() as connection:
            due = await due_workspaces(connection, self._engine.clock.now())
            workspaces = await sandboxes_among(connection, due)
        moved = [await self._turn(workspace) for workspace in workspaces]
        return any(moved)

    async def _turn(self, workspace: int) -> bool:
        async with self.turns, self._books.acquire() as connection, connection.transaction():
            rows = await take_due(connection, workspace, self._engine.clock.now(), AT_A_TIME)
            after = await self._told(workspace, rows) if rows else []
            await self._write(connection, workspace, after)
        return bool(after)

    async def _told(self, workspace: int, rows: Sequence[Carried]) -> list[Carried | Finished]:
        """Tell of the next step of each; how those stand whose step was taken, or is put off."""
        told = [[Told(row.channel, event) for event in row.events()] for row in rows]
        outcomes = iter(await self._events.take(workspace, [each for of_row in told for each in of_row]))
        return [
            stands
            for row, of_row in zip(rows, told, strict=True)
            if (stands := self._after(row, [next(outcomes) for _ in of_row])) is not None
        ]

    def _after(self, row: Carried, outcomes: Sequence[Outcome | NotRead]) -> Carried | Finished | None:
        """How a consignment stands after its step; None where it is to be taken again at once."""
        failures = [outcome.failures[0] for outcome in outcomes if isinstance(outcome, Refused)]
        if any(isinstance(failure, TemporaryFailure) for failure in failures):
            return None
        again = self._engine.clock.now() + AGAIN_AFTER
        if any(isinstance(failure, Internal) for failure in failures):
            return row.later(again)
        if owed := [part for part, outcome in zip(row.told_of, outcomes, strict=True) if _owes(outcome)]:
            gone = [part for part, outcome in zip(row.told_of, outcomes, strict=True) if _left(outcome)]
            return row.split(_parts(gone), _parts(owed), again) if gone else row.later(again)
        return row.over() if len(failures) == len(outcomes) else row.done()

    async def _write(
        self, connection: Connection, workspace: int, rows: Sequence[Carried | Finished]
    ) -> None:
        if rows:
            await write_steps(connection, workspace, rows)


def _owes(outcome: Outcome | NotRead) -> bool:
    """Whether something stays behind that is owed."""
    return refused_as(outcome, UnitsOwed) or (isinstance(outcome, Shipped) and bool(outcome.left))


def _left(outcome: Outcome | NotRead) -> bool:
    """Whether a parcel is on its way."""
    return isinstance(outcome, Shipped) and bool(outcome.shipments)


def _parts(told_of: Iterable[int | None]) -> list[int]:
    return [part for part in told_of if part is not None]
