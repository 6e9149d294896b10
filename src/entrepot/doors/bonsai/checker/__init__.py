"""Checks request bodies as Joi 15.1.1 does: its order, texts and types (contract, decision 10).

    checked = check(SUBMIT_V1, body)
    checked.faults      # INVALID_INPUT's detail, or ()
    checked.value       # the converted body

Where we differ from Joi, on purpose:

- quantities are whole; lists, texts and free objects have limits (in Joi's words, except `object.depth`), and
  the length of a list is looked at before its items;
- objects and arrays inside strings are not unpacked;
- a fault is reported once per value, and only the first of all by default, unknown members included;
- a value that is secret is echoed as "<redacted>"; one too long or too deep is not echoed;
- NUL characters and lone surrogates, which the database cannot hold, are `any.invalid`;
- e-mail addresses: see `email.py`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Generic, TypeVar

import msgspec

from entrepot.doors.bonsai.checker.compiling import Run, compile_shape
from entrepot.doors.bonsai.checker.faults import MAX_FAULTS, Context, FaultItem, Faults, item
from entrepot.doors.bonsai.checker.shapes import Amount, Arr, Bag, Bool, Key, Obj, Shape, Str, Whole

__all__ = [
    "MAX_FAULTS",
    "Amount",
    "Arr",
    "Bag",
    "Body",
    "Bool",
    "Checked",
    "Context",
    "FaultItem",
    "Key",
    "Obj",
    "Shape",
    "Str",
    "Whole",
    "check",
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
    """What a check came to: the converted `value`, or the `faults` that INVALID_INPUT reports (then None).

    `missing_shipping`: the body is valid but for its absent, null or empty delivery address (contract I6).
    """

    value: T | None
    faults: tuple[FaultItem, ...] = ()
    missing_shipping: bool = False


def check(body: Body[T], value: object, *, all_faults: bool = False) -> Checked[T]:
    """Check a decoded JSON `value`; never raises, whatever the value.

    Members come in the order of the declaration, unknown ones last. The first fault ends the check, unless
    `all_faults` asks for them all (at most `MAX_FAULTS`).
    """
    run, address = _compiled(body, all_faults)
    result = run(value)
    if type(result) is Faults:
        return Checked(None, tuple(item(fault) for fault in result[:MAX_FAULTS]))
    return Checked(result, (), address is not None and address not in result)


@lru_cache(maxsize=64)
def _compiled(body: Body[Any], all_faults: bool) -> tuple[Run, str | None]:
    address = next((key.name for key in body.shape.keys if key.address), None)
    return compile_shape(body.shape, all_faults=all_faults), address
