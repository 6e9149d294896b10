"""Whole purchases in a webshop, paid by card: `python -m bench.purchases`.

Each is five calls over HTTP, which ask for what the how-to for writing a client asks for: a session, an article, who
buys and how it is sent, how it is paid, and the checkout. A process of its own, as that of `buyers`.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time
from asyncio import StreamReader, StreamWriter
from asyncio.subprocess import PIPE
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from bench import shop
from bench.buyers import PATH
from bench.keepalive import Site, asked
from bench.messages import EVERYTHING, Answers

_WISHES: Final = {
    "customer": {
        "info": {"email": "ann@example.com"},
        "address": {
            "firstName": "Ann",
            "lastName": "Lee",
            "address": "Storgatan 1",
            "postcode": "11122",
            "town": "Lund",
            "country": "SE",
        },
    },
    "delivery": {"method": shop.DELIVERY},
}


class Buyer:
    """Somebody with one connection, who buys again and again, each time in a session of his own."""

    def __init__(self, host: str, reader: StreamReader, writer: StreamWriter) -> None:
        self._host = host
        self._reader, self._writer = reader, writer

    async def buy(self) -> None:
        """One purchase. Raises `RuntimeError` for a call that is refused."""
        session = await self._call("", "Session.getToken")
        where = f"&session={session}"
        article = shop.article(random.randrange(shop.ARTICLES))
        shown = {"uid": True, "order": True, "costs": {"total": True}}
        item = await self._call(where, "Order.addArticle", None, article, {}, shown)
        order = item["order"]
        await self._call(where, "Order.set", order, _WISHES, {"paymentMethods": {"uid": True, "name": "en"}})
        planned = {"order": order, "method": shop.CARD, "status": "planned"}
        await self._call(where, "Payment.set", None, planned, ["uid", "status", "amount"])
        shown = {"uid": True, "paymentStatus": True, "totalcost": True}
        token = f"{shop.card(random.randrange(shop.CARDS))}_{session}"
        placed = await self._call(where, "Order.checkout", order, shown, {"token": token})
        if placed["paymentStatus"] != "paid":
            raise RuntimeError(f"not paid: {placed}")

    async def _call(self, where: str, method: str, *params: Any) -> Any:
        body = msgspec.json.encode({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        head = (
            f"POST {PATH}{where} HTTP/1.1\r\nHost: {self._host}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        _, reply = await asked(self._reader, self._writer, head.encode() + body)
        told = msgspec.json.decode(reply)
        if "error" in told:
            raise RuntimeError(f"{method}: {told['error']}")
        return told["result"]


async def run(url: str, buyers: int, seconds: float, most: int) -> Answers:
    """Let so many buy until the time is over, or so many purchases each are made."""
    site, times = Site(url), list[float]()
    started = time.perf_counter()

    async def shopping() -> None:
        reader, writer = await site.connect()
        buyer = Buyer(site.host, reader, writer)
        for _ in range(most):
            began = time.perf_counter()
            if began >= started + seconds:
                break
            await buyer.buy()
            times.append(time.perf_counter() - began)
        writer.close()

    async with asyncio.TaskGroup() as group:
        for _ in range(buyers):
            group.create_task(shopping())
    took = time.perf_counter() - started
    ordered = sorted(times) or [0.0]
    p50, p99 = (ordered[int(len(ordered) * share)] * 1000 for share in (0.5, 0.99))
    return Answers(len(times), took, 0, 0, p50, p99)


async def send(url: str, buyers: int, seconds: float, most: int = EVERYTHING) -> Answers:
    """What a process full of buyers comes to."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.purchases", url, str(buyers), str(seconds), str(most), stdout=PIPE
    )
    output, _ = await process.communicate()
    return msgspec.json.decode(output, type=Answers)


def main(arguments: Sequence[str] | None = None) -> None:
    """Buy, and print what came of it."""
    parser = argparse.ArgumentParser(prog="python -m bench.purchases")
    parser.add_argument("url")
    parser.add_argument("buyers", type=int)
    parser.add_argument("seconds", type=float)
    parser.add_argument("most", type=int)
    answers = asyncio.run(run(**vars(parser.parse_args(arguments))))
    sys.stdout.buffer.write(msgspec.json.encode(answers))


if __name__ == "__main__":
    main()
