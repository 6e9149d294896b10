"""A TCP server that answers each request with given bytes, right or wrong, and keeps what it was sent."""

import asyncio
import json
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit


@dataclass
class Request:
    """One request as it came: the first line, the headers in lower case, the body."""

    line: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class RawServer:
    """`reply` is sent to each request; then the connection closes, or, of one that is `silent`, stays open for ever."""

    reply: bytes
    silent: bool = False
    host: str = "127.0.0.1"
    port: int = 0
    requests: list[Request] = field(default_factory=list[Request])
    connections: int = 0
    then: bytes | None = None
    """What every connection after the first is answered, where that is something else."""
    _open: dict["asyncio.Task[None]", asyncio.StreamWriter] = field(default_factory=dict, repr=False)

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._open[task] = writer
        try:
            self.requests.append(await _read(reader))
            writer.write(self.reply if self.connections == 1 else self.then or self.reply)
            await writer.drain()
            if self.silent:
                await reader.read()  # until the client gives up
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            del self._open[task]

    async def hang_up(self) -> None:
        """Close what is still open, and wait until that is done."""
        for writer in self._open.values():
            writer.transport.abort()
        while self._open:
            await asyncio.wait(list(self._open))


@asynccontextmanager
async def raw_server(
    reply: bytes,
    *,
    silent: bool = False,
    host: str = "127.0.0.1",
    port: int = 0,
    tls: ssl.SSLContext | None = None,
) -> AsyncGenerator[RawServer]:
    """Run a RawServer for the length of the block."""
    server = RawServer(reply, silent, host)
    listener = await asyncio.start_server(server.serve, host, port, ssl=tls)
    server.port = listener.sockets[0].getsockname()[1]
    async with listener:
        try:
            yield server
        finally:
            await server.hang_up()


def http_reply(
    body: bytes | dict[str, Any] | list[Any],
    status: str = "200 OK",
    content_type: str = "application/json",
    headers: str = "",
) -> bytes:
    """A whole HTTP reply."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(content)}\r\n"
    return f"{head}{headers}Connection: close\r\n\r\n".encode() + content


async def unused_port() -> int:
    """A port on which nobody listens."""
    listener = await asyncio.start_server(lambda _r, w: w.close(), "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    listener.close()
    await listener.wait_closed()
    return port


async def _read(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    line, *fields = head.strip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (each.partition(":") for each in fields)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(line, headers, body)


async def raw_exchange(url: str, head: str) -> str:
    """What a server answers to these bytes, up to the end of the connection."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(head.encode("latin-1"))
    await writer.drain()
    writer.write_eof()
    answer = await asyncio.wait_for(reader.read(), 60)
    writer.close()
    return answer.decode("latin-1")
