"""`python -m bench.growth`: what a workspace of so many orders pays for them: orders, purchases, lists, and the check.

Orders are copied by SQL from one that was taken, into the workspace that orders are sent to and half as many into the
webshop. What is measured among the fewest orders is what the others are held against.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import msgspec

from bench import clients, copies, orders, purchases, shop, world
from bench.aims import Aim
from bench.load import Sender, find_wrk
from bench.messages import Load
from bench.report import aim_rows, aligned
from bench.sellers import STATUS
from bench.server import Server
from entrepot.gateways.cards.bank.seed import seed
from entrepot.store.connections import Connection, connect
from entrepot.store.embedded import connect_or_start
from entrepot.store.queries.orders import OrderFilter, list_orders

SIZES = (1_000, 1_000_000, 2_000_000)
CONNECTIONS = 64
TIMES = 5
"""Of what is done by itself: the median of so many."""


class Figure(msgspec.Struct, frozen=True):
    """What was measured among so many orders: orders and whole purchases a second, milliseconds by what took them, and
    the seconds and bytes of `entrepot check`."""

    size: int
    orders: float
    purchases: float
    times: dict[str, float]
    check: float
    memory: int


async def measure(sizes: Sequence[int], seconds: int) -> list[Figure]:
    """A figure for each size, on a fresh folder."""
    with tempfile.TemporaryDirectory(prefix="entrepot-bench-", ignore_cleanup_errors=True) as folder:
        os.chmod(folder, 0o755)
        server = Server(Path(folder, "data"))
        await server.start()
        try:
            with connect_or_start(server.data_dir) as url:
                connection = await connect(url)
                try:
                    growing = _Growing(server, connection, seconds)
                    await growing.build()
                    return [await growing.at(size) for size in sizes]
                finally:
                    await connection.close()
        finally:
            await server.stop()


class _Growing:
    def __init__(self, server: Server, connection: Connection, seconds: int) -> None:
        self._server = server
        self._connection = connection
        self._seconds = seconds
        self._sender = Sender(server.url, CONNECTIONS, find_wrk())
        self._load = Load("growth", orders.EXTERNAL, world.hot(world.external_key(world.BIG)), "growth-%d")

    async def build(self) -> None:
        """Make the worlds, and an order in each to copy."""
        await world.build(self._connection, 1, 1, 1)
        await world.apply(self._connection, {shop.SHOP: shop.workspace()})
        (number,) = await world.numbers(self._connection, [shop.SHOP])
        await seed(self._connection, number, shop.bank())
        await self._sender.send_from_here(self._load, most=CONNECTIONS)
        await purchases.send(self._server.url, 4, 60, most=4)

    async def at(self, size: int) -> Figure:
        """Measure among so many orders."""
        print(f"… among {size:,} orders", file=sys.stderr, flush=True)
        await copies.fill(self._connection, world.BIG, size)
        await copies.fill(self._connection, shop.SHOP, size // 2)
        await self._connection.execute("checkpoint")
        placed = await self._sender.send(self._load, self._seconds)
        bought = await purchases.send(self._server.url, CONNECTIONS, self._seconds)
        seconds, memory = await asyncio.to_thread(self._run, "check")
        return Figure(size, placed.rate, bought.rate, await self._times(), seconds, memory)

    async def _times(self) -> dict[str, float]:
        (number,) = await world.numbers(self._connection, [world.BIG])
        newest = "select max(id) from orders where workspace = $1"
        order = str(await self._connection.fetchval(newest, number))
        big = ("--workspace", world.BIG)
        commands = {
            "entrepot orders list": ("orders", "list", *big, "--limit", "20"),
            "entrepot orders show": ("orders", "show", order, *big),
        }
        done = {
            name: median([(await asyncio.to_thread(self._run, *words))[0] for _ in range(TIMES)]) * 1_000
            for name, words in commands.items()
        }
        status = await clients.send(
            self._server.url, "walmart", STATUS, world.BIG, 1, CONNECTIONS, self._seconds
        )
        return {"a channel's first page": await self._page(), "status by order number": status.p50, **done}

    async def _page(self) -> float:
        (number,) = await world.numbers(self._connection, [world.BIG])
        channel = await self._connection.fetchval(
            "select id from channels where workspace = $1 and name = $2", number, "external"
        )
        taken: list[float] = []
        for _ in range(200):
            started = time.perf_counter()
            if not await list_orders(self._connection, number, OrderFilter(channel=channel)):
                raise RuntimeError("the list is empty")
            taken.append(time.perf_counter() - started)
        return median(taken) * 1_000

    def _run(self, *words: str) -> tuple[float, int]:
        """Seconds of a command of ours, and its memory at most in bytes."""
        command = [sys.executable, "-c", "from entrepot.cli import main; main()", *words]
        started = time.perf_counter()
        with subprocess.Popen(
            [*command, "--data-dir", str(self._server.data_dir)], stdout=subprocess.DEVNULL
        ) as process:
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        # Of copies the check tells that their books do not agree, which is its 1.
        if process.returncode and (words, process.returncode) != (("check",), 1):
            raise RuntimeError(f"{' '.join(words)} ended with {process.returncode}")
        return time.perf_counter() - started, used.ru_maxrss * 1024


def aims(figures: Sequence[Figure]) -> list[Aim]:
    """What is wanted of the last figure beside the first."""
    first, last = figures[0], figures[-1]
    slowest = max(last.times, key=lambda name: last.times[name] / first.times[name])
    return [
        Aim("orders a second, by those at first", 0.95, last.orders / first.orders, at_least=True),
        Aim(
            "whole purchases a second, by those at first",
            0.95,
            last.purchases / first.purchases,
            at_least=True,
        ),
        Aim(
            f"the slowest of the times by its first ({slowest})",
            1.5,
            last.times[slowest] / first.times[slowest],
        ),
        Aim("entrepot check, seconds", 120, last.check),
        Aim("entrepot check, MB", 500, last.memory / 1e6),
    ]


def text(figures: Sequence[Figure]) -> str:
    """The tables for a terminal."""
    rows = [("", *(f"{each.size:,} orders" for each in figures))]
    rows.append(("orders/s", *(f"{each.orders:.0f}" for each in figures)))
    rows.append(("purchases/s", *(f"{each.purchases:.0f}" for each in figures)))
    rows += [(f"{name}, ms", *(f"{each.times[name]:.1f}" for each in figures)) for name in figures[0].times]
    rows.append(("entrepot check, s", *(f"{each.check:.1f}" for each in figures)))
    rows.append(("entrepot check, MB", *(f"{each.memory / 1e6:.0f}" for each in figures)))
    return f"{aligned(rows)}\n\n{aligned(aim_rows(aims(figures)))}\n"


def main() -> int:
    """Measure and print; the exit status is 0 whether the aims are met or not."""
    parser = argparse.ArgumentParser(prog="python -m bench.growth", description="A workspace as it grows.")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--seconds", type=int, default=5, help="of each load")
    options = parser.parse_args()
    print(text(asyncio.run(measure(options.sizes, options.seconds))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
