"""A WebSocket client with the manners of the HTTP one: a request is a frame on a socket opened for it."""

import ssl
from dataclasses import dataclass

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus
from websockets.http11 import Response

from tests.conformance.harness.client import Reply, Request, Watch
from tests.support import secrets

LARGEST = 64 * 1024 * 1024


@dataclass(frozen=True)
class OpenSocket:
    """Sends each request over one socket: the context is that of its handshake, whatever the request's path says."""

    socket: ClientConnection
    watch: Watch

    async def send(self, request: Request) -> Reply:
        """The frame that answers a request."""
        await self.socket.send(request.content.decode())
        reply = Reply(200, (), str(await self.socket.recv()).encode(), framed=True)
        self.watch(request, reply)
        return reply


@dataclass(frozen=True)
class SocketClient:
    """Sends each request over a socket of its own, since the context is that of the handshake."""

    url: str
    watch: Watch

    async def send(self, request: Request) -> Reply:
        """The frame that answers a request, or the reply that refuses the socket."""
        try:
            secrets.remember(request.path, request.headers, request.content)
            async with self.open(request) as socket:
                return await OpenSocket(socket, self.watch).send(request)
        except InvalidStatus as refused:
            return _refusal(refused.response)

    def open(self, request: Request) -> connect:
        """A socket at the request's path, with its headers; a certificate may be anybody's."""
        return connect(
            self.url.replace("http", "ws", 1) + request.path,
            additional_headers=request.headers,
            max_size=LARGEST,
            open_timeout=60,
            ping_interval=None,
            proxy=None,
            ssl=_unverified() if self.url.startswith("https") else None,
        )


def _unverified() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _refusal(response: Response) -> Reply:
    headers = tuple((name.lower(), value) for name, value in response.headers.raw_items())
    return Reply(response.status_code, headers, bytes(response.body or b""))
