"""The mechanism of the failure catalogue: what every failure says about itself, and the list of them all.

    Failure
    ├── TemporaryFailure      asks for the same request again, after a number of seconds
    └── everything else       one class per failure, in this package's other files

A failure is a value that a rule returns, never an exception that it raises.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import ClassVar

import msgspec

_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_RESERVED = frozenset({"abstract", "advice", "name", "retry", "shopper", "title", "units"})
_catalogue: dict[str, type[Failure]] = {}


class Retry(Enum):
    """Whether sending the request again can help."""

    NEVER = "never"
    LATER = "the same request later"
    AFTER_CHANGE = "after a change"


def _own_fields(cls: type[Failure]) -> list[str]:
    # `__struct_fields__` does not exist yet while the class is being created; its slots do.
    slots: tuple[str, ...] = vars(cls).get("__slots__", ())
    return list(slots)


def _first_line(cls: type[Failure]) -> str:
    return (cls.__doc__ or "").strip().partition("\n")[0].rstrip(".")


def _register(cls: type[Failure]) -> None:
    if not (cls.title and getattr(cls, "retry", None) and getattr(cls, "advice", None)):
        raise TypeError(f"{cls.__name__}: a failure needs a docstring, `retry` and `advice`")
    if cls.name in _catalogue:
        raise TypeError(f"{cls.__name__}: the catalogue already has a failure named {cls.name!r}")
    _catalogue[cls.name] = cls


class Failure(msgspec.Struct, frozen=True):
    """One way in which a request can fail; the fields are its context.

    The first line of a subclass's docstring is the failure's title. A subclass that is only a common base
    sets `abstract` and stays out of the catalogue; every other one must say `retry` and `advice`.

    Raises `TypeError` when a subclass is created without them, under a name that is taken, or with a field
    that would hide one of the attributes below.
    """

    abstract: ClassVar[bool] = True
    retry: ClassVar[Retry]
    advice: ClassVar[str]
    """What the caller should do next."""
    shopper: ClassVar[bool] = False
    """Whether the title may be shown to a shopper."""
    units: ClassVar[frozenset[str]] = frozenset()
    """Which of the fields are quantities in the smallest unit of what they count."""
    name: ClassVar[str]
    """The class name in kebab case: the failure's address under `/failures/`."""
    title: ClassVar[str]
    """The docstring's first line, without its full stop."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if hidden := _RESERVED & frozenset(_own_fields(cls)):
            raise TypeError(f"{cls.__name__}: reserved field names {sorted(hidden)}")
        cls.abstract = bool(vars(cls).get("abstract", False))
        cls.name = _WORD_START.sub("-", cls.__name__).lower()
        cls.title = _first_line(cls)
        if not cls.abstract:
            _register(cls)


class TemporaryFailure(Failure, frozen=True):
    """Something that passes: the same request may succeed after `retry_after` whole seconds."""

    abstract: ClassVar[bool] = True
    retry: ClassVar[Retry] = Retry.LATER

    retry_after: int


def catalogue() -> Mapping[str, type[Failure]]:
    """Every failure by its name, sorted by name; complete once `entrepot.failures` is imported."""
    return MappingProxyType(dict(sorted(_catalogue.items())))
