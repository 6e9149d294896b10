"""`python -m bench.growth`: lists of a channel in a workspace with one million orders, and with two.

Orders are copied by SQL from one that was taken. Aim: the same time within 1.5.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from statistics import median

from bench import world
from entrepot.domain.kernel.commands import Refused
from entrepot.domain.orders.records import Person
from entrepot.domain.placing.record_sale import SoldLine, TakeOrder
from entrepot.engine import Clock, Engine
from entrepot.store.connections import Connection, connect, connect_engine
from entrepot.store.embedded import EmbeddedPostgres
from entrepot.store.queries.orders import OrderFilter, list_orders
from entrepot.store.upkeep import migrate

FIRST = 10_000_000
"""The number of the first copy, above all that the counter gives."""
AIM = 1.5
_COLUMNS = """
select column_name from information_schema.columns
where table_schema = 'public' and table_name = $1 order by ordinal_position
"""
_OWN = {
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


async def measure(sizes: list[int], url: str) -> list[tuple[int, float]]:
    """For each size how many milliseconds a page of the channel's orders takes, the median of 200."""
    connection = await connect(url)
    await world.build(connection, 1, 1, 1)
    (number,) = await world.numbers(connection, [world.BIG])
    channel = await connection.fetchval(
        "select id from channels where workspace = $1 and name = $2", number, world.CHANNEL
    )
    order = await _taken(url, connection, number, channel)
    found: list[tuple[int, float]] = []
    done = 0
    for size in sizes:
        await _copy(connection, number, order, FIRST + done, FIRST + size - 1)
        done = size
        found.append((size, await _page(connection, number, channel)))
    await connection.close()
    return found


async def _taken(url: str, connection: Connection, number: int, channel: int) -> int:
    sku = await connection.fetchval("select sku from variants where workspace = $1", number)
    engine = Engine(partial(connect_engine, url), Clock(), lanes=1)
    await engine.start()
    command = TakeOrder(
        channel=channel,
        environment="live",
        lines=(SoldLine("1", sku, 1, 500),),
        person=Person("a@example.com"),
    )
    outcome = await engine.execute(number, command)
    await engine.stop()
    if isinstance(outcome, Refused):
        raise RuntimeError(str(outcome))
    return await connection.fetchval("select id from orders where workspace = $1", number)


async def _copy(connection: Connection, workspace: int, order: int, first: int, last: int) -> None:
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


async def _page(connection: Connection, workspace: int, channel: int) -> float:
    taken: list[float] = []
    for _ in range(200):
        started = time.perf_counter()
        page = await list_orders(connection, workspace, OrderFilter(channel=channel))
        taken.append(time.perf_counter() - started)
        if not page:
            raise RuntimeError("the list is empty")
    return median(taken) * 1_000


def main() -> int:
    """Measure and print; the exit status is 0 whether the aim is met or not."""
    parser = argparse.ArgumentParser(prog="python -m bench.growth", description="Lists as orders grow.")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000_000, 2_000_000])
    sizes = parser.parse_args().sizes
    with tempfile.TemporaryDirectory(prefix="entrepot-bench-", ignore_cleanup_errors=True) as folder:
        os.chmod(folder, 0o755)
        with EmbeddedPostgres(Path(folder, "data")) as url:
            migrate.ensure(url)
            found = asyncio.run(measure(sizes, url))
    for size, milliseconds in found:
        print(f"{size:,} orders: a page of a channel takes {milliseconds:.2f} ms")
    ratio = found[-1][1] / found[0][1]
    print(f"{ratio:.2f} times; the aim is at most {AIM}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
