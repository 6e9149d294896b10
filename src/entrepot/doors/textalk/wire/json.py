"""JSON values as this door holds them: fractional numbers are `Decimal`, so that no digit is lost."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final, TypeAlias, TypeGuard

Json: TypeAlias = bool | int | float | Decimal | str | Sequence["Json"] | Mapping[str, "Json"] | None


_ARRAYS: Final = (list, tuple)
_NUMBERS: Final = (int, float, Decimal)


def is_object(value: Json) -> TypeGuard[Mapping[str, Json]]:
    """Whether the value is a JSON object."""
    return isinstance(value, dict)


def is_array(value: Json) -> TypeGuard[Sequence[Json]]:
    """Whether the value is a JSON array."""
    return isinstance(value, _ARRAYS)


def is_number(value: Json) -> TypeGuard[int | float | Decimal]:
    """Whether the value is a JSON number: `true` and `false` are none."""
    return isinstance(value, _NUMBERS) and not isinstance(value, bool)


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
