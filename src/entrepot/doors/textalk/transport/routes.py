"""The paths of the door, below its prefix or at the root of a host name given to it."""

from functools import cache, lru_cache
from typing import Final

from starlette.types import Receive, Scope, Send

from entrepot.doors.kit import (
    NOTHING,
    WEBSOCKET,
    Bodiless,
    CallKeeps,
    Door,
    Endpoint,
    Keeps,
    Observer,
    Reply,
    Request,
    Resource,
    Router,
    encode,
)
from entrepot.doors.textalk.declare.declaration import Classes
from entrepot.doors.textalk.rpc.dispatch import Dispatcher
from entrepot.doors.textalk.rpc.endpoint import MAX_MESSAGE
from entrepot.doors.textalk.rpc.methods import MethodTable
from entrepot.doors.textalk.transport import http, socket
from entrepot.doors.textalk.transport.openrpc import openrpc

PATH: Final = "/backend/jsonrpc/v1"
OPEN_CONTEXT: Final = frozenset({"webshop", "language", "vat_country"})
"""Of the context parameters those that let nobody in; `auth` and `session` are in no log."""


def kept(methods: MethodTable) -> Keeps:
    """What the integration log may keep of messages: of each call what its method says."""

    def of(method: str) -> CallKeeps | None:
        return methods[method].keeps if method in methods else None

    return Keeps(query=OPEN_CONTEXT, calls=lru_cache(512)(of))


def textalk_app(dispatcher: Dispatcher, classes: Classes, observe: Observer) -> Router:
    """The door as an ASGI app; its path is taken with and without the trailing slash."""
    door = Door("textalk", http.render, observe, body_limit=MAX_MESSAGE)

    async def post(request: Request) -> Reply:
        return await http.handle(dispatcher, request)

    async def larger(request: Request) -> int:
        return await http.size_for(dispatcher, request)

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        await socket.handle(dispatcher, observe, keeps, scope, receive, send)

    @cache
    def description() -> bytes:
        return encode(openrpc(dispatcher.methods, classes))

    keeps = kept(dispatcher.methods)
    methods = {"POST": Endpoint(door, "jsonrpc", post, keeps=keeps, larger=larger), WEBSOCKET: serve}
    about = {"GET": Bodiless(door, "openrpc", lambda _: Reply(200, description()), keeps=NOTHING)}
    resources = [Resource(PATH, methods), Resource("/openrpc.json", about)]
    return Router(door, resources, slash_optional=True, cors=http.CORS)
