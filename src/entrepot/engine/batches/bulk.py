"""Bulk work: the same commands as everywhere, in chunks, so that orders between them wait milliseconds."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from itertools import islice

from entrepot.domain.kernel.commands import Command
from entrepot.engine.batches.engine import Engine, Outcome

CHUNK = 500


async def run_all(engine: Engine, workspace: int, commands: Iterable[Command]) -> list[Outcome]:
    """One outcome per command, in their order. Each is decided by itself: some may be refused, others not."""
    remaining = iter(commands)
    outcomes: list[Outcome] = []
    while chunk := list(islice(remaining, CHUNK)):
        outcomes += await asyncio.gather(*(engine.execute(workspace, command) for command in chunk))
    return outcomes
