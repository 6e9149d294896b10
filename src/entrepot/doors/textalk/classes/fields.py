"""Properties as classes declare them: short names for what most of them are."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final, TypeVar, cast

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from entrepot.domain.money import to_major, to_minor
from entrepot.doors.textalk.classes import shapes
from entrepot.doors.textalk.classes.declaration import Field
from entrepot.doors.textalk.classes.shapes import Kind, Scalar, Shape
from entrepot.doors.textalk.context import Audience
from entrepot.doors.textalk.json import Json, is_number, is_object

T = TypeVar("T")
_MILLION: Final = Decimal(1_000_000)


def uid(column: sa.ColumnElement[Any], kind: Kind = Kind.INTEGER) -> Field:
    """The property `uid`."""
    shape = shapes.integer(0) if kind is Kind.INTEGER else shapes.string()
    return Field(name="uid", shape=shape, source=column, filterable=True, sortable=True)


def shown(name: str, shape: Shape, source: sa.ColumnElement[Any], **more: Any) -> Field:
    """A property that can be read and filtered by, and not set."""
    return Field(name=name, shape=shape, source=source, filterable=True, **more)


def settable(name: str, shape: Shape, source: sa.ColumnElement[Any], **more: Any) -> Field:
    """A property that administrators set."""
    return shown(name, shape, source, **({"write": Audience.ADMIN} | more))


def kept(
    name: str, shape: Shape, data: sa.ColumnElement[Any], *, absent: object = None, **more: Any
) -> Field:
    """A property that administrators set and only this door knows: a key of the record's `data`."""
    inner = cast("Any", data)[name]
    value = _typed(inner, shape)
    if absent is not None:
        value = sa.func.coalesce(value, _constant(absent, value))
    return settable(name, shape, value, **more)


def _typed(inner: Any, shape: Shape) -> sa.ColumnElement[Any]:
    """The key's value in the SQL type of its shape; the schema has seen to it that it fits."""
    if not isinstance(shape, Scalar):
        return inner
    kinds: dict[Kind, sa.types.TypeEngine[Any]] = {
        Kind.INTEGER: sa.BigInteger(),
        Kind.NUMBER: sa.Numeric(),
        Kind.BOOLEAN: sa.Boolean(),
    }
    kind = kinds.get(shape.kind)
    return inner.astext if kind is None else sa.cast(inner.astext, kind)


def _constant(value: object, like: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    if isinstance(like.type, sa.JSON):
        return sa.cast(sa.literal("[]" if value == [] else "{}", sa.Text), JSONB)
    return sa.literal(value, like.type)


def created(column: sa.ColumnElement[Any], name: str = "created") -> Field:
    """When the object was made or changed."""
    return shown(name, shapes.moment(), column, sortable=True)


def amounts(name: str, column: sa.ColumnElement[Any], **more: Any) -> Field:
    """Amounts by currency: minor units in the record, major units on the wire."""
    return settable(name, shapes.by_currency(), column, to_wire=major_units, to_store=minor_unit, **more)


def major_units(cell: Any) -> Json:
    """Minor units by currency, at any depth of an object, as major units."""
    return {
        key: to_major(value, key) if is_number(value) else major_units(value) if is_object(value) else value
        for key, value in (cell or {}).items()
    }


def minor_unit(path: tuple[str, ...], value: Json) -> Json:
    """A filter's operand in minor units of the currency that is the last key."""
    return to_minor(value, path[-1]) if is_number(value) and path else value


def minor_units(value: Json) -> dict[str, int]:
    """Major units by currency as minor units; null amounts are left out."""
    given = value if is_object(value) else {}
    return {currency: to_minor(n, currency) for currency, n in given.items() if is_number(n)}


def fraction(cell: Any) -> Json:
    """Millionths as a fraction."""
    return None if cell is None else plain(Decimal(cell) / _MILLION)


def millionths(value: Json) -> int:
    """A fraction as millionths."""
    return int((Decimal(str(value or 0)) * _MILLION).to_integral_value())


def plain(number: Decimal) -> Decimal:
    """The number without zeros at its end, and never as a power of ten."""
    return number.quantize(Decimal(1)) if number == number.to_integral_value() else number.normalize()


def scaled(units: int, scale: int) -> Decimal:
    """A quantity in whole units."""
    return plain(Decimal(units).scaleb(-scale))


def texts(value: Mapping[str, T | None] | None) -> dict[str, T]:
    """Texts by language without the languages that have none."""
    return {language: text for language, text in (value or {}).items() if text is not None}


FRACTION: Final[dict[str, Any]] = {
    "to_wire": fraction,
    "to_store": lambda _, value: millionths(value),
}
"""A rate: millionths in the record, a fraction on the wire."""
