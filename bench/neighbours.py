"""`python -m bench.neighbours`: what a calm tenant's calls take while somebody else floods the same worker.

The calm one has four connections, on which he places orders (Bonsai) or reads articles (Textalk). Each attack is a
process of its own, and the calm one is measured without it and beside it, in turn.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
import sys
import tempfile
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from statistics import median
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from bench import orders, shop, world
from bench.client import Client
from bench.keepalive import Site
from bench.messages import Answers, Load
from bench.server import Server
from entrepot.serving.descriptors import allow_many_connections
from entrepot.store.connections import connect
from entrepot.store.embedded import connect_or_start

FLOODED, CALM = 90001, 90002
"""The numbers of the webshops; the workspaces have the same names."""
ARTICLES: Final = 3_000
CONNECTIONS, CALM_CONNECTIONS = 64, 4
BODIES, BODY_BYTES, SLEEPERS = 100, 10_000_000, 1_000
HEAD_START: Final = 8
"""Seconds until an attack is in force on a machine that has much else to do."""
QUIET: Final = "quiet"
_GOOD = (b"200",)
_PATH: Final = "/textalk/backend/jsonrpc/v1?webshop=%d"
_ALL: Final = b'{"jsonrpc":"2.0","id":1,"method":"Article.list","params":[true,true]}'


def _post(path: str, body: bytes, length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    head = f"POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: {size}\r\n\r\n"
    return head.encode() + body


async def lists(url: str) -> None:
    """64 connections that list every article of a shop with all that it has, again and again."""
    request = _post(_PATH % FLOODED, _ALL)
    await Site(url).load(lambda _: request, _GOOD, CONNECTIONS, 3600, 10**9)


async def placing(url: str) -> None:
    """64 connections that place orders of one tenant."""
    load = Load("flood", orders.EXTERNAL, world.spread(1), "flood-%d")
    await Client(url, load, f"flood{os.getpid()}-", os.getpid() * 10**6, 10**9).run(CONNECTIONS, 3600)


async def bodies(url: str) -> None:
    """100 connections that nobody knows, each with a body of ten megabytes, again and again."""
    call = b'{"jsonrpc":"2.0","id":1,"method":"Order.addArticle","params":[null,1,{"1":"'
    request = _post(_PATH % FLOODED, call + b"a" * (BODY_BYTES - len(call) - 4) + b'"}]}')
    async with asyncio.TaskGroup() as group:
        for _ in range(BODIES):
            group.create_task(_again_and_again(url, request))


async def sleepers(url: str) -> None:
    """1,000 connections that ask for every article of a shop and take nothing of the answer."""
    allow_many_connections()
    parts = urlsplit(url)
    request = _post(_PATH % FLOODED, _ALL)
    opened: list[socket.socket] = []
    while True:
        while len(opened) < SLEEPERS:
            each = socket.socket()
            each.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            each.setblocking(False)
            await asyncio.get_running_loop().sock_connect(each, (parts.hostname or "", parts.port or 80))
            each.send(request)
            opened.append(each)
        await asyncio.sleep(3600)


async def _again_and_again(url: str, request: bytes) -> None:
    parts = urlsplit(url)
    while True:
        with suppress(OSError, EOFError, asyncio.IncompleteReadError):
            reader, writer = await asyncio.open_connection(parts.hostname or "", parts.port or 80)
            try:
                writer.write(request)
                await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 60)
            finally:
                writer.transport.abort()
        await asyncio.sleep(0.01)


ATTACKS: Final[Mapping[str, Callable[[str], Any]]] = {
    "lists": lists,
    "orders": placing,
    "bodies": bodies,
    "sleepers": sleepers,
}


class Figure(msgspec.Struct, frozen=True):
    """The calm one's times in milliseconds, beside an attack or none."""

    attack: str
    order_p50: float
    order_p99: float
    read_p50: float
    read_p99: float
    megabytes: float


async def measure(attacks: Sequence[str], rounds: int, seconds: int) -> list[Figure]:
    """Every attack in turn with quiet before it, as often as there are rounds; the medians."""
    with tempfile.TemporaryDirectory(prefix="entrepot-bench-", ignore_cleanup_errors=True) as folder:
        os.chmod(folder, 0o755)
        server = Server(Path(folder, "data"))
        await server.start()
        try:
            await _build(server)
            bench = _Bench(server, seconds)
            await bench.one(QUIET)
            found = [await bench.one(attack) for _ in range(rounds) for attack in (QUIET, *attacks)]
        finally:
            await server.stop()
    return [_medians([each for each in found if each.attack == attack]) for attack in (QUIET, *attacks)]


