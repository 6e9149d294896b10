"""Waiting for what happens by itself."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def eventually(
    look: Callable[[], Awaitable[T | None]], seconds: float = 10.0, pause: float = 0.05
) -> T:
    """What `look` finds once it finds something true; fails with what it found last when the time is over."""
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        found = await look()
        if found:
            return found
        assert asyncio.get_running_loop().time() < deadline, f"after {seconds} s still {found!r}"
        await asyncio.sleep(pause)
