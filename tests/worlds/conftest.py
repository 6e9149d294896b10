"""A connection to a fresh database."""

from collections.abc import AsyncIterator

import pytest

from entrepot.store.connections import Connection, connect


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[Connection]:
    opened = await connect(database_url)
    try:
        yield opened
    finally:
        await opened.close()
