"""What is wrong with a body, in the words of Joi 15.1.1 (contract, "How INVALID_INPUT details look")."""

from __future__ import annotations

from typing import Any, Final, TypeAlias

import msgspec

Context: TypeAlias = dict[str, Any]

REDACTED: Final = "<redacted>"
MAX_FAULTS: Final = 100
"""How many faults a reply lists at most when all are asked for."""

_LONGEST_ECHO = 4_096
_LONGEST_KEY = 255
_DEEPEST_ECHO = 20

# Joi's own texts; the last one is ours, for a limit that Joi does not know.
_TEXTS: Final = {
    "any.required": "is required",
    "any.empty": "is not allowed to be empty",
    "any.invalid": "contains an invalid value",
    "any.allowOnly": "must be one of {valids}",
    "array.base": "must be an array",
    "array.min": "must contain at least {limit} items",
    "array.max": "must contain less than or equal to {limit} items",
    "boolean.base": "must be a boolean",
    "binary.max": "must be less than or equal to {limit} bytes",
    "number.base": "must be a number",
    "number.unsafe": "must be a safe number",
    "number.min": "must be larger than or equal to {limit}",
    "number.max": "must be less than or equal to {limit}",
    "number.integer": "must be an integer",
    "number.precision": "must have no more than {limit} decimal places",
    "object.base": "must be an object",
    "object.allowUnknown": "is not allowed",
    "object.missing": "must contain at least one of {peers}",
    "string.base": "must be a string",
    "string.max": "length must be less than or equal to {limit} characters long",
    "string.email": "must be a valid email",
    "object.depth": "must be nested at most {limit} levels deep",
}


class FaultItem(msgspec.Struct, frozen=True):
    """One entry of INVALID_INPUT's `detail`; `path` leads from the body's root to the value at fault."""

    message: str
    path: tuple[str | int, ...]
    type: str
    context: Context


class Fault:
    """A fault on its way up: `trail` gathers the keys from the value to the root."""

    __slots__ = ("context", "kind", "trail")

    def __init__(self, kind: str, context: Context) -> None:
        self.kind = kind
        self.context = context
        self.trail: list[str | int] = []


class Faults(list[Fault]):
    """What a check answers instead of the converted value."""

    def within(self, key: str | int) -> Faults:
        """The same faults, seen from the parent that holds the value under `key`."""
        for fault in self:
            fault.trail.append(key)
        return self


def one(kind: str, context: Context | None = None) -> Faults:
    """A single fault at the value that is being checked."""
    return Faults((Fault(kind, {} if context is None else context),))


def unknown_key(key: str, value: object, *, secret: bool) -> Faults:
    """`key` is not a member of this object; over-long names are cut."""
    name = printable(key)
    return one("object.allowUnknown", {"child": name, **echo(value, secret=secret)}).within(name)


def item(fault: Fault) -> FaultItem:
    """The entry of the reply: Joi quotes the last key only, and calls the root "value"."""
    path = tuple(reversed(fault.trail))
    if not path:
        whole: Context = {key: value for key, value in fault.context.items() if key != "value"}  # decision 10
        return FaultItem(f'"value" {_text(fault)}', path, fault.kind, {**whole, "label": "value"})
    name = path[-1]
    context: Context = {**fault.context, "key": name, "label": name}
    return FaultItem(f'"{name}" {_text(fault)}', path, fault.kind, context)


def _text(fault: Fault) -> str:
    lists = {key: f"[{', '.join(fault.context[key])}]" for key in ("valids", "peers") if key in fault.context}
    return _TEXTS[fault.kind].format_map({**fault.context, **lists})


def printable(key: str) -> str:
    """`key` in a form that any reply can carry."""
    return key[:_LONGEST_KEY].encode("utf-8", "replace").decode()


def echo(value: object, *, secret: bool = False) -> Context:
    """`{"value": value}` as Joi repeats it: redacted when secret, left out when too big or not JSON."""
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
