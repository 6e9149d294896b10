"""A wire and a clock in memory, for protocols of the server by themselves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any


class HandClock:
    """The part of a loop that a protocol knows the time by, set by hand."""

    def __init__(self) -> None:
        self._now = 0.0
        self._timers: list[tuple[float, asyncio.TimerHandle, Callable[[], None]]] = []

    def time(self) -> float:
        return self._now

    def call_later(self, delay: float, callback: Callable[[], None]) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(self._now + delay, callback, (), asyncio.get_running_loop())
        self._timers.append((self._now + delay, handle, callback))
        return handle

    def create_task(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        return asyncio.get_running_loop().create_task(work)

    def pass_by(self, seconds: float) -> None:
        end = self._now + seconds
        while due := sorted((each for each in self._timers if each[0] <= end), key=lambda each: each[0]):
            self._now, handle, callback = due[0]
            self._timers.remove(due[0])
            if not handle.cancelled():
                callback()
        self._now = end


class Wire(asyncio.Transport):
    """What a protocol writes to: its frames after the handshake."""

    def __init__(self, address: str = "192.0.2.1") -> None:
        super().__init__()
        self.addresses = {"peername": (address, 4711), "sockname": ("127.0.0.1", 8600)}
        self.ended = False
        self.frames: list[bytes] = []
        self.accepted = asyncio.Event()
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if bytes(data).startswith(b"HTTP/1.1 101"):
            self.accepted.set()
        elif data:
            self.frames.append(bytes(data))

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def pause_reading(self) -> None:
        return

    def resume_reading(self) -> None:
        return

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self.protocol

    def write_eof(self) -> None:
        self.ended = True

    def can_write_eof(self) -> bool:
        return True

    def abort(self) -> None:
        self.closed = True

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self.addresses.get(name, default)
