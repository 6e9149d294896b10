"""The port to those who want to hear of events (decision textalk item 39)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

import msgspec


class EventTarget(msgspec.Struct, frozen=True):
    """Where a listener is told, and the secret by which it knows that we are the ones who tell.

    `allow_private` opens addresses that are not of the open internet.
    """

    url: str
    secret: bytes
    allow_private: bool = False

    def __repr__(self) -> str:
        return f"EventTarget(allow_private={self.allow_private})"


class Posted(msgspec.Struct, frozen=True):
    """The listener answered with this status, a 2xx."""

    status: int


class NotPosted(msgspec.Struct, frozen=True):
    """It did not; with another `status`, if it answered at all. `reason` is for the operator; it holds no URL."""

    reason: str
    status: int | None = None


class EventPoster(Protocol):
    """Someone who tells a listener: every failure is an answer, nothing is raised."""

    async def post(
        self, target: EventTarget, event: Mapping[str, Any], key: str, at: datetime, attempt: int = 1
    ) -> Posted | NotPosted:
        """Tell once. `key` names the event to this listener, the same for each repeat, which `attempt` counts."""
        ...
