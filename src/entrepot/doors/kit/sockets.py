"""WebSockets that are not opened."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter

from starlette.types import Message, Receive, Scope, Send

from entrepot.doors.kit.messages import Reply, Request, send_reply
from entrepot.doors.kit.observing.exchanges import Exchange, Observer
from entrepot.failures import UnknownRoute

HANDSHAKE = "handshake"
"""The operation under which the observer learns of a refused WebSocket."""


async def refuse_socket(door: str, observe: Observer, request: Request, send: Send, reply: Reply) -> None:
    """Answer a handshake with an HTTP response instead of a socket, and tell the observer."""
    started = perf_counter()

    async def denying(message: Message) -> None:
        await send({**message, "type": f"websocket.{message['type']}"})

    await send_reply(denying, reply, request.id)
    observe(Exchange(door, HANDSHAKE, request, reply, perf_counter() - started))


@dataclass(frozen=True, slots=True)
class NoSocket:
    """An ASGI app that refuses WebSockets at paths that take none: 404."""

    door: str
    observe: Observer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse one handshake."""
        del receive
        reply = Reply(404, failure=UnknownRoute())
        await refuse_socket(self.door, self.observe, Request(scope), send, reply)
