"""What tests of customers need: two processes of one database, and a shop of their own."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from entrepot.store.connections import connect
from tests.doors.textalk.people import EVA, Process, Shopping, started
from tests.support.webshop import Webshop


@pytest.fixture
async def processes(module_database_url: str) -> AsyncIterator[list[Process]]:
    async with AsyncExitStack() as stack:
        yield [await started(stack, module_database_url) for _ in range(2)]


@pytest.fixture
async def eva(processes: list[Process], module_database_url: str) -> AsyncIterator[Shopping]:
    connection = await connect(module_database_url)
    shop = Webshop(connection, f"w{uuid.uuid4().hex[:12]}")
    await shop.open()
    shop.poke = processes[0].poke
    yield Shopping(shop, processes)
    await shop.letters(EVA)
    await connection.close()
