"""Callers who mean it ill: `python -m torture.attacks KIND URL COUNT SECONDS`.

They need nothing but an address, so they can be sent at any release. A process of its own, so that what they do
costs the calm client beside them nothing but the server's time.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
from asyncio import StreamReader, StreamWriter
from asyncio.subprocess import PIPE
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import urlsplit

import msgspec

from torture import world

_RPC: Final = b"POST /textalk/backend/jsonrpc/v1?webshop=%d HTTP/1.1\r\nHost: localhost\r\n"
_JSON: Final = b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n"
_START: Final = b"GET /failures HTTP/1.1\r\nHost: localhost\r\n"
_LARGE, _SMALL = 9_900_000, 900_000
"""Bytes of a body: what a file may have, and what any call may."""
_FILE_METHOD: Final = b'{"jsonrpc": "2.0", "id": 1, "method": "Order.addArticle", "params": ["'
_PIECE: Final = b"x" * 65_000
_ALL: Final = b'{"jsonrpc": "2.0", "id": 1, "method": "Article.list", "params": [true, true]}'
_PAUSE: Final = 0.5
ELSEWHERE: Final = ("127.0.0.2", 0) if sys.platform == "linux" else None
"""They call from an address of their own where the loopback network has more than one: shares are by address too."""
_PIPELINED: Final = 8


class Ends(msgspec.Struct):
    """How often the server ended a connection, and how many it took anew."""

    opened: int = 0
    ended: int = 0


Attack = Callable[[StreamReader, StreamWriter], Awaitable[None]]


async def slow_heads(_: StreamReader, writer: StreamWriter) -> None:
    """A head that never becomes whole, a line at a time."""
    writer.write(_START)
    while True:
        writer.write(b"a: b\r\n")
        await writer.drain()
        await asyncio.sleep(_PAUSE)


async def huge_heads(_: StreamReader, writer: StreamWriter) -> None:
    """Header lines without end."""
    await _endless(writer, _START, b"a: " + _PIECE + b"\r\n")


async def huge_urls(_: StreamReader, writer: StreamWriter) -> None:
    """A URL without end."""
    await _endless(writer, b"GET /", _PIECE)


async def slow_bodies(_: StreamReader, writer: StreamWriter) -> None:
    """A body of an ordinary size, a byte at a time."""
    writer.write(_RPC % world.SHOP + _JSON % _SMALL + b"[")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(_PAUSE)


async def huge_bodies(_: StreamReader, writer: StreamWriter) -> None:
    """As much as a file may have, all but the last bytes, which never come."""
    writer.write(_RPC % world.SHOP + _JSON % _LARGE + _FILE_METHOD)
    left = _LARGE - len(_FILE_METHOD) - 1_000
    while left > 0:
        writer.write(_PIECE[:left])
        left -= len(_PIECE)
        await writer.drain()
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(_PAUSE)


async def slow_readers(_: StreamReader, writer: StreamWriter) -> None:
    """Long lists are asked for, one behind the other, and nothing of an answer is taken."""
    request = _RPC % world.NEIGHBOURS_SHOP + _JSON % len(_ALL) + _ALL
    for _number in range(_PIPELINED):
        writer.write(request)
    await writer.drain()
    while not writer.transport.is_closing():
        await asyncio.sleep(_PAUSE)


async def long_lists(reader: StreamReader, writer: StreamWriter) -> None:
    """Every article with all that it has, again and again; the answers are read."""
    while True:
        writer.write(_RPC % world.NEIGHBOURS_SHOP + _JSON % len(_ALL) + _ALL)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = head.partition(b"content-length: ")[2].partition(b"\r")[0]
        if length:
            await reader.readexactly(int(length))
        else:
            await _chunks(reader)


ATTACKS: Final[dict[str, Attack]] = {
    "slow heads": slow_heads,
    "huge heads": huge_heads,
    "huge URLs": huge_urls,
    "slow bodies": slow_bodies,
    "huge bodies": huge_bodies,
    "slow readers": slow_readers,
    "long lists": long_lists,
}


async def _endless(writer: StreamWriter, start: bytes, piece: bytes) -> None:
    writer.write(start)
    while True:
        writer.write(piece)
        await writer.drain()


async def _chunks(reader: StreamReader) -> None:
    while size := int(await reader.readline(), 16):
        await reader.readexactly(size + 2)
    await reader.readline()


async def attack(kind: str, url: str, count: int, seconds: float) -> Ends:
    """So many connections at once for so long; where the server ends one, the next one is opened."""
    ends = Ends()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await asyncio.gather(*(_again(kind, url, ends) for _ in range(count)))
    return ends


async def _again(kind: str, url: str, ends: Ends) -> None:
    parts = urlsplit(url)
    while True:
        with contextlib.suppress(OSError, EOFError, ValueError):
            reader, writer = await asyncio.open_connection(
                parts.hostname, parts.port, limit=2**20, local_addr=ELSEWHERE
            )
            ends.opened += 1
            try:
                await ATTACKS[kind](reader, writer)
            finally:
                writer.transport.abort()
        ends.ended += 1
        await asyncio.sleep(_PAUSE)


@asynccontextmanager
async def attacking(kind: str, url: str, count: int, seconds: float) -> AsyncGenerator[asyncio.Task[Ends]]:
    """An attack by a process of its own, for the length of the block and so long at least; what came of it."""
    command = [sys.executable, "-m", "torture.attacks", kind, url, str(count), str(seconds)]
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE)
    output = asyncio.create_task(_said(process))
    try:
        yield output
        await output
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _said(process: asyncio.subprocess.Process) -> Ends:
    said, _ = await process.communicate()
    return msgspec.json.decode(said, type=Ends)


def main() -> None:
    """Attack, and print what came of it."""
    parser = argparse.ArgumentParser(prog="python -m torture.attacks")
    parser.add_argument("kind", choices=ATTACKS)
    parser.add_argument("url")
    parser.add_argument("count", type=int)
    parser.add_argument("seconds", type=float)
    options = parser.parse_args()
    ends = asyncio.run(attack(options.kind, options.url, options.count, options.seconds))
    sys.stdout.buffer.write(msgspec.json.encode(ends))


if __name__ == "__main__":
    main()
