"""Business time, which a sandbox may shift or stop; leases, time-outs and back-off use real time instead."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class Clock:
    """The clock of business rules: real time plus an offset, or a moment at which it stands still."""

    def __init__(self) -> None:
        self._offset = timedelta()
        self._stands: datetime | None = None

    def now(self) -> datetime:
        """The business time."""
        return real_now() + self._offset if self._stands is None else self._stands

    @property
    def offset(self) -> timedelta:
        """How far it is from real time, which of a clock that stands changes by itself."""
        return self._offset if self._stands is None else self._stands - real_now()

    @offset.setter
    def offset(self, value: timedelta) -> None:
        self.move(value - self.offset)

    @property
    def frozen(self) -> bool:
        """Whether it stands still."""
        return self._stands is not None

    @frozen.setter
    def frozen(self, value: bool) -> None:
        self._offset, self._stands = self.offset, self.now() if value else None

    def move(self, by: timedelta) -> None:
        """Put it forward or back by exactly so much, standing or running."""
        if self._stands is None:
            self._offset += by
        else:
            self._stands += by


def real_now() -> datetime:
    """The time on the wall, whatever the sandbox says."""
    return datetime.now(UTC)
