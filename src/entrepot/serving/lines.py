"""What a request's app receives and sends by: ASGI's callables, with short cuts for what nearly all requests need."""

from __future__ import annotations

from typing import Any

from starlette.types import Message
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from entrepot.doors.kit.body import ArrivingBody
from entrepot.doors.kit.messages import WholeSend

_CLOSE = b"connection: close\r\n"


class Incoming(ArrivingBody):
    """The `receive` of one request."""

    __slots__ = ("_cycle",)

    def __init__(self, cycle: RequestResponseCycle) -> None:
        self._cycle = cycle

    async def __call__(self) -> Message:
        """The next part of the body, or that the caller has left."""
        message: Any = await self._cycle.receive()
        return message

    def whole(self, most: int) -> bytes | None:
        """The whole body, as the cycle would give it in one message."""
        cycle = self._cycle
        waits = cycle.more_body or cycle.waiting_for_100_continue
        if waits or cycle.disconnected or cycle.response_complete or len(cycle.body) > most:
            return None
        cycle.message_event.clear()
        cycle.flow.resume_reading()
        body, cycle.body = bytes(cycle.body), bytearray()
        return body


class Outgoing(WholeSend):
    """The `send` of one request."""

    __slots__ = ("_cycle",)

    def __init__(self, cycle: RequestResponseCycle) -> None:
        self._cycle = cycle

    async def __call__(self, message: Message) -> None:
        """Send a head, or a part of a body."""
        sent: Any = message
        await self._cycle.send(sent)

    async def answer(self, status: int, head: bytes, body: bytes) -> None:
        """Send all of an answer at once, and end it: as the cycle does for a head and a body, without its looks."""
        cycle = self._cycle
        if cycle.flow.write_paused and not cycle.disconnected:
            await cycle.flow.drain()
        if cycle.disconnected:
            return
        cycle.waiting_for_100_continue = False
        cycle.response_started = cycle.response_complete = True
        shown = b"" if cycle.scope["method"] == "HEAD" else body
        last = b"" if cycle.keep_alive else _CLOSE
        cycle.transport.write(b"".join((STATUS_LINE[status], head, last, b"\r\n", shown)))
        cycle.message_event.set()
        if not cycle.keep_alive:
            cycle.transport.close()
        cycle.on_response()
