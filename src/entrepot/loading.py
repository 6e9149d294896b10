"""What a server loads when somebody first needs it: one thing at a time, whichever thread needs it.

Two threads that import at once, one of them a package whose `__init__` imports its modules and the other one of those
modules by its own name, wait for each other. Python notices, and fails one of both imports: the caller of a door that
was being loaded beside another was answered with an internal error.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final, TypeVar

T = TypeVar("T")

# What is being loaded may itself load more.
_ONE: Final = threading.RLock()


def loaded(load: Callable[[], T]) -> T:
    """What `load` returns, which imports as it runs; nothing else that is loaded so is imported meanwhile.

    It waits while something else is loaded, a second at most; so whoever has what he needs must not ask again.
    """
    with _ONE:
        return load()
