"""Bulk work: the same commands as everywhere, in chunks, so that orders between them wait milliseconds."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from itertools import islice

from entrepot.domain.kernel.commands import Command
from entrepot.engine.batches.engine import Engine, Outcome

CHUNK = 500


async def run_until(
    engine: Engine, workspace: int, commands: Sequence[Command], deadline: float
) -> list[Outcome | None]:
    """One outcome per command, in their order; None for one that has come to none by then, by the event loop's clock.

    Such a command may still come to one: nobody hears of it.
    """
    tasks = [asyncio.ensure_future(engine.execute(workspace, command)) for command in commands]
    await asyncio.wait(tasks, timeout=max(0.0, deadline - asyncio.get_running_loop().time()))
    for task in tasks:
        task.cancel()
    return [task.result() if task.done() and not task.cancelled() else None for task in tasks]


async def run_all(engine: Engine, workspace: int, commands: Iterable[Command]) -> list[Outcome]:
    """One outcome per command, in their order. Each is decided by itself: some may be refused, others not."""
    remaining = iter(commands)
    outcomes: list[Outcome] = []
    while chunk := list(islice(remaining, CHUNK)):
        outcomes += await asyncio.gather(*(engine.execute(workspace, command) for command in chunk))
    return outcomes
