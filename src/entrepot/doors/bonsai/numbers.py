"""Numbers as Joi reads them: JSON numbers, or plain numbers in strings, within the safe range."""

from __future__ import annotations

import re
from decimal import Decimal
from math import isinf, isnan
from typing import Final

from entrepot.doors.kit.checking.faults import Faults, Kind, echo, one

_PLAIN: Final = re.compile(r"\s*[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?\s*")
_LONGEST_PLAIN = 64
_SAFE = 2**53 - 1


def read_number(value: object) -> int | float | Faults:
    """The number that `value` stands for; floats without a fraction come as int.

    Faults: no number; inexact (beyond 2^53, or a string that a double cannot hold exactly); infinite.
    """
    if (type(value) is float or type(value) is int) and -_SAFE <= value <= _SAFE:  # as nearly all are
        return int(value) if type(value) is float and value.is_integer() else value
    if isinstance(value, str):
        return _from_text(value)
    if isinstance(value, float) and isinf(value):
        return one(Kind.INFINITE, {"value": None})
    if type(value) is int or (isinstance(value, float) and not isnan(value)):
        return _safe(value, value)
    return one(Kind.NO_NUMBER, echo(value))


def _from_text(text: str) -> int | float | Faults:
    if len(text) > _LONGEST_PLAIN or not _PLAIN.fullmatch(text):
        return one(Kind.NO_NUMBER, echo(text))
    number = float(text)
    if abs(number) > _SAFE or not _reads_back(number, text):
        return one(Kind.INEXACT, echo(text.strip()))
    return _safe(number, text)


def _reads_back(number: float, text: str) -> bool:
    """Whether the shortest form of `number` is what was written."""
    try:
        return Decimal(repr(number)) == Decimal(text.strip())
    except ArithmeticError:  # an exponent that even Decimal refuses
        return False


def _safe(number: int | float, written: object) -> int | float | Faults:
    if not -_SAFE <= number <= _SAFE:
        return one(Kind.INEXACT, echo(written))
    return int(number) if isinstance(number, float) and number.is_integer() else number
