"""A small mail server that says what it is told to say, and keeps what it was sent."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import cast

GREETING = "220 mail.test ESMTP"


@dataclass
class SmtpServer:
    """`replies` overrides the answer to a command by its first word (`BANNER` and `.` too); None hangs up.

    An answer that is empty is never given: the server is silent.
    """

    replies: Mapping[str, str | None] = field(default_factory=dict[str, "str | None"])
    tls: ssl.SSLContext | None = None
    implicit: bool = False
    port: int = 0
    commands: list[str] = field(default_factory=list[str])
    in_clear: list[str] = field(default_factory=list[str])
    mails: list[EmailMessage] = field(default_factory=list[EmailMessage])
    silent: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once an answer was not given."""
    sessions: set[asyncio.Future[None]] = field(default_factory=set["asyncio.Future[None]"])

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.sessions.add(ended)
        try:
            await _Session(self, reader, writer).run()
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        finally:
            writer.close()
            ended.set_result(None)


class _HangUpError(ConnectionError):
    pass


class _Session:
    def __init__(
        self, server: SmtpServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._server, self._reader, self._writer = server, reader, writer
        self._secure = server.implicit

    async def run(self) -> None:
        await self._say("BANNER", GREETING)
        while line := (await self._reader.readline()).decode().strip():
            self._server.commands.append(line)
            if not self._secure:
                self._server.in_clear.append(line)
            await self._answer(line.split(" ")[0].upper())

    async def _answer(self, verb: str) -> None:
        match verb:
            case "EHLO":
                offers = ["mail.test", "AUTH PLAIN", "SIZE 100000"] + ["STARTTLS"] * (not self._secure)
                await self._say(verb, "\r\n".join([f"250-{each}" for each in offers] + ["250 8BITMIME"]))
            case "STARTTLS":
                if await self._say(verb, "220 go ahead"):
                    await self._writer.start_tls(cast("ssl.SSLContext", self._server.tls))
                    self._secure = True
            case "DATA":
                if await self._say(verb, "354 go ahead"):
                    await self._take_mail()
            case "AUTH":
                await self._say(verb, "235 welcome")
            case _:
                await self._say(verb, "250 fine")

    async def _take_mail(self) -> None:
        raw = await self._reader.readuntil(b"\r\n.\r\n")
        if await self._say(".", "250 queued"):
            mail = message_from_bytes(
                raw.removesuffix(b".\r\n").replace(b"\r\n..", b"\r\n."), policy=policy.default
            )
            self._server.mails.append(mail)

    async def _say(self, verb: str, usual: str) -> bool:
        """Give the answer; whether it was the usual one."""
        text = self._server.replies.get(verb, usual)
        if text is None:
            raise _HangUpError
        if not text:
            self._server.silent.set()
        else:
            self._writer.write(f"{text}\r\n".encode())
            await self._writer.drain()
        return text == usual


@asynccontextmanager
async def smtp_server(
    replies: Mapping[str, str | None] | None = None,
    *,
    tls: ssl.SSLContext | None = None,
    implicit: bool = False,
) -> AsyncGenerator[SmtpServer]:
    """Run a mail server on the loopback for the length of the block."""
    server = SmtpServer(replies or {}, tls, implicit)
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=tls if implicit else None)
    server.port = listener.sockets[0].getsockname()[1]
    async with listener:
        yield server
        await asyncio.gather(*server.sessions)
