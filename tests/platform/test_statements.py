"""Every statement of ours can run where a database is spread over nodes by workspace; here on one server, by its plans.

What the server of the proofs sends is judged when that server ends (`tests/conftest.py`).
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from tests.support.cluster import not_on_citus
from tests.support.spying import ASKED, Sent
from tests.support.statements import faults, key_faults, of_lanes

import entrepot
from entrepot.engine.clock import real_now
from entrepot.sandbox.beginning.reset import Beginning
from entrepot.store.arrays import ARRAYS
from entrepot.store.batches.homes import Home
from entrepot.store.batches.readers import find_function
from entrepot.store.batches.writer import write_function
from entrepot.store.connections import Connection, connect, connect_engine, read_pool
from entrepot.store.places import Place
from entrepot.store.tables import metadata
from entrepot.worlds import World, apply_world, load_world
from entrepot.worlds.applying.writing import FILLED

_ARRAY = re.compile(r"::(\w+)\[\]|\b(\w+)\[\]\)")
_NAMES = {"bigint": "int8", "integer": "int4", "boolean": "bool"}


@pytest.fixture
async def connection(session_database_url: str) -> AsyncIterator[Connection]:
    connection = await connect(session_database_url)
    yield connection
    await connection.close()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Sent]:
    """What the driver asks the catalogue for."""
    found: list[Sent] = []
    driver: Any = asyncpg.Connection
    usual = driver._introspect_types

    def noted(self: Any, types: Any, timeout: Any) -> Any:
        found.append(Sent(ASKED, tuple(types), generic=False))
        return usual(self, types, timeout)

    monkeypatch.setattr(driver, "_introspect_types", noted)
    return found


async def test_each_statement_of_a_lane_runs_on_the_node_of_its_workspace(connection: Connection) -> None:
    sent = [*of_lanes()]
    assert len(sent) > 150
    assert await faults(connection, sent) == []


def test_a_lane_takes_no_statements_word_for_how_many_rows_it_made() -> None:
    """Of rows in a table that is spread it counts those too that were there before."""
    for text in (find_function(), write_function()):
        assert "row_count" not in text
        assert not re.search(r"\bfound\b", text)


async def test_a_lanes_functions_touch_one_shard_alone(database_url: str) -> None:
    """Every table goes by another name here; with a name that is left out, some statement finds no table."""
    connection = await connect(database_url)
    own = {name: f"{name}_7" for name in metadata.tables}
    for name, there in own.items():
        await connection.execute(f'alter table "{name}" rename to "{there}"')
    home = Home(7, Place("here", 5432), {name: f'"{there}"' for name, there in own.items()})
    for each in of_lanes():
        text = home.renamed(each.query)
        await connection.fetchval(f"explain (format json) {text}", *each.values)
    await connection.close()


async def test_each_key_is_one_that_a_node_can_hold_by_itself(connection: Connection) -> None:
    assert await key_faults(connection) == []


@not_on_citus("such a key cannot be made")
async def test_a_key_without_the_workspace_is_seen(database_url: str) -> None:
    connection = await connect(database_url)
    await connection.execute("create unique index once on orders (id)")
    await connection.execute(
        "alter table channels add constraint shop foreign key (workspace) references counters"
    )
    assert await key_faults(connection) == [
        "once: without the workspace",
        "shop: from a table that stands everywhere to one that is spread",
    ]
    await connection.close()


async def test_the_driver_asks_for_none_of_the_types_that_statements_use(
    session_database_url: str, asked: list[Sent]
) -> None:
    pool = await read_pool(session_database_url, 1)
    async with pool.acquire() as reading:
        for each in (
            await connect(session_database_url),
            await connect_engine(session_database_url),
            reading,
        ):
            for name in (*ARRAYS, "text"):
                assert await each.fetchval(f"select $1::{name}[]", []) == []
            assert await each.fetchval("select $1::bytea[]", [b"\0\xff", None]) == [b"\0\xff", None]
            assert await each.fetchval("select $1::int8[]", [-5, 1 << 60]) == [-5, 1 << 60]
            if each is not reading:
                await each.close()
    await pool.close()
    assert asked == []


def test_statements_use_no_other_arrays() -> None:
    used = {
        kind
        for path in Path(entrepot.__file__).parent.rglob("*.py")
        if "versions" not in path.parts
        for found in _ARRAY.findall(path.read_text())
        for kind in found
        if kind
    }
    assert {"bytea", "bigint", "text"} <= used
    assert {_NAMES.get(kind, kind) for kind in used} <= {*ARRAYS, "text", "type", "list"}


def test_lists_are_unnested_from_a_subquery_where_they_are_read_for_a_request() -> None:
    """Of a list whose length it knows, PostgreSQL makes a plan each time: that took five times as long as the rest."""
    root = Path(entrepot.__file__).parent
    for folder in ("doors", "store/credentials", "store/queries"):
        for path in (root / folder).rglob("*.py"):
            assert not re.search(r"unnest\(\$\d", path.read_text()), path


# Each of these was ours once, or is near to one that was.
@not_on_citus("the nodes refuse it themselves")
@pytest.mark.parametrize(
    ("query", "values", "generic", "why"),
    [
        (
            "select d.hash, s.id from directory d join sessions s on s.workspace = d.workspace where d.kind = $1",
            ("session",),
            False,
            "sessions of all workspaces, with directory",
        ),
        (
            "select workspace from outbox where state = 'waiting' and due_at <= current_timestamp group by workspace",
            (),
            True,
            "outbox without a workspace, where plans are forced to be generic",
        ),
        (
            "select w.id from workspaces w where exists (select from batches b where b.workspace = w.id)",
            (),
            False,
            "batches of all workspaces, with workspaces",
        ),
        (
            "select w.id, l.id from unnest($1::bigint[]) w(id) cross join lateral"
            " (select id from locations where workspace = w.id offset 0) l",
            ([1, 2],),
            False,
            "locations of all workspaces, with unnest()",
        ),
        (
            "select * from stock where variant = $1 for update",
            (1,),
            True,
            "locks, and stock without a workspace",
        ),
        ("update orders set state = $1", ("x",), False, "writes, and orders without a workspace"),
        ('delete from holds where "order" = $1', (1,), False, "writes, and holds without a workspace"),
        (
            "with gone as (delete from tries where workspace = $1 returning subject)"
            " delete from one_time_codes where workspace = $1",
            (1,),
            False,
            "several statements that write, in one",
        ),
        (
            "update tries set since = now() where workspace = $1",
            (1,),
            False,
            "a function that answers anew each time, where rows are written",
        ),
        (
            "update tries set since = since - interval '16 minutes' where workspace = $1",
            (1,),
            False,
            "a column moved by an interval, which depends on the time zone, where rows are written",
        ),
        (
            "update locations set workspace = 2 where workspace = $1",
            (1,),
            False,
            "a row that leaves its workspace",
        ),
        (
            "insert into counters (workspace, next) select workspace, 1 from batches where workspace = $1",
            (1,),
            False,
            "rows of counters in workspaces that the statement does not name",
        ),
        (
            "select id, array(select no from order_lines l where l.workspace = o.workspace) from orders o"
            " where workspace = $1",
            (1,),
            False,
            "order_lines in a subquery that follows the workspace of what is around it",
        ),
        (
            "select o.id from (select workspace, id, null as at, 0 as lines from carts union all"
            " select workspace, id, placed_at, (select count(*) from order_lines l where l.workspace = $1"
            ' and l."order" = orders.id) from orders) o where workspace = $1 and at is not null and lines > 1',
            (1,),
            False,
            "order_lines tied to nothing around it, where carts fell away",
        ),
        (
            'select o.id from orders o join holds h on h."order" = o.id',
            (),
            False,
            "holds, orders of all workspaces, joined by something else",
        ),
    ],
)
async def test_what_nodes_cannot_do_is_seen(
    connection: Connection, query: str, values: tuple[Any, ...], generic: bool, why: str
) -> None:
    assert why in [fault.why for fault in await faults(connection, [Sent(query, values, generic)])]


async def test_a_type_that_the_driver_asks_for_is_seen(connection: Connection, asked: list[Sent]) -> None:
    assert await connection.fetchval("select $1::float8[]", []) == []
    assert [fault.why for fault in await faults(connection, asked)] == ["types (1022,) are asked for"]


async def test_what_names_its_workspace_is_let_pass(connection: Connection) -> None:
    joined = """
    select o.id, l.no, c.name from orders o join order_lines l on l.workspace = o.workspace and l."order" = o.id
    join channels c on c.workspace = o.workspace and c.id = o.channel where o.workspace = $1 for update of o
    """
    everywhere = (
        "select o.id from orders o where not exists (select from holds h where h.workspace = o.workspace)"
    )
    tied = """
    select o.id from (
      select workspace, id, null as at, 0 as lines from carts union all
      select workspace, id, placed_at, (
        select count(*) from order_lines l
        where l.workspace = $1 and l.workspace = orders.workspace and l."order" = orders.id
      ) from orders
    ) o where workspace = $1 and at is not null and lines > 1
    """
    nothing = tied.replace("lines > 1", "false")
    sent = [
        Sent(nothing, (1,), generic=False),
        Sent(joined, (1,), generic=True),
        Sent(everywhere, (), generic=False),
        Sent(tied, (1,), generic=False),
    ]
    assert await faults(connection, sent) == []


class Whole:
    """A connection that notes what nodes were told to do, whenever something is done to a whole table."""

    def __init__(self, connection: Connection, noted: list[tuple[str, str]]) -> None:
        self._connection = connection
        self._noted = noted

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    async def execute(self, query: str, *args: Any) -> str:
        if found := _WHOLE.match(query):
            self._noted.append((found[1], await self._connection.fetchval(_TOLD)))
        return await self._connection.execute(query, *args)


_WHOLE = re.compile(r"(analyze|truncate|delete)(?! from \S+ where)", re.IGNORECASE)
_TOLD = """
select current_setting('citus.multi_shard_modify_mode', true) || ', local '
  || current_setting('citus.enable_local_execution', true)
"""
GOODS = """
sandbox = true
[workspaces.shop.locations]
main = { name = "Main" }
"""


async def test_what_is_done_to_whole_tables_is_left_to_nodes_one_after_the_other(database_url: str) -> None:
    """Citus refuses it after rows that the coordinator changed, and what stands everywhere after what nodes did."""
    noted: list[tuple[str, str]] = []
    connection: Any = Whole(await connect(database_url), noted)
    world = load_world(
        GOODS + "".join(f'[workspaces.shop.products.p{no}]\nname = "P"\n' for no in range(FILLED))
    )
    assert isinstance(world, World), world
    await apply_world(connection, world, now=real_now())
    assert {what for what, _ in noted} == {"analyze"}
    await Beginning(lambda: True).again(connection, real_now())
    assert {told for _, told in noted} == {"sequential, local off"}
    assert {what for what, _ in noted} == {"analyze", "delete"}
    await connection.close()
