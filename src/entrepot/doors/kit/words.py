"""Types of fields in words that a reader of any language understands."""

from __future__ import annotations

from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

import msgspec

_PLAIN: dict[Any, str] = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    object: "anything",
    NoneType: "null",
}


def in_words(hint: Any) -> str:
    """The type that an annotation means. Raises `TypeError` for one that has no words yet."""
    arguments = get_args(hint)
    origin = get_origin(hint)
    if origin is Literal:
        return f"one of {', '.join(map(str, arguments))}"
    if origin in {Union, UnionType}:
        return " or ".join(map(in_words, arguments))
    if origin is tuple and arguments[1:] == (...,):
        return f"list of {in_words(arguments[0])}"
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        fields = msgspec.structs.fields(hint)
        return f"object of {', '.join(f'{field.name} ({in_words(field.type)})' for field in fields)}"
    if hint not in _PLAIN:
        raise TypeError(f"no words for {hint}")
    return _PLAIN[hint]
