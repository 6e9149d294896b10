"""The ceiling to compare with: pgbench writes the rows of an order, one transaction per order, on the same server.

What it writes is copied from an order that the server has placed: the same rows of the same tables, with another order
number, unique names and a random variant; and the update that reserves stock. It reads, checks and renders nothing.
"""

from __future__ import annotations

import asyncio
import os
import re
import tempfile
from asyncio.subprocess import PIPE, STDOUT
from pathlib import Path

from bench.messages import EVERYTHING
from entrepot.store.connections import Connection
from entrepot.store.embedded.account import Account
from entrepot.store.embedded.binaries import find_installation
from entrepot.store.upkeep.backups import environment, target

CLIENTS = 16
_OURSELVES = Account(os.geteuid(), os.getegid(), lent=False)

_COLUMNS = """
select column_name, udt_name from information_schema.columns
where table_schema = 'public' and table_name = $1 order by ordinal_position
"""
# Tables of an order, with the column that names it.
_TABLES = {
    "orders": "id",
    "order_parts": "order",
    "order_lines": "order",
    "order_events": "order",
    "payments": "order",
    "references": "target",
    "invoice_lines": "order",
    "holds": "order",
}
# Columns of a copy that are not the original's.
_OWN = {
    ("orders", "uuid"): "gen_random_uuid()",
    ("orders", "external_id"): "'pgbench-' || :order",
    ("references", "value"): "'pgbench-' || :order",
    ("order_lines", "variant"): ":variant",
    ("order_lines", "product_id"): ":variant",
    ("holds", "variant"): ":variant",
}
_RESERVE = """\
update stock set available = available - 1, reserved = reserved + 1
where workspace = {workspace} and variant = :variant and location = {location} and available >= 1;
"""
_RATE = re.compile(rb"tps = ([0-9.]+)")
_LATENCY = re.compile(rb"latency average = ([0-9.]+)")


async def script(connection: Connection, workspace: int, variants: int) -> str:
    """What pgbench runs for each order, at one of so many variants."""
    order = await connection.fetchval("select max(id) from orders where workspace = $1", workspace)
    location = await connection.fetchval("select min(id) from locations where workspace = $1", workspace)
    inserts = [await _inserts(connection, table, key, workspace, order) for table, key in _TABLES.items()]
    return "".join(
        (
            "\\set order random(1000000000, 4000000000000000)\n",
            f"\\set variant random(1, {variants})\n",
            "begin;\n",
            _RESERVE.format(workspace=workspace, location=location),
            *inserts,
            "commit;\n",
        )
    )


async def run(url: str, text: str, seconds: int, most: int = EVERYTHING) -> tuple[float, float]:
    """Transactions per second and their mean time in milliseconds, with CLIENTS clients at once.

    pgbench runs for so long; where `most` is said, it runs so many transactions instead.
    """
    limit = ("--time", seconds) if most == EVERYTHING else ("--transactions", max(most // CLIENTS, 1))
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", prefix="entrepot-pgbench-", suffix=".sql"
    ) as file:
        file.write(text)
        file.flush()
        process = await asyncio.create_subprocess_exec(
            str(find_installation(_OURSELVES, Path(file.name).parent).programs / "pgbench"),
            "--no-vacuum", "--protocol", "prepared", "--client", str(CLIENTS), "--jobs", "1",
            *map(str, limit), "--file", file.name, target(url)[-1],
            stdout=PIPE, stderr=STDOUT, env=environment(url),
        )  # fmt: skip
        output, _ = await process.communicate()
    rate, latency = _RATE.search(output), _LATENCY.search(output)
    if process.returncode or rate is None or latency is None:
        raise RuntimeError(f"pgbench failed:\n{output.decode('utf-8', 'replace')}")
    return float(rate[1]), float(latency[1])


async def _inserts(connection: Connection, table: str, key: str, workspace: int, order: int) -> str:
    """Statements that insert the order's rows of one table again, as another order's."""
    columns = [(str(name), str(kind)) for name, kind in await connection.fetch(_COLUMNS, table)]
    quoted = ", ".join(f'quote_nullable("{name}"::text)' for name, _ in columns)
    rows = await connection.fetch(
        f'select {quoted} from "{table}" where workspace = $1 and "{key}" = $2', workspace, order
    )
    names = ", ".join(f'"{name}"' for name, _ in columns)
    return "".join(
        f'insert into "{table}" ({names}) values ({_values(table, key, columns, row)});\n' for row in rows
    )


def _values(table: str, key: str, columns: list[tuple[str, str]], row: list[str]) -> str:
    own = {**_OWN, (table, key): ":order"}
    return ", ".join(
        own.get((table, name), f"{value}::{kind}") for (name, kind), value in zip(columns, row, strict=True)
    )
