"""What a lane does between two batches, and what it leaves to others."""

from __future__ import annotations

import asyncio
from typing import Any

from entrepot.domain.placing.record_sale import SoldLine
from entrepot.engine import Clock, Engine
from entrepot.store.connections import LaneConnection, connect, connect_engine
from entrepot.store.places import Place
from tests.engine.test_taking import take
from tests.support.shop import NORTH, TEA, WORKSPACE, insert, level, open_shop


class Watched:
    """A lane's connection that notes when a batch asks its first question."""

    def __init__(self, connection: LaneConnection, noted: list[str]) -> None:
        self._connection = connection
        self._noted = noted

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def transaction(self) -> Any:
        self._noted.append("next batch")
        return self._connection.transaction()

    async def beside(self, place: Place) -> Watched:
        """On a cluster batches run on the connection to the node."""
        return Watched(await self._connection.beside(place), self._noted)


async def test_the_next_batch_is_asked_for_before_the_answers_of_the_last_are_written(
    database_url: str,
) -> None:
    noted: list[str] = []
    connection = await connect(database_url)
    await open_shop(connection)
    await insert(connection, WORKSPACE, [level(TEA, NORTH, 100)])

    async def opened() -> Any:
        return Watched(await connect_engine(database_url), noted)

    async def caller(name: str) -> None:
        await engine.execute(WORKSPACE, take(SoldLine("1", "TEA", 1, 500)))
        noted.append(name)

    engine = Engine(opened, Clock(), lanes=1)
    await engine.start()
    first = [asyncio.create_task(caller("first")) for _ in range(20)]
    await asyncio.sleep(0)  # they are queued; the lane takes them
    await asyncio.sleep(0)
    second = [asyncio.create_task(caller("second")) for _ in range(20)]
    await asyncio.gather(*first, *second)
    await engine.stop()
    assert engine.idle
    await connection.close()
    assert noted == ["next batch", "next batch", *["first"] * 20, *["second"] * 20]
