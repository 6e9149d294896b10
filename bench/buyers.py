"""Buyers, each on a socket of his own, who fill a cart and check it out, again and again: `python -m bench.buyers`.

A process of its own, so that what the buyers cost is not counted as the server's; how busy it was is told as well.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import random
import sys
import time
from asyncio.subprocess import PIPE
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from websockets.asyncio.client import ClientConnection, connect

from bench import shop
from bench.messages import EVERYTHING, Answers

PATH = f"/textalk/backend/jsonrpc/v1?webshop={shop.NUMBER}"
LISTS = 30
COMMANDS = 4
"""The commands of one order."""
_BUYER = {
    "customer": {
        "info": {"email": "ann@example.com"},
        "address": {"firstName": "Ann", "lastName": "Lee", "town": "Lund", "country": "SE"},
    },
    "delivery": {"method": shop.DELIVERY},
}


class Bought(msgspec.Struct, frozen=True):
    """What came of it: all commands together, and the share of one core that the buyers used."""

    answers: Answers
    busy: float

    @property
    def orders(self) -> int:
        """The orders among the commands."""
        return self.answers.accepted // COMMANDS


class Socket:
    """A socket with one call in flight at a time."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._numbers = itertools.count(1)

    async def call(self, method: str, *params: Any) -> Any:
        """The result of a call. Raises `RuntimeError` with the error that came instead."""
        call = {"jsonrpc": "2.0", "id": next(self._numbers), "method": method, "params": params}
        await self._connection.send(msgspec.json.encode(call).decode())
        reply = msgspec.json.decode(await self._connection.recv())
        if "error" in reply:
            raise RuntimeError(f"{method}: {reply['error']}")
        return reply["result"]


class Buyers:
    """So many buyers at once."""

    def __init__(self, url: str) -> None:
        self._url = url.replace("http", "ws", 1) + PATH
        self._times: list[float] = []

    async def run(self, count: int, seconds: float, most: int) -> Bought:
        """Let them buy until the time is over, or so many carts each are placed."""
        async with asyncio.TaskGroup() as group:
            tokens = [group.create_task(self._token()) for _ in range(count)]
        started, used = time.perf_counter(), time.process_time()
        async with asyncio.TaskGroup() as group:
            for token in tokens:
                group.create_task(self._buyer(token.result(), started + seconds, most))
        took, used = time.perf_counter() - started, time.process_time() - used
        times = sorted(self._times) or [0.0]
        p50, p99 = (times[int(len(times) * share)] * 1000 for share in (0.5, 0.99))
        return Bought(Answers(len(times), took, 0, 0, p50, p99), used / took)

    async def _token(self) -> str:
        async with opened(self._url) as socket:
            return await socket.call("Session.getToken")

    async def _buyer(self, token: str, end: float, most: int) -> None:
        async with opened(f"{self._url}&session={token}") as socket:
            for _ in range(most):
                if time.perf_counter() >= end:
                    return
                await self._order(socket)

    async def _order(self, socket: Socket) -> None:
        """Four commands of the engine; each asks for no more of its object than the next one needs."""
        article = shop.article(random.randrange(shop.ARTICLES))
        item = await self._timed(socket, "Order.addArticle", None, article, {}, "order")
        cart = item["order"]
        await self._timed(socket, "Order.set", cart, _BUYER, "uid")
        payment = {"order": cart, "method": shop.PAYMENT, "status": "planned"}
        await self._timed(socket, "Payment.set", None, payment, "uid")
        await self._timed(socket, "Order.checkout", cart, "uid")

    async def _timed(self, socket: Socket, method: str, *params: Any) -> Any:
        started = time.perf_counter()
        try:
            return await socket.call(method, *params)
        finally:
            self._times.append(time.perf_counter() - started)


@asynccontextmanager
async def opened(url: str) -> AsyncGenerator[Socket]:
    """A socket for the length of a block."""
    async with connect(url, compression=None, proxy=None, ping_interval=None) as connection:
        yield Socket(connection)


async def listed(url: str) -> tuple[int, float]:
    """How many articles a deep list has, and the median of its time in milliseconds."""
    selection = {"sort": "uid", "limit": shop.ARTICLES}
    async with opened(url.replace("http", "ws", 1) + PATH) as socket:
        found = await socket.call("Article.list", shop.DEEP, selection)
        times: list[float] = []
        for _ in range(LISTS):
            started = time.perf_counter()
            await socket.call("Article.list", shop.DEEP, selection)
            times.append(time.perf_counter() - started)
    return len(found), sorted(times)[LISTS // 2] * 1000


async def send(url: str, buyers: int, seconds: float, most: int = EVERYTHING) -> Bought:
    """What a process full of buyers comes to."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.buyers", url, str(buyers), str(seconds), str(most), stdout=PIPE
    )
    output, _ = await process.communicate()
    return msgspec.json.decode(output, type=Bought)


def main(arguments: Sequence[str] | None = None) -> None:
    """Buy, and print what came of it."""
    parser = argparse.ArgumentParser(prog="python -m bench.buyers")
    parser.add_argument("url")
    parser.add_argument("buyers", type=int)
    parser.add_argument("seconds", type=float)
    parser.add_argument("most", type=int)
    options = parser.parse_args(arguments)
    bought = asyncio.run(Buyers(options.url).run(options.buyers, options.seconds, options.most))
    sys.stdout.buffer.write(msgspec.json.encode(bought))


if __name__ == "__main__":
    main()
