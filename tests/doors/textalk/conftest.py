"""What tests share: a served door, whose objects each test makes for itself; and a shop that two processes serve."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio

from entrepot.store.connections import connect
from tests.conformance.harness.fixtures import bonsai, connection, open_buyer, open_webshop, textalk
from tests.doors.textalk.people import EVA, Process, Shopping, started
from tests.doors.textalk.served import Api, open_api
from tests.support.webshop import Webshop

__all__ = ["api", "bonsai", "connection", "eva", "open_buyer", "open_webshop", "processes", "textalk"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def api(module_database_url: str) -> AsyncIterator[Api]:
    """The served door."""
    async with open_api(module_database_url) as opened:
        yield opened


@pytest.fixture
async def processes(module_database_url: str) -> AsyncIterator[list[Process]]:
    async with AsyncExitStack() as stack:
        yield [await started(stack, module_database_url) for _ in range(2)]


@pytest.fixture
async def eva(processes: list[Process], module_database_url: str) -> AsyncIterator[Shopping]:
    own = await connect(module_database_url)
    shop = Webshop(own, f"w{uuid.uuid4().hex[:12]}")
    await shop.open()
    shop.poke = processes[0].poke
    yield Shopping(shop, processes)
    await shop.letters(EVA)
    await own.close()
