"""Filter objects (decision textalk filter objects, item 23, item 24)."""

from collections.abc import Iterator, Mapping
from datetime import UTC, timedelta, tzinfo
from decimal import Decimal
from typing import Final

import msgspec

from entrepot.domain.kernel.moments import is_bare_date, read_moment
from entrepot.doors.textalk.caller.context import Audience
from entrepot.doors.textalk.declare.declaration import ClassDecl, Field
from entrepot.doors.textalk.declare.normalization import NotNormal, normalize_scalar
from entrepot.doors.textalk.declare.shapes import Array, Free, Kind, Scalar, Shape
from entrepot.doors.textalk.query.projection import shape_below
from entrepot.doors.textalk.wire.errors import Code, Problem, RpcError, invalid_params
from entrepot.doors.textalk.wire.json import Json, escape, is_array, is_number, is_object, pointer_tokens
from entrepot.doors.textalk.wire.sentences import Text, say

MAX_CONDITIONS: Final = 50
MAX_OPERANDS: Final = 10_000
MAX_TERM: Final = 200
SEARCH: Final = "search"
_RANGED: Final = frozenset({"equals", "in", "min", "max"})
_CONDITIONS: Final[Mapping[Kind, frozenset[str]]] = {
    Kind.INTEGER: _RANGED,
    Kind.NUMBER: _RANGED,
    Kind.DATETIME: _RANGED,
    Kind.STRING: _RANGED | {"startsWith"},
    Kind.BOOLEAN: frozenset({"equals", "in"}),
}
_OF_ARRAYS: Final = frozenset({"equals", "contains", "containsAny"})
_OF_OBJECTS: Final = frozenset({"equals"})
_SEVERAL: Final = frozenset({"in", "containsAny"})


class Target(msgspec.Struct, frozen=True):
    """What a filter looks at: a property, and the path of keys to a value inside it."""

    field: Field
    path: tuple[str, ...]
    shape: Shape


class Condition(msgspec.Struct, frozen=True):
    """One comparison of a target with an operand that fits it. A null operand asks for a missing value."""

    target: Target
    name: str
    operand: Json


class Search(msgspec.Struct, frozen=True):
    """The words that an object's searchable text must contain."""

    term: str


Filters = tuple[Condition | Search, ...]


def read_filters(
    raw: Json, decl: ClassDecl, audience: Audience, pointer: str, zone: tzinfo = UTC
) -> Filters | RpcError:
    """The conditions of a filter object that stands at `pointer` in the parameters; all must hold.

    `zone` is where days begin and end. -32602 with every fault by pointer; 1006 if a property is named that the caller
    may not read.
    """
    if raw is None or raw is True or (is_array(raw) and not raw):
        return ()
    if not is_object(raw):
        return invalid_params([Problem(pointer, say("filter.shape"))])
    reader = _Reader(decl, audience, zone)
    conditions = tuple(reader.conditions(raw, pointer))
    if len(conditions) > MAX_CONDITIONS:
        return invalid_params([Problem(pointer, say("filter.count", limit=MAX_CONDITIONS))])
    if reader.problems:
        return invalid_params(reader.problems)
    return RpcError(Code.FORBIDDEN) if reader.forbidden else conditions


