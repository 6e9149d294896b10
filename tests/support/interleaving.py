"""Two workers on one order, brought into the worst order: one has read everything when the other comes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

import pytest

from entrepot.domain.kernel.commands import Command
from entrepot.domain.kernel.records import View
from entrepot.engine import Clock, Engine
from entrepot.engine.batches import batch
from entrepot.engine.batches.engine import Outcome
from entrepot.store.batches.stages import Reader, load
from entrepot.store.connections import Connection, connect_engine
from tests.support.blocked import blocked


@asynccontextmanager
async def running(url: str, workers: int = 1) -> AsyncGenerator[list[Engine]]:
    """Engines as so many worker processes have them."""
    engines = [Engine(partial(connect_engine, url), Clock(), lanes=1) for _ in range(workers)]
    async with AsyncExitStack() as stack:
        for engine in engines:
            await engine.start()
            stack.push_async_callback(engine.stop)
        yield engines


async def interleaved(
    url: str, watch: Connection, workspace: int, first: Command, second: Command
) -> tuple[Outcome, Outcome]:
    """Both outcomes, where the second comes while the first has loaded all its rows and written none.

    The second then either waits for a lock of the first, or is done before the first writes; both are waited for.
    """
    loaded, go = asyncio.Event(), asyncio.Event()

    async def held(reader: Reader, commands: Sequence[Command], view: View) -> None:
        await load(reader, commands, view)
        if any(command is first for command in commands):
            loaded.set()
            await go.wait()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batch, "load", held)
        async with running(url, workers=2) as (one, other):
            slow = asyncio.create_task(one.execute(workspace, first))
            await asyncio.wait_for(loaded.wait(), 60)
            quick = asyncio.create_task(other.execute(workspace, second))
            await asyncio.wait_for(_stuck_or_done(quick, watch), 60)
            go.set()
            return await asyncio.wait_for(slow, 60), await asyncio.wait_for(quick, 60)


async def _stuck_or_done(task: asyncio.Task[Outcome], watch: Connection) -> None:
    # Nobody tells when a connection begins to wait for a lock: the server must be asked.
    while not task.done() and not await blocked(watch):  # noqa: ASYNC110
        await asyncio.sleep(0.01)
