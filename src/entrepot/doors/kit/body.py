"""Reading a request's body under limits of size and time."""

from __future__ import annotations

import asyncio
from typing import TypeAlias

from starlette.types import Receive, Scope

from entrepot.doors.kit.headers import header
from entrepot.failures import Overloaded, PayloadTooLarge, RequestTimeout

MAX_BODY = 1_000_000
"""The largest body in bytes, unless a door says otherwise."""
BODY_SECONDS = 30.0
"""How long a whole body may take to arrive."""

MOST_IN_FLIGHT = 128_000_000
"""How many bytes of bodies a process holds at once, from their arrival to the answer; what is made of them is more."""


class Budget:
    """A sum that may be in use at once. Not for use by several threads."""

    def __init__(self, most: int) -> None:
        self.used = 0
        self._most = most

    def take(self, amount: int) -> bool:
        """Use so much more; False where that is too much, and then nothing is taken."""
        if self.used + amount > self._most:
            return False
        self.used += amount
        return True

    def give_back(self, amount: int) -> None:
        """Use so much less."""
        self.used -= amount


IN_FLIGHT = Budget(MOST_IN_FLIGHT)
"""The bodies of this process. Who gets one from `read_body` gives its length back once it is answered."""


class Disconnected:
    """The caller went away before the request was complete: there is nobody to answer."""


Body: TypeAlias = bytes | Overloaded | PayloadTooLarge | RequestTimeout | Disconnected


async def read_body(
    receive: Receive,
    scope: Scope,
    limit: int = MAX_BODY,
    timeout: float = BODY_SECONDS,  # noqa: ASYNC109
) -> Body:
    """The whole body of at most `limit` bytes, arriving within `timeout` seconds in all.

    A body that announces more than `limit` by Content-Length is refused without reading it. Its length counts as
    `IN_FLIGHT` until the caller gives it back; of what is refused nothing does.
    """
    length = header(scope, b"content-length")
    if length is None and header(scope, b"transfer-encoding") is None:
        return b""
    if length is not None and _exceeds(length, limit):
        return PayloadTooLarge(limit)
    try:
        async with asyncio.timeout(timeout):
            return await _collect(receive, limit)
    except TimeoutError:
        return RequestTimeout(timeout)


def _exceeds(length: bytes, limit: int) -> bool:
    # int() refuses texts of thousands of digits; what is no number at all is counted while it arrives.
    digits = length.lstrip(b"0")
    return digits.isdigit() and (len(digits) > 18 or int(digits) > limit)


async def _collect(receive: Receive, limit: int) -> Body:
    chunks: list[bytes] = []
    size = 0
    whole = False
    try:
        while not whole:
            message = await receive()
            if message["type"] != "http.request":
                return Disconnected()
            chunk: bytes = message.get("body", b"")
            if size + len(chunk) > limit:
                return PayloadTooLarge(limit)
            if not IN_FLIGHT.take(len(chunk)):
                return Overloaded(1)
            size += len(chunk)
            chunks.append(chunk)
            whole = not message.get("more_body", False)
    finally:
        if not whole:
            IN_FLIGHT.give_back(size)
    return b"".join(chunks) if len(chunks) > 1 else chunks[0]
