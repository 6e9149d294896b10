"""Properties as classes declare them: short names for what most of them are."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, cast

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from entrepot.domain.kernel.moments import read_moment
from entrepot.domain.kernel.money import in_minor, read_amount, to_major
from entrepot.doors.textalk.caller.context import Audience
from entrepot.doors.textalk.declare import shapes
from entrepot.doors.textalk.declare.declaration import Field
from entrepot.doors.textalk.declare.shapes import Kind, Mapped, Scalar, Shape
from entrepot.doors.textalk.wire.json import Json, is_number, is_object

Put = Callable[[Json], dict[str, Any]]
_MILLION: Final = Decimal(1_000_000)


def uid(column: sa.ColumnElement[Any], kind: Kind = Kind.INTEGER) -> Field:
    """The property `uid`."""
    shape = shapes.integer(0) if kind is Kind.INTEGER else shapes.string()
    return Field(name="uid", shape=shape, source=column, filterable=True, sortable=True)


def shown(name: str, shape: Shape, source: sa.ColumnElement[Any], **more: Any) -> Field:
    """A property that can be read and filtered by, and not set."""
    options: dict[str, Any] = {"filterable": True, **more}
    return Field(name=name, shape=shape, source=source, **options)


def settable(
    name: str,
    shape: Shape,
    source: sa.ColumnElement[Any],
    *,
    convert: Callable[[Any], Any] | None = None,
    **more: Any,
) -> Field:
    """A property that administrators set; one that is a column is the record's field of that name."""
    options: dict[str, Any] = {"write": Audience.ADMIN, **more}
    if isinstance(source, sa.Column):
        options.setdefault("put", _into(str(source.name), convert))
    return shown(name, shape, source, **options)


def _into(field: str, convert: Callable[[Any], Any] | None) -> Put:
    def put(value: Json) -> dict[str, Any]:
        return {field: value if convert is None else convert(value)}

    return put


def kept(
    name: str, shape: Shape, data: sa.ColumnElement[Any], *, absent: object = None, **more: Any
) -> Field:
    """A property that administrators set and only this door knows: a key of the record's `data`.

    `absent` is its value until then; what is keyed by language or currency has no keys.
    """
    if absent is None and isinstance(shape, Mapped) and not shape.nullable:
        absent = {}
    inner = cast("Any", data)[name]
    value = _typed(inner, shape)
    if absent is not None:
        value = sa.func.coalesce(value, _constant(absent, value))
    options: dict[str, Any] = {"put": _into_data(name), **more}
    return settable(name, shape, value, **options)


def _into_data(name: str) -> Put:
    def put(value: Json) -> dict[str, Any]:
        return {"data": {name: value}}

    return put


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


def created(
    column: sa.ColumnElement[Any], name: str = "created", *, nullable: bool = False, **more: Any
) -> Field:
    """When the object was made or changed."""
    return shown(name, shapes.moment(nullable=nullable), column, sortable=True, **more)


def amounts(name: str, column: sa.ColumnElement[Any], **more: Any) -> Field:
    """Amounts by currency: minor units in the record, major units on the wire."""
    money: dict[str, Any] = {"to_wire": major_units, "to_store": minor_unit, "convert": minor_units, **more}
    return settable(name, shapes.by_currency(), column, **money)


def major_units(cell: Any) -> Json:
    """Minor units by currency, at any depth of an object, as major units."""
    given = cast("dict[str, Json]", cell or {})
    return {key: _major(key, value) for key, value in given.items()}


def _major(key: str, value: Json) -> Json:
    if is_object(value):
        return major_units(value)
    return to_major(int(value), key) if is_number(value) else value


def moment_of(value: Json) -> datetime | None:
    """A date-time in wire form as a point in time."""
    return read_moment(value) if isinstance(value, str) else None


def minor_unit(path: tuple[str, ...], value: Json) -> Json:
    """A filter's operand in minor units of the currency that is the last key; it may lie between two of them."""
    return in_minor(value, path[-1]) if is_number(value) and path else value


def minor(amount: Decimal | float, currency: str) -> int:
    """An amount in minor units. Raises ValueError for one that the currency cannot hold: the schema refuses it."""
    read = read_amount(amount, currency)
    if read is None:
        raise ValueError(f"an amount that {currency} cannot hold")
    return read


def minor_units(value: Json) -> dict[str, int | None]:
    """Major units by currency as minor units; a null stays, it takes an amount away."""
    if not is_object(value):
        return {}
    return {currency: minor(n, currency) if is_number(n) else None for currency, n in value.items()}


def fraction(cell: Any) -> Json:
    """Millionths as a fraction."""
    return None if cell is None else plain(Decimal(cell) / _MILLION)


def millionths(value: Json) -> int:
    """A fraction as millionths: it has as many decimals, or the patch was refused."""
    return int(Decimal(str(value or 0)) * _MILLION)


def plain(number: Decimal) -> Decimal:
    """The number without zeros at its end, and never as a power of ten."""
    return number.quantize(Decimal(1)) if number == number.to_integral_value() else number.normalize()


def scaled(units: int, scale: int) -> Decimal:
    """A quantity in whole units."""
    return plain(Decimal(units).scaleb(-scale))


def _stored_fraction(path: tuple[str, ...], value: Json) -> Json:
    """A filter's operand in millionths; it may lie between two of them."""
    del path
    return Decimal(str(value)) * _MILLION if is_number(value) else value


FRACTION: Final[dict[str, Any]] = {
    "to_wire": fraction,
    "to_store": _stored_fraction,
    "convert": millionths,
}
"""A rate: millionths in the record, a fraction on the wire."""
