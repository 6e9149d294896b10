"""Label services and order hubs in our own forms, with books: they answer or fall silent, and outlive who asks them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal

Silence = Literal["", "acts", "idle"]
"""What comes of a question that is not answered: it is done all the same, or not."""


@dataclass
class ErrandServer:
    """`books` are the states of what was asked, by key; whoever closed a key finds it closed."""

    url: str = ""
    silent: Silence = ""
    asked: int = 0
    books: dict[str, str] = field(default_factory=dict[str, str])

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request, or leave it open for as long as its sender is there."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            line, *fields = head.strip().split("\r\n")
            headers = {
                name.lower(): value.strip() for name, _, value in (each.partition(":") for each in fields)
            }
            await reader.readexactly(int(headers.get("content-length", "0")))
            method, path, _ = line.split(" ")
            if method == "POST" and self.silent:
                if self.silent == "acts":
                    self._make(headers["idempotency-key"])
                self.asked += 1
                await reader.read()
                return
            writer.write(self._answer(method, path, headers))
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    def _answer(self, method: str, path: str, headers: dict[str, str]) -> bytes:
        if method == "DELETE":
            self.books[path.rpartition("/")[2]] = "closed"
            return _reply("204 No Content", b"")
        self.asked += 1
        made = self._make(headers["idempotency-key"])
        label = {"carrier": "Post", "trackingNumber": "P-1", "labelUrl": "https://labels.example/1.pdf"}
        return _reply("200 OK", json.dumps(label).encode()) if made else _reply("409 Conflict", b"")

    def _make(self, key: str) -> bool:
        return self.books.setdefault(key, "open") == "open"


def _reply(status: str, body: bytes) -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return f"{head}Connection: close\r\n\r\n".encode() + body


@asynccontextmanager
async def errand_server(silent: Silence = "") -> AsyncGenerator[ErrandServer]:
    """Run one for the length of the block."""
    server = ErrandServer(silent=silent)
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    try:
        yield server
    finally:
        listener.close()
