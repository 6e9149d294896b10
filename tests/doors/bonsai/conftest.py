"""The served door, one for each module: its tests keep out of each other's way by the names that they give."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.doors.bonsai.shop import Shop, open_shop


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(module_database_url: str) -> AsyncIterator[Shop]:
    async with open_shop(module_database_url) as opened:
        yield opened
