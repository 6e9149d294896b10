"""Events (`event:<listener>`): the payload is posted to the URL that the listener gave (Textalk, 39)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from entrepot.engine.clock import real_now
from entrepot.engine.deliveries.handler import UNREADABLE, Delivered, Failed, Job, Outcome
from entrepot.gateways.events.port import EventPoster, EventTarget, Posted


class EventListeners(Protocol):
    """The workspaces' listeners, as the outbox needs them."""

    async def find(self, workspace: int, listener: int) -> EventTarget | None:
        """Where this listener is told, or None for one that was deleted."""
        ...

    async def mark(self, workspace: int, listener: int, active: bool, at: datetime) -> None:
        """Write down that it answers again, or that it has ceased to."""
        ...


class EventDeliveries:
    """Posts events, and keeps each listener's status by whether it answers."""

    def __init__(
        self, listeners: EventListeners, poster: EventPoster, *, clock: Callable[[], datetime] = real_now
    ) -> None:
        self._listeners = listeners
        self._poster = poster
        self._clock = clock

    async def __call__(self, job: Job) -> Outcome:
        """Tell the listener. For one that was deleted, nothing is left to do."""
        if (listener := job.number) is None:
            return UNREADABLE
        target = await self._listeners.find(job.workspace, listener)
        if target is None:
            return Delivered()
        now = self._clock()
        answer = await self._poster.post(target, job.payload, job.key, now)
        reached = isinstance(answer, Posted)
        if reached != target.active:
            await self._listeners.mark(job.workspace, listener, reached, now)
        return Delivered() if isinstance(answer, Posted) else Failed(answer.reason)
