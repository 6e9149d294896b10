"""Whose bytes are looked at first, where many connections have sent some in the same turn of the loop.

To look at a request costs a fraction of a millisecond, and a thousand of them in one turn hold up whoever comes in
that turn, and again wherever they go on together.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from typing import Final

OF_ONE: Final = 16
"""So many connections of one address are looked at in one turn."""
OF_ALL: Final = 64
"""So many connections are looked at in one turn."""


class Turnstile:
    """Lets connections pass in turn, each address as often as any other. Not for use by several threads."""

    def __init__(self) -> None:
        self._passed = Counter[str]()
        self._waiting: dict[str, deque[Callable[[], None]]] = {}
        self._is_counting = False

    def passes(self, origin: str) -> bool:
        """Whether a connection of this address may go on at once; it is counted then."""
        if origin in self._waiting or self._is_over(origin) or not self._room:
            return False
        self._count(origin)
        return True

    def wait(self, origin: str, go: Callable[[], None]) -> None:
        """Have a connection go on in one of the next turns."""
        self._waiting.setdefault(origin, deque()).append(go)
        self._begin()

    @property
    def _room(self) -> int:
        return OF_ALL - self._passed.total() if self._is_counting else OF_ALL

    def _is_over(self, origin: str) -> bool:
        return self._passed[origin] >= OF_ONE

    def _count(self, origin: str) -> None:
        self._passed[origin] += 1
        self._begin()

    def _begin(self) -> None:
        if not self._is_counting:
            self._is_counting = True
            asyncio.get_running_loop().call_soon(self._next_turn)

    def _next_turn(self) -> None:
        self._passed.clear()
        self._is_counting = False
        while self._room and (some := [each for each in self._waiting if not self._is_over(each)]):
            for origin in some[: self._room]:
                self._let_pass(origin)

    def _let_pass(self, origin: str) -> None:
        queue = self._waiting.pop(origin)
        go = queue.popleft()
        if queue:
            self._waiting[origin] = queue  # behind the others
        self._count(origin)
        go()
