"""The life of a worker process's parts, as the server tells of its start and its stop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, Protocol

import asyncpg
import structlog
from starlette.types import Receive, Scope, Send

from entrepot.engine.worker import Worker
from entrepot.store.connections import FAULTS

PATIENCE: Final = 30.0
"""Seconds for which a process that starts waits for a database that does not answer, as one that is starting again."""

STOP_LIMIT: Final = 45.0
"""Seconds in which the parts of a process that was told to end must have stopped."""

_PAUSE: Final = 0.1
_PASSING: Final = frozenset({"08", "53", "57"})

_log = structlog.stdlib.get_logger("entrepot.lifespan")


class Beside(Protocol):
    """What lives beside the worker's parts and needs nothing at its start."""

    def start(self) -> None:
        """Begin."""
        ...

    async def stop(self) -> None:
        """Finish."""
        ...


class Lifespan:
    """An ASGI app for the server's lifespan alone.

    A database that does not answer is waited for, until `ending` says that the server is to end. Where it stays away
    the start fails with one sentence.
    """

    def __init__(
        self,
        worker: Worker,
        ending: Callable[[], bool],
        patience: float = PATIENCE,
        *,
        beside: Sequence[Beside] = (),
    ) -> None:
        self._worker = worker
        self._beside = beside
        self._ending = ending
        self._patience = patience

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Start the parts when told to, stop them when told to."""
        await receive()
        if fault := await self._start():
            message = f"The database does not answer: {fault}"
            await send({"type": "lifespan.startup.failed", "message": message})
            return
        for each in self._beside:
            each.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._stop()
        await send({"type": "lifespan.shutdown.complete"})

    async def _stop(self) -> None:
        """Stop the parts. What does not end is left: whatever holds it up, a server that was told to end does."""
        try:
            async with asyncio.timeout(STOP_LIMIT):
                await self._worker.stop()
                for each in self._beside:
                    await each.stop()
        except TimeoutError:
            _log.error("not all that was under way has ended", seconds=STOP_LIMIT)

    async def _start(self) -> str:
        """Start the parts; what the database's last fault was where they could not."""
        deadline = asyncio.get_running_loop().time() + self._patience
        while True:
            try:
                await self._worker.start()
            except FAULTS as fault:
                late = asyncio.get_running_loop().time() > deadline
                if late or self._ending() or not _passes(fault):
                    return str(fault) or type(fault).__name__
            else:
                return ""
            await asyncio.sleep(_PAUSE)


def _passes(fault: BaseException) -> bool:
    """Whether waiting may help: it does not against a refusal by the database itself."""
    if not isinstance(fault, asyncpg.PostgresError):
        return True
    return str(getattr(fault, "sqlstate", "") or "")[:2] in _PASSING
