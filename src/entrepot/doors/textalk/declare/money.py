"""Amounts in patches: each stands below the key of its currency, which must be able to hold it (9001)."""

from __future__ import annotations

from collections.abc import Iterator

from entrepot.domain.kernel.money import read_amount
from entrepot.doors.textalk.declare.shapes import CURRENCY_KEYS, Array, Mapped, Record, Scalar, Shape
from entrepot.doors.textalk.wire.errors import Problem
from entrepot.doors.textalk.wire.json import Json, escape, is_array, is_number, is_object
from entrepot.doors.textalk.wire.sentences import say


def money_problems(value: Json, shape: Shape, pointer: str, currency: str | None = None) -> Iterator[Problem]:
    """Every amount below `pointer` that its currency cannot hold. What departs from its shape is left to the schema."""
    if isinstance(shape, Scalar):
        if currency is not None and is_number(value) and read_amount(value, currency) is None:
            yield not_held(pointer, currency)
    elif isinstance(shape, Array) and is_array(value):
        for place, item in enumerate(value):
            yield from money_problems(item, shape.items, f"{pointer}/{place}", currency)
    elif isinstance(shape, Mapped) and is_object(value):
        for key, inner in value.items():
            below = key if shape.keys == CURRENCY_KEYS else currency
            yield from money_problems(inner, shape.values, f"{pointer}/{escape(key)}", below)
    elif isinstance(shape, Record) and is_object(value):
        for key, inner in value.items():
            if key in shape.properties:
                yield from money_problems(inner, shape.properties[key], f"{pointer}/{escape(key)}", currency)


def not_held(pointer: str, currency: str) -> Problem:
    """The problem of an amount that its currency cannot hold."""
    return Problem(pointer, say("patch.money", currency=currency))
