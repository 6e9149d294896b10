"""A workspace with many orders: copies, by SQL, of one that was taken."""

from __future__ import annotations

from typing import Final

from bench import world
from entrepot.store.connections import Connection

FIRST: Final = 10_000_000
"""The number of the first copy, above all that the counter gives."""
_COLUMNS: Final = """
select column_name from information_schema.columns
where table_schema = 'public' and table_name = $1 order by ordinal_position
"""
_OWN: Final = {
    "orders": {
        "id": "n",
        "uuid": "gen_random_uuid()",
        "external_id": "'copy-' || n",
        "placed_at": "t.placed_at + n * interval '1 second'",
    },
    "order_parts": {"order": "n"},
    "order_lines": {"order": "n", "id": "n"},
}
"""What a copy does not share with the order that it is of."""
_COUNT: Final = "select count(*) from orders where workspace = $1"
_NEWEST: Final = "select max(id) from orders where workspace = $1 and id < $2"


async def fill(connection: Connection, workspace: str, wanted: int) -> int:
    """Copy the newest order of the workspace until there are so many; how many orders there are then."""
    (number,) = await world.numbers(connection, [workspace])
    there: int = await connection.fetchval(_COUNT, number)
    if there < wanted:
        newest = await connection.fetchval(_NEWEST, number, FIRST)
        await copy(connection, number, newest, FIRST + there, FIRST + wanted - 1)
    return max(there, wanted)


async def copy(connection: Connection, workspace: int, order: int, first: int, last: int) -> None:
    """Copy an order under each of these numbers."""
    for table, own in _OWN.items():
        names = [row[0] for row in await connection.fetch(_COLUMNS, table)]
        values = ", ".join(own.get(name, f't."{name}"') for name in names)
        columns = ", ".join(f'"{name}"' for name in names)
        key = "id" if table == "orders" else '"order"'
        await connection.execute(
            f'insert into "{table}" ({columns}) select {values} from "{table}" t '
            f"cross join generate_series($3::bigint, $4::bigint) n where t.workspace = $1 and t.{key} = $2",
            *(workspace, order, first, last),
        )
    await connection.execute("analyze")
