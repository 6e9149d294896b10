"""Tests of a module share one served door: they keep out of each other's way by the objects that they make."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.doors.textalk.served import Api, open_api


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def api(module_database_url: str) -> AsyncIterator[Api]:
    """The served door."""
    async with open_api(module_database_url) as opened:
        yield opened
