"""Conditions as SQL. What a caller names or gives is always a parameter, never text of the statement.

A condition has two sides: its parameters, which are the caller's, and the text around them, which depends on nothing
but the condition's form. So texts can be kept, and only parameters are made anew for each call.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, cast

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from entrepot.domain.kernel.moments import read_moment
from entrepot.domain.kernel.text import fold
from entrepot.doors.kit import encode
from entrepot.doors.textalk.declare.declaration import ClassDecl
from entrepot.doors.textalk.declare.shapes import Array, Kind, Scalar
from entrepot.doors.textalk.query.filters import Condition, Search, Target
from entrepot.doors.textalk.wire.json import Json, is_array

_Element = sa.ColumnElement[Any]
_Type = sa.types.TypeEngine[Any]
_INT8: Final = 2**63
_TEXT: Final = sa.Text()
_TEXTS: Final = ARRAY(sa.Text)
_MOMENT: Final = sa.DateTime(timezone=True)


class Parameter(msgspec.Struct, frozen=True):
    """A value of the caller's, and the SQL type in which it is passed."""

    value: object
    type: _Type

    @property
    def form(self) -> str:
        """What of it the text of a statement depends on."""
        return repr(self.type)


def parameters(condition: Condition | Search) -> tuple[Parameter, ...]:
    """The parameters of a condition: the path to what it looks at, then its operand."""
    if isinstance(condition, Search):
        return tuple(Parameter(_word_pattern(word), _TEXT) for word in fold(condition.term).split())
    target = condition.target
    path = (Parameter(list(target.path), _TEXTS),) if target.path else ()
    if condition.name == "equals" and condition.operand is None:
        return path
    return (*path, _OPERANDS[condition.name](condition.operand, target))


def form(condition: Condition | Search) -> Hashable:
    """What the text of a condition depends on."""
    own = tuple(parameter.form for parameter in parameters(condition))
    if isinstance(condition, Search):
        return own
    target, operand = condition.target, condition.operand
    missing = operand is None or (condition.name == "in" and None in _items(operand))
    shape = target.shape.kind if isinstance(target.shape, Scalar) else type(target.shape)
    return target.field.name, bool(target.path), shape, condition.name, missing, own


def where(
    condition: Condition | Search, decl: ClassDecl, binds: Sequence[sa.BindParameter[Any]]
) -> sa.ColumnElement[bool]:
    """The SQL of a condition around its parameters.

    A missing value is null in SQL and so matches nothing but a null operand.
    """
    if isinstance(condition, Search):
        text = cast("sa.ColumnElement[str]", decl.search)
        return sa.and_(sa.true(), *(text.contains(bind, autoescape=False) for bind in binds))
    target = condition.target
    value = _value(target, binds[0]) if target.path else cast("_Element", target.field.column)
    if condition.name == "equals" and condition.operand is None:
        return _is_missing(value)
    matches = _COMPARISONS[condition.name](value, binds[-1])
    if condition.name == "in" and None in _items(condition.operand):
        return sa.or_(matches, _is_missing(value))
    return matches


def _word_pattern(word: str) -> str:
    """A word that the text contains; `*` stands for anything."""
    return _literal_pattern(word.strip("*")).replace("*", "%")


