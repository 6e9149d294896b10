"""What came in at the doors of one sandbox, to look at and to hold to what a test expects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final, TypedDict, Unpack

from entrepot.testing.line import Line

MOST: Final = 500
"""How many entries the journal gives at once."""


@dataclass(frozen=True)
class Received:
    """A request at a door and what became of it, without secrets.

    `outcome` is `ok` or a failure's name; `request` and `reply` are the bodies' JSON, None where none is kept.
    """

    request_id: str
    at: datetime
    workspace: str | None
    account: str | None
    door: str
    operation: str
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    request: Any
    status: int
    outcome: str
    reply_headers: Mapping[str, str]
    reply: Any
    calls: Sequence[Mapping[str, Any]]
    commands: Sequence[Mapping[str, Any]]
    orders: Sequence[int]
    seconds: float


class Filters(TypedDict, total=False):
    """What an entry must have, all of it; `outcome` is `ok` or a failure's name."""

    workspace: str
    door: str
    operation: str
    outcome: str
    failed: bool
    request_id: str


class Requests:
    """The journal since the test began: called, it answers what fits every filter, oldest first."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def __call__(self, *, limit: int = 100, **filters: Unpack[Filters]) -> list[Received]:
        """What came in; of more than `limit`, at most 500, the latest. Raises ControlPlaneError for a wrong filter."""
        given = {name: _written(value) for name, value in filters.items()}
        found = self._line.get("/requests", {**given, "limit": limit})["requests"]
        return [_received(each) for each in found]

    def expect(self, times: int = 1, **filters: Unpack[Filters]) -> list[Received]:
        """What fits every filter, which must be so many; raises AssertionError that says what came in instead."""
        found = self(limit=MOST, **filters)
        if len(found) == times:
            return found
        wanted = ", ".join(f"{name}={value!r}" for name, value in filters.items()) or "any"
        came = [
            f"\n  {each.door} {each.operation}: {each.status} {each.outcome}" for each in self(limit=MOST)
        ]
        text = f"expected {times} of {wanted}, found {len(found)}; in all came {len(came)}:{''.join(came)}"
        raise AssertionError(text)

    def clear(self) -> None:
        """Forget what came in so far."""
        self._line.delete("/requests")


def _written(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _received(entry: Mapping[str, Any]) -> Received:
    known: dict[str, Any] = {each.name: entry[each.name] for each in fields(Received)}
    known["at"] = datetime.fromisoformat(entry["at"])
    return Received(**known)
