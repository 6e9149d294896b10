"""The clock of business time of one sandbox."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from entrepot.testing.line import Line


class Clock:
    """Sets, advances, freezes and reads the clock; a reset sets it right and lets it run.

    Each of them answers the time that it then is, and raises ControlPlaneError: the clock goes at most 36,500 days
    from real time.
    """

    def __init__(self, line: Line) -> None:
        self._line = line

    def now(self) -> datetime:
        """The time by which the server decides what has expired."""
        return _moment(self._line.get("/clock"))

    def set(self, moment: datetime) -> datetime:
        """Put it to a moment, which must have a time zone."""
        return self._put(**_at(moment))

    def advance(self, by: timedelta) -> datetime:
        """Put it forward by so much from where it is; back by a negative distance."""
        return self._put(advance=_written(by))

    def freeze(self, at: datetime | None = None) -> datetime:
        """Let it stand still, where it is or at a moment with a time zone."""
        return self._put(frozen=True, **({} if at is None else _at(at)))

    def resume(self) -> datetime:
        """Let it run on from where it stands."""
        return self._put(frozen=False)

    def _put(self, **order: Any) -> datetime:
        return _moment(self._line.post("/clock", order))


def _at(moment: datetime) -> dict[str, str]:
    if moment.tzinfo is None:
        raise ValueError("the moment has no time zone")
    return {"now": moment.astimezone(UTC).isoformat()}


def _written(length: timedelta) -> str:
    if length.microseconds:
        raise ValueError("the clock is advanced by whole seconds")
    sign, length = ("-", -length) if length < timedelta() else ("+", length)
    return f"{sign}{length.days}d{length.seconds}s"


def _moment(state: Any) -> datetime:
    return datetime.fromisoformat(state["now"])
