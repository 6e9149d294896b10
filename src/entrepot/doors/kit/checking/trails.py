"""How a place within a body is written: each vendor has a grammar of its own."""

from __future__ import annotations

from collections.abc import Iterable

Trail = Iterable[str | int]


def dotted(path: Trail) -> str:
    """`items[1].quantity`: members after a dot, places in lists in brackets. The root is the empty text."""
    text = ""
    for key in path:
        text += f"[{key}]" if isinstance(key, int) else f".{key}" if text else key
    return text


def pointer(path: Trail) -> str:
    """`/items/1/quantity` (RFC 6901). The root is the empty text."""
    return "".join("/" + str(key).replace("~", "~0").replace("/", "~1") for key in path)
