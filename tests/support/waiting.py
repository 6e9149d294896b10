"""Waiting for what happens by itself. A limit of time is there against hanging, and decides nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

FOREVER = 3_600.0
"""Seconds for which nothing comes: longer than any test."""


async def eventually(
    look: Callable[[], Awaitable[T | None]], seconds: float = 60.0, pause: float = 0.05
) -> T:
    """What `look` finds once it finds something true; fails with what it found last when the time is over."""
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        found = await look()
        if found:
            return found
        assert asyncio.get_running_loop().time() < deadline, f"after {seconds} s still {found!r}"
        await asyncio.sleep(pause)


async def until(holds: Callable[[], object]) -> None:
    """Return as soon as something holds of which nobody tells."""
    async with asyncio.timeout(60):
        while not holds():  # noqa: ASYNC110  (nobody tells)
            await asyncio.sleep(0.001)


async def out_of_time(call: Coroutine[Any, Any, T], reached: Callable[[], object]) -> T:
    """What a call comes to whose time is over as soon as `reached` holds.

    The loop's clock is put forward then, so every limit of time within the call strikes, and nobody waits for it.
    """
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(call)
    await until(lambda: reached() or task.done())
    clock = loop.time
    loop.time = lambda: clock() + FOREVER / 2
    try:
        return await task
    finally:
        loop.time = clock
