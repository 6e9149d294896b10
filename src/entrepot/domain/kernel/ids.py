"""Public forms of identifiers: the 25-letter cuid of a UUID and back."""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from uuid import UUID

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
# Two digits at a time, of numbers that fit a machine word: every order shows several of these.
_PAIRS = [high + low for high in _DIGITS for low in _DIGITS]
_HALF = 36**12
_CUID = re.compile(r"c[0-9a-z]{24}\Z")
_LENGTH = 25
_LOW, _MIDDLE = 62, 12


def cuid(uuid: UUID) -> str:
    """The UUID's 122 free bits as `c` and 24 base-36 digits (version and variant say nothing and are left out)."""
    value = uuid.int
    free = (value >> 80) << (_MIDDLE + _LOW) | (value >> 64 & 0xFFF) << _LOW | value & ((1 << _LOW) - 1)
    pairs: list[str] = []
    for half in reversed(divmod(free, _HALF)):
        rest = half
        for _ in range(6):
            rest, pair = divmod(rest, 36 * 36)
            pairs.append(_PAIRS[pair])
    return "c" + "".join(reversed(pairs))


def from_cuid(text: str) -> UUID | None:
    """The UUID that this cuid stands for, or None where no UUID of ours has this form."""
    return _read(text) if len(text) == _LENGTH else None


@lru_cache(4096)
def _read(text: str) -> UUID | None:
    # Remembered, since most orders ask for the same few products.
    if not _CUID.match(text):
        return None
    free = int(text[1:], 36)
    if free >> 122:
        return None
    return _version_4(free)


def derived_uuid(*names: str) -> UUID:
    """The UUID that belongs to these names, the same on every machine: worlds have stable public ids."""
    digest = hashlib.sha256("\x1f".join(names).encode()).digest()
    return _version_4(int.from_bytes(digest[:16], "big") >> 6)


def numbered_uuid(number: int, *names: str) -> UUID:
    """The UUID (version 8) of a numbered record; the names say what it is, and whose."""
    return UUID(int=_series(names) << 64 | number | 2 << 62)


def number_of(uuid: UUID, *names: str) -> int | None:
    """The number that `numbered_uuid` made this of; None where it is no such UUID of these names."""
    if uuid.int >> 64 != _series(names) or uuid.int >> 62 & 3 != 2:
        return None
    return uuid.int & (1 << 62) - 1


def _series(names: tuple[str, ...]) -> int:
    """The upper half of the UUIDs of these names."""
    digest = int.from_bytes(hashlib.sha256("\x1f".join(names).encode()).digest()[:8], "big")
    return digest & ~(0xF << 12) | 8 << 12


def _version_4(free: int) -> UUID:
    high, middle, low = free >> (_MIDDLE + _LOW), free >> _LOW & 0xFFF, free & ((1 << _LOW) - 1)
    return UUID(int=high << 80 | 4 << 76 | middle << 64 | 2 << _LOW | low)
