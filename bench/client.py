"""A load generator of our own, for where there is no wrk, and for loads whose every answer is counted."""

from __future__ import annotations

import random

from bench import orders
from bench.keepalive import Site
from bench.messages import Answers, Load

_GOOD = (b"200",)


class Client:
    """Sends one load's orders. `run` and `first` make their numbers unlike those of others."""

    def __init__(self, url: str, load: Load, run: str, first: int, most: int) -> None:
        self._site = Site(url)
        self._load, self._body = load, orders.template(load.method)
        self._run, self._first, self._most = run, first, most

    async def run(self, connections: int, seconds: int) -> Answers:
        """Send over so many connections until the time is over, then wait for the last answers."""
        return await self._site.load(self._request, _GOOD, connections, seconds, self._most)

    def _request(self, number: int) -> bytes:
        target = random.choice(self._load.targets)
        values = {
            orders.PRODUCT: target.product,
            orders.VARIANT: str(target.variant),
            orders.TOKEN: self._load.tokens % (self._first + number),
            orders.NUMBER: f"{self._run}{number}",
        }
        body = self._body
        for name, value in values.items():
            body = body.replace(name, value)
        head = (
            f"POST {orders.PATH} HTTP/1.1\r\nHost: {self._site.host}\r\nAPI-Key: {target.key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return (head + body).encode()
