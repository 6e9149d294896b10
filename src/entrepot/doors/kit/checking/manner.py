"""How a door reads bodies: the habits of the software that its vendor uses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeAlias

import msgspec

from entrepot.domain.kernel.moments import read_moment
from entrepot.doors.kit.checking.faults import Faults, Kind, echo, one

Number = int | float | Decimal
JsonSchema: TypeAlias = dict[str, Any]


def rfc_3339(value: Any) -> datetime | Faults:
    """A text as RFC 3339 has it; without an offset it is UTC."""
    found = read_moment(value) if type(value) is str else None
    return one(Kind.NO_MOMENT, echo(value)) if found is None else found


class Manner(msgspec.Struct, frozen=True, eq=False):
    """The habits of one door. Two manners are the same only if they are one object.

    `number` reads what may be a number, or answers what is wrong with it; `amount` makes money in major units of the
    number that was read, and `moment` reads what may be a point in time.
    `numbers_are_texts`: a number in a text's place is taken as it is written.
    `trims`: blanks around texts are not part of them. `every_fault`: the check goes on after the first.
    `refuses_unknown`: a member that the shape does not have is a fault; otherwise it is passed over.
    `null_is_absent`: null in an optional member's place says nothing.
    `described` says of kinds of shapes what the manner reads beyond the clean form, as members of their JSON Schema.
    """

    number: Callable[[Any], Number | Faults]
    amount: Callable[[Number], Any]
    boolean: Callable[[Any], bool | Faults]
    numbers_are_texts: bool = False
    trims: bool = False
    every_fault: bool = False
    refuses_unknown: bool = True
    null_is_absent: bool = False
    moment: Callable[[Any], datetime | Faults] = rfc_3339
    described: Mapping[type[Any], JsonSchema] = {}


def strict_boolean(value: Any) -> bool | Faults:
    """True and false, and nothing else."""
    return value if type(value) is bool else one(Kind.NO_BOOLEAN, echo(value))


def strict_number(value: Any) -> Number | Faults:
    """JSON's own finite numbers, and nothing else."""
    if type(value) is int or isinstance(value, Decimal):
        return value
    if type(value) is float and value == value and abs(value) != float("inf"):
        return value
    return one(Kind.NO_NUMBER, echo(value))


def exact(number: Number) -> Decimal:
    """The number as it was written, digit by digit."""
    return number if isinstance(number, Decimal) else Decimal(repr(number))
