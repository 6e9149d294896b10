"""How one door says failures: its codes, and its own renderings of worked examples."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, NamedTuple, TypeAlias

from starlette.types import Scope

from entrepot.doors.kit.messages import Reply, Request
from entrepot.failures import Failure

ARRIVED: Final = datetime(2026, 11, 28, 9, 30, tzinfo=UTC)
"""When the requests of worked examples arrive."""
REQUEST_ID: Final = "0" * 32


class Said(NamedTuple):
    """A door's refusal by one failure; `where` names the operation that says it so, "" stands for every one."""

    reply: Reply
    where: str = ""


Say: TypeAlias = Callable[[Failure], Iterable[Said]]
"""How a door says a failure: once, or once for each operation that has words of its own."""


def sampled(method: str, path: str) -> Request:
    """A request as it might have come, of which worked examples are the refusal; `path` is that below the door."""
    scope: Scope = {
        "type": "http",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [],
    }
    return Request(scope, ARRIVED, REQUEST_ID)


@dataclass(frozen=True, slots=True)
class OwnCode:
    """What a door means by a code of its own, and what its caller does about it."""

    title: str
    advice: str


def _mute(_: Failure) -> Iterable[Said]:
    return ()


@dataclass(frozen=True, slots=True)
class DoorFailures:
    """How one door says each failure: as an HTTP status and a code of its own, and as the replies of `say`.

    `own` are codes by which it refuses what never comes to the core; failures may share them. `unexpected` are those
    that no request of the door is known to come to: were one to, it would be said as an internal error.
    """

    door: str
    codes: Mapping[type[Failure], tuple[int, str]]
    own: Mapping[str, OwnCode] = field(default_factory=dict[str, OwnCode])
    say: Say = _mute
    unexpected: frozenset[type[Failure]] = frozenset()
