"""An HTTP client that hides nothing: the status, every header and the bytes of the body, off a real socket."""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Protocol, TypeAlias

import httpx

from tests.support import secrets


@dataclass(frozen=True)
class Request:
    """One HTTP request; a body that is not bytes is sent as JSON, under that type unless the headers name one."""

    method: str
    path: str
    body: Any = b""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    def with_body(self, body: Any) -> "Request":
        """The same request with another body."""
        return replace(self, body=body)

    @property
    def content(self) -> bytes:
        """The body's bytes."""
        if isinstance(self.body, bytes):
            return self.body
        return json.dumps(self.body, separators=(",", ":"), ensure_ascii=True).encode()


@dataclass(frozen=True)
class Reply:
    """What came back. Names of headers are in lower case; one that came twice is in the list twice.

    What is `framed` came over an open socket, where nothing but the body is told: its status is 200.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    framed: bool = False

    @property
    def json(self) -> Any:
        """The body's value; numbers with a fraction keep their digits."""
        return json.loads(self.body, parse_float=Decimal)


Watch: TypeAlias = Callable[[Request, Reply], None]
"""Looks at every exchange; a door's watch compares replies with its API description."""


class Sender(Protocol):
    """Whatever carries requests to a server."""

    async def send(self, request: Request) -> Reply:
        """The reply to a request."""
        ...


@dataclass
class Line:
    """Sends requests over the client that it has at the moment, so that the way may change and the request stay."""

    client: Sender

    async def send(self, request: Request) -> Reply:
        """The reply to a request."""
        return await self.client.send(request)


class Client:
    """Sends requests to one server and shows each exchange to the door's watch."""

    def __init__(self, url: str, watch: Watch) -> None:
        self._http = httpx.AsyncClient(base_url=url, verify=False, trust_env=False, timeout=60)
        self._watch = watch

    async def send(self, request: Request) -> Reply:
        """The reply to a request."""
        return await self._exchange(request, request.content or None)

    async def rest(self) -> None:
        """Wait until the server has nothing more to do of itself, such as telling of what was accepted."""
        idle = await self._http.get("/sandbox/idle", params={"wait": 30})
        assert idle.status_code == 200, idle.text

    async def send_chunked(self, request: Request) -> Reply:
        """The same, with a body that does not announce its length."""

        async def chunks() -> AsyncIterator[bytes]:
            for start in range(0, len(request.content), 65_536):
                yield request.content[start : start + 65_536]

        return await self._exchange(request, chunks())

    async def _exchange(self, request: Request, content: bytes | AsyncIterator[bytes] | None) -> Reply:
        secrets.remember(request.path, request.headers, request.content)
        named = any(name.lower() == "content-type" for name in request.headers)
        typed = {} if content is None or named else {"Content-Type": "application/json"}
        headers = [(name.encode(), value.encode()) for name, value in {**typed, **request.headers}.items()]
        answer = await self._http.request(request.method, request.path, content=content, headers=headers)
        reply = Reply(answer.status_code, tuple(answer.headers.multi_items()), answer.content)
        self._watch(request, reply)
        return reply

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()
