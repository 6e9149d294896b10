from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest


@pytest.fixture
async def bank_pool(database_url: str) -> AsyncIterator[Any]:
    """A few connections to a fresh database. asyncpg has no types of its own, hence `Any`."""
    async with asyncpg.create_pool(database_url, min_size=1, max_size=6) as pool:
        yield pool
