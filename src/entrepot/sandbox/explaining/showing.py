"""What a rule looked at, in words that hold no secret."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any, Final, cast
from uuid import UUID

import msgspec

from entrepot.integration_log.known_secrets import HIDDEN, is_secret
from entrepot.sandbox.explaining.tracing import Look

LONGEST: Final = 200
"""So many characters of a text are shown."""
MOST: Final = 50
"""So many items of a list."""
DEEPEST: Final = 6
_SEALED: Final = frozenset({"payload", "code", "codes"})
"""Fields of records that may hold what a customer is sent to prove himself."""
_AS_IT_IS: Final = (bool, int, float, Decimal, date, UUID)


def shown_row(look: Look) -> dict[str, Any]:
    """A record that was looked for, with its columns; what has a version shows it among them."""
    columns = None if look.record is None else _columns(look.record)
    return {"kind": look.kind.__name__, "key": plain(look.key), "columns": columns}


def plain(value: Any, depth: int = 0) -> Any:
    """A value for JSON: bytes and what its name says is secret are hidden, and what is long is cut."""
    if value is None or isinstance(value, _AS_IT_IS):
        return value
    if isinstance(value, Enum):
        return plain(value.value, depth)
    if isinstance(value, str):
        return value if len(value) <= LONGEST else f"{value[:LONGEST]}…"
    if depth >= DEEPEST:
        return "…"
    if isinstance(value, msgspec.Struct):
        return {name: member(name, getattr(value, name), depth) for name in value.__struct_fields__}
    if isinstance(value, Mapping):
        members = cast("Mapping[Any, Any]", value)
        return {str(plain(name)): member(str(name), each, depth) for name, each in members.items()}
    if isinstance(value, tuple | list | set | frozenset):
        return [plain(each, depth + 1) for each in list(cast("list[Any]", value))[:MOST]]
    return HIDDEN  # bytes are hashes, and what else there is nobody has looked at


def _columns(record: msgspec.Struct) -> dict[str, Any]:
    return {
        name: HIDDEN if name in _SEALED else member(name, getattr(record, name), 0)
        for name in record.__struct_fields__
    }


def member(name: str, value: Any, depth: int = 0) -> Any:
    """As `plain`, of a member by this name."""
    if value is not None and not isinstance(value, bool) and is_secret(name):
        return HIDDEN
    return plain(value, depth + 1)
