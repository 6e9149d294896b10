"""Random bytes of the system, fetched in blocks: a call of the system for each id costs more than all the rest."""

from __future__ import annotations

import os
from collections import deque
from typing import Final
from uuid import UUID

_SIZE: Final = 16
_AT_ONCE: Final = 256
_ready: Final = deque[bytes]()
"""Taking from it is one step, so that threads never share an id."""


def random_id() -> bytes:
    """16 random bytes that nobody else has."""
    while True:
        try:
            return _ready.popleft()
        except IndexError:
            block = os.urandom(_SIZE * _AT_ONCE)
            _ready.extend(block[at : at + _SIZE] for at in range(0, len(block), _SIZE))


def random_uuid() -> UUID:
    """A fresh random UUID (version 4)."""
    return UUID(bytes=random_id(), version=4)


if hasattr(os, "register_at_fork"):
    # A child would have the same ones ready as its parent.
    os.register_at_fork(after_in_child=_ready.clear)
