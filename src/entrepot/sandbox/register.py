"""Faults on demand: what was ordered, whom it hits, and when it heals."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection
from typing import Annotated

import msgspec
from msgspec import Meta

from entrepot.sandbox.targets import Kind, Moment

MOST_FAULTS = 100

Name = Annotated[str, Meta(min_length=1, max_length=255)]
Count = Annotated[int, Meta(ge=1, le=1_000_000, description="After how many hits it heals.")]
Lasts = Annotated[float, Meta(gt=0, le=86_400, description="After how many seconds of real time it heals.")]
Skip = Annotated[int, Meta(ge=1, le=1_000_000, description="How many calls go through before it strikes.")]
_DELAYS = (
    "Seconds: how much later (slow), when the caller gives up (timeout), how long all bytes take (trickle), "
    "or what Retry-After says (busy)."
)
Delay = Annotated[float, Meta(ge=0, le=120, description=_DELAYS)]


class FaultOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A fault as it is ordered. Without `count` and `lasts` it heals after one hit."""

    target: Name
    kind: Kind
    at: Moment | None = None
    delay: Delay | None = None
    count: Count | None = None
    lasts: Lasts | None = None
    skip: Skip | None = None
    workspace: Name | None = None
    channel: Name | None = None
    path: Name | None = None


class Scope(msgspec.Struct, frozen=True):
    """Whom a fault is limited to: a workspace, and channels of it, by their ids. None stands for all."""

    workspace: int | None = None
    channels: frozenset[int] | None = None

    def covers(self, workspace: int | None, channels: Collection[object]) -> bool:
        """Whether a call for this workspace and these channels is within it."""
        if self.workspace is not None and self.workspace != workspace:
            return False
        return self.channels is None or not self.channels.isdisjoint(channels)


EVERYWHERE = Scope()


class InjectedFaultError(RuntimeError):
    """A fault that was ordered has struck; the text names its target."""


class TooManyFaultsError(Exception):
    """As many faults as a server holds are active."""


class Fault:
    """One fault: its order, whom it is limited to, how often it has struck and how many calls it still lets through."""

    def __init__(self, number: int, order: FaultOrder, scope: Scope, ends: float | None) -> None:
        self.id = number
        self.order = order
        self.scope = scope
        self.hits = 0
        self.skips_left = order.skip or 0
        self.ends = ends
        self._limit = order.count or (1 if ends is None else None)
        self._lifted = asyncio.Event()

    def active(self, now: float) -> bool:
        """Whether it would strike: not lifted, and neither of its limits reached."""
        in_time = self.ends is None or now < self.ends
        return in_time and not self._lifted.is_set() and (self._limit is None or self.hits < self._limit)

    @property
    def hits_left(self) -> int | None:
        """How often it will still strike, where a count limits it."""
        return None if self._limit is None else self._limit - self.hits

    def meets(self) -> bool:
        """Whether it strikes the call that it fits: counted as a hit, or as one of those that it lets through."""
        if self.skips_left:
            self.skips_left -= 1
            return False
        self.hits += 1
        return True

    def lift(self) -> None:
        """End it; who waits because of it goes on at once."""
        self._lifted.set()

    async def wait(self, seconds: float) -> None:
        """Let real time pass, or less of it if the fault is lifted meanwhile."""
        try:
            async with asyncio.timeout(seconds):
                await self._lifted.wait()
        except TimeoutError:
            pass


class FaultRegister:
    """The faults of one server. Not for use by several threads."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self.now = now
        self._faults: dict[int, Fault] = {}
        self._last = 0

    def add(self, order: FaultOrder, scope: Scope = EVERYWHERE) -> Fault:
        """Put a fault in place; the oldest of the healed ones makes room. Raises TooManyFaultsError."""
        if len(self._faults) >= MOST_FAULTS:
            healed = [fault for fault in self.all() if not fault.active(self.now())]
            if not healed:
                raise TooManyFaultsError
            self.remove(healed[0].id)
        ends = None if order.lasts is None else self.now() + order.lasts
        self._last += 1
        fault = self._faults[self._last] = Fault(self._last, order, scope, ends)
        return fault

    def all(self) -> list[Fault]:
        """Every fault, healed ones too, oldest first."""
        return list(self._faults.values())

    def remove(self, number: int) -> bool:
        """Lift a fault and forget it; False if there is none of this number."""
        fault = self._faults.pop(number, None)
        if fault is not None:
            fault.lift()
        return fault is not None

    def clear(self, workspace: int | None = None) -> None:
        """Lift and forget every fault, or those that are limited to a workspace."""
        for fault in self.all():
            if workspace is None or fault.scope.workspace == workspace:
                self.remove(fault.id)

    def strike(
        self,
        target: str,
        workspace: int | None = None,
        channels: Collection[object] = (),
        *,
        kinds: Collection[Kind] | None = None,
        path: str = "",
    ) -> Fault | None:
        """The oldest active fault that this call meets, its hit counted; None if the call goes through."""
        now = self.now()
        for fault in self._faults.values():
            fits = fault.order.target == target and (kinds is None or fault.order.kind in kinds)
            fits = fits and path.startswith(fault.order.path or "")
            if not (fits and fault.active(now) and fault.scope.covers(workspace, channels)):
                continue
            if fault.meets():
                return fault
        return None
