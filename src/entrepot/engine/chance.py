"""Random bytes and UUIDs, made in blocks: a call of the system for each id costs more than all the rest."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable
from typing import Final, TypeVar
from uuid import UUID

import msgspec

T = TypeVar("T")

_SIZE: Final = 16
_AT_ONCE: Final = 256
_ids: Final = deque[bytes]()
_uuids: Final = deque[UUID]()
"""Taking from these is one step, so that threads never share an id."""

_VERSION: Final = bytes(0x40 | byte & 0x0F for byte in range(256))
_VARIANT: Final = bytes(0x80 | byte & 0x3F for byte in range(256))
"""What a byte becomes that tells of an UUID how it was made (RFC 9562, version 4)."""


def random_id() -> bytes:
    """16 random bytes that nobody else has."""
    return _taken(_ids, lambda: _split(os.urandom(_SIZE * _AT_ONCE)))


def random_uuid() -> UUID:
    """A fresh random UUID (version 4)."""
    return _taken(_uuids, _made)


def _taken(ready: deque[T], more: Callable[[], Iterable[T]]) -> T:
    while True:
        try:
            return ready.popleft()
        except IndexError:
            ready.extend(more())


def _made() -> list[UUID]:
    """UUIDs; one by one, each of them would cost six times as much."""
    block = bytearray(os.urandom(_SIZE * _AT_ONCE))
    block[6::_SIZE] = block[6::_SIZE].translate(_VERSION)
    block[8::_SIZE] = block[8::_SIZE].translate(_VARIANT)
    return msgspec.convert(_split(bytes(block)), list[UUID])


def _split(block: bytes) -> list[bytes]:
    return [block[at : at + _SIZE] for at in range(0, len(block), _SIZE)]


if hasattr(os, "register_at_fork"):
    # A child would have the same ones ready as its parent.
    os.register_at_fork(after_in_child=_ids.clear)
    os.register_at_fork(after_in_child=_uuids.clear)
