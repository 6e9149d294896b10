"""Sellers of a marketplace, over keep-alive connections: `python -m bench.sellers`.

What is measured is one kind of request: tokens, promises of five SKUs, orders of one line, or the status of an order by
its number. A process of its own, so that what the sellers cost is not counted as the server's.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import random
import sys
import time
from asyncio import StreamReader, StreamWriter
from asyncio.subprocess import PIPE
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

import msgspec

from bench.messages import Answers
from bench.world import CHANNEL, SECRET, STOREFRONT
from entrepot.domain.channels.storefronts import storefront_uuid

CREATE, PROMISE, STATUS, TOKEN = KINDS = ("create", "promise", "status", "token")
KNOWN = 50
"""So many orders are there whose status is asked for."""
_ORDERS = "/walmart/v3/fulfillment/orders-fulfillments"
_CONTACT = {"name": {"firstName": "Ann", "lastName": "Lee"}, "phone": "4155550100"}
_ADDRESS = {"line1": "1 Front St", "city": "Reno", "state": "NV", "country": "USA", "zip": "89501"}
_ONE = {"unitOfMeasure": "EACH", "measurementValue": 1}

Make = Callable[[int], bytes]


class Sellers:
    """So many connections of the seller in one workspace, with so many SKUs to sell."""

    def __init__(self, url: str, workspace: str, variants: int) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port or 80
        self._pair = f"{workspace}-{CHANNEL}:{SECRET}"
        self._front = str(storefront_uuid(workspace, STOREFRONT))
        self._variants = variants
        self._run = f"R{time.time_ns():x}N"
        self._token = ""
        self._sent = 0
        self._refused = 0
        self._times: list[float] = []

    async def run(self, kind: str, connections: int, seconds: float, most: int) -> Answers:
        """Send requests of a kind until the time is over, or so many were sent."""
        reader, writer = await asyncio.open_connection(self._host, self._port)
        granted = msgspec.json.decode((await _asked(reader, writer, self._for_token(0)))[1])
        self._token = granted["access_token"]
        if kind == STATUS:
            for number in range(KNOWN):
                await _asked(reader, writer, self._order(number))
        writer.close()
        made = {CREATE: self._order, PROMISE: self._promise, STATUS: self._status, TOKEN: self._for_token}
        started = time.perf_counter()
        end = started + seconds
        await asyncio.gather(*(self._connection(made[kind], end, most) for _ in range(connections)))
        took = time.perf_counter() - started
        times = sorted(self._times) or [0.0]
        p50, p99 = (times[int(len(times) * share)] * 1000 for share in (0.5, 0.99))
        return Answers(len(self._times), took, self._refused, 0, p50, p99)

    async def _connection(self, make: Make, end: float, most: int) -> None:
        reader, writer = await asyncio.open_connection(self._host, self._port)
        while self._sent < most and time.perf_counter() < end:
            self._sent += 1
            started = time.perf_counter()
            status, _ = await _asked(reader, writer, make(KNOWN + self._sent))
            self._times.append(time.perf_counter() - started)
            self._refused += status not in (b"200", b"202")
        writer.close()
        await writer.wait_closed()

    def _order(self, number: int) -> bytes:
        line = {
            "sellerLineId": "1",
            "itemDetail": {"sku": self._sku()},
            "qty": _ONE,
            "shippingTo": {"contact": _CONTACT, "address": _ADDRESS},
        }
        order = {
            "orderChannelId": self._front,
            "customerOrderNo": f"{self._run}{number}",
            "customer": {"contact": _CONTACT},
            "orderItems": [line],
        }
        return self._post(_ORDERS, order)

    def _promise(self, number: int) -> bytes:
        del number
        offers = [
            {"sku": self._sku(), "lineId": str(line), "salesUnit": "EACH", "requestedQuantity": _ONE}
            for line in range(5)
        ]
        to = {"fulfillmentType": "S2H", "address": _ADDRESS}
        payload = {"offerSelections": [{"offers": offers}], "destinations": [to]}
        return self._post(f"{_ORDERS}/fetchOrderPromiseOptions", payload)

    def _status(self, number: int) -> bytes:
        named = f"orderNumber={self._run}{number % KNOWN}&orderChannelId={self._front}"
        head = f"WM_SEC.ACCESS_TOKEN: {self._token}\r\nWM_SANDBOX: v2"
        return f"GET {_ORDERS}/status?{named} HTTP/1.1\r\nHost: {self._host}\r\n{head}\r\n\r\n".encode()

    def _for_token(self, number: int) -> bytes:
        del number
        basic = base64.b64encode(self._pair.encode()).decode()
        return self._request(
            "/walmart/v3/token",
            f"Authorization: Basic {basic}",
            "application/x-www-form-urlencoded",
            b"grant_type=client_credentials",
        )

    def _post(self, path: str, payload: dict[str, Any]) -> bytes:
        body = msgspec.json.encode({"payload": payload})
        return self._request(path, f"WM_SEC.ACCESS_TOKEN: {self._token}", "application/json", body)

    def _request(self, path: str, who: str, media_type: str, body: bytes) -> bytes:
        head = (
            f"POST {path} HTTP/1.1\r\nHost: {self._host}\r\n{who}\r\n"
            f"Content-Type: {media_type}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    def _sku(self) -> str:
        return f"product-{random.randint(1, self._variants)}"


async def _asked(reader: StreamReader, writer: StreamWriter, request: bytes) -> tuple[bytes, bytes]:
    """Status and body of the reply."""
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    return head[9:12], await reader.readexactly(int(length.partition(b":")[2]))


async def send(
    url: str, kind: str, workspace: str, variants: int, connections: int, seconds: float, most: int = 10**9
) -> Answers:
    """What a process full of sellers comes to."""
    values = (kind, url, workspace, variants, connections, seconds, most)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.sellers", *map(str, values), stdout=PIPE
    )
    output, _ = await process.communicate()
    return msgspec.json.decode(output, type=Answers)


def main(arguments: Sequence[str] | None = None) -> None:
    """Send, and print what came of it."""
    parser = argparse.ArgumentParser(prog="python -m bench.sellers")
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("url")
    parser.add_argument("workspace")
    for name in ("variants", "connections"):
        parser.add_argument(name, type=int)
    parser.add_argument("seconds", type=float)
    parser.add_argument("most", type=int)
    o = parser.parse_args(arguments)
    sellers = Sellers(o.url, o.workspace, o.variants)
    answers = asyncio.run(sellers.run(o.kind, o.connections, o.seconds, o.most))
    sys.stdout.buffer.write(msgspec.json.encode(answers))


if __name__ == "__main__":
    main()
