"""Events (`event:<listener>`): what happened is put into the words of the listener's door, and posted to its URL."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Protocol, TypeAlias

import msgspec

from entrepot.domain.channels.accounts import ChannelSettings
from entrepot.domain.outbox.events import Happening
from entrepot.engine.clock import real_now
from entrepot.engine.deliveries.handler import UNREADABLE, Delivered, Failed, Job, Outcome, read_payload
from entrepot.gateways.events.port import EventPoster, EventTarget, NotPosted, Posted
from entrepot.store.queries.sold.sales import SaleReturn


class Told(msgspec.Struct, frozen=True):
    """What a listener is told of: what happened, the settings of who listens, and the return, where it is of one."""

    happening: Happening
    settings: ChannelSettings
    ret: SaleReturn | None = None


Body: TypeAlias = Callable[[Told], Mapping[str, Any] | None]
"""How a door tells of what happened: the JSON object that is posted; None for what it does not speak of."""
BodyOf: TypeAlias = Callable[[str], Body | None]
"""The body of a door, by its name; None for one that tells nobody anything."""


class Found(msgspec.Struct, frozen=True):
    """A listener: where it is told, and the door and settings of the channel to which it listens."""

    target: EventTarget
    door: str
    settings: ChannelSettings


class EventListeners(Protocol):
    """The workspaces' listeners, as the outbox needs them."""

    async def find(self, workspace: int, listener: int) -> Found | None:
        """The listener; None for one that was deleted, or whose owner has lost its rights."""
        ...

    async def sale_return(self, workspace: int, number: int) -> SaleReturn | None:
        """A return with its history and its order; None where it is gone."""
        ...

    async def note(self, job: Job, listener: int, answer: Posted | NotPosted, at: datetime) -> None:
        """Write down what a try came to, and with it whether the listener is still active."""
        ...


def untold(door: str) -> None:
    """No door tells anybody anything."""
    del door


class EventDeliveries:
    """Posts events, and has each listener's status and log kept by whether it answers."""

    def __init__(
        self,
        listeners: EventListeners,
        poster: EventPoster,
        body_of: BodyOf,
        *,
        clock: Callable[[], datetime] = real_now,
    ) -> None:
        self._listeners = listeners
        self._poster = poster
        self._body_of = body_of
        self._clock = clock

    async def __call__(self, job: Job) -> Outcome:
        """Tell the listener. For one that is no more, nothing is left to do."""
        happening = read_payload(job, Happening)
        if (listener := job.number) is None or happening is None:
            return UNREADABLE
        found = await self._listeners.find(job.workspace, listener)
        if found is None:
            return Delivered()
        body = self._body_of(found.door)
        if body is None:
            return Failed(f"the door {found.door} tells of no events", final=True)
        ret = await self._listeners.sale_return(job.workspace, job.subject) if happening.of_return else None
        message = body(Told(happening, found.settings, ret))
        if message is None:
            return Delivered()
        now = self._clock()
        answer = await self._poster.post(found.target, message, job.key, now, job.attempt)
        await self._listeners.note(job, listener, answer, now)
        return Delivered() if isinstance(answer, Posted) else Failed(answer.reason)
