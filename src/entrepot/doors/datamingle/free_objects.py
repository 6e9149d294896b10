"""Objects that partners fill freely. They are kept as they were written: digits of numbers and order of members too."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from entrepot.doors.kit import encode

_decode = msgspec.json.Decoder(float_hook=Decimal).decode


def kept(value: dict[str, Any] | None) -> str | None:
    """How a record keeps the object: as its JSON text, since the database would round and sort."""
    return None if value is None else encode(value).decode()


def shown(text: Any) -> Any:
    """The object again; what another door kept there is shown as it is."""
    return _decode(text) if isinstance(text, str) else text
