"""What 0015 makes of products, variants and locations that the release before it left: deleted ones stay deleted."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import asyncpg
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Connection as Bound
from sqlalchemy.ext.asyncio import create_async_engine

from entrepot.store.upkeep import migrate

OPENED, MADE, CHANGED = (datetime(2026, 1, day, tzinfo=UTC) for day in (1, 2, 3))
_WORKSPACE = """
insert into workspaces (id, uuid, name, sandbox, settings, created_at)
values (1, gen_random_uuid(), 'w', true, '{}', $1)
"""
_PRODUCT = """
insert into products (workspace, id, uuid, name, merchant, available, tax_included, free_shipping, requires_shipping,
  excluded_methods, data, hidden, draft, display_only, vat_rate, search, created_at, changed_at)
values (1, $1, gen_random_uuid(), 'p', null, $2, true, false, true, '[]', $3, false, false, false, 0, '', $4, $5)
"""
_VARIANT = """
insert into variants (workspace, id, product, sku, name, scale, tracked, weight, position, data, divisible_by,
  chosen_by, available)
values (1, $1, $2, $3, '', 0, true, 0, 0, '{}', 1, '{}', true)
"""
_LOCATION = "insert into locations (workspace, id, code, name, priority) values (1, 1, 'north', 'North', 1)"


async def _fill(url: str) -> None:
    engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://", 1))
    connection = await asyncpg.connect(url)
    tables = await connection.fetch("select tablename from pg_tables where schemaname = 'public'")
    await connection.execute("drop table " + ", ".join(f'"{row[0]}"' for row in tables) + " cascade")

    def before(bound: Bound) -> None:
        config = migrate.alembic_config()
        config.attributes["connection"] = bound
        own = ScriptDirectory.from_config(config).get_revision("0015")
        command.upgrade(config, str(own.down_revision))

    async with engine.begin() as bound:
        await bound.run_sync(before)
    await engine.dispose()
    await connection.execute(_WORKSPACE, OPENED)
    for number, available, article, made in (
        (10, False, {"deleted": True, "ean": "1"}, MADE),
        (20, True, {"ean": "2", "name": {"sv": "Te", "en": "Tea"}}, None),
    ):
        changed = CHANGED if made else None
        await connection.execute(_PRODUCT, number, available, json.dumps({"article": article}), made, changed)
        await connection.execute(_VARIANT, number + 1, number, f"SKU-{number}")
    await connection.execute(_LOCATION)
    await connection.close()


async def _found(url: str) -> tuple[list[Any], list[Any], list[Any]]:
    connection = await asyncpg.connect(url)
    products = await connection.fetch(
        "select id, deleted_at, available, data::text, names::text from products order by id"
    )
    variants = await connection.fetch(
        "select id, created_at, changed_at, deleted_at from variants order by id"
    )
    places = await connection.fetch("select zone, aisle, active, data, created_at, deleted_at from locations")
    await connection.close()
    return (
        [tuple(each) for each in products],
        [tuple(each) for each in variants],
        [tuple(each) for each in places],
    )


def test_what_was_deleted_stays_deleted_and_all_is_dated(database_url: str) -> None:
    asyncio.run(_fill(database_url))
    migrate.ensure(database_url)
    products, variants, places = asyncio.run(_found(database_url))
    assert products == [
        (10, CHANGED, False, '{"article": {"ean": "1"}}', "{}"),
        (20, None, True, '{"article": {"ean": "2"}}', '{"en": "Tea", "sv": "Te"}'),
    ]
    assert variants == [(11, MADE, CHANGED, CHANGED), (21, OPENED, OPENED, None)]
    assert places == [("", "", True, "{}", OPENED, None)]
