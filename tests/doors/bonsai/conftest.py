"""Tests of bad input use the client and shops of the proofs; tests of the routes serve a door of their own."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.conformance.harness.fixtures import bonsai, connection, open_bonsai_shop
from tests.doors.bonsai.shop import Shop, open_shop

__all__ = ["bonsai", "connection", "open_bonsai_shop", "shop"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(module_database_url: str) -> AsyncIterator[Shop]:
    """One served door for each module: its tests keep out of each other's way by the names that they give."""
    async with open_shop(module_database_url) as opened:
        yield opened
