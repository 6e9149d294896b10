"""Failures as text, to be kept with an attempt and read again by whoever asks for its outcome."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from entrepot.failures.base import Failure, catalogue
from entrepot.failures.service import Internal

_decoder = msgspec.json.Decoder(list[tuple[str, dict[str, Any]]])


def pack(failures: Sequence[Failure]) -> str:
    """The failures with their context, as JSON."""
    return msgspec.json.encode([(failure.name, failure) for failure in failures]).decode()


def unpack(text: str) -> tuple[Failure, ...]:
    """The failures that `pack` wrote; one that this release does not know is `Internal`."""
    known = catalogue()
    return tuple(
        msgspec.convert(fields, known[name]) if name in known else Internal()
        for name, fields in _decoder.decode(text)
    )
