"""How bodies are read here, and what is said of a value at fault (decision walmart form of requests)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from entrepot.doors.kit.checking import Fault, Faults, Kind, Manner, one
from entrepot.doors.kit.checking.faults import echo
from entrepot.doors.kit.checking.manner import exact, strict_number
from entrepot.doors.kit.checking.trails import at, dotted

_FEW: Final = 10
"""So many choices are listed; of more it is only said that the value is none of them."""


def _boolean(value: Any) -> bool | Faults:
    """True and false, also as words: the vendor's own pages have both."""
    if type(value) is bool:
        return value
    word = value.lower() if type(value) is str else None
    return word == "true" if word in ("true", "false") else one(Kind.NO_BOOLEAN, echo(value))


MANNER: Final = Manner(
    number=strict_number,
    amount=exact,
    boolean=_boolean,
    numbers_are_texts=True,
    every_fault=True,
    refuses_unknown=False,
    null_is_absent=True,
)

_WORDS: Final[dict[Kind, str]] = {
    Kind.REQUIRED: "must not be null",
    Kind.EMPTY: "must not be empty",
    Kind.UNSTORABLE: "contains a character that no text can hold",
    Kind.INFINITE: "must be a finite number",
    Kind.NO_CHOICE: "must be one of {choices}",
    Kind.NO_LIST: "must be an array",
    Kind.TOO_FEW: "must have at least {limit} elements",
    Kind.TOO_MANY: "must have at most {limit} elements",
    Kind.NO_BOOLEAN: "must be true or false",
    Kind.TOO_BIG: "must have at most {limit} bytes",
    Kind.NO_NUMBER: "must be a number",
    Kind.INEXACT: "must be a number that can be held exactly",
    Kind.TOO_SMALL: "must be at least {limit}",
    Kind.TOO_LARGE: "must be at most {limit}",
    Kind.TOO_FINE: "must have at most {limit} decimals",
    Kind.NO_WHOLE: "must be a whole number",
    Kind.NO_OBJECT: "must be an object",
    Kind.UNKNOWN: "is unknown",
    Kind.NONE_OF: "must have one of {choices}",
    Kind.NO_TEXT: "must be a text",
    Kind.TOO_LONG: "must have at most {limit} characters",
    Kind.NO_EMAIL: "must be an e-mail address",
    Kind.NO_MATCH: "must match {limit}",
    Kind.TOO_DEEP: "must be nested at most {limit} levels deep",
}


def place(path: Iterable[str | int]) -> str:
    """`orderItems[0].itemDetail.sku`: where a value stands, seen from the payload."""
    keys = tuple(path)
    return dotted(keys[1:] if keys[:1] == ("payload",) and len(keys) > 1 else keys)


def sentence(fault: Fault, body: object) -> str:
    """What is wrong in a body, after the name of what it is wrong with."""
    return f"`{place(fault.path) or 'body'}` {_words(fault, at(body, fault.path))}"


def _words(fault: Fault, value: object) -> str:
    context = fault.context
    if value is None:
        return _WORDS[Kind.REQUIRED]
    choices: list[str] = context.get("choices", [])
    if fault.kind is Kind.NO_CHOICE and len(choices) > _FEW:
        return "is none of the known codes"
    return _WORDS[fault.kind].format_map({**context, "choices": ", ".join(choices)})
