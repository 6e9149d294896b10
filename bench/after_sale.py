"""`python -m bench.after_sale`: orders on their way out beside orders coming in, and the two ways in beside each other.

Carried: so many orders become due at the simulated carrier at once, and go from new to delivered while connections
place orders through the Bonsai door. Aims: steps a second at least the quiet rate of placing, and a p99 of placing
under twice its quiet value. Taken: `TakeOrder` and `PlaceOrder` by bare engine calls, in turn. Aim: at least 1.2 times.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

import msgspec

from bench import orders, world
from bench.load import Sender, find_wrk
from bench.messages import Answers, Load
from bench.server import Server
from entrepot.domain.kernel.commands import Command, Refused
from entrepot.domain.orders.records import Address, Person
from entrepot.domain.placing.basket import (
    EXTERNAL,
    EXTERNAL_ID,
    Basket,
    OutsideName,
    WantedLine,
    WantedPayment,
)
from entrepot.domain.placing.place import PlaceOrder
from entrepot.domain.placing.record_sale import SoldLine, TakeOrder
from entrepot.engine import Clock, Engine
from entrepot.engine.clock import real_now
from entrepot.failures.orders import LineRef
from entrepot.store.connections import Connection, connect, connect_engine
from entrepot.store.embedded import connect_or_start

STEPS = 3
"""Acknowledged, shipped, delivered."""
_CARRIED = """
update channels set settings = settings || $2::jsonb where workspace = $1 and name = 'external'
"""
_LATER = {
    "carrier": {
        "gateway": "simulated",
        "acknowledge_after": 86_400,
        "ship_after": 86_401,
        "deliver_after": 86_402,
    }
}
_DUE = """
update carrier_consignments c set due_at = $2, steps = (
  select jsonb_agg(jsonb_build_array(s ->> 0, $2::timestamptz)) from jsonb_array_elements(c.steps) s
) where workspace = $1 and due_at is not null
"""
_LEFT = "select count(*) from carrier_consignments where workspace = $1 and due_at is not null"
_VARIANT = """
select p.uuid, v.id, v.sku from products p join variants v on v.workspace = p.workspace and v.product = p.id
where p.workspace = $1 limit 1
"""
_TO = Address("Ann", "Lee", "1 Front Street", "Toronto", "CA", "M5J 2N1", province="ON")


class Carried(msgspec.Struct, frozen=True):
    """How placing went quietly and beside the carrier, and how many steps a second that took."""

    orders: int
    steps_per_second: float
    quiet: Answers
    beside: Answers


class Taken(msgspec.Struct, frozen=True):
    """Orders a second by bare engine calls, the median of the rounds."""

    take: float
    place: float


async def measure(
    count: int, seconds: int, connections: int, rounds: int, say: Callable[[str], None]
) -> tuple[Carried, Taken]:
    """Measure both on a fresh folder, and leave nothing behind."""
    with tempfile.TemporaryDirectory(prefix="entrepot-bench-", ignore_cleanup_errors=True) as folder:
        os.chmod(folder, 0o755)
        server = Server(Path(folder, "data"))
        await server.start()
        try:
            with connect_or_start(server.data_dir) as url:
                connection = await connect(url)
                await world.build(connection, 100, 1, 1)
                (number,) = await world.numbers(connection, [world.BIG])
                taken = await _taken(url, connection, number, seconds, rounds, say)
                carried = await _carried(server, connection, number, count, seconds, connections, say)
                await connection.close()
        finally:
            await server.stop()
    return carried, taken


async def _carried(
    server: Server,
    connection: Connection,
    number: int,
    count: int,
    seconds: int,
    connections: int,
    say: Callable[[str], None],
) -> Carried:
    sender = Sender(server.url, connections, find_wrk())
    load = Load("carried", orders.EXTERNAL, world.uniform(100, world.external_key(world.BIG)), "token-%d")
    say("placing quietly")
    await sender.send_from_here(load, most=connections)
    quiet = await sender.send(load, seconds)
    say(f"announcing {count} orders")
    await connection.execute(_CARRIED, number, json.dumps(_LATER))
    while (known := await connection.fetchval(_LEFT, number)) < count:
        await sender.send_from_here(load, most=min(count - known, 500))
        await _settled(connection)
    await connection.execute(
        "update channels set settings = settings - 'carrier' where workspace = $1", number
    )
    say("delivering them while orders are placed")
    started = time.perf_counter()
    await connection.execute(_DUE, number, real_now())
    beside = asyncio.create_task(sender.send(load, seconds))
    while await connection.fetchval(_LEFT, number):
        await asyncio.sleep(0.05)
    took = time.perf_counter() - started
    return Carried(known, known * STEPS / took, quiet, await beside)


async def _settled(connection: Connection) -> None:
    while await connection.fetchval("select count(*) from outbox where state = 'waiting'"):
        await asyncio.sleep(0.05)


async def _taken(
    url: str, connection: Connection, number: int, seconds: int, rounds: int, say: Callable[[str], None]
) -> Taken:
    product, variant, sku = await connection.fetchrow(_VARIANT, number)
    find = "select id from channels where workspace = $1 and name = $2"
    place_in = await connection.fetchval(find, number, "external")
    take_in = await connection.fetchval(find, number, world.CHANNEL)

    def place(run: str) -> Command:
        line = WantedLine(product, variant, 1, LineRef("", sku))
        payment = WantedPayment(EXTERNAL, f"t{run}", {"goods": 2_500, "shipping": 500, "taxes": 390})
        return PlaceOrder(
            Basket(place_in, "live", "USD", (line,), _TO, payment, run), Person("a@example.com")
        )

    def take(run: str) -> Command:
        return TakeOrder(
            channel=take_in,
            environment="live",
            lines=(SoldLine("1", sku, 1, 2_500),),
            person=Person("a@example.com"),
            ship_to=_TO,
            names=(OutsideName(EXTERNAL_ID, run),),
        )

    engine = Engine(partial(connect_engine, url), Clock(), lanes=1)
    await engine.start()
    rates: dict[str, list[float]] = {"take": [], "place": []}
    for turn in range(rounds):
        for name, make in (("take", take), ("place", place)):
            say(f"{name}, round {turn + 1}")
            rates[name].append(await _rate(engine, number, partial(_named, make, f"{name}{turn}"), seconds))
    await engine.stop()
    return Taken(median(rates["take"]), median(rates["place"]))


def _named(make: Callable[[str], Command], run: str, count: int) -> Command:
    return make(f"{run}-{count}")


async def _rate(engine: Engine, workspace: int, make: Callable[[int], Command], seconds: int) -> float:
    """Orders a second with 256 callers. Raises `RuntimeError` where one is refused."""
    made, until, started = 0, time.perf_counter() + seconds, time.perf_counter()

    async def caller() -> None:
        nonlocal made
        while time.perf_counter() < until:
            made += 1
            outcome = await engine.execute(workspace, make(made))
            if isinstance(outcome, Refused):
                raise RuntimeError(str(outcome))

    await asyncio.gather(*(caller() for _ in range(256)))
    return made / (time.perf_counter() - started)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.after_sale", description="Orders after the sale.")
    parser.add_argument("--orders", type=int, default=10_000)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    say = partial(print, "…", file=sys.stderr, flush=True)
    told = asyncio.run(measure(given.orders, given.seconds, given.connections, given.rounds, say))
    carried, taken = told
    print(f"{carried.orders} orders from new to delivered: {carried.steps_per_second:,.0f} steps/s")
    print(f"placing quietly {carried.quiet.rate:,.0f}/s, p99 {carried.quiet.p99:.1f} ms")
    print(f"placing beside it {carried.beside.rate:,.0f}/s, p99 {carried.beside.p99:.1f} ms")
    print(
        f"TakeOrder {taken.take:,.0f}/s, PlaceOrder {taken.place:,.0f}/s: {taken.take / taken.place:.2f} times"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
