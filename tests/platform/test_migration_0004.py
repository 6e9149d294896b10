"""What 0004 makes of a database that the release before it filled."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import asyncpg
from alembic import command
from sqlalchemy import Connection as Bound
from sqlalchemy.ext.asyncio import create_async_engine

from entrepot.store.upkeep import migrate

AT = datetime(2026, 1, 1, tzinfo=UTC)
_DISCOUNT = """
insert into discounts (workspace, id, channel, code, name, active, kind, percent, amount, free_delivery, minimum_spend,
  used, combinable, created_at, changed_at, data)
values (1, $1, 6, $2, '{}', true, 'percent', 1, '{}', false, '{}', 0, true, $3, $3, '{}')
"""
_CERTIFICATE = """
insert into certificates (workspace, id, channel, code, currency, original, balance, cancelled, recipient,
  recipient_email, sender, sender_email, created_at, changed_at, data)
values (1, $1, 6, $2, 'SEK', 1, 1, false, '', '', '', '', $3, $3, '{}')
"""


async def _at_0001(url: str, fill: Callable[[asyncpg.Connection], Awaitable[None]]) -> None:
    """Take an empty database back to the first revision, fill it there, and bring it up again."""
    engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://", 1))
    connection = await asyncpg.connect(url)
    tables = await connection.fetch("select tablename from pg_tables where schemaname = 'public'")
    await connection.execute("drop table " + ", ".join(f'"{row[0]}"' for row in tables) + " cascade")

    def first(bound: Bound) -> None:
        config = migrate.alembic_config()
        config.attributes["connection"] = bound
        command.upgrade(config, "0001")

    async with engine.begin() as bound:
        await bound.run_sync(first)
    await engine.dispose()
    await fill(connection)
    await connection.close()


def test_codes_get_their_names_and_uses_stay(database_url: str) -> None:
    async def fill(connection: asyncpg.Connection) -> None:
        for number, code in ((501, " Summer 10 "), (502, "OTHER")):
            await connection.execute(_DISCOUNT, number, code, AT)
        await connection.execute(_CERTIFICATE, 511, "SUMMER10", AT)
        use = "insert into discount_uses values (1, 501, 900, 'eva@example.com', $1)"
        await connection.execute(use, AT)

    async def found() -> tuple[list[tuple[object, ...]], list[str], int]:
        connection = await asyncpg.connect(database_url)
        names = await connection.fetch(
            "select value, target from \"references\" where kind = 'code' order by 1"
        )
        codes = await connection.fetch("select code from discounts order by id")
        uses = await connection.fetchval("select count(*) from discount_uses where buyer = 'eva@example.com'")
        await connection.close()
        return [tuple(row) for row in names], [row[0] for row in codes], uses

    asyncio.run(_at_0001(database_url, fill))
    migrate.ensure(database_url)
    names, codes, uses = asyncio.run(found())
    assert names == [("other", 502), ("summer10", 501)], "of two that are the same the older has the name"
    assert (codes, uses) == (["Summer 10", "OTHER"], 1)
