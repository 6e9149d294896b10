from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from entrepot.store.connections import write_pool


@pytest.fixture
async def bank_pool(database_url: str) -> AsyncIterator[Any]:
    """Two connections to a fresh database, to look at it. asyncpg has no types of its own, hence `Any`."""
    async with asyncpg.create_pool(database_url, min_size=1, max_size=2) as pool:
        yield pool


@pytest.fixture
async def books(bank_pool: Any, database_url: str) -> AsyncIterator[Any]:
    """The bank's own connections to it."""
    pool = await write_pool(database_url, 6)
    yield pool
    await pool.close()
