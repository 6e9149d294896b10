"""Turns a shape into one closure per value: what runs on every request.

A closure takes a JSON value and answers the converted value, or `Faults`. The rules of a value run in one
order; the first one that is broken speaks for it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeAlias, cast

from entrepot.doors.kit.checking.email import is_email
from entrepot.doors.kit.checking.faults import (
    MAX_FAULTS,
    Faults,
    Kind,
    echo,
    levels,
    members,
    one,
    size,
    unknown_key,
)
from entrepot.doors.kit.checking.manner import Manner
from entrepot.doors.kit.checking.shapes import (
    Amount,
    Anything,
    Arr,
    Bag,
    Bool,
    Key,
    Moment,
    Number,
    Obj,
    Shape,
    Str,
    Whole,
)

Run: TypeAlias = Callable[[Any], Any]
"""JSON value -> converted value or Faults."""

_ABSENT: Any = object()


def compile_shape(shape: Shape, manner: Manner) -> Run:
    """The closure that checks `shape`; it stops at the first fault unless the manner asks for all of them."""
    match shape:
        case Str():
            return _string(shape, manner)
        case Number():
            return manner.number
        case Whole():
            return _whole(shape, manner)
        case Amount():
            return _amount(shape, manner)
        case Bool():
            return manner.boolean
        case Anything():
            return _as_it_is
        case Moment() | Bag():
            run = manner.moment if isinstance(shape, Moment) else _bag(shape)
            return _or_null(run) if shape.nullable else run
        case Arr():
            return _array(shape, manner)
        case Obj():
            return _object(shape, manner)


def _as_it_is(value: Any) -> Any:
    return value


def _or_null(run: Run) -> Run:
    return lambda value: None if value is None else run(value)


def storable(text: str) -> bool:
    """Whether PostgreSQL can hold `text`: no NUL, no lone surrogate."""
    if "\x00" in text:
        return False
    return text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text)


def _string(shape: Str, manner: Manner) -> Run:
    broken, as_text = _string_rules(shape), _text_reader(shape, manner)
    longest, plain, nullable = (
        shape.longest,
        not (shape.choices or shape.email or shape.pattern or shape.form),
        shape.nullable,
    )
    ordinary = plain and not manner.trims

    def run(value: Any) -> Any:
        # The ordinary case, decided without asking rule by rule.
        if (
            ordinary
            and type(value) is str
            and value.isascii()
            and 0 < len(value) <= longest
            and "\x00" not in value
        ):
            return value
        if value is None and nullable:
            return None
        text = as_text(value)
        if text is None:
            return one(Kind.NO_TEXT, echo(value, secret=shape.secret))
        return broken(text) or text

    return run


def _text_reader(shape: Str, manner: Manner) -> Callable[[Any], str | None]:
    """The text that a value is in this manner; None if it is none."""
    folded = frozenset(shape.choices if shape.folds else ())

    def read(value: Any) -> str | None:
        if type(value) is str:
            text = value.strip() if manner.trims else value
            return upper if folded and text.isascii() and (upper := text.upper()) in folded else text
        if manner.numbers_are_texts and type(value) in (int, float, Decimal):
            return str(value)
        return None

    return read


def _string_rules(shape: Str) -> Callable[[str], Faults | None]:
    choices, secret, blank, form = shape.choices, shape.secret, shape.blank, shape.form
    pattern = re.compile(shape.pattern, re.ASCII) if shape.pattern else None
    known = frozenset(choices)

    def broken(text: str) -> Faults | None:
        if not text:
            return None if blank else one(Kind.EMPTY)
        if not storable(text):
            return one(Kind.UNSTORABLE, echo(text, secret=secret))
        if known and text not in known:
            return one(Kind.NO_CHOICE, {**echo(text, secret=secret), "choices": list(choices)})
        if shape.email and not is_email(text):
            return one(Kind.NO_EMAIL, echo(text, secret=secret))
        if len(text) > shape.longest:
            return one(Kind.TOO_LONG, {"limit": shape.longest, **echo(text, secret=secret)})
        if pattern and not pattern.fullmatch(text):
            return one(Kind.NO_MATCH, {"limit": shape.pattern, **echo(text, secret=secret)})
        if form and not form.fits(text):
            return one(Kind.NO_FORM, {"form": form.says, **echo(text, secret=secret)})
        return None

    return broken


def _whole(shape: Whole, manner: Manner) -> Run:
    least, most, read_number = shape.least, shape.most, manner.number

    def run(value: Any) -> Any:
        number = value if type(value) is int and least <= value <= most else read_number(value)
        if isinstance(number, Faults):
            return number
        if number < least:
            return one(Kind.TOO_SMALL, {"limit": least, "value": number})
        if number % 1:
            return one(Kind.NO_WHOLE, {"value": number})
        if number > most:
            return one(Kind.TOO_LARGE, {"limit": most, "value": number})
        return int(number)

    return run


def _amount(shape: Amount, manner: Manner) -> Run:
    most, read_number, to_amount = shape.most, manner.number, manner.amount

    def run(value: Any) -> Any:
        number = read_number(value)
        if isinstance(number, Faults):
            return number
        if number < 0:
            return one(Kind.TOO_SMALL, {"limit": 0, "value": number})
        if number > most:
            return one(Kind.TOO_LARGE, {"limit": most, "value": number})
        return to_amount(number)

    return run


def _bag(shape: Bag) -> Run:
    def run(value: Any) -> Any:
        if type(value) is not dict:
            return one(Kind.NO_OBJECT, echo(value))
        if levels(cast("object", value), shape.most_levels) > shape.most_levels:
            return one(Kind.TOO_DEEP, {"limit": shape.most_levels})
        if not all(storable(text) for text in _texts(cast("object", value))):
            return one(Kind.UNSTORABLE)
        if not 0 < (length := size(cast("object", value))) <= shape.most_bytes:
            return one(Kind.TOO_BIG, {"limit": shape.most_bytes}) if length else one(Kind.UNSTORABLE)
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


def _array(shape: Arr, manner: Manner) -> Run:
    child = compile_shape(shape.items, manner)
    least, most, stop_at = shape.least, shape.most, _stop_at(manner)

    def run(value: Any) -> Any:
        if type(value) is not list:
            return one(Kind.NO_LIST)
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
        return one(Kind.TOO_FEW, {"limit": shape.least, **echo(items)})
    return one(Kind.TOO_MANY, {"limit": shape.most})


def _object(shape: Obj, manner: Manner) -> Run:
    children = tuple(_member(key, manner) for key in shape.keys)
    stop_at, rest = _stop_at(manner), _object_rest(shape, manner)
    looks_at_rest = manner.refuses_unknown

    def run(value: Any) -> Any:
        if type(value) is not dict:
            return _no_object(value, shape)
        fields = cast("dict[str, Any]", value)
        converted: dict[str, Any] = {}
        known, faults = 0, Faults()
        for name, demanded, passed_over, child in children:
            given = fields.get(name, _ABSENT)
            if given is not _ABSENT:
                known += 1
                result = _ABSENT if passed_over and given in passed_over else child(given)
            else:
                result = one(Kind.REQUIRED) if demanded else _ABSENT
            if type(result) is Faults:
                faults.extend(result.within(name))
                if len(faults) >= stop_at:
                    return faults
            elif result is not _ABSENT:
                converted[name] = result
        if (looks_at_rest and known < len(fields)) or shape.any_of:
            faults.extend(rest(fields)[: stop_at - len(faults)])
        return faults or converted

    return run


def _member(key: Key, manner: Manner) -> tuple[str, bool, tuple[Any, ...], Run]:
    """A member's name, whether it has to be there, what counts as its absence, and its check."""
    passed_over: tuple[Any, ...] = (None, {}) if key.judged_later else ()
    if manner.null_is_absent and not key.required:
        passed_over = passed_over or (None,)
    demanded = key.required and not key.judged_later
    return key.name, demanded, passed_over, compile_shape(key.shape, manner)


def _no_object(value: Any, shape: Obj) -> Faults | None:
    if value is None and shape.nullable:
        return None
    return one(Kind.NO_OBJECT, echo(value, secret=shape.secret))


def _object_rest(shape: Obj, manner: Manner) -> Callable[[dict[str, Any]], Faults]:
    """What is looked at after the known members: unknown ones, then whether one of `any_of` is there."""
    names = {key.name for key in shape.keys}

    def rest(fields: dict[str, Any]) -> Faults:
        def is_there(name: str) -> bool:
            return name in fields and not (manner.null_is_absent and fields[name] is None)

        faults = Faults()
        for name in fields if manner.refuses_unknown else ():
            if name not in names:
                faults.extend(unknown_key(name, fields[name], secret=shape.secret))
                if len(faults) >= MAX_FAULTS:
                    return faults
        if shape.any_of and not any(map(is_there, shape.any_of)):
            faults.extend(one(Kind.NONE_OF, {"choices": list(shape.any_of)}))
        return faults

    return rest


def _stop_at(manner: Manner) -> int:
    return MAX_FAULTS if manner.every_fault else 1