def _literal_pattern(text: str) -> str:
    """The text as a pattern of LIKE that matches itself only."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _is_missing(value: _Element) -> sa.ColumnElement[bool]:
    """SQL null and the JSON null are both a missing value."""
    if isinstance(value.type, JSONB):
        return sa.or_(value.is_(None), sa.func.jsonb_typeof(value) == sa.literal("null", sa.Text))
    return value.is_(None)


def _value(target: Target, path: _Element) -> _Element:
    """The SQL value at a path, of the type that its shape says."""
    column = cast("_Element", target.field.column)
    inner = column.op("#>", return_type=JSONB())(path)
    text = column.op("#>>", return_type=sa.Text())(path)
    kind = _type_of(target)
    if isinstance(kind, sa.Text):
        return text
    if isinstance(kind, sa.Boolean):
        return _guarded(inner, "boolean", sa.cast(text, sa.Boolean))
    return inner if isinstance(kind, sa.JSON) else _guarded(inner, "number", sa.cast(text, sa.Numeric))


def _guarded(inner: _Element, json_type: str, value: _Element) -> _Element:
    """The value where the JSON type is right: a cast of anything else would fail the statement."""
    return sa.case((sa.func.jsonb_typeof(inner) == sa.literal(json_type, sa.Text), value))


def _type_of(target: Target) -> _Type:
    """The SQL type of what a condition looks at."""
    if not target.path:
        return cast("_Element", target.field.column).type
    kind = target.shape.kind if isinstance(target.shape, Scalar) else None
    if kind in {Kind.STRING, Kind.DATETIME}:
        return _TEXT
    if kind is Kind.BOOLEAN:
        return sa.Boolean()
    return JSONB() if kind is None else sa.Numeric()


def _single(operand: Json, target: Target) -> Parameter:
    """The operand in the type that the value is compared in; JSON is passed as text."""
    kind = _type_of(target)
    if isinstance(kind, sa.JSON):
        return Parameter(encode(operand).decode(), _TEXT)
    return _typed(operand, kind)


def _typed(operand: Json, kind: _Type) -> Parameter:
    if isinstance(kind, sa.DateTime) and isinstance(operand, str):
        return Parameter(read_moment(operand), _MOMENT)
    if isinstance(operand, bool):
        return Parameter(operand, sa.Boolean())
    if isinstance(operand, int) and abs(operand) < _INT8 and isinstance(kind, sa.Integer):
        return Parameter(operand, sa.BigInteger())
    if isinstance(operand, int | float | Decimal):
        return Parameter(Decimal(operand), sa.Numeric())
    return Parameter(operand, _TEXT)


def _several(operand: Json, target: Target) -> Parameter:
    """The operands of `in` as one array; null is no element of it."""
    kind, operands = _type_of(target), [item for item in _items(operand) if item is not None]
    if isinstance(kind, sa.JSON):
        return Parameter([encode(item).decode() for item in operands], _TEXTS)
    typed = [_typed(item, kind) for item in operands]
    numeric = next((each.type for each in typed if isinstance(each.type, sa.Numeric)), None)
    element = numeric or (typed[0].type if typed else _empty(kind))
    return Parameter([each.value for each in typed], ARRAY(element))


def _empty(kind: _Type) -> _Type:
    """The type of the elements that an empty array does not have."""
    if isinstance(kind, sa.DateTime):
        return _MOMENT
    if isinstance(kind, sa.Boolean | sa.Numeric):
        return kind
    return sa.BigInteger() if isinstance(kind, sa.Integer) else _TEXT


def _pattern(operand: Json, target: Target) -> Parameter:
    del target
    return Parameter(_literal_pattern(str(operand)) + "%", _TEXT)


def _element(operand: Json, target: Target) -> Parameter:
    if isinstance(_type_of(target), sa.JSON):
        return Parameter(encode([operand]).decode(), _TEXT)
    return _elements([operand], target)


def _elements(operand: Json, target: Target) -> Parameter:
    """Elements to look for; one that no element can equal is left out."""
    operands = _items(operand)
    if isinstance(_type_of(target), sa.JSON):
        return Parameter([encode(item).decode() for item in operands], _TEXTS)
    items = target.shape.items if isinstance(target.shape, Array) else target.shape
    numeric = isinstance(items, Scalar) and items.kind is Kind.INTEGER
    kind: _Type = sa.BigInteger() if numeric else sa.Text()
    return Parameter([item for item in operands if _is_storable(item, numeric=numeric)], ARRAY(kind))


def _is_storable(item: Json, *, numeric: bool) -> bool:
    return isinstance(item, int) and abs(item) < _INT8 if numeric else isinstance(item, str)


def _items(operand: Json) -> Sequence[Json]:
    return operand if is_array(operand) else ()


_Operand = Callable[[Json, Target], Parameter]
_OPERANDS: Final[Mapping[str, _Operand]] = {
    "equals": _single,
    "min": _single,
    "max": _single,
    "in": _several,
    "startsWith": _pattern,
    "contains": _element,
    "containsAny": _elements,
}


def _comparable(value: _Element, bind: _Element) -> _Element:
    return sa.cast(bind, JSONB) if isinstance(value.type, sa.JSON) else bind


def _equals(value: _Element, bind: _Element) -> sa.ColumnElement[bool]:
    return value == _comparable(value, bind)


def _at_least(value: _Element, bind: _Element) -> sa.ColumnElement[bool]:
    return _ordered(value) >= _comparable(value, bind)


def _at_most(value: _Element, bind: _Element) -> sa.ColumnElement[bool]:
    return _ordered(value) <= _comparable(value, bind)


def _ordered(value: _Element) -> _Element:
    """Texts are compared by code point, the same on every server."""
    return sa.collate(value, "C") if isinstance(value.type, sa.String) else value


def _in(value: _Element, bind: _Element) -> sa.ColumnElement[bool]:
    element = sa.func.unnest(bind)
    wanted = sa.cast(element, JSONB) if isinstance(value.type, sa.JSON) else element
    return value.in_(sa.select(wanted))


def _starts_with(value: _Element, bind: _Element) -> sa.ColumnElement[bool]:
    return sa.func.lower(value).like(sa.func.lower(bind))


def _contains(value: _Element, bind: _Element) -> sa.ColumnElement[bool]:
    if isinstance(value.type, sa.JSON):
        return value.op("@>", is_comparison=True)(sa.cast(bind, JSONB))
    return value.op("&&", is_comparison=True)(sa.cast(bind, value.type))


def _contains_any(value: _Element, bind: _Element) -> sa.ColumnElement[bool]:
    """Each element is looked up among the operands: `@>` and `&&` would compare all with all, in every row."""
    wanted = sa.func.unnest(bind)
    if isinstance(value.type, sa.JSON):
        is_array = sa.func.jsonb_typeof(value) == sa.literal("array", sa.Text)
        array = sa.case((is_array, value), else_=sa.cast(sa.literal("[]", sa.Text), JSONB))
        element, wanted = sa.func.jsonb_array_elements(array, type_=JSONB), sa.cast(wanted, JSONB)
    else:
        element = sa.func.unnest(value)
    each = element.column_valued("element")
    # A plain IN becomes a join of both for every row; one whose truth is asked for, a hash of the operands made once.
    found = each.in_(sa.select(wanted)).is_(sa.true())
    return sa.exists(sa.select(sa.literal(1, sa.Integer)).where(found))


_Comparison = Callable[[_Element, _Element], sa.ColumnElement[bool]]
_COMPARISONS: Final[Mapping[str, _Comparison]] = {
    "equals": _equals,
    "min": _at_least,
    "max": _at_most,
    "in": _in,
    "startsWith": _starts_with,
    "contains": _contains,
    "containsAny": _contains_any,
}
