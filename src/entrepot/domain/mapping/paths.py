"""Places within a payload, as mappings write them: keys after dots, places in lists in brackets, zero-based."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final, TypeAlias, cast

Path: TypeAlias = tuple[str | int, ...]

MOST_SEGMENTS: Final = 64
LONGEST_KEY: Final = 255
LARGEST_INDEX: Final = 999

_FIRST: Final = re.compile(r"([^.\[\]]+)")
_STEP: Final = re.compile(r"\.([^.\[\]]+)|\[(0|[1-9][0-9]{0,3})\]")
ABSENT: Final = object()
"""Stands for what is not there, which is something else than null."""


def read_path(text: str) -> Path | None:
    """The path that a text names; None where it names none, or is beyond what is taken."""
    steps: list[str | int] = []
    place = 0
    while place < len(text):
        found = (_STEP if place else _FIRST).match(text, place)
        if found is None or len(steps) == MOST_SEGMENTS:
            return None
        steps.append(int(found[2]) if found[1] is None else found[1])
        place = found.end()
    fits = all(len(each) <= LONGEST_KEY if isinstance(each, str) else each <= LARGEST_INDEX for each in steps)
    return tuple(steps) if steps and fits else None


def write_path(path: Sequence[str | int]) -> str:
    """The text that names a path."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def starts_with(path: Sequence[str | int], prefix: Sequence[str | int]) -> bool:
    """Whether a path is that place, or within it."""
    return tuple(path[: len(prefix)]) == tuple(prefix)


def look(value: Any, path: Path) -> Any:
    """What stands at a path, or `ABSENT`."""
    for step in path:
        if isinstance(step, str):
            value = cast("dict[str, Any]", value).get(step, ABSENT) if type(value) is dict else ABSENT
        else:
            items = cast("list[Any]", value) if type(value) is list else []
            value = items[step] if step < len(items) else ABSENT
        if value is ABSENT:
            return ABSENT
    return value


def put(root: dict[str, Any], path: Path, value: Any, *, force: bool = False) -> Path | None:
    """Write a value at a path, making what leads there; null counts as nothing, and lists are filled up with objects.

    Where something else stands in the way, its path is answered and nothing written, or (`force`) it gives way.
    """
    holder: Any = root
    last = len(path) - 1
    for place in range(last):
        step = path[place]
        inner: Any = holder.get(step) if type(step) is str else _item(holder, step)
        wanted: type[Any] = dict if type(path[place + 1]) is str else list
        if type(inner) is not wanted:
            if inner is not None and not force:
                return path[: place + 1]
            inner = wanted()
            _set(holder, step, inner)
        holder = inner
    _set(holder, path[last], value)
    return None


def as_object(value: Any) -> dict[str, Any] | None:
    """The value, if it is an object."""
    return cast("dict[str, Any]", value) if type(value) is dict else None


def as_list(value: Any) -> list[Any] | None:
    """The value, if it is a list."""
    return cast("list[Any]", value) if type(value) is list else None


def copied(value: Any) -> Any:
    """The same value, of which nothing is shared: objects and lists may be written into."""
    if type(value) is dict:
        return {key: copied(each) for key, each in cast("dict[str, Any]", value).items()}
    if type(value) is list:
        return [copied(each) for each in cast("list[Any]", value)]
    return value


def _item(items: list[Any], step: Any) -> Any:
    """What stands in a list at this place; None for nothing."""
    return items[step] if step < len(items) else None


def _set(holder: Any, step: str | int, value: Any) -> None:
    if type(step) is int:
        items = cast("list[Any]", holder)
        items.extend({} for _ in range(step + 1 - len(items)))
    holder[step] = value
