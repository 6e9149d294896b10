"""The request as a door's handler sees it, and the reply that it gives."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import datetime
from typing import Any

from starlette.datastructures import QueryParams
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from entrepot.doors.kit.headers import (
    JSON,
    Header,
    common_headers,
    header,
    media_type,
    request_id,
    written,
)
from entrepot.doors.kit.observing.calls import Account, Call, Commands, Story
from entrepot.engine.clock import real_now
from entrepot.failures import Failure
from entrepot.store.sharing import serve, subscriber

PART = 64_000
"""So much of a reply is handed to the network before it is waited until the caller takes it."""
_BODILESS = frozenset({204, 304})


class Request:
    """One request, which arrived at `at`. `body` is empty until the endpoint has read it, which is after admission.

    `caller`, `calls` and `commands` are for observers. Whoever learns who calls sets `caller`; `calls` are those of
    which a message is made, where it is made of any; the engine tells of `commands`. `mapped` is what became of a body
    that spoke a partner's own words.
    """

    __slots__ = (
        "_caller",
        "_channel",
        "_query",
        "at",
        "body",
        "calls",
        "client",
        "commands",
        "held",
        "id",
        "mapped",
        "scope",
        "subscriber",
    )

    def __init__(self, scope: Scope, at: datetime | None = None, known_as: str | None = None) -> None:
        self.scope = scope
        self.at = at or real_now()
        self.id = known_as or request_id(scope)
        address: tuple[str, int] | None = scope.get("client")
        self.client = address[0] if address else None
        """The caller's network address, as the server sees it."""
        self.subscriber = subscriber(self.client) if self.client else ""
        """Whom the address stands for, by whom shares of the process are counted; empty without an address."""
        self.body = b""
        self.held = 0
        """How many bytes of the body count as in flight."""
        self._caller: Account | None = None
        self.calls: list[Call] = []
        self.commands: Commands = []
        self.mapped: Story | None = None
        self._channel: str | None = None
        self._query: QueryParams | None = None

    @property
    def caller(self) -> Account | None:
        """Whose account calls, once that is known; from then on what it reads is its tenant's share."""
        return self._caller

    @caller.setter
    def caller(self, caller: Account | None) -> None:
        self._caller = caller
        if caller is not None:
            serve(caller.workspace, self.client)

    @property
    def channel(self) -> str | None:
        """The name of the account that calls, once it is known."""
        return self.caller.name if self.caller else self._channel

    @channel.setter
    def channel(self, name: str) -> None:
        self._channel = name

    @property
    def method(self) -> str:
        """The method, in capitals."""
        return self.scope["method"]

    @property
    def path(self) -> str:
        """The path below the door, percent-decoded."""
        return route_path(self.scope)

    @property
    def origin(self) -> str:
        """Scheme and host of this server as the caller names them."""
        return f"{self.scope['scheme']}://{self.header('host') or 'localhost'}"

    @property
    def raw_path(self) -> str:
        """The path below the door as it was sent, percent-encoding kept."""
        raw: bytes = self.scope["raw_path"].partition(b"?")[0]
        prefixes = self.scope.get("root_path", "").count("/")
        return "/" + b"/".join(raw.split(b"/")[1 + prefixes :]).decode("ascii", "replace")

    @property
    def params(self) -> dict[str, Any]:
        """The values of the route's placeholders."""
        return self.scope.get("path_params", {})

    @property
    def query(self) -> QueryParams:
        """The query string's parameters, blank ones included."""
        if self._query is None:
            # PostgreSQL's text cannot hold U+0000; its replacement matches nothing, as it should.
            self._query = QueryParams(self.scope["query_string"].replace(b"%00", b"%EF%BF%BD"))
        return self._query

    @property
    def media_type(self) -> str:
        """The body's media type in lower case, without parameters; empty when none is given."""
        return media_type(self.scope)

    def header(self, name: str) -> str | None:
        """The first value of the header `name` (in any case), or None."""
        value = header(self.scope, name.lower().encode("latin-1"))
        return None if value is None else value.decode("latin-1")


