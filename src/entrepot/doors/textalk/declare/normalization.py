"""Values brought into the form in which they are stored: what 9002 and `normalize` are about."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from typing import Final

import msgspec

from entrepot.domain.kernel.moments import read_moment
from entrepot.doors.textalk.declare.shapes import Array, Free, Kind, Mapped, Record, Scalar, Shape
from entrepot.doors.textalk.wire.errors import Problem
from entrepot.doors.textalk.wire.json import Json, escape, is_array, is_number, is_object
from entrepot.doors.textalk.wire.sentences import Text, say

_NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]{0,29})(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,2})?", re.ASCII)
_INTEGER: Final = re.compile(r"-?[0-9]{1,30}", re.ASCII)
_BOOLEANS: Final[Mapping[str, bool]] = {"true": True, "false": False}


class NotNormal(msgspec.Struct, frozen=True):
    """A value that has no normal form."""

    text: Text


def normalize(value: Json, shape: Shape, pointer: str, problems: list[Problem], zone: tzinfo = UTC) -> Json:
    """The value in its normal form. What cannot be converted is added to `problems` (9002) and left as it is.

    `zone` is where days begin and end. A value of a wrong JSON type that nothing converts is left alone too: the
    schema refuses it (9001).
    """
    if isinstance(shape, Scalar):
        normal = normalize_scalar(value, shape.kind, zone, until=shape.until)
        if isinstance(normal, NotNormal):
            problems.append(Problem(pointer, normal.text))
            return value
        return normal
    if isinstance(shape, Array) and is_array(value):
        return [
            normalize(item, shape.items, f"{pointer}/{place}", problems, zone)
            for place, item in enumerate(value)
        ]
    if isinstance(shape, Record | Mapped) and is_object(value):
        return dict(_members(value, shape, pointer, problems, zone))
    return value


def _members(
    value: Mapping[str, Json], shape: Record | Mapped, pointer: str, problems: list[Problem], zone: tzinfo
) -> Iterator[tuple[str, Json]]:
    for name, inner in value.items():
        below = shape.properties.get(name, _ANY) if isinstance(shape, Record) else shape.values
        yield name, normalize(inner, below, f"{pointer}/{escape(name)}", problems, zone)


_ANY: Final = Free()


def normalize_scalar(value: Json, kind: Kind, zone: tzinfo = UTC, *, until: bool = False) -> Json | NotNormal:
    """The normal form of a single value; `until`: a bare date ends something, and so includes its day."""
    if kind is Kind.STRING:
        return str(value) if is_number(value) and isinstance(value, int) else value
    if isinstance(value, str):
        return _from_text(value, kind, zone, until=until)
    return _whole(value) if kind in {Kind.INTEGER, Kind.NUMBER} and is_number(value) else value


def _from_text(text: str, kind: Kind, zone: tzinfo, *, until: bool) -> Json | NotNormal:
    if kind is Kind.DATETIME:
        moment = read_moment(text, zone, until=until)
        return NotNormal(say("normalize.datetime")) if moment is None else write_moment(moment)
    if kind is Kind.BOOLEAN:
        flag = _BOOLEANS.get(text.strip().lower())
        return NotNormal(say("normalize.boolean")) if flag is None else flag
    if kind is Kind.INTEGER:
        whole = _INTEGER.fullmatch(text.strip())
        return int(text) if whole else NotNormal(say("normalize.integer"))
    number = _NUMBER.fullmatch(text.strip())
    return _whole(Decimal(text.strip())) if number else NotNormal(say("normalize.number"))


def _whole(value: float | Decimal) -> Json:
    """2.0 is the whole number 2, as in JSON Schema."""
    number = Decimal(value)
    return int(number) if abs(number) < _BEYOND and number == number.to_integral_value() else value


_BEYOND: Final = Decimal(10) ** 30


def write_moment(moment: datetime) -> str:
    """The wire form: UTC, whole seconds."""
    return moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"
