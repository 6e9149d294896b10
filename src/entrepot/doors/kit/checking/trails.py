"""Places within a body: what stands there, and how they are written: each vendor has a grammar of its own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

Trail = Iterable[str | int]


def at(body: object, path: Trail) -> object:
    """What stands at a place of a body; null where nothing does."""
    for key in path:
        if isinstance(body, dict):
            body = cast("dict[object, object]", body).get(key)
        elif isinstance(body, list) and isinstance(key, int) and key < len(cast("list[object]", body)):
            body = cast("list[object]", body)[key]
        else:
            return None
    return body


def dotted(path: Trail) -> str:
    """`items[1].quantity`: members after a dot, places in lists in brackets. The root is the empty text."""
    text = ""
    for key in path:
        text += f"[{key}]" if isinstance(key, int) else f".{key}" if text else key
    return text


def pointer(path: Trail) -> str:
    """`/items/1/quantity` (RFC 6901). The root is the empty text."""
    return "".join("/" + str(key).replace("~", "~0").replace("/", "~1") for key in path)
