"""A connection to a fresh database with every table."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from entrepot.store.connections import Connection, connect
from entrepot.store.tables import metadata

_DIALECT = postgresql.dialect()


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[Connection]:
    opened = await connect(database_url)
    if await opened.fetchval("select to_regclass('workspaces')") is None:
        await _create(opened)
    try:
        yield opened
    finally:
        await opened.close()


async def _create(connection: Connection) -> None:
    for table in metadata.sorted_tables:
        await connection.execute(str(CreateTable(table).compile(dialect=_DIALECT)))
        for index in table.indexes:
            await connection.execute(str(CreateIndex(index).compile(dialect=_DIALECT)))
