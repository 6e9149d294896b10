"""One operation of a door: admit, read the body, handle, render, observe."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from time import perf_counter
from typing import Final, Generic, TypeAlias, TypeVar

import structlog
from starlette.types import Receive, Scope, Send

from entrepot.doors.kit import body as bodies
from entrepot.doors.kit.answers import ANSWERS
from entrepot.doors.kit.body import BODY_SECONDS, MAX_BODY, Disconnected, read_body
from entrepot.doors.kit.headers import Header, is_encoded
from entrepot.doors.kit.messages import Reply, Request, send_reply
from entrepot.doors.kit.observing.calls import Call, note_into
from entrepot.doors.kit.observing.exchanges import Exchange, Observer
from entrepot.doors.kit.observing.keeps import Keeps
from entrepot.engine.clock import real_now
from entrepot.failures import (
    Failure,
    Internal,
    Overloaded,
    RequestTimeout,
    Unavailable,
    UnsupportedContentCoding,
)
from entrepot.store.connections import FAULTS, is_away
from entrepot.store.sharing import serve

_log = structlog.stdlib.get_logger("entrepot.doors")
_CLOSE: Header = (b"connection", b"close")

ADDED: Final = "entrepot.added"
"""Where a scope has the headers that are added to whatever an operation replies."""
REFUSED: Final = "entrepot.refused"
"""Where a scope has the failure with which somebody before the door refuses a request: the door only says it."""

Caller = TypeVar("Caller")
Answer: TypeAlias = Reply | Failure


@dataclass(frozen=True, slots=True)
class Door:
    """What the endpoints of one door share.

    `render` turns a failure into the door's own reply; it is a pure function and must know every failure. `now` is
    the time by which requests arrive.
    """

    name: str
    render: Callable[[Failure, Request], Reply]
    observe: Observer
    body_limit: int = MAX_BODY
    body_seconds: float = BODY_SECONDS
    now: Callable[[], datetime] = real_now


class Operation(ABC):
    """An ASGI app for one operation of a door.

    What answers it gives a reply, or a failure that the door renders. If that raises, the answer is the
    door's rendering of `Internal`, and the exception goes to the log under the request's id.
    """

    def __init__(
        self,
        door: Door,
        name: str,
        *,
        body_limit: int | None = None,
        keeps: Keeps | None = None,
        larger: Callable[[Request], Awaitable[int]] | None = None,
    ) -> None:
        self._larger = larger
        self.door = door
        self.name = name
        self.keeps = keeps
        self.body_limit = door.body_limit if body_limit is None else body_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request and tell the observer."""
        started = perf_counter()
        request = Request(scope, self.door.now())
        note_into(request.commands)
        serve(0, request.client)
        try:
            answer = await self._answered(request, receive, started)
            reply = None
            if not isinstance(answer, Disconnected):
                reply = self._rendered(answer, request)
                await self._send(send, reply, request)
            seconds = perf_counter() - started
            self.door.observe(Exchange(self.door.name, self.name, request, reply, seconds, self.keeps))
        finally:
            bodies.IN_FLIGHT.give_back(request.held, request.subscriber)

    async def _answered(self, request: Request, receive: Receive, started: float) -> Answer | Disconnected:
        try:
            # Whoever takes none of his answers is told before anything is done.
            full = Overloaded(1) if ANSWERS.is_full(request.subscriber) else None
            return request.scope.get(REFUSED) or full or await self.answer(request, receive)
        except (Exception, asyncio.CancelledError) as error:
            failure = self._failed(error, request)
            if request.calls:
                # What went wrong is no call's fault, and is told beside them.
                lasted = perf_counter() - started
                request.calls.append(Call(self.name, request.channel, failure.name, lasted))
            return failure

    async def _send(self, send: Send, reply: Reply, request: Request) -> None:
        # As `in_flight` does it, spelt out, since every request comes by here: its generator takes thrice as long.
        size, who = len(reply.body), request.subscriber
        ANSWERS.add(size, who)
        try:
            await send_reply(send, reply, request.id, request.scope.get(ADDED, ()))
        finally:
            ANSWERS.give_back(size, who)

    @abstractmethod
    async def answer(self, request: Request, receive: Receive) -> Answer | Disconnected:
        """What the request comes to."""

    def _failed(self, error: BaseException, request: Request) -> Failure:
        """What its end without an answer is: a fault of ours, or a server that was told to end and waits no longer."""
        where = {"door": self.door.name, "operation": self.name, "request_id": request.id}
        if isinstance(error, asyncio.CancelledError):
            _log.warning("a request was cut off", **where)
            return Unavailable(1)
        _log.error("request failed", exc_info=error, **where)
        return Internal()

    async def read_into(self, request: Request, receive: Receive) -> Failure | Disconnected | None:
        """Read the body into the request; None when it arrived whole and within the limits."""
        larger = None if self._larger is None else partial(self._larger, request)
        seconds, who = self.door.body_seconds, request.subscriber
        body = await read_body(receive, request.scope, self.body_limit, seconds, larger=larger, who=who)
        if not isinstance(body, bytes):
            return body
        request.held = len(body)
        if body and is_encoded(request.scope):
            # Unpacked it may be a thousand times as large; and no door documents a coding.
            return UnsupportedContentCoding()
        request.body = body
        return None

    def _rendered(self, answer: Answer, request: Request) -> Reply:
        if isinstance(answer, Reply):
            return answer
        return completed(self.door.render(answer, request), answer)


