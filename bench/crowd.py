"""Workers and tenants beside each other: two workers beside one, a calm tenant beside another one's flood, starts."""

from __future__ import annotations

import os
from typing import Final

from msgspec.structs import replace

from bench import neighbours, orders, world
from bench.client import Client
from bench.figures import Crew, Flood
from bench.load import Sender
from bench.messages import Answers, Load
from bench.server import Server

BUYERS: Final = (16, 64)
_WARM: Final = 1
"""Seconds in which the lanes of new workers prepare what they ask."""


async def restart(server: Server) -> float:
    """Stop and start; the seconds until it was ready."""
    await server.stop()
    return await server.start()


async def crews(
    server: Server, wrk: str | None, variants: int, turns: int, seconds: int, most: int
) -> tuple[Crew, ...]:
    """One worker and two in turn, each with so many buyers; in the end there is one."""
    sender = Sender(server.url, max(BUYERS), wrk, "crew")
    targets = world.uniform(variants, world.external_key(world.BIG))
    load = Load("crew", orders.EXTERNAL, targets, "crew-%d")
    rates = {(workers, buyers): list[float]() for workers in (1, 2) for buyers in BUYERS}
    for _ in range(turns):
        for workers in (2, 1):
            server.arguments = ("--workers", str(workers))
            await restart(server)
            await sender.send(load, _WARM, most)
            for buyers in BUYERS:
                answers = await sender.send(replace(load, connections=buyers), seconds, most)
                rates[workers, buyers].append(answers.rate)
    return tuple(Crew(each, tuple(rates[1, each]), tuple(rates[2, each])) for each in BUYERS)


async def flood(url: str, head_start: float, seconds: int, most: int) -> Flood:
    """A calm tenant's orders over four connections, by themselves and beside 64 that place orders of another one."""
    quiet = await _calm(url, "quiet", seconds, most)
    async with neighbours.beside("orders", url, head_start):
        flooded = await _calm(url, "flooded", seconds, most)
    return Flood(quiet.p99, flooded.p99)


async def _calm(url: str, name: str, seconds: int, most: int) -> Answers:
    load = Load(name, orders.EXTERNAL, world.twin(), f"{name}-%d")
    client = Client(url, load, f"{name}{os.getpid()}-", 1, most)
    return await client.run(neighbours.CALM_CONNECTIONS, seconds)
