"""WebSockets of callers, whose messages may fail by order as a request and its answer do over HTTP."""

from __future__ import annotations

import asyncio
import struct
from typing import Any, Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from entrepot.doors.kit.messages import route_path
from entrepot.sandbox.register import Fault, FaultRegister
from entrepot.sandbox.targets import Kind
from entrepot.sandbox.wrapped.line import MISSING, SILENCE, cut
from entrepot.serving.requests import TRANSPORT

NO_FRAME: Final = b"\xf7\x00 this is no frame \x00"
_OF_MESSAGES: Final[tuple[Kind, ...]] = ("refuse", "timeout", "slow", "garbage")
_OF_ANSWERS: Final[tuple[Kind, ...]] = ("drop", "half", "length", "trickle")
_TEXT, _MORE, _LAST = 0x1, 0x0, 0x80


class FaultySockets:
    """A door behind its callers' sockets. Each message counts as a request; the handshake passes."""

    def __init__(self, app: ASGIApp, target: str, faults: FaultRegister) -> None:
        self._app = app
        self._target = target
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the door serve it; what is no socket of this server passes."""
        line: Any = scope.get("extensions", {}).get(TRANSPORT) if scope["type"] == "websocket" else None
        if line is None:
            await self._app(scope, receive, send)
        else:
            broken = _Socket(line, self._target, route_path(scope), self._faults)
            await self._app(scope, broken.hearing(receive), broken.saying(send))


class _Socket:
    """One open socket."""

    def __init__(self, line: asyncio.Transport, target: str, path: str, faults: FaultRegister) -> None:
        self._line = line
        self._target = target
        self._path = path
        self._faults = faults

    def hearing(self, receive: Receive) -> Receive:
        """What the caller sends; once the line is broken, only that it is."""

        async def hear() -> Message:
            message = await receive()
            fault = self._met(message, "websocket.receive", _OF_MESSAGES)
            if fault is None:
                return message
            if fault.order.kind == "slow":
                await fault.wait(fault.order.delay or 0)
                return message
            await self._break(fault)
            while message["type"] == "websocket.receive":
                message = await receive()
            return message

        return hear

    def saying(self, send: Send) -> Send:
        """What the door says."""

        async def say(message: Message) -> None:
            fault = self._met(message, "websocket.send", _OF_ANSWERS)
            if fault is None:
                await send(message)
            elif fault.order.kind == "drop":
                cut(self._line)
            else:
                await self._spoil(fault, str(message["text"]).encode())

        return say

    def _met(self, message: Message, kind: str, kinds: tuple[Kind, ...]) -> Fault | None:
        if message["type"] != kind:
            return None
        return self._faults.strike(self._target, path=self._path, kinds=kinds)

    async def _break(self, fault: Fault) -> None:
        if fault.order.kind == "garbage":
            self._line.write(NO_FRAME)
            self._line.close()
            return
        if fault.order.kind == "timeout":
            await fault.wait(SILENCE if fault.order.delay is None else fault.order.delay)
        cut(self._line)

    async def _spoil(self, fault: Fault, text: bytes) -> None:
        """Write the answer as ordered: half of it, fewer bytes than it promises, or a byte in each frame."""
        if fault.order.kind == "trickle":
            await self._trickle(fault, text)
            return
        more = MISSING if fault.order.kind == "length" else 0
        comes = text if more else text[: len(text) // 2]
        self._line.write(_head(_TEXT | _LAST, len(text) + more) + comes)
        self._line.close()

    async def _trickle(self, fault: Fault, text: bytes) -> None:
        last = len(text) - 1
        for place, byte in enumerate(text):
            await fault.wait((fault.order.delay or 0) / len(text))
            if self._line.is_closing():
                return
            kind = (_MORE if place else _TEXT) | (_LAST if place == last else 0)
            self._line.write(_head(kind, 1) + bytes((byte,)))


def _head(kind: int, length: int) -> bytes:
    """The head of a server's frame."""
    if length < 126:
        return bytes((kind, length))
    if length < 65_536:
        return bytes((kind, 126)) + struct.pack("!H", length)
    return bytes((kind, 127)) + struct.pack("!Q", length)
