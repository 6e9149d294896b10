"""JSON-RPC over WebSocket: a text frame in, one out; the context is that of the handshake (decision textalk item 10).

A socket holds a bounded number of calls that are running or whose answers wait to be read. While all are
taken no further frame is read, so that a reader who has fallen asleep costs that many answers and no more.
"""

import asyncio
from time import perf_counter
from typing import Final

import msgspec
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from entrepot.doors.kit import (
    REFUSED,
    Exchange,
    Keeps,
    Observer,
    Request,
    encode,
    refuse_socket,
    reply_headers,
)
from entrepot.doors.kit import Reply as HttpReply
from entrepot.doors.kit.answers import ANSWERS, in_flight
from entrepot.doors.kit.body import IN_FLIGHT
from entrepot.doors.kit.observing.calls import note_into
from entrepot.doors.textalk.caller.context import NoContext, RawContext, resolve
from entrepot.doors.textalk.rpc.dispatch import DOOR, Dispatcher
from entrepot.doors.textalk.rpc.endpoint import MAX_MESSAGE, Answer, answer, may_hold_file, refuse
from entrepot.doors.textalk.rpc.messages import Reply
from entrepot.doors.textalk.transport.http import AUTHENTICATE, reply
from entrepot.doors.textalk.transport.parameters import raw_context
from entrepot.doors.textalk.wire.errors import Code, RpcError
from entrepot.doors.textalk.wire.failures import fault
from entrepot.doors.textalk.wire.sentences import FALLBACK
from entrepot.failures import Overloaded, Unauthenticated
from entrepot.store.sharing import serve

PARALLEL_CALLS: Final = 8
SEND_TIMEOUT: Final = 30.0
UNSUPPORTED_DATA: Final = 1003
MESSAGE_TOO_BIG: Final = 1009
TRY_AGAIN_LATER: Final = 1013
FRAME: Final = "frame"
"""The operation under which observers know a message on a socket; its calls have names of their own."""


async def handle(
    dispatcher: Dispatcher, observe: Observer, keeps: Keeps, scope: Scope, receive: Receive, send: Send
) -> None:
    """Serves one socket until either side closes it. A bad auth token refuses the handshake with 401."""
    websocket, request = WebSocket(scope, receive, send), Request(scope)
    raw = raw_context(request)
    if refused := await _bad_token(dispatcher, raw):
        request.caller = refused.webshop
        await refuse_socket(DOOR, observe, request, send, _unauthorized())
        return
    await websocket.accept(headers=reply_headers(request.id))
    await _Connection(dispatcher, raw, websocket, observe, keeps).serve()


async def _bad_token(dispatcher: Dispatcher, raw: RawContext) -> NoContext | None:
    """Other errors of the context do not refuse the handshake: each call answers them."""
    if not raw.auth:
        return None
    try:
        context = await resolve(raw, dispatcher.lookups, needs_webshop=False)
    except Exception as error:
        fault(error, Code.RPC_INTERNAL_ERROR, "handshake")
        return None
    refused = isinstance(context, NoContext) and context.error.code is Code.BAD_AUTH_TOKEN
    return context if isinstance(context, NoContext) and refused else None


def _unauthorized() -> HttpReply:
    body = encode(Reply(None, RpcError(Code.BAD_AUTH_TOKEN), FALLBACK).render())
    return HttpReply(401, body, (AUTHENTICATE,), failure=Unauthenticated("unknown"))


class _Frame(msgspec.Struct, frozen=True):
    """A message, and why it is not even looked at."""

    body: bytes
    refused: Overloaded | None = None


class _Connection:
    """The calls of one open socket."""

    def __init__(
        self, dispatcher: Dispatcher, raw: RawContext, websocket: WebSocket, observe: Observer, keeps: Keeps
    ) -> None:
        self._keeps = keeps
        self._dispatcher = dispatcher
        self._observe = observe
        self._raw = raw
        self._websocket = websocket
        self._request_id = raw.request.id if raw.request else None
        self._subscriber = raw.request.subscriber if raw.request else ""
        self._slots = asyncio.Semaphore(PARALLEL_CALLS)
        self._sending = asyncio.Lock()

    async def serve(self) -> None:
        """Reads frames and starts their calls. Calls that run when the socket goes are not cancelled."""
        async with asyncio.TaskGroup() as calls:
            while True:
                await self._slots.acquire()
                frame = await self._receive()
                if frame is None:
                    return
                calls.create_task(self._run(frame))

    async def _receive(self) -> _Frame | None:
        """The next frame, or None once the socket is closed, by the caller or for what the caller sent."""
        if self._websocket.application_state is WebSocketState.DISCONNECTED:
            return None
        event = await self._websocket.receive()
        if event["type"] == "websocket.disconnect":
            return None
        text: str | None = event.get("text")
        if text is None:
            return await self._close(UNSUPPORTED_DATA)
        body = text.encode()
        if len(body) > MAX_MESSAGE and not may_hold_file(body):
            return await self._close(MESSAGE_TOO_BIG)
        return _Frame(body, event.get(REFUSED))

    async def _run(self, frame: _Frame) -> None:
        try:
            result = await self._answer(frame)
            if result.body is not None:
                with in_flight(len(result.body), self._subscriber):
                    await self._send(result.body.decode())
        finally:
            self._slots.release()

    async def _answer(self, frame: _Frame) -> Answer:
        """The answer to one frame, of which the observer learns as of a request with the handshake's head."""
        started = perf_counter()
        request = Request(self._websocket.scope, known_as=self._request_id)
        request.body = frame.body
        note_into(request.commands)
        serve(0, request.client)
        raw = msgspec.structs.replace(self._raw, request=request)
        result = await self._result(raw, frame)
        seconds = perf_counter() - started
        self._observe(Exchange(DOOR, FRAME, request, reply(result), seconds, self._keeps))
        return result

    async def _result(self, raw: RawContext, frame: _Frame) -> Answer:
        """What the calls in it come to. Whoever takes none of his answers is told before anything is done."""
        if frame.refused:
            return refuse(self._dispatcher, raw, frame.refused)
        size = len(frame.body)
        if ANSWERS.is_full(self._subscriber) or not IN_FLIGHT.take(size, self._subscriber):
            return refuse(self._dispatcher, raw, Overloaded(1))
        try:
            return await answer(self._dispatcher, raw, frame.body)
        finally:
            IN_FLIGHT.give_back(size, self._subscriber)

    async def _send(self, text: str) -> None:
        """Sends one answer; a caller that does not take it in time loses the socket."""
        try:
            async with asyncio.timeout(SEND_TIMEOUT), self._sending:
                if self._websocket.application_state is WebSocketState.CONNECTED:
                    await self._websocket.send_text(text)
        except TimeoutError:
            await self._close(TRY_AGAIN_LATER)
        except WebSocketDisconnect:
            return

    async def _close(self, code: int) -> None:
        if self._websocket.application_state is WebSocketState.CONNECTED:
            await self._websocket.close(code)
