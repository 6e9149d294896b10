"""What a query asks for, checked against the declarations (decision textalk queries, item 21, item 22)."""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Final, TypeAlias

import msgspec
import sqlalchemy as sa

from entrepot.doors.textalk.caller.context import Audience
from entrepot.doors.textalk.declare.declaration import ClassDecl, Classes, Field, Operation
from entrepot.doors.textalk.declare.shapes import Array, Free, Mapped, Record, Scalar, Shape
from entrepot.doors.textalk.wire.errors import Code, Problem, RpcError, invalid_query
from entrepot.doors.textalk.wire.json import Json, escape, is_array, is_object
from entrepot.doors.textalk.wire.sentences import Text, say

MAX_DEPTH: Final = 6
MAX_KEYS: Final = 500


class Whole(msgspec.Struct, frozen=True):
    """The whole value; references in it stay uids."""


class Keys(msgspec.Struct, frozen=True):
    """Some keys of an object, or of each object in an array."""

    keys: "Mapping[str, Cut]"


class Expand(msgspec.Struct, frozen=True):
    """The object, or the objects, in place of the uid."""

    projection: "Projection"


Cut: TypeAlias = Whole | Keys | Expand
WHOLE: Final = Whole()


class Pick(msgspec.Struct, frozen=True):
    """One property of the answer, and how much of it."""

    field: Field
    cut: Cut


class Projection(msgspec.Struct, frozen=True):
    """The properties of one class that an answer holds."""

    decl: ClassDecl
    picks: tuple[Pick, ...]

    @property
    def names(self) -> frozenset[str]:
        """The names of the properties."""
        return frozenset(pick.field.name for pick in self.picks)

    @property
    def is_own(self) -> bool:
        """Whether it leads to no other objects but such as are told with this one, and of them to columns alone."""
        return all(_is_own(pick.cut, self.decl.near) for pick in self.picks)

    @property
    def is_of_columns(self) -> bool:
        """Whether one statement reads all of it."""
        return all(_is_own(pick.cut, ()) and pick.field.column is not None for pick in self.picks)

    @property
    def is_of_row(self) -> bool:
        """Whether it asks for columns of one table, and for no other objects."""
        return all(_is_own(pick.cut, ()) and isinstance(pick.field.column, sa.Column) for pick in self.picks)


def _is_own(cut: Cut, near: Collection[str]) -> bool:
    if isinstance(cut, Expand):
        return cut.projection.decl.name in near and cut.projection.is_of_row
    return cut is WHOLE or (isinstance(cut, Keys) and all(_is_own(inner, ()) for inner in cut.keys.values()))


def read_projection(
    raw: Json, decl: ClassDecl, classes: Classes, audience: Audience, *, making: bool = False
) -> Projection | RpcError:
    """The projection that a query describes; `making` says that it is of an object that is made by this call.

    9004 with every fault by pointer into the query; 1006 if it names a property, or would expand an object of a class,
    that the caller may not read.
    """
    reader = _Reader(classes, audience, decl if making else None)
    projection = reader.projection(raw, decl, "", 0)
    if reader.problems:
        return invalid_query(reader.problems)
    return RpcError(Code.FORBIDDEN) if reader.forbidden else projection


LONGEST_NAME: Final = 100
"""Of a name that is no property's so much is said back."""


class _Reader:
    """Reads one query, counting its keys and collecting its faults."""

    def __init__(self, classes: Classes, audience: Audience, made: ClassDecl | None) -> None:
        self.problems: list[Problem] = []
        self.forbidden = False
        self._classes = classes
        self._audience = audience
        self._made = made
        self._keys = 0

    def projection(self, raw: Json, decl: ClassDecl, pointer: str, depth: int) -> Projection:
        made = decl is self._made and depth == 0
        if _is_whole(raw):
            shown = (field for field in decl.fields if self._shows(field, made=made))
            return Projection(decl, tuple(Pick(field, WHOLE) for field in shown))
        picks: dict[str, Pick] = {}
        for name, place, inner in self._entries(raw, pointer):
            field = decl.by_name.get(name)
            if field is None:
                self._fault(place, unknown(name))
                continue
            self.forbidden |= not self._shows(field, made=made)
            picks[name] = Pick(field, self._cut(inner, field.shape, place, depth))
        return Projection(decl, tuple(picks.values()))

    def _shows(self, field: Field, *, made: bool) -> bool:
        return field.read <= self._audience or (made and field.once)

    def _cut(self, raw: Json, shape: Shape, pointer: str, depth: int) -> Cut:
        if raw is True:
            return WHOLE
        if isinstance(shape, Array):
            return self._cut(raw, shape.items, pointer, depth)
        if isinstance(shape, Scalar) and shape.reference is not None:
            return self._expand(raw, shape.reference, pointer, depth + 1)
        if _is_whole(raw):
            return WHOLE
        if isinstance(shape, Scalar):
            self._fault(pointer, say("query.scalar"))
            return WHOLE
        return Keys(
            {
                name: self._cut(inner, below, place, depth)
                for name, place, inner in self._entries(raw, pointer)
                if (below := self._below(shape, name, place)) is not None
            }
        )

    def _expand(self, raw: Json, class_name: str, pointer: str, depth: int) -> Cut:
        if depth > MAX_DEPTH:
            self._fault(pointer, say("query.depth", limit=MAX_DEPTH))
            return WHOLE
        decl = self._classes[class_name]
        self.forbidden |= decl.operations.get(Operation.GET, Audience.ANONYMOUS) > self._audience
        return Expand(self.projection(raw, decl, pointer, depth))

    def _below(self, shape: Mapped | Record | Free, name: str, place: str) -> Shape | None:
        below = shape_below(shape, name)
        if below is None:
            self._fault(place, unknown(name))
        return below

    def _entries(self, raw: Json, pointer: str) -> Iterator[tuple[str, str, Json]]:
        """The keys named at one level: each with its place in the query and what is asked below it."""
        for name, place, inner in self._named(raw, pointer):
            self._keys += 1
            if self._keys > MAX_KEYS:
                if self._keys == MAX_KEYS + 1:
                    self._fault(place, say("query.keys", limit=MAX_KEYS))
                return
            yield name, place, inner

    def _named(self, raw: Json, pointer: str) -> Iterator[tuple[str, str, Json]]:
        if isinstance(raw, str):
            yield raw, pointer, True
        elif is_object(raw):
            for name, inner in raw.items():
                yield name, f"{pointer}/{escape(name)}", inner
        elif is_array(raw):
            for place, name in enumerate(raw):
                if isinstance(name, str):
                    yield name, f"{pointer}/{place}", True
                else:
                    self._fault(f"{pointer}/{place}", say("query.shape"))
        else:
            self._fault(pointer, say("query.shape"))

    def _fault(self, pointer: str, text: Text) -> None:
        if len(self.problems) < MAX_KEYS:
            self.problems.append(Problem(pointer, text))


def unknown(name: str) -> Text:
    """What is said of a name that no property has: one among many is quickly found by its own sentence."""
    return say("query.unknown", name=name[:LONGEST_NAME])


def _is_whole(raw: Json) -> bool:
    """`[]` is what PHP makes of an empty object."""
    return raw is True or ((is_object(raw) or is_array(raw)) and not raw)


def shape_below(shape: Shape, name: str) -> Shape | None:
    """The shape of a key of a value of that shape; None if it cannot have the key."""
    if isinstance(shape, Record):
        return shape.properties.get(name)
    if isinstance(shape, Mapped):
        return shape.values if re.search(shape.keys, name) else None
    return shape if isinstance(shape, Free) else None
