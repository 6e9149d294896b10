"""The blows of a plan, struck at the processes of a server one after the other."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections.abc import Sequence

import msgspec
import psutil

from torture.house import House
from torture.plan import Blow

_SIGNALS = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP, "end": signal.SIGTERM}
_PATIENCE = 60.0


class Struck(msgspec.Struct, frozen=True):
    """A blow that was struck, and when, by the monotonic clock."""

    blow: Blow
    at: float


async def strike(house: House, blows: Sequence[Blow]) -> list[Struck]:
    """Strike them all. Who was stopped goes on after his time while further blows fall; at the end all go on."""
    struck: list[Struck] = []
    async with asyncio.TaskGroup() as stopped:
        for blow in blows:
            await asyncio.sleep(blow.pause)
            victim = await _victim(house, blow)
            struck.append(Struck(blow, time.monotonic()))
            with contextlib.suppress(psutil.NoSuchProcess):
                victim.send_signal(_SIGNALS[blow.way])
            if blow.way == "stop":
                stopped.create_task(_go_on(victim, blow.seconds))
    return struck


async def _victim(house: House, blow: Blow) -> psutil.Process:
    """Whom it hits; where there is none of the kind just now, the next one to come."""
    deadline = time.monotonic() + _PATIENCE
    while not (found := house.processes(blow.who)):
        if time.monotonic() > deadline:
            raise RuntimeError(
                f"no {blow.who} for {_PATIENCE:.0f} s:\n{house.log.read_text('utf-8')[-2000:]}"
            )
        await asyncio.sleep(0.05)
    return found[int(blow.which * len(found))]


async def _go_on(victim: psutil.Process, seconds: float) -> None:
    await asyncio.sleep(seconds)
    with contextlib.suppress(psutil.NoSuchProcess):
        victim.send_signal(signal.SIGCONT)
