"""The routes of the door, below its prefix or at the root of a host name given to it."""

from typing import Final

from starlette.requests import Request
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from entrepot.doors.textalk.rpc.dispatch import Dispatcher
from entrepot.doors.textalk.transport import http, socket

PATH: Final = "/backend/jsonrpc/v1"


def routes(dispatcher: Dispatcher) -> list[BaseRoute]:
    """HTTP and WebSocket, with and without the trailing slash, which both kinds of client use."""

    class Endpoint:
        """An ASGI application and not a function, so that every verb reaches it and 405 is ours to word."""

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            response = await http.handle(dispatcher, Request(scope, receive))
            await response(scope, receive, send)

    async def serve(websocket: WebSocket) -> None:
        await socket.handle(dispatcher, websocket)

    found: list[BaseRoute] = []
    for path in (PATH, f"{PATH}/"):
        found += [Route(path, Endpoint()), WebSocketRoute(path, serve)]
    return found
