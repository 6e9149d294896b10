"""Events (`event:<listener>`): the payload is posted to the URL that the listener gave (Textalk, 39)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from entrepot.engine.clock import real_now
from entrepot.engine.deliveries.handler import UNREADABLE, Delivered, Failed, Job, Outcome
from entrepot.gateways.events.port import EventPoster, EventTarget, NotPosted, Posted


class EventListeners(Protocol):
    """The workspaces' listeners, as the outbox needs them."""

    async def find(self, workspace: int, listener: int) -> EventTarget | None:
        """Where this listener is told; None for one that was deleted, or whose owner has lost its rights."""
        ...

    async def note(self, job: Job, listener: int, answer: Posted | NotPosted, at: datetime) -> None:
        """Write down what a try came to, and with it whether the listener is still active."""
        ...


class EventDeliveries:
    """Posts events, and has each listener's status and log kept by whether it answers."""

    def __init__(
        self, listeners: EventListeners, poster: EventPoster, *, clock: Callable[[], datetime] = real_now
    ) -> None:
        self._listeners = listeners
        self._poster = poster
        self._clock = clock

    async def __call__(self, job: Job) -> Outcome:
        """Tell the listener. For one that is no more, nothing is left to do."""
        if (listener := job.number) is None:
            return UNREADABLE
        target = await self._listeners.find(job.workspace, listener)
        if target is None:
            return Delivered()
        now = self._clock()
        answer = await self._poster.post(target, job.payload, job.key, now)
        await self._listeners.note(job, listener, answer, now)
        return Delivered() if isinstance(answer, Posted) else Failed(answer.reason)
