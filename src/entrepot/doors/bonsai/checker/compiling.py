"""Turns a shape into one closure per value: what runs on every request.

A closure takes a JSON value and answers the converted value, or `Faults`. The rules of a value run in Joi's
order; the first one that is broken speaks for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias, cast

from entrepot.doors.bonsai.checker.email import is_email
from entrepot.doors.bonsai.checker.faults import (
    MAX_FAULTS,
    Faults,
    echo,
    levels,
    members,
    one,
    size,
    unknown_key,
)
from entrepot.doors.bonsai.checker.numbers import exactly, read_number
from entrepot.doors.bonsai.checker.shapes import Amount, Arr, Bag, Bool, Obj, Shape, Str, Whole

Run: TypeAlias = Callable[[Any], Any]
"""JSON value -> converted value or Faults."""

_ABSENT: Any = object()


def compile_shape(shape: Shape, *, all_faults: bool) -> Run:
    """The closure that checks `shape`; it stops at the first fault unless all of them are asked for."""
    match shape:
        case Str():
            return _string(shape)
        case Whole():
            return _whole(shape)
        case Amount():
            return _amount(shape)
        case Bool():
            return _boolean
        case Bag():
            return _bag(shape)
        case Arr():
            return _array(shape, all_faults=all_faults)
        case Obj():
            return _object(shape, all_faults=all_faults)


def storable(text: str) -> bool:
    """Whether PostgreSQL can hold `text`: no NUL, no lone surrogate."""
    if "\x00" in text:
        return False
    return text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text)


def _string(shape: Str) -> Run:
    broken = _string_rules(shape)
    longest, plain, nullable = shape.longest, not shape.choices and not shape.email, shape.nullable

    def run(value: Any) -> Any:
        if type(value) is str:
            # The ordinary case, decided without asking rule by rule.
            if plain and value.isascii() and 0 < len(value) <= longest and "\x00" not in value:
                return value
            return broken(value) or value
        if value is None and nullable:
            return None
        return one("string.base", echo(value, secret=shape.secret))

    return run


def _string_rules(shape: Str) -> Callable[[str], Faults | None]:
    choices, secret = shape.choices, shape.secret

    def broken(text: str) -> Faults | None:
        if not text:
            return one("any.empty", {"value": "", "invalids": [""]})
        if not storable(text):
            return one("any.invalid", echo(text, secret=secret))
        if choices and text not in choices:
            return one("any.allowOnly", {**echo(text, secret=secret), "valids": list(choices)})
        if shape.email and not is_email(text):
            return one("string.email", echo(text, secret=secret))
        if len(text) > shape.longest:
            return one("string.max", {"limit": shape.longest, **echo(text, secret=secret)})
        return None

    return broken


def _whole(shape: Whole) -> Run:
    least, most = shape.least, shape.most

    def run(value: Any) -> Any:
        number = value if type(value) is int and least <= value <= most else read_number(value)
        if isinstance(number, Faults):
            return number
        if number < least:
            return one("number.min", {"limit": least, "value": number})
        if isinstance(number, float):
            return one("number.integer", {"value": number})
        if number > most:
            return one("number.max", {"limit": most, "value": number})
        return number

    return run


def _amount(shape: Amount) -> Run:
    most = shape.most

    def run(value: Any) -> Any:
        number = read_number(value)
        if isinstance(number, Faults):
            return number
        if number < 0:
            return one("number.min", {"limit": 0, "value": number})
        if number > most:
            return one("number.max", {"limit": most, "value": number})
        return exactly(number)

    return run


def _boolean(value: Any) -> Any:
    if type(value) is bool:
        return value
    word = value.lower() if type(value) is str else None
    return word == "true" if word in ("true", "false") else one("boolean.base", echo(value))


def _bag(shape: Bag) -> Run:
    def run(value: Any) -> Any:
        if type(value) is not dict:
            return one("object.base", echo(value))
        if levels(cast("object", value), shape.most_levels) > shape.most_levels:
            return one("object.depth", {"limit": shape.most_levels})
        if not all(storable(text) for text in _texts(cast("object", value))):
            return one("any.invalid")
        if not 0 < (length := size(cast("object", value))) <= shape.most_bytes:
            return one("binary.max", {"limit": shape.most_bytes}) if length else one("any.invalid")
        return cast("object", value)

    return run


def _texts(value: object) -> list[str]:
    """Every string in `value`, keys included."""
    found: list[str] = []
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, str):
            found.append(each)
        found.extend(_names(each))
        waiting.extend(members(each))
    return found


def _names(holder: object) -> list[str]:
    return list(cast("dict[str, object]", holder)) if isinstance(holder, dict) else []


def _array(shape: Arr, *, all_faults: bool) -> Run:
    child = compile_shape(shape.items, all_faults=all_faults)
    least, most, stop_at = shape.least, shape.most, _stop_at(all_faults=all_faults)

    def run(value: Any) -> Any:
        if type(value) is not list:
            return one("array.base")
        items = cast("list[Any]", value)
        if not least <= len(items) <= most:  # before the items, so that a huge list costs nothing
            return _length_fault(items, shape)
        converted: list[Any] = []
        faults = Faults()
        for index, given in enumerate(items):
            result = child(given)
            converted.append(result)
            if type(result) is Faults:
                faults.extend(result.within(index))
                if len(faults) >= stop_at:
                    break
        return faults or converted

    return run


def _length_fault(items: list[Any], shape: Arr) -> Faults:
    if len(items) < shape.least:
        return one("array.min", {"limit": shape.least, **echo(items)})
    return one("array.max", {"limit": shape.most})


def _object(shape: Obj, *, all_faults: bool) -> Run:
    children = tuple((key, key.name, compile_shape(key.shape, all_faults=all_faults)) for key in shape.keys)
    stop_at, rest = _stop_at(all_faults=all_faults), _object_rest(shape)

    def run(value: Any) -> Any:
        if type(value) is not dict:
            return _no_object(value, shape)
        fields = cast("dict[str, Any]", value)
        converted: dict[str, Any] = {}
        known, faults = 0, Faults()
        for key, name, child in children:
            if name in fields:
                known += 1
                result = _ABSENT if key.address and fields[name] in (None, {}) else child(fields[name])
            else:
                result = one("any.required") if key.required and not key.address else _ABSENT
            if type(result) is Faults:
                faults.extend(result.within(name))
                if len(faults) >= stop_at:
                    return faults
            elif result is not _ABSENT:
                converted[name] = result
        if known < len(fields) or shape.any_of:
            faults.extend(rest(fields)[: stop_at - len(faults)])
        return faults or converted

    return run


def _no_object(value: Any, shape: Obj) -> Faults | None:
    if value is None and shape.nullable:
        return None
    return one("object.base", echo(value, secret=shape.secret))


def _object_rest(shape: Obj) -> Callable[[dict[str, Any]], Faults]:
    """What Joi looks at after the known members: unknown ones, then whether one of `any_of` is there."""
    names = {key.name for key in shape.keys}

    def rest(fields: dict[str, Any]) -> Faults:
        faults = Faults()
        for name in fields:
            if name not in names:
                faults.extend(unknown_key(name, fields[name], secret=shape.secret))
                if len(faults) >= MAX_FAULTS:
                    return faults
        if shape.any_of and not any(name in fields for name in shape.any_of):
            peers = list(shape.any_of)
            faults.extend(one("object.missing", {"peers": peers, "peersWithLabels": peers}))
        return faults

    return rest


def _stop_at(*, all_faults: bool) -> int:
    return MAX_FAULTS if all_faults else 1
