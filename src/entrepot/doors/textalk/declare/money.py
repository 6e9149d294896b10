"""Numbers in patches that would not be kept as they are (9001): nothing is rounded silently.

An amount stands below the key of its currency, which must be able to hold it; a rate has so many decimals.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from entrepot.domain.kernel.money import read_amount
from entrepot.doors.textalk.declare.shapes import CURRENCY_KEYS, Array, Mapped, Record, Scalar, Shape
from entrepot.doors.textalk.wire.errors import Problem
from entrepot.doors.textalk.wire.json import Json, escape, is_array, is_number, is_object
from entrepot.doors.textalk.wire.sentences import say


def number_problems(
    value: Json, shape: Shape, pointer: str, currency: str | None = None
) -> Iterator[Problem]:
    """Every number below `pointer` that cannot be held as it is. What departs from its shape is left to the schema."""
    if isinstance(shape, Scalar):
        if is_number(value):
            yield from _number_problems(value, shape, pointer, currency)
    elif isinstance(shape, Array) and is_array(value):
        for place, item in enumerate(value):
            yield from number_problems(item, shape.items, f"{pointer}/{place}", currency)
    elif isinstance(shape, Mapped) and is_object(value):
        for key, inner in value.items():
            below = key if shape.keys == CURRENCY_KEYS else currency
            yield from number_problems(inner, shape.values, f"{pointer}/{escape(key)}", below)
    elif isinstance(shape, Record) and is_object(value):
        for key, inner in value.items():
            if key in shape.properties:
                yield from number_problems(inner, shape.properties[key], f"{pointer}/{escape(key)}", currency)


def _number_problems(
    value: Decimal | float, shape: Scalar, pointer: str, currency: str | None
) -> Iterator[Problem]:
    if currency is not None and read_amount(value, currency) is None:
        yield not_held(pointer, currency)
    elif shape.decimals is not None and not _has(shape.decimals, value):
        yield Problem(pointer, say("patch.decimals", limit=shape.decimals))


def not_held(pointer: str, currency: str) -> Problem:
    """The problem of an amount that its currency cannot hold."""
    return Problem(pointer, say("patch.money", currency=currency))


def positive() -> Problem:
    """The problem of an amount of nothing, or of less, where there is only more."""
    return Problem("/1", say("patch.positive"))


def _has(decimals: int, number: Decimal | float) -> bool:
    """Whether the number has at most so many decimals."""
    exact = Decimal(str(number)).scaleb(decimals)
    return exact == exact.to_integral_value()
