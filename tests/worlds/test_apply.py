"""Applying worlds to a real database: what appears, what a second time changes, and what stands in the way."""

from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

from entrepot.store.connections import Connection
from entrepot.worlds import Report, World, apply_world, load_world

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DEMO = (files("entrepot.worlds") / "demo.toml").read_text()


def world(text: str) -> World:
    loaded = load_world(text)
    assert isinstance(loaded, World), loaded
    return loaded


async def apply(connection: Connection, text: str, **options: Any) -> Report:
    return await apply_world(connection, world(text), now=NOW, **options)


async def contents(connection: Connection) -> dict[str, list[str]]:
    """Every row of every table, as text."""
    names = await connection.fetch(
        "select table_name from information_schema.tables where table_schema = 'public' order by 1"
    )
    return {
        row[0]: [r[0] for r in await connection.fetch(f'select t::text from "{row[0]}" t order by 1')]
        for row in names
    }


async def test_the_demo_world_applies_and_a_second_time_changes_nothing(connection: Connection) -> None:
    first = await apply(connection, DEMO)
    assert not first.conflicts
    assert {report.name for report in first.workspaces} == {"north", "south"}
    before = await contents(connection)
    second = await apply(connection, DEMO)
    assert second.changes == ()
    assert await contents(connection) == before
