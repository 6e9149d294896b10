"""JSON-RPC over HTTP POST: 200, 204 for notifications, 401, 405, 400 for a bad upgrade (decision textalk item 1)."""

from typing import Final

from entrepot.doors.kit import CHALLENGE, CorsPolicy, Header, Reply, Request, encode
from entrepot.doors.textalk.caller.context import Audience, Context, resolve
from entrepot.doors.textalk.rpc.dispatch import Dispatcher
from entrepot.doors.textalk.rpc.endpoint import MAX_MESSAGE, MAX_MESSAGE_WITH_FILE, Answer, answer, too_large
from entrepot.doors.textalk.transport.parameters import may_be_form, raw_context
from entrepot.doors.textalk.wire.errors import Code, RpcError
from entrepot.doors.textalk.wire.failures import fault
from entrepot.failures import (
    Failure,
    MethodNotAllowed,
    PayloadTooLarge,
    RequestTimeout,
    UnknownRoute,
    UnsupportedContentCoding,
)

AROUND: Final = (PayloadTooLarge, MethodNotAllowed, UnknownRoute, UnsupportedContentCoding, RequestTimeout)
"""What goes wrong around the calls."""
CORS: Final = CorsPolicy(
    "*",
    ["POST", "OPTIONS"],
    ["Content-Type", "X-Requested-With", "X-Request-Id"],
    ["X-Request-Id", "Link", "Retry-After"],
)


AUTHENTICATE: Final[Header] = (CHALLENGE, b'Token realm="textalk"')
"""What a 401 asks for; the token itself comes in the query or in a cookie."""


async def handle(dispatcher: Dispatcher, request: Request) -> Reply:
    """The answer to a POST that has been read."""
    raw = raw_context(request, from_form=may_be_form(request))
    return reply(await answer(dispatcher, raw, request.body))


async def size_for(dispatcher: Dispatcher, request: Request) -> int:
    """How large a message this caller may send: with a file, who has a session or an administrator's token."""
    raw = raw_context(request, from_form=may_be_form(request))
    try:
        context = await resolve(raw, dispatcher.lookups, needs_webshop=False)
    except Exception as error:
        fault(error, Code.RPC_INTERNAL_ERROR, "size")
        return MAX_MESSAGE
    known = isinstance(context, Context) and context.audience > Audience.ANONYMOUS
    return MAX_MESSAGE_WITH_FILE if known else MAX_MESSAGE


def reply(result: Answer) -> Reply:
    """The HTTP reply that carries an answer."""
    if result.body is None:
        return Reply(204)
    error = result.error
    if error is None:
        return Reply(200, result.body)
    if error.code is Code.BAD_AUTH_TOKEN:
        return Reply(401, result.body, (AUTHENTICATE,), failure=error.failure)
    return Reply(200, result.body, failure=error.failure)


def render(failure: Failure, request: Request) -> Reply:
    """What goes wrong around the calls, with a JSON-RPC body for clients that read one whatever the status."""
    if isinstance(failure, PayloadTooLarge):
        return Reply(200, _body(too_large()))
    if isinstance(failure, MethodNotAllowed):
        upgrade = request.method == "GET" and request.header("upgrade") is not None
        return _refused(400, "Bad upgrade") if upgrade else _refused(405, "Method not allowed")
    if isinstance(failure, UnknownRoute):
        return _refused(404, "Not found")
    if isinstance(failure, UnsupportedContentCoding):
        return _refused(415, "Unsupported content coding")
    if isinstance(failure, RequestTimeout):
        return _refused(408, "Request timeout")
    return Reply(200, _body(RpcError(Code.RPC_INTERNAL_ERROR)))


def _refused(status: int, reason: str) -> Reply:
    return Reply(status, _body(RpcError(Code.INVALID_REQUEST, reason)))


def _body(error: RpcError) -> bytes:
    return encode({"jsonrpc": "2.0", "id": None, "error": error.render("en")})
