"""A connection to a fresh database, and short ways to apply a world and to see everything."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from entrepot.store.connections import Connection, connect
from entrepot.worlds import Report, World, apply_world, load_world

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[Connection]:
    opened = await connect(database_url)
    try:
        yield opened
    finally:
        await opened.close()


async def apply(connection: Connection, text: str, **options: Any) -> Report:
    world = load_world(text)
    assert isinstance(world, World), world
    return await apply_world(connection, world, now=NOW, **options)


async def contents(connection: Connection) -> dict[str, list[str]]:
    """Every row of every table, as text."""
    names = await connection.fetch(
        "select table_name from information_schema.tables"
        " where table_schema = 'public' and table_type = 'BASE TABLE' order by 1"
    )
    return {
        row[0]: [r[0] for r in await connection.fetch(f'select t::text from "{row[0]}" t order by 1')]
        for row in names
    }


def seen(report: Report) -> list[tuple[str, str, str]]:
    return [(change.action, change.kind, change.name) for change in report.changes]