class Bodiless(Operation):
    """An operation that looks at nothing but the request's head, and waits for nothing."""

    def __init__(
        self, door: Door, name: str, handle: Callable[[Request], Answer], *, keeps: Keeps | None = None
    ) -> None:
        super().__init__(door, name, keeps=keeps)
        self._handle = handle

    async def answer(self, request: Request, receive: Receive) -> Answer:
        """Handle the request; the server discards a body that nobody reads."""
        return self._handle(request)


class Endpoint(Operation):
    """An operation that is open to everybody, or whose handler itself finds out who calls.

    `larger` finds it out before a body is read beyond the limit, and says how large this caller's may be.
    """

    def __init__(
        self,
        door: Door,
        name: str,
        handle: Callable[[Request], Awaitable[Answer]],
        *,
        body_limit: int | None = None,
        keeps: Keeps | None = None,
        larger: Callable[[Request], Awaitable[int]] | None = None,
    ) -> None:
        super().__init__(door, name, body_limit=body_limit, keeps=keeps, larger=larger)
        self._handle = handle

    async def answer(self, request: Request, receive: Receive) -> Answer | Disconnected:
        """Read the body, then handle the request."""
        return await self.read_into(request, receive) or await self._handle(request)


class GuardedEndpoint(Operation, Generic[Caller]):
    """An operation that finds out who calls before it reads the body.

    `admit` gives the caller, or the answer that turns him away. A plain read that finds the database silent is a
    temporary refusal.
    """

    def __init__(
        self,
        door: Door,
        name: str,
        admit: Callable[[Request], Awaitable[Caller | Answer]],
        handle: Callable[[Request, Caller], Awaitable[Answer]],
        *,
        body_limit: int | None = None,
        keeps: Keeps | None = None,
    ) -> None:
        super().__init__(door, name, body_limit=body_limit, keeps=keeps)
        self._admit = admit
        self._handle = handle

    async def answer(self, request: Request, receive: Receive) -> Answer | Disconnected:
        """Admit the caller, read the body, then handle the request."""
        caller = await self._admit(request)
        if isinstance(caller, Reply | Failure):
            return caller
        refused = await self.read_into(request, receive)
        if refused is not None:
            return refused
        try:
            return await self._handle(request, caller)
        except FAULTS as fault:
            return silent(fault, request)


def completed(reply: Reply, failure: Failure) -> Reply:
    """A door's rendering of a failure, with what belongs to each at every door."""
    reply.failure = reply.failure or failure
    if isinstance(failure, RequestTimeout):
        # The rest of the body may still be on its way: the connection is of no further use.
        reply.headers = (*reply.headers, _CLOSE)
    return reply


def silent(fault: Exception, request: Request) -> Unavailable:
    """The refusal where a plain read found no answer; of a database that is away the log has one line, no trace."""
    trace = None if is_away(fault) else fault
    _log.warning("a read failed", request_id=request.id, error=type(fault).__name__, exc_info=trace)
    return Unavailable(1)
