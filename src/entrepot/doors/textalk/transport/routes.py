"""The one resource of the door, below its prefix or at the root of a host name given to it."""

from typing import Final

from starlette.types import Receive, Scope, Send

from entrepot.doors.kit import WEBSOCKET, Door, Endpoint, Observer, Reply, Request, Resource, Router
from entrepot.doors.textalk.rpc.dispatch import Dispatcher
from entrepot.doors.textalk.rpc.endpoint import MAX_MESSAGE_WITH_FILE
from entrepot.doors.textalk.transport import http, socket

PATH: Final = "/backend/jsonrpc/v1"


def textalk_app(dispatcher: Dispatcher, observe: Observer) -> Router:
    """The door as an ASGI app; its path is taken with and without the trailing slash."""
    door = Door("textalk", http.render, observe, body_limit=MAX_MESSAGE_WITH_FILE)

    async def post(request: Request) -> Reply:
        return await http.handle(dispatcher, request)

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        await socket.handle(dispatcher, scope, receive, send)

    methods = {"POST": Endpoint(door, "jsonrpc", post), WEBSOCKET: serve}
    return Router(door, [Resource(PATH, methods, http.CORS)], slash_optional=True)
