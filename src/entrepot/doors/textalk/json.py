"""JSON values as this door holds them: fractional numbers are `Decimal`, so that no digit is lost."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final, TypeAlias, TypeGuard

import msgspec

Json: TypeAlias = "bool | int | float | Decimal | str | Sequence[Json] | Mapping[str, Json] | None"

MAX_DEPTH: Final = 64
_MAX_EXPONENT: Final = 400
_encoder = msgspec.json.Encoder(decimal_format="number")


def _exact(literal: str) -> Decimal:
    """The number as written. Exponents beyond any use are refused: expanding them would take all memory."""
    number = Decimal(literal)
    if abs(number.adjusted()) > _MAX_EXPONENT:
        raise ValueError
    return number


_decoder = msgspec.json.Decoder(float_hook=_exact)


class MalformedError(Exception):
    """The text is not JSON, or nests or counts beyond what the decoder can hold."""


def decode(text: bytes | str) -> Json:
    """The value of a JSON text. Raises `MalformedError`."""
    try:
        return _decoder.decode(text)
    except (ValueError, RecursionError, ArithmeticError) as fault:
        raise MalformedError from fault


def encode(value: Json) -> bytes:
    """The JSON text of a value, in UTF-8."""
    return _encoder.encode(value)


def is_object(value: Json) -> TypeGuard[Mapping[str, Json]]:
    """Whether the value is a JSON object."""
    return isinstance(value, dict)


def is_array(value: Json) -> TypeGuard[Sequence[Json]]:
    """Whether the value is a JSON array."""
    return isinstance(value, list | tuple)


def is_number(value: Json) -> TypeGuard[int | float | Decimal]:
    """Whether the value is a JSON number: `true` and `false` are none."""
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def unstorable(value: Json) -> str | None:
    """The JSON Pointer of a string with a NUL, which PostgreSQL cannot hold, or of what nests too deeply."""
    waiting: list[tuple[str, int, Json]] = [("", 0, value)]
    while waiting:
        pointer, depth, item = waiting.pop()
        if depth > MAX_DEPTH or (isinstance(item, str) and "\0" in item):
            return pointer
        if is_object(item):
            if any("\0" in key for key in item):
                return pointer
            waiting += [(f"{pointer}/{escape(key)}", depth + 1, inner) for key, inner in item.items()]
        elif is_array(item):
            waiting += [(f"{pointer}/{place}", depth + 1, inner) for place, inner in enumerate(item)]
    return None


def escape(token: str | int) -> str:
    """One reference token of a JSON Pointer (RFC 6901)."""
    return str(token).replace("~", "~0").replace("/", "~1")


def pointer_tokens(pointer: str) -> tuple[str, ...] | None:
    """The reference tokens of a JSON Pointer; None if the text is not one."""
    if pointer and not pointer.startswith("/"):
        return None
    tokens = pointer.split("/")[1:]
    if any("~" in token.replace("~0", "").replace("~1", "") for token in tokens):
        return None
    return tuple(token.replace("~1", "/").replace("~0", "~") for token in tokens)
