"""Two servers on one database, of which one is of the release before: both serve, one dies, comes back and ends."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from pathlib import Path

from torture import world
from torture.audit import SETTLED_WITHIN, audit
from torture.calm import calmness
from torture.figures import Recovery, Scene
from torture.house import House, apply, command, connected, kept
from torture.watch import Watched, watched

_ARGUMENTS = ("--attempt-seconds", "2")
_MORE = 15


async def rolling(folder: Path, url: str, seed: int, newer: str) -> Scene:
    """Play the scene on an empty database; `newer` is the interpreter of a release that has a migration more.

    The older server takes orders; the schema is migrated under it; the newer one takes orders beside it; the older one
    is killed and started again on a schema that it does not know; it ends, and the newer one goes on alone.
    """
    arguments = (*_ARGUMENTS, "--database-url", url)
    old, new = House(folder / "older", arguments), House(folder / "newer", arguments, newer)
    await apply(old, world.house())
    async with AsyncExitStack() as later, AsyncExitStack() as first:
        await first.enter_async_context(kept(old))
        async with watched(old, seed, 1, 0.2, beside=(new,)) as watch:
            begun = await watch.quiet()
            await _more(watch)
            started = time.monotonic()
            await command(new, "migrate", "--database-url", url)
            await _more(watch)
            await later.enter_async_context(kept(new))
            await _more(watch)
            again = await _killed(watch, old)
            await _more(watch)
            await first.aclose()
            await _more(watch)
            ended = time.monotonic()
        async with connected(url) as connection:
            settled, faults = await audit(connection, watch.book)
    return Scene(
        name="rolling upgrade",
        seconds=ended - started,
        under=calmness(watch.calm.samples, started, ended),
        quiet=calmness(watch.calm.samples, begun, started),
        recoveries=(Recovery("one of two servers dies", (again,)),),
        memory=watch.memory,
        settled=settled,
        book=watch.book.tally,
        faults=(*faults, *watch.faults),
    )


async def _more(watch: Watched) -> None:
    """Wait until some more orders were acknowledged."""
    wanted = watch.book.tally.acknowledged + _MORE
    async with asyncio.timeout(SETTLED_WITHIN):
        while watch.book.tally.acknowledged < wanted:
            await asyncio.sleep(0.05)


async def _killed(watch: Watched, house: House) -> float:
    """Seconds until the calm client was served after one server was killed, which is up again on return."""
    at, starts = time.monotonic(), house.starts
    for each in house.processes("master"):
        each.kill()
    served = await watch.served_again(at)
    async with asyncio.timeout(SETTLED_WITHIN):
        while house.starts == starts or not house.is_up:
            await asyncio.sleep(0.05)
    return served
