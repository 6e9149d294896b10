"""Bodies read and refused as Joi 15.1.1 does: its order, texts and types (decision bonsai second reading 10).

Where we differ from Joi, on purpose:

- quantities are whole; lists, texts and free objects have limits (in Joi's words, except `object.depth`), and
  the length of a list is looked at before its items;
- objects and arrays inside strings are not unpacked;
- a fault is reported once per value, and only the first of all, unknown members included;
- a value that is secret is echoed as "<redacted>"; one too long or too deep is not echoed;
- NUL characters and lone surrogates, which the database cannot hold, are `any.invalid`;
- e-mail addresses: see `kit.checking.email`.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from entrepot.doors.bonsai.numbers import read_number
from entrepot.doors.kit.checking import Context, Fault, Faults, Kind, Manner, one
from entrepot.doors.kit.checking.faults import echo
from entrepot.doors.kit.checking.manner import exact


class FaultItem(msgspec.Struct, frozen=True):
    """One entry of INVALID_INPUT's `detail`; `path` leads from the body's root to the value at fault."""

    message: str
    path: tuple[str | int, ...]
    type: str
    context: Context


def _boolean(value: Any) -> bool | Faults:
    """True or false; the words `true` and `false` in a string count, in any case."""
    if type(value) is bool:
        return value
    word = value.lower() if type(value) is str else None
    return word == "true" if word in ("true", "false") else one(Kind.NO_BOOLEAN, echo(value))


JOI: Final = Manner(number=read_number, amount=exact, boolean=_boolean)

# Joi's types and texts; the last one is ours, for a limit that Joi does not know.
_WORDS: Final[dict[Kind, tuple[str, str]]] = {
    Kind.REQUIRED: ("any.required", "is required"),
    Kind.EMPTY: ("any.empty", "is not allowed to be empty"),
    Kind.UNSTORABLE: ("any.invalid", "contains an invalid value"),
    Kind.INFINITE: ("any.invalid", "contains an invalid value"),
    Kind.NO_CHOICE: ("any.allowOnly", "must be one of [{choices}]"),
    Kind.NO_LIST: ("array.base", "must be an array"),
    Kind.TOO_FEW: ("array.min", "must contain at least {limit} items"),
    Kind.TOO_MANY: ("array.max", "must contain less than or equal to {limit} items"),
    Kind.NO_BOOLEAN: ("boolean.base", "must be a boolean"),
    Kind.TOO_BIG: ("binary.max", "must be less than or equal to {limit} bytes"),
    Kind.NO_NUMBER: ("number.base", "must be a number"),
    Kind.INEXACT: ("number.unsafe", "must be a safe number"),
    Kind.TOO_SMALL: ("number.min", "must be larger than or equal to {limit}"),
    Kind.TOO_LARGE: ("number.max", "must be less than or equal to {limit}"),
    Kind.TOO_FINE: ("number.precision", "must have no more than {limit} decimal places"),
    Kind.NO_WHOLE: ("number.integer", "must be an integer"),
    Kind.NO_OBJECT: ("object.base", "must be an object"),
    Kind.UNKNOWN: ("object.allowUnknown", "is not allowed"),
    Kind.NONE_OF: ("object.missing", "must contain at least one of [{choices}]"),
    Kind.NO_TEXT: ("string.base", "must be a string"),
    Kind.TOO_LONG: ("string.max", "length must be less than or equal to {limit} characters long"),
    Kind.NO_EMAIL: ("string.email", "must be a valid email"),
    Kind.NO_MATCH: ("string.regex.base", "fails to match the required pattern: {limit}"),
    Kind.TOO_DEEP: ("object.depth", "must be nested at most {limit} levels deep"),
}


def item(fault: Fault) -> FaultItem:
    """The entry of the reply: Joi quotes the last key only, and calls the root "value"."""
    kind, sentence = _WORDS[fault.kind]
    choices = ", ".join(fault.context.get("choices", ()))
    text = sentence.format_map({**fault.context, "choices": choices})
    path, context = fault.path, _context(fault)
    if not path:
        # The whole body is not echoed (decision bonsai second reading 10).
        whole: Context = {key: value for key, value in context.items() if key != "value"}
        return FaultItem(f'"value" {text}', path, kind, {**whole, "label": "value"})
    name = path[-1]
    return FaultItem(f'"{name}" {text}', path, kind, {**context, "key": name, "label": name})


def items(faults: tuple[Fault, ...]) -> tuple[FaultItem, ...]:
    """INVALID_INPUT's `detail`."""
    return tuple(item(fault) for fault in faults)


def _context(fault: Fault) -> Context:
    """The context under Joi's own names."""
    context = fault.context
    match fault.kind:
        case Kind.EMPTY:
            return {"value": "", "invalids": [""]}
        case Kind.INFINITE:
            return {**context, "invalids": [None, None]}  # JSON's form of the infinities
        case Kind.NO_CHOICE:
            return {**_without_choices(context), "valids": context["choices"]}
        case Kind.NONE_OF:
            return {"peers": context["choices"], "peersWithLabels": context["choices"]}
        case _:
            return context


def _without_choices(context: Context) -> Context:
    return {key: value for key, value in context.items() if key != "choices"}
