"""What pages show of a failure beyond the catalogue: worked examples in each door's own words, and the ways to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Final, TypeVar

import msgspec

from entrepot.doors.kit.endpoint import completed
from entrepot.doors.kit.failing.tables import REQUEST_ID, DoorFailures
from entrepot.doors.kit.messages import Reply, head
from entrepot.failures import Failure, Retry, TemporaryFailure

_T = TypeVar("_T")
WAYS: Final = "reached.json"
"""The file of a door's package that says how failures are reached: by failure, a page and its steps for each way."""
REASONS: Final = "unreached.json"
"""The file beside it that says why the others come to no caller by a request alone: each reason, with its failures."""
_NO_OPERATION: Final = "No operation of this door is known to come to it."
_AGAIN: Final[Mapping[Retry, str]] = {
    Retry.NEVER: "No: it would be refused again.",
    Retry.LATER: "Yes: the same request, unchanged and with the same keys, a while later. There is no Retry-After.",
    Retry.AFTER_CHANGE: "Only after a change: unchanged it would be refused again.",
}
_SOON: Final = "Yes: the same request, unchanged and with the same keys, after the seconds in Retry-After."


class Way(msgspec.Struct, frozen=True):
    """How a failure is reached: the steps as `page` writes them. A proof of ours has no steps, and is its `page`."""

    page: str
    steps: tuple[str, ...] = ()


class Reason(msgspec.Struct, frozen=True):
    """Why failures of a door, by name, cannot be reached by requests on the demo world."""

    why: str
    failures: tuple[str, ...]


def how_to_retry(failure: type[Failure]) -> str:
    """Whether to send the request again, and how."""
    return _SOON if issubclass(failure, TemporaryFailure) else _AGAIN[failure.retry]


def examples(failure: type[Failure], table: DoorFailures) -> list[dict[str, Any]]:
    """The worked example of a failure as the door says it; what several operations say alike is there once."""
    from entrepot.failures.examples import example

    value = example(failure)
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for reply, where in table.say(value):
        answer = _shown(completed(reply, value))
        alike = found.setdefault((reply.status, reply.body), {"operations": [], **answer})
        alike["operations"] += [where] if where else []
    return list(found.values())


def _shown(reply: Reply) -> dict[str, Any]:
    headers = {name.decode(): value.decode() for name, value in head(reply, REQUEST_ID)}
    return {"status": reply.status, "headers": headers, "body": msgspec.json.decode(reply.body)}


def ways(failure: type[Failure], table: DoorFailures) -> list[dict[str, Any]]:
    """How the failure is reached at the door, ready for JSON."""
    return [msgspec.to_builtins(way) for way in reached(table.door).get(failure.name, ())]


def why_not(failure: type[Failure], table: DoorFailures) -> str | None:
    """Why the failure cannot be reached at the door by requests on the demo world; None where a way is known."""
    if failure in table.unexpected:
        return _NO_OPERATION
    return next((each.why for each in unreached(table.door) if failure.name in each.failures), None)


@cache
def reached(door: str) -> Mapping[str, Sequence[Way]]:
    """How failures are reached at a door, by name; nothing where its package does not say."""
    return _kept(door, WAYS, dict[str, tuple[Way, ...]]) or {}


@cache
def unreached(door: str) -> Sequence[Reason]:
    """The reasons of a door; none where its package does not say."""
    return _kept(door, REASONS, tuple[Reason, ...]) or ()


def _kept(door: str, name: str, of: type[_T]) -> _T | None:
    file = files(f"entrepot.doors.{door}") / name
    return msgspec.json.decode(file.read_bytes(), type=of) if file.is_file() else None
