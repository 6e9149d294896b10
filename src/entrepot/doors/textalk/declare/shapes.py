"""The JSON shapes of properties. Schemas, normalisation, queries and filters all read the same shape."""

from collections.abc import Mapping
from enum import Enum
from typing import Final, TypeAlias

import msgspec

from entrepot.domain.kernel.regions import country_codes


class Kind(Enum):
    """The kinds of single values. A date-time is a text `YYYY-MM-DDTHH:MM:SSZ`."""

    INTEGER = "integer"
    NUMBER = "number"
    STRING = "string"
    BOOLEAN = "boolean"
    DATETIME = "date-time"


class Scalar(msgspec.Struct, frozen=True, kw_only=True):
    """A single value. `reference` names the class whose uid it is. Lengths count characters."""

    kind: Kind
    nullable: bool = False
    reference: str | None = None
    options: tuple[str, ...] = ()
    minimum: int | float | None = None
    maximum: int | float | None = None
    multiple_of: int | float | None = None
    decimals: int | None = None
    """Of a number: how many it is kept with. A patch with more is refused."""
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    until: bool = False
    """Of a date-time: it is when something ends, so that a bare date includes its day."""


class Mapped(msgspec.Struct, frozen=True, kw_only=True):
    """An object whose keys are data, such as languages or currencies, all of one form."""

    keys: str
    values: "Shape"
    nullable: bool = False


class Array(msgspec.Struct, frozen=True, kw_only=True):
    """An array of one shape."""

    items: "Shape"
    nullable: bool = False
    max_items: int = 1000
    unique: bool = False


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """An object with fixed properties."""

    properties: Mapping[str, "Shape"]
    required: tuple[str, ...] = ()
    nullable: bool = False


class Free(msgspec.Struct, frozen=True, kw_only=True):
    """Any JSON value."""

    nullable: bool = True


Shape: TypeAlias = Scalar | Mapped | Array | Record | Free

MAX_UID: Final = 2**53 - 1
MAX_UID_DIGITS: Final = 16
MAX_TEXT: Final = 100_000
MAX_RATE: Final = 100
RATE_DECIMALS: Final = 6
LANGUAGE_KEYS: Final = "^[a-z]{2}$"
CURRENCY_KEYS: Final = "^[A-Z]{3}$"
UID_KEYS: Final = "^[0-9]{1,16}$"
ANY_KEYS: Final = "^.{1,200}$"


def integer(minimum: int | None = None, maximum: int | None = MAX_UID, *, nullable: bool = False) -> Scalar:
    """A whole number that every client can hold exactly."""
    return Scalar(
        kind=Kind.INTEGER,
        minimum=-MAX_UID if minimum is None else minimum,
        maximum=maximum,
        nullable=nullable,
    )


def number(
    minimum: float | None = None,
    *,
    maximum: float = 1e15,
    multiple_of: float | None = None,
    decimals: int | None = None,
    nullable: bool = False,
) -> Scalar:
    """A number; amounts of money are in major units."""
    return Scalar(
        kind=Kind.NUMBER,
        minimum=minimum,
        maximum=maximum,
        multiple_of=multiple_of,
        decimals=decimals,
        nullable=nullable,
    )


def rate(maximum: int = MAX_RATE) -> Scalar:
    """A share of something, such as a VAT rate: a fraction, kept in millionths."""
    return Scalar(kind=Kind.NUMBER, minimum=0, maximum=maximum, decimals=RATE_DECIMALS)


def string(
    max_length: int = MAX_TEXT, *, min_length: int = 0, pattern: str | None = None, nullable: bool = False
) -> Scalar:
    """A text."""
    return Scalar(
        kind=Kind.STRING, max_length=max_length, min_length=min_length, pattern=pattern, nullable=nullable
    )


def country(*, nullable: bool = False, blank: bool = False) -> Scalar:
    """A country by its two letters in ISO 3166-1; `blank`: or an empty text, for none."""
    codes = "|".join(country_codes())
    return string(2, pattern=f"^({codes}){'?' if blank else ''}$", nullable=nullable)


def option(*options: str, nullable: bool = False) -> Scalar:
    """One of a few words."""
    return Scalar(kind=Kind.STRING, options=options, nullable=nullable)


def boolean(*, nullable: bool = False) -> Scalar:
    """True or false."""
    return Scalar(kind=Kind.BOOLEAN, nullable=nullable)


def moment(*, nullable: bool = False, until: bool = False) -> Scalar:
    """A point in time; `until`: when something ends."""
    return Scalar(kind=Kind.DATETIME, nullable=nullable, until=until)


def reference(class_name: str, *, kind: Kind = Kind.INTEGER, nullable: bool = False) -> Scalar:
    """The uid of an object of that class; a query may ask for the object in its place."""
    limits = (0, MAX_UID) if kind is Kind.INTEGER else (None, None)
    return Scalar(kind=kind, reference=class_name, minimum=limits[0], maximum=limits[1], nullable=nullable)


def references(class_name: str, *, kind: Kind = Kind.INTEGER, nullable: bool = False) -> Array:
    """The uids of several objects of that class."""
    return Array(items=reference(class_name, kind=kind), nullable=nullable, unique=True)


def localized(max_length: int = MAX_TEXT, *, nullable: bool = False) -> Mapped:
    """A text in several languages, keyed by ISO 639-1."""
    return Mapped(keys=LANGUAGE_KEYS, values=string(max_length, nullable=True), nullable=nullable)


def by_currency(*, nullable: bool = False) -> Mapped:
    """An amount in several currencies, keyed by ISO 4217, each in major units."""
    return Mapped(keys=CURRENCY_KEYS, values=number(0, nullable=True), nullable=nullable)
