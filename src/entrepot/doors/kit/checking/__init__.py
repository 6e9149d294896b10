"""Checks request bodies against shapes that are declared once, each door in its own manner.

    checked = check(SUBMIT_V1, body, JOI)
    checked.faults      # what is wrong and where, or ()
    checked.value       # the converted body

A shape says what a body holds, and limits everything: lists, texts and free objects. A `Manner` says how a door
reads it: what counts as a number, what an unknown member is, whether one fault ends the check. A fault says its kind,
its place and its limit; the door puts it into words.

NUL characters and lone surrogates, which the database cannot hold, are faults in every manner.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Generic, TypeVar

import msgspec

from entrepot.doors.kit.checking.compiling import Run, compile_shape
from entrepot.doors.kit.checking.faults import MAX_FAULTS, Context, Fault, Faults, Kind, one
from entrepot.doors.kit.checking.manner import Manner
from entrepot.doors.kit.checking.shapes import (
    Amount,
    Anything,
    Arr,
    Bag,
    Bool,
    Form,
    Key,
    Moment,
    Number,
    Obj,
    Shape,
    Str,
    Whole,
)

__all__ = [
    "MAX_FAULTS",
    "Amount",
    "Anything",
    "Arr",
    "Bag",
    "Body",
    "Bool",
    "Checked",
    "Context",
    "Fault",
    "Faults",
    "Form",
    "Key",
    "Kind",
    "Manner",
    "Moment",
    "Number",
    "Obj",
    "Shape",
    "Str",
    "Whole",
    "check",
    "one",
]

T = TypeVar("T")


class Body(msgspec.Struct, Generic[T], frozen=True, eq=False):
    """A request body: its name in the API description, its shape, and the type that a check makes of it.

    Two bodies are the same only if they are one object: comparing whole shapes on every request would cost
    more than the check.
    """

    name: str
    shape: Obj
    form: type[T]


class Checked(msgspec.Struct, Generic[T], frozen=True):
    """What a check came to: the converted `value`, or the `faults` (then None), at most `MAX_FAULTS` of them."""

    value: T | None
    faults: tuple[Fault, ...] = ()


def check(body: Body[T], value: object, manner: Manner) -> Checked[T]:
    """Check a decoded JSON `value`; never raises, whatever the value.

    Members come in the order of the declaration, unknown ones last.
    """
    result = _compiled(body, manner)(value)
    if type(result) is Faults:
        return Checked(None, tuple(result[:MAX_FAULTS]))
    return Checked(result)


@lru_cache(maxsize=256)
def _compiled(body: Body[Any], manner: Manner) -> Run:
    return compile_shape(body.shape, manner)