async def _build(server: Server) -> None:
    with connect_or_start(server.data_dir) as url:
        connection = await connect(url)
        await world.build(connection, 1, 1, 0)
        for number, count in ((FLOODED, ARTICLES), (CALM, shop.ARTICLES)):
            await world.apply(connection, {str(number): shop.workspace(number, count)})
        await connection.execute("analyze")
        await connection.close()


class _Bench:
    def __init__(self, server: Server, seconds: int) -> None:
        self._server = server
        self._seconds = seconds
        self._runs = 0

    async def one(self, attack: str) -> Figure:
        async with beside(attack, self._server.url):
            placed = await self._orders()
            read = await self._reads()
            megabytes = self._server.memory() / 1e6
        return Figure(attack, placed.p50, placed.p99, read.p50, read.p99, megabytes)

    async def _orders(self) -> Answers:
        self._runs += 1
        load = Load("calm", orders.EXTERNAL, world.twin(), "calm-%d")
        client = Client(self._server.url, load, f"calm{self._runs}-", self._runs * 10**6, 10**9)
        return _sound(await client.run(CALM_CONNECTIONS, self._seconds))

    async def _reads(self) -> Answers:
        def make(number: int) -> bytes:
            uid = shop.article(number % shop.ARTICLES)
            call = {"jsonrpc": "2.0", "id": number, "method": "Article.get", "params": [uid, shop.DEEP]}
            return _post(_PATH % CALM, msgspec.json.encode(call))

        site = Site(self._server.url)
        return _sound(await site.load(make, _GOOD, CALM_CONNECTIONS, self._seconds, 10**9))


def _sound(answers: Answers) -> Answers:
    if answers.refused:
        print(
            f"… {answers.refused} of {answers.requests} of the calm one's calls were refused", file=sys.stderr
        )
    return answers


@asynccontextmanager
async def beside(attack: str, url: str, head_start: float = HEAD_START) -> AsyncGenerator[None]:
    """The attack for the length of the block, in force when it begins."""
    if attack == QUIET:
        yield
        return
    process: Process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.neighbours", "--attack", attack, "--url", url, stdout=PIPE
    )
    await asyncio.sleep(head_start)
    try:
        yield
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await _settled(url)


async def _settled(url: str) -> None:
    """Wait until the server has come to rest: a read is quick again."""
    while True:
        started = time.perf_counter()
        await Site(url).ask(
            _post(_PATH % CALM, b'{"jsonrpc":"2.0","id":1,"method":"Article.count","params":[]}')
        )
        if time.perf_counter() - started < 0.05:
            return
        await asyncio.sleep(0.5)


def _medians(figures: Sequence[Figure]) -> Figure:
    attack, *numbers = zip(*(msgspec.structs.astuple(each) for each in figures), strict=True)
    return Figure(attack[0], *(median(each) for each in numbers))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.neighbours", description=__doc__)
    parser.add_argument("attacks", nargs="*", default=list(ATTACKS), help=", ".join(ATTACKS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5, help="of orders, and as many of reads")
    parser.add_argument("--attack", choices=ATTACKS, help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> int:
    """Measure and print; or be the attack."""
    options = _options()
    if options.attack:
        asyncio.run(ATTACKS[options.attack](options.url))
        return 0
    figures = asyncio.run(measure(options.attacks, options.rounds, options.seconds))
    print(
        f"{'beside':10}{'orders p50':>12}{'p99 ms':>10}{'':>7}{'reads p50':>12}{'p99 ms':>10}{'':>7}{'MB':>8}"
    )
    for each in figures:
        order, read = each.order_p99 / figures[0].order_p99, each.read_p99 / figures[0].read_p99
        print(
            f"{each.attack:10}{each.order_p50:12.1f}{each.order_p99:10.1f}{order:6.1f}x"
            f"{each.read_p50:12.1f}{each.read_p99:10.1f}{read:6.1f}x{each.megabytes:8.0f}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
