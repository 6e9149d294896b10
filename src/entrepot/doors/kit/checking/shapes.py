"""The declarative form of a request body: frozen records, from which checker and JSON Schema are made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

MAX_STRING = 255
MAX_DATA_BYTES = 65_536
MAX_DATA_DEPTH = 20
MAX_AMOUNT = 1_000_000_000_000


class Form(msgspec.Struct, frozen=True, eq=False):
    """What a text must be where no pattern can say it: in words, as a test, and as JSON Schema as far as that goes."""

    says: str
    fits: Callable[[str], bool]
    schema: Mapping[str, Any] = {}


class Str(msgspec.Struct, frozen=True):
    """A string of at most `longest` characters, and not empty unless it may be `blank`.

    A `secret` is never echoed in a fault. `folds`: the choices are capital letters, and small ones count as these.
    The whole text has to match `pattern`, where there is one; its classes are ASCII's.
    """

    longest: int = MAX_STRING
    choices: tuple[str, ...] = ()
    folds: bool = False
    email: bool = False
    nullable: bool = False
    blank: bool = False
    secret: bool = False
    example: str | None = None
    pattern: str = ""
    form: Form | None = None


class Anything(msgspec.Struct, frozen=True):
    """Any value, which is judged later."""


class Number(msgspec.Struct, frozen=True):
    """Any finite number, of which more is judged later; it comes out as it was read."""


class Whole(msgspec.Struct, frozen=True):
    """A whole number from `least` to `most`; it comes out as an int."""

    least: int
    most: int


class Amount(msgspec.Struct, frozen=True):
    """Money in major units, from 0 to `most`; it comes out as what the manner makes of it."""

    most: int = MAX_AMOUNT


class Bool(msgspec.Struct, frozen=True):
    """True or false."""


class Moment(msgspec.Struct, frozen=True):
    """A point in time, written in one of the ways that the manner reads; it comes out with its zone."""

    nullable: bool = False


class Bag(msgspec.Struct, frozen=True):
    """An object that the caller fills freely; limited in bytes once serialized, and in levels of nesting."""

    most_bytes: int = MAX_DATA_BYTES
    most_levels: int = MAX_DATA_DEPTH
    nullable: bool = False


class Arr(msgspec.Struct, frozen=True):
    """A list of `items`, `least` to `most` of them."""

    items: Shape
    least: int
    most: int


class Key(msgspec.Struct, frozen=True):
    """One member of an object.

    `judged_later`: absent, null or `{}` is no fault of form; the member is left out, and the door judges that.
    """

    name: str
    shape: Shape
    required: bool = True
    judged_later: bool = False


class Obj(msgspec.Struct, frozen=True):
    """An object with these members, in the order in which they are checked.

    At least one of the members in `any_of` has to be there. In a `secret` object neither members of unknown
    name nor a wrong value in its place are echoed.
    """

    keys: tuple[Key, ...]
    any_of: tuple[str, ...] = ()
    nullable: bool = False
    secret: bool = False


Shape = Anything | Str | Number | Whole | Amount | Bool | Moment | Bag | Arr | Obj
