"""JSON-RPC over HTTP POST: 200, 204 for notifications, 401, 405, and 400 for a bad upgrade (item 1)."""

from typing import Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from entrepot.doors.textalk.errors import Code, RpcError
from entrepot.doors.textalk.json import Json, encode
from entrepot.doors.textalk.rpc.dispatch import Dispatcher
from entrepot.doors.textalk.rpc.endpoint import MAX_MESSAGE_WITH_FILE, Answer, answer, too_large
from entrepot.doors.textalk.transport.parameters import is_json, raw_context

ALLOWED: Final = "POST, OPTIONS"
_CORS: Final = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "X-Request-Id, Link, Retry-After",
}
_PREFLIGHT: Final = _CORS | {
    "Access-Control-Allow-Methods": ALLOWED,
    "Access-Control-Allow-Headers": "Content-Type, X-Requested-With",
    "Access-Control-Max-Age": "86400",
}


async def handle(dispatcher: Dispatcher, request: Request) -> Response:
    """The answer to one HTTP request on the endpoint's path."""
    if request.method == "OPTIONS":
        return Response(status_code=204, headers=_PREFLIGHT)
    if request.method != "POST":
        return _unsupported(request)
    try:
        body = await _read(request)
    except ClientDisconnect:
        return Response(status_code=400)
    if body is None:
        return _response(too_large(), closing=True)
    raw = raw_context(request, json_body=is_json(request))
    return _response(await answer(dispatcher, raw, body))


async def _read(request: Request) -> bytes | None:
    """The whole body, or None as soon as it is larger than any message may be."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_MESSAGE_WITH_FILE:
            return None
    return bytes(body)


def _response(result: Answer, *, closing: bool = False) -> Response:
    if result.body is None:
        return Response(status_code=204, headers=_CORS)
    headers = _CORS | ({"Connection": "close"} if closing else {}) | _error_headers(result.error)
    status = 401 if result.error is not None and result.error.code is Code.BAD_AUTH_TOKEN else 200
    return Response(result.body, status, headers, media_type="application/json")


def _error_headers(error: RpcError | None) -> dict[str, str]:
    headers: dict[str, str] = {}
    if error is not None and error.failure is not None:
        headers["Link"] = f'</failures/{error.failure}>; rel="help"'
    if error is not None and error.retry_after is not None:
        headers["Retry-After"] = str(error.retry_after)
    return headers


def _unsupported(request: Request) -> Response:
    if request.method == "GET" and "upgrade" in request.headers:
        return _refused(400, "Bad upgrade", {})
    return _refused(405, "Method not allowed", {"Allow": ALLOWED})


def _refused(status: int, reason: str, headers: dict[str, str]) -> Response:
    """A transport error, with a JSON-RPC body for clients that read one regardless of the status."""
    error: Json = RpcError(Code.INVALID_REQUEST, reason).render("en")
    body = encode({"jsonrpc": "2.0", "id": None, "error": error})
    return Response(body, status, _CORS | headers, media_type="application/json")
