"""Whether batches reach the disk: what the engine last heard of the database when it wrote."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

FRESH: Final = 5.0
"""Seconds for which the last batch's outcome says how things stand; then somebody must try anew."""

READ_ONLY: Final = "25006"
_DISK_FULL: Final = "53100"
_WORDS: Final = {
    READ_ONLY: "the database is read-only",
    _DISK_FULL: "the database's disk is full",
    "53200": "the database has no memory left",
    "53300": "the database has no connection left",
}


def why_not_written(state: str) -> str | None:
    """What an SQLSTATE says of a database that takes no writes, in plain words; None for one that says nothing."""
    known = _WORDS.get(state)
    return "the database has no room" if known is None and state[:2] == "53" else known


class Writing:
    """The last outcome: when a batch became durable, or why one was refused. `time` is a clock that only goes on."""

    def __init__(self, time: Callable[[], float]) -> None:
        self._time = time
        self._at = -FRESH
        self._refused: str | None = None

    def done(self) -> None:
        """Something is durable."""
        self._at, self._refused = self._time(), None

    def refused(self, state: str) -> None:
        """The database refused with this SQLSTATE; one that says nothing of its writing is not noted."""
        if (why := why_not_written(state)) is not None:
            self._at, self._refused = self._time(), why

    @property
    def is_fresh(self) -> bool:
        """Whether the last outcome still says how things stand."""
        return self._time() - self._at < FRESH

    @property
    def fault(self) -> str | None:
        """Why the last write was refused; None where it was not."""
        return self._refused