class _Reader:
    """Reads one filter object, collecting its faults."""

    def __init__(self, decl: ClassDecl, audience: Audience, zone: tzinfo) -> None:
        self._zone = zone
        self.problems: list[Problem] = []
        self.forbidden = False
        self._operands = 0
        self._decl = decl
        self._audience = audience

    def conditions(self, raw: Mapping[str, Json], pointer: str) -> Iterator[Condition | Search]:
        for key, asked in raw.items():
            place = f"{pointer}/{escape(key)}"
            if key == SEARCH and self._decl.search is not None:
                yield from self._search(asked, place)
            elif (target := self._target(key)) is None:
                self._fault(place, say("filter.unknown"))
            else:
                yield from self._of_target(target, asked, place)

    def _target(self, key: str) -> Target | None:
        if (alias := self._decl.filters.get(key)) is not None:
            return Target(alias, (), alias.shape)
        tokens = pointer_tokens(key)
        field = self._decl.by_name.get(tokens[0]) if tokens else None
        if not tokens or field is None or not field.filterable or field.column is None:
            return None
        shape: Shape | None = field.shape
        for token in tokens[1:]:
            shape = None if shape is None else shape_below(shape, token)
        self.forbidden |= field.read > self._audience
        return None if shape is None else Target(field, tokens[1:], shape)

    def _of_target(self, target: Target, asked: Json, place: str) -> Iterator[Condition]:
        """A bare value asks for equality, a bare array for any of its values."""
        bare = not is_object(asked)
        for name, operand in [(_bare(target, asked), asked)] if bare else asked.items():
            spot = place if bare else f"{place}/{escape(name)}"
            if name not in _allowed(target.shape):
                self._fault(spot, say("filter.condition"))
                continue
            self._operands += len(operand) if is_array(operand) else 1
            if self._operands > MAX_OPERANDS:
                self._fault(spot, say("filter.operands", limit=MAX_OPERANDS))
                return
            fitting = _operand(target, name, operand, self._zone)
            if isinstance(fitting, _Unfit):
                self._fault(spot + fitting.pointer, say("filter.operand"))
            else:
                yield Condition(target, name, fitting)

    def _search(self, asked: Json, place: str) -> Iterator[Search]:
        term = asked.get("term") if is_object(asked) else asked
        if isinstance(term, str) and len(term) <= MAX_TERM:
            yield Search(term)
        else:
            self._fault(f"{place}/term" if is_object(asked) else place, say("filter.operand"))

    def _fault(self, pointer: str, text: Text) -> None:
        if len(self.problems) <= MAX_CONDITIONS:
            self.problems.append(Problem(pointer, text))


class _Unfit(msgspec.Struct, frozen=True):
    """An operand that does not fit; `pointer` leads from the condition to the culprit."""

    pointer: str = ""


def _bare(target: Target, asked: Json) -> str:
    if not is_array(asked):
        return "equals"
    return "containsAny" if isinstance(target.shape, Array) else "in"


def _allowed(shape: Shape) -> frozenset[str]:
    if isinstance(shape, Scalar):
        return _CONDITIONS[shape.kind]
    return _OF_ARRAYS if isinstance(shape, Array) else _OF_OBJECTS


def _operand(target: Target, name: str, given: Json, zone: tzinfo) -> Json | _Unfit:
    shape = target.shape.items if isinstance(target.shape, Array) and name != "equals" else target.shape
    if name not in _SEVERAL:
        if name == "max" and isinstance(given, str) and is_bare_date(given):
            given = _end_of(given, zone)
        return None if name == "equals" and given is None else _single(target, shape, given, zone)
    if not is_array(given):
        return _Unfit()
    fitting = [
        None if item is None and name == "in" else _single(target, shape, item, zone) for item in given
    ]
    unfit = next((place for place, item in enumerate(fitting) if isinstance(item, _Unfit)), None)
    return (
        [item for item in fitting if not isinstance(item, _Unfit)] if unfit is None else _Unfit(f"/{unfit}")
    )


def _end_of(date: str, zone: tzinfo) -> Json:
    """The last moment of a day, since a filter's upper bound belongs to what it finds."""
    after = read_moment(date, zone, until=True)
    return date if after is None else (after - timedelta(microseconds=1)).isoformat()


def _single(target: Target, shape: Shape, given: Json, zone: tzinfo) -> Json | _Unfit:
    if isinstance(shape, Free):
        return given
    if not isinstance(shape, Scalar):
        return _Unfit()
    normal = normalize_scalar(given, shape.kind, zone)
    if (
        shape.kind is Kind.DATETIME
        and not target.path
        and isinstance(normal, str)
        and not is_bare_date(str(given))
    ):
        normal = given  # a point between two seconds is compared as it is
    if isinstance(normal, NotNormal) or not _fits(normal, shape.kind):
        return _Unfit()
    return normal if target.field.to_store is None else target.field.to_store(target.path, normal)


def _fits(value: Json, kind: Kind) -> bool:
    if kind is Kind.BOOLEAN:
        return isinstance(value, bool)
    if kind in {Kind.INTEGER, Kind.NUMBER}:
        return is_number(value) and abs(Decimal(value)) < _BEYOND
    return isinstance(value, str)


_BEYOND: Final = Decimal(10) ** 30
