"""The line from a caller to a door, which may fail by order: reset, silent, cut off, slow, or with no HTTP on it."""

from __future__ import annotations

import asyncio
import socket
import struct
from http import HTTPStatus
from typing import Any, Final, NamedTuple

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from entrepot.doors.kit.messages import route_path
from entrepot.sandbox.register import Fault, FaultRegister
from entrepot.serving.requests import TRANSPORT

SILENCE: Final = 60.0
"""Seconds for which nobody answers unless it is ordered otherwise."""
GARBAGE: Final = b"\x16\x03\x00\xff\xfe\x00 this is no HTTP \x00\r\n\r\n"
MISSING: Final = 100
"""How many bytes more a wrong length promises than come."""
_RESETS: Final = struct.pack("ii", 1, 0)


class Answer(NamedTuple):
    """What the door answered, as it would stand on the line."""

    head: bytes
    body: bytes


class FaultyLine:
    """A door behind its caller's line. What comes over no line of this server passes, and WebSockets do."""

    def __init__(self, app: ASGIApp, target: str, faults: FaultRegister) -> None:
        self._app = app
        self._target = target
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the door answer, unless a fault strikes."""
        transport: Any = scope.get("extensions", {}).get(TRANSPORT) if scope["type"] == "http" else None
        fault = transport and self._faults.strike(self._target, path=route_path(scope))
        if not fault:
            await self._app(scope, receive, send)
        elif fault.order.kind == "slow":
            await fault.wait(fault.order.delay or 0)
            await self._app(scope, receive, send)
        else:
            await self._break(fault, transport, scope, receive)
            await _gone(receive)

    async def _break(self, fault: Fault, line: asyncio.Transport, scope: Scope, receive: Receive) -> None:
        match fault.order.kind:
            case "timeout":
                await fault.wait(SILENCE if fault.order.delay is None else fault.order.delay)
            case "drop":
                await self._answer(scope, receive)
            case "garbage":
                line.write(GARBAGE)
                line.close()
                return
            case "half" | "length" | "trickle":
                await _spoil(fault, line, await self._answer(scope, receive))
                line.close()
                return
            case _:
                pass
        cut(line)

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        """What the door says, kept back; nothing where the caller has left meanwhile."""
        said: list[Message] = []

        async def keep(message: Message) -> None:
            said.append(message)

        await self._app(scope, receive, keep)
        if not said:
            return Answer(b"", b"")
        start, *rest = said
        headers = [(name, value) for name, value in start["headers"] if name != b"connection"]
        lines = [b"%s: %s\r\n" % each for each in (*headers, (b"connection", b"close"))]
        status = HTTPStatus(start["status"])
        first = f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode()
        body = b"" if scope["method"] == "HEAD" else b"".join(each.get("body", b"") for each in rest)
        return Answer(b"".join((first, *lines, b"\r\n")), body)


async def _spoil(fault: Fault, line: asyncio.Transport, answer: Answer) -> None:
    """Write the answer as ordered: half of it, fewer bytes than it promises, or byte by byte."""
    if line.is_closing():
        return
    if fault.order.kind == "length":
        true, false = (b"content-length: %d\r\n" % (len(answer.body) + more) for more in (0, MISSING))
        line.write(answer.head.replace(true, false) + answer.body)
    elif fault.order.kind == "half":
        line.write(answer.head + answer.body[: len(answer.body) // 2])
    else:
        line.write(answer.head)
        for byte in answer.body:
            await fault.wait((fault.order.delay or 0) / len(answer.body))
            if line.is_closing():
                return
            line.write(bytes((byte,)))


def cut(line: asyncio.Transport) -> None:
    """End the connection with a reset, as a machine does that has lost its memory."""
    if line.is_closing():
        return
    kept: Any = line.get_extra_info("socket")
    kept.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESETS)
    line.abort()


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
