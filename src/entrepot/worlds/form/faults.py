"""A fault of a world file, and the JSON pointers that say where."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec


class Fault(msgspec.Struct, frozen=True):
    """What is wrong, and where: `pointer` is a JSON pointer (RFC 6901) into the file. It never quotes a secret."""

    pointer: str
    message: str

    def __str__(self) -> str:
        return f"{self.pointer or '/'}: {self.message}"


def pointer(steps: Iterable[str | int]) -> str:
    """The JSON pointer that these steps make."""
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in steps)
