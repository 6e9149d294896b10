"""Bodies read and refused as Django REST Framework 3.18 does it (decision datamingle shapes, dates).

Where we differ from it, on purpose:

- a blank optional text says nothing, as null does;
- numbers in a text's place keep their digits (`1.10` stays `1.10`);
- quantities and free objects have limits; a reply lists 100 faults at most;
- NUL characters and lone surrogates never come here: such a body is refused as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

import msgspec

from entrepot.doors.datamingle.speech import NON_FIELD
from entrepot.doors.kit.checking import Bool, Fault, Faults, Kind, Manner, Moment, Whole, one
from entrepot.doors.kit.checking.faults import echo
from entrepot.doors.kit.checking.manner import Number, exact
from entrepot.doors.kit.checking.trails import at

_FRACTION_OF_ZEROS: Final = re.compile(r"\.0*\s*\Z")
_LONGEST_NUMBER: Final = 1_000
_TRUE: Final = frozenset({"t", "true", "y", "yes", "on", "1"})
_FALSE: Final = frozenset({"f", "false", "n", "no", "off", "0"})


class Detail(msgspec.Struct, frozen=True):
    """One entry of `details`: the field's place, and what is wrong, given what the caller calls the field."""

    path: tuple[str | int, ...]
    said: Callable[[str], str]


def detail(path: Sequence[str | int], text: str) -> Detail:
    """An entry whose sentence names no field."""
    return Detail(tuple(path), lambda _: text)


def whole(value: Any) -> Number | Faults:
    """The whole number that a number or a text stands for, as Python reads it; true and false are none."""
    if type(value) is int:
        return value
    written = str(float(value)) if type(value) in (float, Decimal) else value
    if type(written) is not str or len(written) > _LONGEST_NUMBER:
        return one(Kind.NO_NUMBER, echo(value))
    try:
        return int(_FRACTION_OF_ZEROS.sub("", written))
    except ValueError:
        return one(Kind.NO_NUMBER, echo(value))


def boolean(value: Any) -> bool | Faults:
    """True, false, and the words and numbers that stand for them."""
    if type(value) in (bool, int, float, Decimal) and value in (0, 1):
        return bool(value)
    word = value.lower() if type(value) is str else None
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    return one(Kind.NO_BOOLEAN, echo(value))


def moment(value: Any) -> datetime | Faults:
    """Whatever Python reads of ISO 8601; a date alone is its midnight, and what has no zone is UTC."""
    if type(value) is not str:
        return one(Kind.NO_MOMENT, echo(value))
    try:
        found = _as_written(value)
    except ValueError:
        return one(Kind.NO_MOMENT, echo(value))
    try:
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError:
        return one(Kind.NO_SUCH_MOMENT, echo(value))


def _as_written(text: str) -> datetime:
    if len(text) <= len("YYYY-MM-DD"):
        return datetime.combine(date.fromisoformat(text), datetime.min.time())
    return datetime.fromisoformat(text)


_DESCRIBED: Final[dict[type[Any], dict[str, Any]]] = {
    Whole: {"type": ["number", "string"], "description": "A whole number, or a text that is one."},
    Bool: {"type": ["boolean", "string", "number"], "enum": [True, False, *sorted(_TRUE | _FALSE), 0, 1]},
    Moment: {"description": "ISO 8601. Without a zone it is UTC, and a date alone its midnight."},
}
MANNER: Final = Manner(
    number=whole,
    amount=exact,
    boolean=boolean,
    numbers_are_texts=True,
    trims=True,
    every_fault=True,
    refuses_unknown=False,
    moment=moment,
    described=_DESCRIBED,
)

WITHOUT_ITEMS: Final = "At least one item is required."
_NULL = "This field may not be null."
_NO_MOMENT = (
    "Datetime has wrong format. Use one of these formats instead: "
    "YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]."
)
_SENTENCES: Final[dict[Kind, str]] = {
    Kind.REQUIRED: "This field is required.",
    Kind.EMPTY: "This field may not be blank.",
    Kind.UNSTORABLE: "Null characters are not allowed.",
    Kind.NO_TEXT: "Not a valid string.",
    Kind.TOO_LONG: "Ensure this field has no more than {limit} characters.",
    Kind.NO_BOOLEAN: "Must be a valid boolean.",
    Kind.NO_MOMENT: _NO_MOMENT,
    Kind.NO_SUCH_MOMENT: "Datetime value out of range.",
    Kind.NO_NUMBER: "A valid integer is required.",
    Kind.NO_WHOLE: "A valid integer is required.",
    Kind.TOO_SMALL: "Ensure this value is greater than or equal to {limit}.",
    Kind.TOO_LARGE: "Ensure this value is less than or equal to {limit}.",
    Kind.NO_LIST: 'Expected a list of items but got type "{type}".',
    Kind.TOO_FEW: "This list may not be empty.",
    Kind.TOO_MANY: "Ensure this field has no more than {limit} elements.",
    Kind.TOO_DEEP: "Ensure this field nests no deeper than {limit} levels.",
    Kind.TOO_BIG: "Ensure this field has no more than {limit} bytes.",
}
_ITEM = "Invalid data. Expected a dictionary, but got {type}."
_BAG = 'Expected a dictionary of items but got type "{type}".'
_TYPES: Final[dict[type, str]] = {Decimal: "float"}
_NULLS: Final = frozenset(
    {Kind.NO_TEXT, Kind.NO_BOOLEAN, Kind.NO_MOMENT, Kind.NO_NUMBER, Kind.NO_LIST, Kind.NO_OBJECT}
)


def details(faults: Sequence[Fault], body: object) -> tuple[Detail, ...]:
    """What is wrong with a body, in the framework's sentences."""
    return tuple(_detail(fault, at(body, fault.path)) for fault in faults)


def _detail(fault: Fault, value: object) -> Detail:
    path = fault.path
    if path == ("items",) and (fault.kind in (Kind.REQUIRED, Kind.TOO_FEW) or value is None):
        return detail(path, WITHOUT_ITEMS)
    return detail(path or NON_FIELD, _sentence(fault, value))


def _sentence(fault: Fault, value: object) -> str:
    kind, path = fault.kind, fault.path
    if value is None and kind in _NULLS:
        return _NULL
    if kind is Kind.NO_CHOICE:
        return f'"{value}" is not a valid choice.'
    if kind is Kind.NO_NUMBER and isinstance(value, str) and len(value) > _LONGEST_NUMBER:
        return "String value too large."
    text = _SENTENCES.get(kind) or (_ITEM if not path or isinstance(path[-1], int) else _BAG)
    return text.format_map({"type": _TYPES.get(type(value), type(value).__name__), **fault.context})
