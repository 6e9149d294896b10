"""Reading a request's body under limits of size and time."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from starlette.types import Message, Receive, Scope

from entrepot.doors.kit.headers import header
from entrepot.failures import Overloaded, PayloadTooLarge, RequestTimeout

MAX_BODY = 1_000_000
"""The largest body in bytes, unless a door says otherwise."""
BODY_SECONDS = 30.0
"""How long a whole body may take to arrive."""

MOST_IN_FLIGHT = 128_000_000
"""How many bytes of bodies a process holds at once, from their arrival to the answer; what is made of them is more."""


MOST_BY_ONE = MOST_IN_FLIGHT // 2
"""How many of them may come from one address."""


class Budget:
    """A sum that may be in use at once, and how much of it by one. Not for use by several threads."""

    def __init__(self, most: int, most_by_one: int | None = None) -> None:
        self.used = 0
        self._most = most
        self._most_by_one = most if most_by_one is None else most_by_one
        self._by_one: dict[str, int] = {}

    def take(self, amount: int, who: str = "") -> bool:
        """Use so much more; False where that is too much, and then nothing is taken."""
        own = self._by_one.get(who, 0)
        if self.used + amount > self._most or own + amount > self._most_by_one:
            return False
        self.add(amount, who)
        return True

    def add(self, amount: int, who: str = "") -> None:
        """Use so much more in any case."""
        if amount:
            self.used += amount
            self._by_one[who] = self._by_one.get(who, 0) + amount

    def is_full(self, who: str) -> bool:
        """Whether all is used, or all that is for him."""
        return self.used >= self._most or self._by_one.get(who, 0) >= self._most_by_one

    def give_back(self, amount: int, who: str = "") -> None:
        """Use so much less."""
        if amount:
            self.used -= amount
            self._by_one[who] -= amount
            if not self._by_one[who]:
                del self._by_one[who]


IN_FLIGHT = Budget(MOST_IN_FLIGHT, MOST_BY_ONE)
"""The bodies of this process. Who gets one from `read_body` gives its length back once it is answered."""


class Disconnected:
    """The caller went away before the request was complete: there is nobody to answer."""


class ArrivingBody(ABC):
    """The server's own `receive`, which knows whether there is anything to wait for."""

    @abstractmethod
    async def __call__(self) -> Message:
        """The next of ASGI's messages."""

    @abstractmethod
    def whole(self, most: int) -> bytes | None:
        """The whole body, which is then received, if it is here and at most so long; else nothing is."""


Larger: TypeAlias = Callable[[], Awaitable[int]]
"""Asks who calls, once a body is larger than anybody may send: how large it may be then."""
Body: TypeAlias = bytes | Overloaded | PayloadTooLarge | RequestTimeout | Disconnected


async def read_body(
    receive: Receive,
    scope: Scope,
    limit: int = MAX_BODY,
    timeout: float = BODY_SECONDS,  # noqa: ASYNC109
    *,
    larger: Larger | None = None,
    who: str = "",
) -> Body:
    """The whole body of at most `limit` bytes, arriving within `timeout` seconds in all.

    Beyond it `larger` is asked before anything more is read. A body that announces more by Content-Length is refused
    without reading it. Its length counts as `IN_FLIGHT` of `who` until the caller gives it back; of what is refused
    nothing does.
    """
    length = header(scope, b"content-length")
    if length is None and header(scope, b"transfer-encoding") is None:
        return b""
    if length is not None and larger is not None and _exceeds(length, limit):
        limit, larger = await larger(), None
    if length is not None and _exceeds(length, limit):
        return PayloadTooLarge(limit)
    if isinstance(receive, ArrivingBody) and (body := receive.whole(limit)) is not None:
        # As nearly always: there is nothing to wait for, and a timer costs more than all the rest.
        return body if IN_FLIGHT.take(len(body), who) else Overloaded(1)
    try:
        async with asyncio.timeout(timeout):
            return await _collect(receive, limit, larger, who)
    except TimeoutError:
        return RequestTimeout(timeout)


def _exceeds(length: bytes, limit: int) -> bool:
    # int() refuses texts of thousands of digits; what is no number at all is counted while it arrives.
    digits = length.lstrip(b"0")
    return digits.isdigit() and (len(digits) > 18 or int(digits) > limit)


async def _collect(receive: Receive, limit: int, larger: Larger | None, who: str) -> Body:
    chunks: list[bytes] = []
    size = 0
    whole = False
    try:
        while not whole:
            message = await receive()
            if message["type"] != "http.request":
                return Disconnected()
            chunk: bytes = message.get("body", b"")
            if size + len(chunk) > limit and larger is not None:
                limit, larger = await larger(), None
            if size + len(chunk) > limit:
                return PayloadTooLarge(limit)
            if not IN_FLIGHT.take(len(chunk), who):
                return Overloaded(1)
            size += len(chunk)
            chunks.append(chunk)
            whole = not message.get("more_body", False)
    finally:
        if not whole:
            IN_FLIGHT.give_back(size, who)
    return b"".join(chunks) if len(chunks) > 1 else chunks[0]