class Reply:
    """A complete answer. `failure` is the one that decided it, and gives the headers that go with it."""

    __slots__ = ("body", "failure", "headers", "media_type", "status")

    def __init__(
        self,
        status: int,
        body: bytes = b"",
        headers: tuple[Header, ...] = (),
        *,
        failure: Failure | None = None,
        media_type: bytes = JSON,
    ) -> None:
        self.status = status
        self.body = body
        self.headers = headers
        self.failure = failure
        self.media_type = media_type


def route_path(scope: Scope) -> str:
    """The path below the place where the app is mounted; at least `/`."""
    path: str = scope["path"]
    root: str = scope.get("root_path", "")
    if root and path.startswith(root):
        path = path[len(root) :]
    return path.replace("\0", "\ufffd") or "/"


def identified(app: ASGIApp) -> ASGIApp:
    """The app, whose every reply has the request's id: for apps whose replies are not sent by `send_reply`."""

    async def under_its_id(scope: Scope, receive: Receive, send: Send) -> None:
        async def say(message: Message) -> None:
            if message["type"] == "http.response.start":
                known = (b"x-request-id", request_id(scope).encode("ascii"))
                message = {**message, "headers": [*message.get("headers", ()), known]}
            await send(message)

        await app(scope, receive, say if scope["type"] == "http" else send)

    return under_its_id


def head(reply: Reply, request_id: str, added: tuple[Header, ...] = ()) -> list[Header]:
    """All headers of a reply: those that every reply has, then its own, then what is added to it."""
    before, length, after = _around_length(reply, added)
    return [(b"x-request-id", request_id.encode("ascii")), *before, *length, *after]


def _around_length(reply: Reply, added: tuple[Header, ...]) -> tuple[tuple[Header, ...], ...]:
    """What follows the request's id: headers before the body's length, the length if it is told, and those after it."""
    before = common_headers(reply.failure)
    if reply.status in _BODILESS:
        return before, (), (*reply.headers, *added)
    media_type = ((b"content-type", reply.media_type),) if reply.body else ()
    return before, ((b"content-length", b"%d" % len(reply.body)),), (*media_type, *reply.headers, *added)


def _block(reply: Reply, request_id: str, added: tuple[Header, ...]) -> bytes:
    """As `head`, but as it stands on the line, of parts that were written before: only id and length are new."""
    before, length, after = _around_length(reply, added)
    told = b"content-length: %b\r\n" % length[0][1] if length else b""
    return b"x-request-id: %b\r\n%b%b%b" % (
        request_id.encode("ascii"), written(before), told, written(after),
    )  # fmt: skip


class WholeSend(ABC):
    """The server's own `send`, which also takes an answer as a whole: one write, of a head that is ready.

    Whoever stands between a door and the server hands on a `send` of his own, and then sees ASGI's messages.
    """

    @abstractmethod
    async def __call__(self, message: Message) -> None:
        """One of ASGI's messages."""

    @abstractmethod
    async def answer(self, status: int, head: bytes, body: bytes) -> None:
        """All of an answer. `head` has the lines of its headers, none of them about the connection."""


async def send_reply(send: Send, reply: Reply, request_id: str, added: tuple[Header, ...] = ()) -> None:
    """Send the reply with all its headers; a long one as fast as it is taken."""
    if isinstance(send, WholeSend) and len(reply.body) <= PART and not _ends_connection(reply):
        await send.answer(reply.status, _block(reply, request_id, added), reply.body)
        return
    headers = head(reply, request_id, added)
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    rest = max(len(reply.body) - 1, 0) // PART * PART
    for start in range(0, rest, PART):
        part = reply.body[start : start + PART]
        await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body", "body": reply.body[rest:]})


def _ends_connection(reply: Reply) -> bool:
    return bool(reply.headers) and any(name == b"connection" for name, _ in reply.headers)
