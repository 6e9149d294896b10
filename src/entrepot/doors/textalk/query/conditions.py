"""Conditions as SQL. What a caller names or gives is always a parameter, never text of the statement."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, cast

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from entrepot.domain.folding import fold
from entrepot.doors.kit import encode
from entrepot.doors.textalk.classes.declaration import ClassDecl
from entrepot.doors.textalk.classes.normalization import read_moment
from entrepot.doors.textalk.classes.shapes import Array, Kind, Scalar
from entrepot.doors.textalk.json import Json, is_array
from entrepot.doors.textalk.query.filters import Condition, Search, Target

_Element = sa.ColumnElement[Any]
_INT8: Final = 2**63


def where(condition: Condition | Search, decl: ClassDecl) -> sa.ColumnElement[bool]:
    """The SQL of one condition. A missing value is null in SQL and so matches nothing but a null operand."""
    if isinstance(condition, Search):
        return _contains_words(condition.term, decl)
    value = _value(condition.target)
    if condition.name == "equals" and condition.operand is None:
        return _is_missing(value)
    return _COMPARISONS[condition.name](value, condition.operand, condition.target)


def _contains_words(term: str, decl: ClassDecl) -> sa.ColumnElement[bool]:
    text = cast("sa.ColumnElement[str]", decl.search)
    return sa.and_(sa.true(), *(text.contains(_text(word), autoescape=False) for word in _patterns(term)))


def _patterns(term: str) -> list[str]:
    return [_literal_pattern(word) for word in fold(term).split()]


def _literal_pattern(text: str) -> str:
    """The text as a pattern of LIKE that matches itself only."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _is_missing(value: _Element) -> sa.ColumnElement[bool]:
    """SQL null and the JSON null are both a missing value."""
    if isinstance(value.type, JSONB):
        return sa.or_(value.is_(None), sa.func.jsonb_typeof(value) == sa.literal("null", sa.Text))
    return value.is_(None)


def _value(target: Target) -> _Element:
    """The SQL value that the target names, of the type that its shape says."""
    column = cast("_Element", target.field.column)
    if not target.path:
        return column
    inner = column.op("#>", return_type=JSONB())(_path(target))
    text = column.op("#>>", return_type=sa.Text())(_path(target))
    kind = target.shape.kind if isinstance(target.shape, Scalar) else None
    if kind in {Kind.STRING, Kind.DATETIME}:
        return text
    if kind is Kind.BOOLEAN:
        return _guarded(inner, "boolean", sa.cast(text, sa.Boolean))
    return inner if kind is None else _guarded(inner, "number", sa.cast(text, sa.Numeric))


def _guarded(inner: _Element, json_type: str, value: _Element) -> _Element:
    """The value where the JSON type is right: a cast of anything else would fail the statement."""
    return sa.case((sa.func.jsonb_typeof(inner) == sa.literal(json_type, sa.Text), value))


def _path(target: Target) -> _Element:
    return sa.literal(list(target.path), ARRAY(sa.Text))


def _text(value: str) -> _Element:
    return sa.literal(value, sa.Text)


def _parameter(operand: Json, value: _Element) -> _Element:
    """The operand as a parameter of the type that the value is compared in."""
    if isinstance(value.type, sa.JSON):
        return sa.cast(_text(encode(operand).decode()), JSONB)
    return sa.literal(*_typed(operand, value))


def _typed(operand: Json, value: _Element) -> tuple[Any, sa.types.TypeEngine[Any]]:
    if isinstance(value.type, sa.DateTime) and isinstance(operand, str):
        return read_moment(operand), sa.DateTime(timezone=True)
    if isinstance(operand, bool):
        return operand, sa.Boolean()
    if isinstance(operand, int) and abs(operand) < _INT8 and isinstance(value.type, sa.Integer):
        return operand, sa.BigInteger()
    if isinstance(operand, int | float | Decimal):
        return Decimal(operand), sa.Numeric()
    return operand, sa.Text()


def _equals(value: _Element, operand: Json, _: Target) -> sa.ColumnElement[bool]:
    return value == _parameter(operand, value)


def _at_least(value: _Element, operand: Json, _: Target) -> sa.ColumnElement[bool]:
    return _ordered(value) >= _parameter(operand, value)


def _at_most(value: _Element, operand: Json, _: Target) -> sa.ColumnElement[bool]:
    return _ordered(value) <= _parameter(operand, value)


def _ordered(value: _Element) -> _Element:
    """Texts are compared by code point, the same on every server."""
    return sa.collate(value, "C") if isinstance(value.type, sa.String) else value


def _items(operand: Json) -> Sequence[Json]:
    return operand if is_array(operand) else ()


def _in(value: _Element, operand: Json, _: Target) -> sa.ColumnElement[bool]:
    operands = _items(operand)
    matches = value.in_(_unnested([item for item in operands if item is not None], value))
    return sa.or_(matches, _is_missing(value)) if None in operands else matches


def _unnested(operands: Sequence[Json], value: _Element) -> sa.Select[Any]:
    """The operands as a table of one column, from one array parameter."""
    if isinstance(value.type, sa.JSON):
        texts = sa.literal([encode(item).decode() for item in operands], ARRAY(sa.Text))
        return sa.select(sa.cast(sa.func.unnest(texts), JSONB))
    typed = [_typed(item, value) for item in operands]
    element = sa.Numeric() if any(isinstance(kind, sa.Numeric) for _, kind in typed) else None
    kind = element or (typed[0][1] if typed else sa.Text())
    if not typed and not isinstance(value.type, sa.String):
        return sa.select(sa.cast(sa.null(), value.type)).where(sa.false())
    return sa.select(sa.func.unnest(sa.literal([item for item, _ in typed], ARRAY(kind))))


def _starts_with(value: _Element, operand: Json, _: Target) -> sa.ColumnElement[bool]:
    pattern = _literal_pattern(str(operand)) + "%"
    return sa.func.lower(value).like(sa.func.lower(_text(pattern)))


def _contains(value: _Element, operand: Json, target: Target) -> sa.ColumnElement[bool]:
    return _contains_any(value, [operand], target)


def _contains_any(value: _Element, operand: Json, target: Target) -> sa.ColumnElement[bool]:
    operands = _items(operand)
    if not isinstance(value.type, sa.JSON):
        kind = _element_type(target)
        found = [item for item in operands if _is_storable(item, kind)]
        return value.op("&&", is_comparison=True)(sa.cast(sa.literal(found, ARRAY(kind)), value.type))
    texts = sa.literal([encode([item]).decode() for item in operands], ARRAY(sa.Text))
    return value.op("@>", is_comparison=True)(sa.any_(sa.cast(texts, ARRAY(JSONB))))


def _element_type(target: Target) -> sa.types.TypeEngine[Any]:
    items = target.shape.items if isinstance(target.shape, Array) else target.shape
    numeric = isinstance(items, Scalar) and items.kind is Kind.INTEGER
    return sa.BigInteger() if numeric else sa.Text()


def _is_storable(item: Json, kind: sa.types.TypeEngine[Any]) -> bool:
    """An operand that no element can equal is left out."""
    if isinstance(kind, sa.BigInteger):
        return isinstance(item, int) and abs(item) < _INT8
    return isinstance(item, str)


_Comparison = Callable[[_Element, Json, Target], sa.ColumnElement[bool]]
_COMPARISONS: Final[Mapping[str, _Comparison]] = {
    "equals": _equals,
    "min": _at_least,
    "max": _at_most,
    "in": _in,
    "startsWith": _starts_with,
    "contains": _contains,
    "containsAny": _contains_any,
}
