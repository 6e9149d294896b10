"""Connections to PostgreSQL: how each use of the database is set up."""

from __future__ import annotations

from typing import Any

import asyncpg

_COMMON = {"timezone": "UTC", "jit": "off", "application_name": "entrepot"}

ENGINE = {
    **_COMMON,
    "lock_timeout": "2000",
    # Every access of a batch is by key: one generic plan per statement saves planning each of them anew.
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
}

READS = {**_COMMON, "statement_timeout": "5000", "default_transaction_read_only": "on"}

READ_CONNECTIONS = 4


async def connect_engine(url: str) -> asyncpg.Connection[Any]:
    """A connection for one lane of the engine."""
    return await asyncpg.connect(url, server_settings=ENGINE, timeout=5, command_timeout=30)


async def read_pool(url: str, size: int = READ_CONNECTIONS) -> asyncpg.Pool[Any]:
    """The small pool for reads; a statement may take five seconds."""
    return await asyncpg.create_pool(url, min_size=1, max_size=size, server_settings=READS, timeout=5)
