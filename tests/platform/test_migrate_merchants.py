"""What an older release wrote about merchants is read by this one."""

from __future__ import annotations

import asyncio
import json
import uuid
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
from alembic import command
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from entrepot.store.upkeep import migrate

WRITTEN = """
insert into merchants (workspace, id, ref, name, country, integration, payout_account)
values (1, 1, 'aaaaaaaaaaaaaaaaaaaaaaaa', 'Maple', 'CA', 'manual', null)
"""


def test_merchants_of_the_first_schema_get_an_empty_address(postgres_url: str) -> None:
    name = f"test_{uuid.uuid4().hex}"
    url = urlunsplit(urlsplit(postgres_url)._replace(path=f"/{name}"))
    asyncio.run(_on(postgres_url, f'create database {name} template "template0"'))
    try:
        asyncio.run(_upgraded(url, "0001"))
        asyncio.run(_on(url, WRITTEN))
        migrate.ensure(url)
        ((address,),) = asyncio.run(_on(url, "select address from merchants"))
        assert json.loads(address) == {}
    finally:
        asyncio.run(_on(postgres_url, f"drop database {name} with (force)"))


async def _on(url: str, statement: str) -> Any:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetch(statement)
    finally:
        await connection.close()


async def _upgraded(url: str, revision: str) -> None:
    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(url), poolclass=NullPool
    )
    config = migrate.alembic_config()

    def upgrade(connection: Connection) -> None:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)

    async with engine.begin() as connection:
        await connection.run_sync(upgrade)
    await engine.dispose()
