"""The gate before the doors: requests wait behind it while the sandbox begins anew."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class StillBusyError(Exception):
    """The requests that were under way did not end in time."""


class Gate:
    """Counts the requests that are under way, and can hold back new ones.

    A request that comes while the gate is closed waits, and then finds the new state: nobody is refused because
    somebody else begins anew.
    """

    def __init__(self) -> None:
        self._open = asyncio.Event()
        self._open.set()
        self._under_way = 0

    def before(self, app: ASGIApp) -> ASGIApp:
        """The app behind this gate; of a WebSocket connection every message passes it."""

        async def gated(scope: Scope, receive: Receive, send: Send) -> None:
            await self._open.wait()
            if scope["type"] == "http":
                await self._counted(app, scope, receive, send)
            else:
                await app(scope, self._held_back(receive), send)

        return gated

    @asynccontextmanager
    async def closed(self, seconds: float) -> AsyncGenerator[None]:
        """Hold back new requests for the length of the block, once those under way have ended.

        Raises StillBusyError when they have not within `seconds`.
        """
        self._open.clear()
        try:
            await self._drain(seconds)
            yield
        finally:
            self._open.set()

    async def _drain(self, seconds: float) -> None:
        deadline = asyncio.get_running_loop().time() + seconds
        while self._under_way:
            if asyncio.get_running_loop().time() > deadline:
                raise StillBusyError
            await asyncio.sleep(0.005)

    async def _counted(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        self._under_way += 1
        try:
            await app(scope, receive, send)
        finally:
            self._under_way -= 1

    def _held_back(self, receive: Receive) -> Receive:
        async def held() -> Message:
            message = await receive()
            await self._open.wait()
            return message

        return held
