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
    """Lets connections pass in turn, those of each address as often as those of any other. Not for several threads."""

    def __init__(self) -> None:
        self._passed = Counter[str]()
        self._left = OF_ALL
        self._waiting: dict[str, deque[Callable[[], None]]] = {}
        self._turn_follows = False

    def passes(self, origin: str) -> bool:
        """Whether a connection of this address may go on at once; then it counts. One without an address always may."""
        if not origin:
            return True
        if origin in self._waiting or not self._left or self._passed[origin] >= OF_ONE:
            return False
        self._count(origin)
        return True

    def wait(self, origin: str, go: Callable[[], None]) -> None:
        """Have a connection go on in one of the next turns."""
        self._waiting.setdefault(origin, deque()).append(go)
        self._have_a_turn()

    def _count(self, origin: str) -> None:
        self._passed[origin] += 1
        self._left -= 1
        self._have_a_turn()

    def _have_a_turn(self) -> None:
        if not self._turn_follows:
            self._turn_follows = True
            asyncio.get_running_loop().call_soon(self._next_turn)

    def _next_turn(self) -> None:
        self._passed.clear()
        self._left, self._turn_follows = OF_ALL, False
        while self._left and (some := [each for each in self._waiting if self._passed[each] < OF_ONE]):
            for origin in some[: self._left]:
                self._let_pass(origin)

    def _let_pass(self, origin: str) -> None:
        queue = self._waiting.pop(origin)
        go = queue.popleft()
        if queue:
            self._waiting[origin] = queue  # behind the others
        self._count(origin)
        go()
