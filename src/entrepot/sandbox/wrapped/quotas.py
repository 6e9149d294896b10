"""How many requests a door takes: beyond that it refuses in its own words, until the window is over."""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, MutableMapping
from datetime import datetime, timedelta
from math import ceil
from typing import Annotated, Any, Final, Literal
from urllib.parse import parse_qsl

import msgspec
from msgspec import Meta
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from entrepot.doors.kit import REFUSED, route_path
from entrepot.failures import Overloaded
from entrepot.integration_log.known_secrets import is_secret
from entrepot.sandbox.register import Lasts, Name

MOST_QUOTAS: Final = 100
MOST_CALLERS: Final = 10_000
"""So many callers of one quota are counted; beyond them the one that was first is forgotten."""


class QuotaOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A quota as it is ordered: so many calls in so many seconds of business time."""

    door: Name
    calls: Annotated[int, Meta(ge=0, le=1_000_000, description="How many go through in a window.")]
    window: Annotated[
        float,
        Meta(gt=0, le=86_400, description="Seconds by the sandbox's clock, from the first call of a window."),
    ] = 60
    per: Literal["door", "key"] = "door"
    path: Name | None = None
    lasts: Lasts | None = None


class TooManyQuotasError(Exception):
    """There are as many quotas as a server holds."""


class Quota:
    """One quota: its order, how many calls it has let through and refused, and when it ends by itself."""

    def __init__(self, number: int, order: QuotaOrder, ends: float | None) -> None:
        self.id = number
        self.order = order
        self.ends = ends
        self.passed = 0
        self.refused = 0
        self._windows: OrderedDict[bytes, tuple[datetime, int]] = OrderedDict()

    def fits(self, door: str, path: str) -> bool:
        """Whether it counts a request to this door and path."""
        return self.order.door == door and path.startswith(self.order.path or "")

    def wait(self, caller: bytes, now: datetime) -> int:
        """In how many whole seconds it would let this caller through; 0 for now."""
        began, count = self._window(caller, now)
        if count < self.order.calls:
            return 0
        return max(1, ceil((began + self._length - now).total_seconds()))

    def count(self, caller: bytes, now: datetime) -> None:
        """Count a call that goes through."""
        began, count = self._window(caller, now)
        self._windows[caller] = (began, count + 1)
        self.passed += 1
        if len(self._windows) > MOST_CALLERS:
            self._windows.popitem(last=False)

    def _window(self, caller: bytes, now: datetime) -> tuple[datetime, int]:
        """When the caller's window began, and what was counted in it; a clock that was set back begins a new one."""
        began, count = self._windows.get(caller, (now, 0))
        return (began, count) if began <= now < began + self._length else (now, 0)

    @property
    def _length(self) -> timedelta:
        return timedelta(seconds=self.order.window)


class Quotas:
    """The quotas of one server. Not for use by several threads."""

    def __init__(self, clock: Callable[[], datetime], now: Callable[[], float] = time.monotonic) -> None:
        self.now = now
        self._clock = clock
        self._quotas: dict[int, Quota] = {}
        self._last = 0

    def add(self, order: QuotaOrder) -> Quota:
        """Put one in place. Raises TooManyQuotasError."""
        for each in [each for each in self.all() if each.ends is not None and each.ends <= self.now()]:
            self.remove(each.id)
        if len(self._quotas) >= MOST_QUOTAS:
            raise TooManyQuotasError
        self._last += 1
        ends = None if order.lasts is None else self.now() + order.lasts
        quota = self._quotas[self._last] = Quota(self._last, order, ends)
        return quota

    def all(self) -> list[Quota]:
        """Every quota, oldest first; those too that have ended and were not forgotten yet."""
        return list(self._quotas.values())

    def remove(self, number: int) -> bool:
        """Lift one; False if there is none of this number."""
        return self._quotas.pop(number, None) is not None

    def clear(self) -> None:
        """Lift all."""
        self._quotas.clear()

    def before(self, door: str, app: ASGIApp) -> ASGIApp:
        """The door behind its quotas. What they refuse it says itself; of a WebSocket each message counts."""

        async def counted(scope: Scope, receive: Receive, send: Send) -> None:
            async def hear() -> Message:
                return judged(await receive(), "websocket.receive")

            def judged(heard: MutableMapping[str, Any], kind: str) -> MutableMapping[str, Any]:
                if self._quotas and heard["type"] == kind and (seconds := self._wait(door, scope)):
                    return {**heard, REFUSED: Overloaded(seconds, "quota")}
                return heard

            await app(judged(scope, "http"), hear if scope["type"] == "websocket" else receive, send)

        return counted

    def _wait(self, door: str, scope: Scope) -> int:
        """In how many seconds the request may come again; 0 where it goes through, which is counted."""
        path, now, caller = route_path(scope), self._clock(), _caller(scope)
        fitting = [
            (each, caller if each.order.per == "key" else b"")
            for each in self.all()
            if each.fits(door, path) and (each.ends is None or self.now() < each.ends)
        ]
        waits = [each.wait(who, now) for each, who in fitting]
        for (each, who), seconds in zip(fitting, waits, strict=True):
            if seconds:
                each.refused += 1
            elif not any(waits):
                each.count(who, now)
        return max(waits, default=0)


def _caller(scope: Scope) -> bytes:
    """Who calls, as far as what he shows says it; of that only a hash is kept."""
    return hashlib.sha256("\n".join(sorted(_shown(scope))).encode()).digest()


def _shown(scope: Scope) -> Iterator[str]:
    for name, value in scope["headers"]:
        if is_secret(name.decode("latin-1")):
            yield f"{name.decode('latin-1')}: {value.decode('latin-1')}"
    query: bytes = scope.get("query_string", b"")
    try:
        pairs = parse_qsl(query[:8_192].decode("latin-1"), max_num_fields=100)
    except ValueError:
        return
    for name, value in pairs:
        if is_secret(name):
            yield f"{name}={value}"
