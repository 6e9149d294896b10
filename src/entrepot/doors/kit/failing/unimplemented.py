"""What a vendor's API has and the door does not: it says so, so that a client's test fails at the right place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import Protocol

from starlette.types import ASGIApp

from entrepot.doors.kit.endpoint import Bodiless, Door
from entrepot.doors.kit.messages import Request
from entrepot.doors.kit.observing.keeps import NOTHING
from entrepot.doors.kit.routing import Resource
from entrepot.failures import OperationMissing


class Absent(Protocol):
    """An operation that the door does not have: its name, its method, and its path below the door."""

    @property
    def name(self) -> str:
        """A name of ours, one of few."""
        ...

    @property
    def method(self) -> str:
        """The method of HTTP."""
        ...

    @property
    def path(self) -> str:
        """With placeholders, as the router takes them."""
        ...


def with_missing(door: Door, resources: Sequence[Resource], missing: Iterable[Absent]) -> list[Resource]:
    """The resources, and after them those of which the door has nothing; one that is there keeps its own methods."""
    absent: dict[str, dict[str, ASGIApp]] = {}
    for each in missing:
        operation = Bodiless(door, each.name, partial(_missing, each.name), keeps=NOTHING)
        absent.setdefault(each.path, {})[each.method] = operation
    there = [replace(each, methods={**absent.pop(each.path, {}), **each.methods}) for each in resources]
    return [*there, *(Resource(path, methods) for path, methods in absent.items())]


def _missing(name: str, _: Request) -> OperationMissing:
    return OperationMissing(name)
