"""Business time, which a sandbox may shift; leases, time-outs and back-off use real time instead."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class Clock:
    """The running clock of business rules: real time plus an offset."""

    def __init__(self) -> None:
        self.offset = timedelta()

    def now(self) -> datetime:
        """The business time."""
        return real_now() + self.offset


def real_now() -> datetime:
    """The time on the wall, whatever the sandbox says."""
    return datetime.now(UTC)
