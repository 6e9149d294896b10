"""JSON in and out, with every limit that keeps bad input from becoming an internal error."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any, TypeAlias, TypeVar, cast

import msgspec

from entrepot.failures import BodyBeyondLimits, MalformedBody

LARGE = 64_000
"""Above so many bytes a body may take longer to read than others should wait."""
MOST_VALUES = 100_000
"""About how many values a large body may hold: reading one is a single step, in which nobody else has a turn."""
MAX_DEPTH = 20
"""How deep objects and arrays may nest, unless a door says otherwise."""

T = TypeVar("T")

_ASIDE = ThreadPoolExecutor(1, "bodies")
_MAX_EXPONENT = 400
_HALF_PAIR = "A text contains half of a surrogate pair, which is no character."
_Container: TypeAlias = dict[str, object] | list[object]
_CONTAINERS = frozenset({dict, list})
_ENCODER = msgspec.json.Encoder(decimal_format="number")
_BINARY = msgspec.json.Decoder()


def encode(value: object) -> bytes:
    """The value as JSON in UTF-8; decimals are written as numbers with all their digits."""
    return _ENCODER.encode(value)


def decode_json(
    body: bytes,
    max_depth: int = MAX_DEPTH,
    *,
    unique_keys: bool = False,
    exact: bool = False,
    verbatim: bool = False,
    most_values: int = MOST_VALUES,
) -> Any | MalformedBody | BodyBeyondLimits:
    """What the JSON text `body` holds.

    `exact` reads numbers with a fraction or exponent as `Decimal`, so that money keeps its digits; `verbatim` leaves
    them as they are written, as `msgspec.Raw`, for whoever only passes them on.
    Of duplicate keys the last wins, unless `unique_keys` refuses them. What is not JSON is a `MalformedBody`;
    JSON is a `BodyBeyondLimits` where it is large and holds more than about `most_values`, nests deeper than
    `max_depth`, or holds a number out of range (an integer of
    more than 4,300 digits, an exponent beyond 400), or the character U+0000, which PostgreSQL's text cannot hold.
    """
    if len(body) > LARGE and sum(map(body.count, (b",", b"[", b"{"))) > most_values:
        return BodyBeyondLimits("values", f"The body holds more than {most_values} values.", most_values)
    try:
        value = (_EXACT if exact else _VERBATIM if verbatim else _BINARY).decode(body)
        return _first_fault(body, value, max_depth, unique_keys) or value
    except RecursionError:
        return _too_deep(max_depth)
    except UnicodeDecodeError:
        return MalformedBody("The text is not valid UTF-8.")
    except (msgspec.ValidationError, ArithmeticError):
        # Without a target type msgspec validates one thing only: the range of numbers.
        return BodyBeyondLimits("number", "A number is out of range.")
    except msgspec.DecodeError as fault:
        return MalformedBody(_HALF_PAIR if _has_half_a_pair(body) else f"{fault}.")
    except _DuplicateKeyError:
        return MalformedBody("An object has the same key twice.")


async def decode_large(
    body: bytes, max_depth: int = MAX_DEPTH, *, unique_keys: bool = False, exact: bool = False
) -> Any | MalformedBody | BodyBeyondLimits:
    """As `decode_json`; a body that takes long is looked at on another thread, so that others are served meanwhile."""
    return await beside(body, lambda: decode_json(body, max_depth, unique_keys=unique_keys, exact=exact))


async def beside(body: bytes, look: Callable[[], T]) -> T:
    """What is found by looking at a body; at a large one on another thread, one after the other.

    Several such threads would take turns with the loop's, and it would have one of many.
    """
    if len(body) <= LARGE:
        return look()
    return await asyncio.get_running_loop().run_in_executor(_ASIDE, look)


def _has_half_a_pair(body: bytes) -> bool:
    """Whether that is all that is wrong; msgspec then speaks of an escape, or of data that were cut off."""
    if b"\\ud" not in body.lower():
        return False
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return False
    return True


class _DuplicateKeyError(ValueError):
    pass


def _exact_number(text: str) -> Decimal:
    number = Decimal(text)
    # Unbounded exponents are a trap: int(Decimal("1e999999999")) takes gigabytes.
    if abs(number.adjusted()) > _MAX_EXPONENT:
        raise OverflowError
    return number


_EXACT = msgspec.json.Decoder(float_hook=_exact_number)
_VERBATIM = msgspec.json.Decoder(float_hook=msgspec.Raw)


def _first_fault(body: bytes, value: object, max_depth: int, unique_keys: bool) -> BodyBeyondLimits | None:
    # Each look at the bytes is far cheaper than the walk that it saves.
    if body.count(b"{") + body.count(b"[") > max_depth and _deeper(value, max_depth):
        return _too_deep(max_depth)
    if b"\\u0000" in body and any("\0" in text for text in _texts(value)):
        return BodyBeyondLimits("character", "A text contains the character U+0000.")
    if unique_keys:
        json.loads(body, object_pairs_hook=_refuse_duplicates)
    return None


def _too_deep(max_depth: int) -> BodyBeyondLimits:
    return BodyBeyondLimits("depth", f"Objects and arrays nest deeper than {max_depth} levels.", max_depth)


def _deeper(value: object, levels: int) -> bool:
    """Whether `value` nests deeper; level by level, because recursion is what an attacker would exhaust."""
    level = _containers([value])
    while level and levels:
        levels -= 1
        # Spelt out, since this runs for every order: with the helpers below it takes four times as long.
        level = [
            cast("_Container", child)
            for each in level
            for child in (each.values() if type(each) is dict else each)
            if type(child) in _CONTAINERS
        ]
    return bool(level)


def _texts(value: object) -> Iterator[str]:
    level: Iterable[object] = [value]
    while level:
        yield from (each for each in level if isinstance(each, str))
        containers = _containers(level)
        yield from (key for each in containers if isinstance(each, dict) for key in each)
        level = [child for each in containers for child in _children(each)]


def _containers(values: Iterable[object]) -> list[_Container]:
    return [cast(_Container, each) for each in values if isinstance(each, dict | list)]


def _children(container: _Container) -> Iterable[object]:
    return container.values() if isinstance(container, dict) else container


def _refuse_duplicates(pairs: list[tuple[str, object]]) -> None:
    if len({key for key, _ in pairs}) < len(pairs):
        raise _DuplicateKeyError
