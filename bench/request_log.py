"""`python -m bench.request_log`: what the integration log costs an order: off, without bodies, with bodies.

The three take turns on one folder, since what else a machine does meanwhile changes from minute to minute. Beside the
rate it tells the processor time of worker and PostgreSQL for each order, which depends less on the neighbours.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
from pathlib import Path
from statistics import median

from bench import orders, world
from bench.figures import UNIFORM
from bench.load import Sender, find_wrk
from bench.messages import Load
from bench.server import Server
from entrepot.store.connections import connect
from entrepot.store.embedded import connect_or_start

MODES = ("off", "without bodies", "with bodies")
VARIANTS = 1_000
CONNECTIONS = 64
_BODIES = "update channels set settings = jsonb_set(settings, '{log_bodies}', to_jsonb($1::bool))"

Figure = tuple[float, float, float]
"""Orders a second; microseconds of worker and of PostgreSQL for each."""


async def measure(rounds: int, seconds: int) -> dict[str, list[Figure]]:
    """Every mode in turn, as often as there are rounds."""
    found: dict[str, list[Figure]] = {mode: [] for mode in MODES}
    with tempfile.TemporaryDirectory(prefix="entrepot-bench-", ignore_cleanup_errors=True) as folder:
        os.chmod(folder, 0o755)
        data = Path(folder, "data")
        await _build(Server(data))
        # One for all, so that no two orders share a number.
        sender = Sender("", CONNECTIONS, find_wrk())
        for _ in range(rounds):
            for mode in MODES:
                found[mode].append(await _one(data, mode, seconds, sender))
    return found


async def _build(server: Server) -> None:
    await server.start()
    with connect_or_start(server.data_dir) as url:
        connection = await connect(url)
        await world.build(connection, VARIANTS, 1, 0)
        await connection.execute("analyze")
        await connection.close()
    await server.stop()


async def _one(data: Path, mode: str, seconds: int, sender: Sender) -> Figure:
    server = Server(data, () if mode != "off" else ("--no-integration-log",))
    await server.start()
    try:
        with connect_or_start(data) as url:
            connection = await connect(url)
            await connection.execute(_BODIES, mode == "with bodies")
            await connection.close()
        load = Load(
            UNIFORM, orders.EXTERNAL, world.uniform(VARIANTS, world.external_key(world.BIG)), "token-%d"
        )
        sender.url = server.url
        await sender.send(load, 2)
        before = server.usage()
        answers = await sender.send(load, seconds)
        await asyncio.sleep(1)  # what waits is written, and counts
        used = server.usage() - before
        each = 1e6 / max(answers.accepted, 1)
        return answers.rate, used.worker * each, used.postgres * each
    finally:
        await server.stop()


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.request_log", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5)
    options = parser.parse_args()
    found = asyncio.run(measure(options.rounds, options.seconds))
    base = _medians(found["off"])
    print(f"{'the log':16}{'orders/s':>10}{'':>8}{'worker µs':>12}{'PostgreSQL µs':>16}{'CPU':>8}")
    for mode in MODES:
        rate, worker, postgres = _medians(found[mode])
        share = (worker + postgres) / (base[1] + base[2])
        print(f"{mode:16}{rate:10.0f}{rate / base[0]:8.2f}{worker:12.0f}{postgres:16.0f}{share:8.2f}")
    return 0


def _medians(figures: list[Figure]) -> Figure:
    rates, workers, postgres = zip(*figures, strict=True)
    return median(rates), median(workers), median(postgres)


if __name__ == "__main__":
    sys.exit(main())
