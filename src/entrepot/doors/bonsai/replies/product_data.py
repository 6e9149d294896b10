"""What a product's and a variant's `data` add for this door: looks, words and marks that no rule needs.

`data` is free: its members are spelt in snake case, and one that does not have the form below is left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Generic, TypeVar, cast

import msgspec

T = TypeVar("T")
Number = int | float | None

_AFTER_UNDERSCORE = re.compile(r"_([a-z])")


class _Part(msgspec.Struct, frozen=True, omit_defaults=True):
    pass


class _Picture(_Part, frozen=True):
    url: str
    width: Number = None
    height: Number = None


class _Image(_Picture, frozen=True):
    contentful_id: str = ""
    title: str = ""
    format: str = ""
    size: Number = None


class _Section(_Part, frozen=True):
    title: str
    html_content: str


class _Description(_Part, frozen=True):
    is_raw: bool
    raw: str
    sections: tuple[_Section, ...] = ()


class _Brand(_Part, frozen=True):
    public_id: str
    name: str
    logo: _Picture | None = None


class _Reviews(_Part, frozen=True):
    total_ratings: Number = None
    star_rating: Number = None


class _Option(_Part, frozen=True):
    type: str
    value: str


class Member(msgspec.Struct, Generic[T], frozen=True):
    """A member of `data`: its key, its type, and its name in the reply if that is not its key in camel case."""

    key: str
    type: type[T]
    name: str = ""


PRODUCT = (
    Member("description", _Description),
    Member("brand", _Brand),
    Member("images", tuple[_Image, ...]),
    Member("type", str),
    Member("gender", str),
    Member("reviews", _Reviews),
    Member("categories", tuple[str, ...]),
    Member("product_url", str, "productURL"),
    Member("return_policy", str),
)
VARIANT = (
    Member("options", tuple[_Option, ...]),
    Member("images", tuple[_Picture, ...]),
    Member("is_final_sale", bool),
    Member("gtin", str),
)


def members(data: Mapping[str, Any], known: tuple[Member[Any], ...]) -> dict[str, Any]:
    """The known members of `data` as the reply has them."""
    found: dict[str, Any] = {}
    for member in known:
        value = text_or_part(data, member)
        if value is not None:
            found[member.name or _camel(member.key)] = _camelled(msgspec.to_builtins(value))
    return found


def text_or_part(data: Mapping[str, Any], member: Member[T]) -> T | None:
    """One member of `data`; None where it is missing or of another form."""
    try:
        return msgspec.convert(data[member.key], member.type)
    except (KeyError, msgspec.ValidationError):
        return None


def _camelled(value: object) -> object:
    match value:
        case dict():
            parts = cast("dict[str, object]", value)
            return {_camel(key): _camelled(inner) for key, inner in parts.items()}
        case list() | tuple():
            return [_camelled(inner) for inner in cast("list[object]", value)]
        case _:
            return value


def _camel(name: str) -> str:
    return _AFTER_UNDERSCORE.sub(lambda match: match[1].upper(), name)
