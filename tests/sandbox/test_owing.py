"""An account that owes what is missing sells goods that nobody has ever counted; one that does not, does not."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from entrepot.checks import run_checks
from entrepot.store.connections import Connection, connect
from tests.sandbox.conftest import Sandbox

_MODE = """
update channels set settings = settings || jsonb_build_object('stock', $1::text) where door = 'bonsai' and name = 'demo'
"""
_MUG = "variant = (select id from variants where sku = 'mug' limit 1)"


@pytest.fixture
async def uncounted(sandbox: Sandbox, module_database_url: str) -> AsyncIterator[Connection]:
    """The database of the demo world, in which the mug has no level anywhere."""
    del sandbox
    connection = await connect(module_database_url)
    await connection.execute(f"delete from stock where {_MUG}")
    yield connection
    assert await run_checks(connection) == []
    await connection.close()


async def test_what_has_no_level_is_owed_where_orders_take_from_first(
    sandbox: Sandbox, uncounted: Connection
) -> None:
    await uncounted.execute(_MODE, "backorder")
    assert (await sandbox.order()).status_code == 200
    assert (await sandbox.order()).status_code == 200
    rows = await uncounted.fetch(
        "select l.code, s.reserved, s.owed, s.priority from stock s join locations l on l.workspace = s.workspace "
        f"and l.id = s.location where {_MUG}"
    )
    assert [tuple(row) for row in rows] == [("main", 2, 2, 1)]


async def test_where_nothing_is_owed_it_is_sold_out(sandbox: Sandbox, uncounted: Connection) -> None:
    await uncounted.execute(_MODE, "reserve")
    reply = await sandbox.order()
    assert (reply.status_code, reply.json()["errors"][0]["code"]) == (400, "OUT_OF_STOCK")
