"""What is wrong with a body: kinds of faults, and how a fault finds its way up to the root."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final, TypeAlias

import msgspec

Context: TypeAlias = dict[str, Any]

REDACTED: Final = "<redacted>"
MAX_FAULTS: Final = 100
"""How many faults a reply lists at most when all are asked for."""

_LONGEST_ECHO = 4_096
_LONGEST_KEY = 255
_DEEPEST_ECHO = 20


class Kind(StrEnum):
    """What can be wrong with a value; the context of a fault has the `limit` or the `choices` that it speaks of."""

    REQUIRED = "required"
    EMPTY = "empty"
    UNSTORABLE = "unstorable"
    NO_CHOICE = "no choice"
    NO_TEXT = "no text"
    TOO_LONG = "too long"
    NO_EMAIL = "no e-mail address"
    NO_FORM = "not of the form"
    NO_MATCH = "no match"
    NO_BOOLEAN = "no boolean"
    NO_MOMENT = "no date and time"
    NO_SUCH_MOMENT = "no date and time that there is"
    NO_NUMBER = "no number"
    INEXACT = "inexact"
    INFINITE = "infinite"
    TOO_SMALL = "too small"
    TOO_LARGE = "too large"
    NO_WHOLE = "no whole number"
    TOO_FINE = "too many decimals"
    NO_LIST = "no list"
    TOO_FEW = "too few"
    TOO_MANY = "too many"
    NO_OBJECT = "no object"
    UNKNOWN = "unknown member"
    NONE_OF = "none of the members"
    TOO_DEEP = "too deep"
    TOO_BIG = "too big"


class Fault:
    """A fault on its way up: `trail` gathers the keys from the value to the root."""

    __slots__ = ("context", "kind", "trail")

    def __init__(self, kind: Kind, context: Context) -> None:
        self.kind = kind
        self.context = context
        self.trail: list[str | int] = []

    @property
    def path(self) -> tuple[str | int, ...]:
        """From the body's root to the value at fault."""
        return tuple(reversed(self.trail))


class Faults(list[Fault]):
    """What a check answers instead of the converted value."""

    def within(self, key: str | int) -> Faults:
        """The same faults, seen from the parent that holds the value under `key`."""
        for fault in self:
            fault.trail.append(key)
        return self


def one(kind: Kind, context: Context | None = None) -> Faults:
    """A single fault at the value that is being checked."""
    return Faults((Fault(kind, {} if context is None else context),))


def unknown_key(key: str, value: object, *, secret: bool) -> Faults:
    """`key` is not a member of this object; over-long names are cut."""
    name = printable(key)
    return one(Kind.UNKNOWN, {"child": name, **echo(value, secret=secret)}).within(name)


def printable(key: str) -> str:
    """`key` in a form that any reply can carry."""
    return key[:_LONGEST_KEY].encode("utf-8", "replace").decode()


def echo(value: object, *, secret: bool = False) -> Context:
    """`{"value": value}` for who may see it again: redacted when secret, left out when too big or not JSON."""
    if secret:
        return {"value": REDACTED}
    if levels(value, _DEEPEST_ECHO) > _DEEPEST_ECHO or not 0 < size(value) <= _LONGEST_ECHO:
        return {}
    return {"value": value}


def size(value: object) -> int:
    """The serialized length in bytes, or 0 when JSON text cannot hold the value."""
    try:
        return len(msgspec.json.encode(value))
    except (ValueError, OverflowError, RecursionError, TypeError):
        return 0


def levels(value: object, most: int) -> int:
    """How many containers deep `value` nests; counting stops at `most` + 1."""
    depth, layer = 0, _containers([value])
    while layer and depth <= most:
        depth += 1
        layer = _containers([child for holder in layer for child in members(holder)])
    return depth


def members(holder: object) -> list[object]:
    """The values directly inside an object or array; nothing for a scalar."""
    match holder:
        case dict():
            return list(holder.values())  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType]
        case list():
            return list(holder)  # pyright: ignore[reportUnknownArgumentType]
        case _:
            return []


def _containers(values: list[object]) -> list[object]:
    return [value for value in values if isinstance(value, dict | list)]
