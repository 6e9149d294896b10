"""Reading a request's body under limits of size and time."""

from __future__ import annotations

import asyncio
from typing import TypeAlias

from starlette.types import Receive, Scope

from entrepot.doors.kit.headers import header
from entrepot.failures import PayloadTooLarge, RequestTimeout

MAX_BODY = 1_000_000
"""The largest body in bytes, unless a door says otherwise."""
BODY_SECONDS = 30.0
"""How long a whole body may take to arrive."""


class Disconnected:
    """The caller went away before the request was complete: there is nobody to answer."""


Body: TypeAlias = bytes | PayloadTooLarge | RequestTimeout | Disconnected


async def read_body(
    receive: Receive,
    scope: Scope,
    limit: int = MAX_BODY,
    timeout: float = BODY_SECONDS,  # noqa: ASYNC109
) -> Body:
    """The whole body of at most `limit` bytes, arriving within `timeout` seconds in all.

    A body that announces more than `limit` by Content-Length is refused without reading it.
    """
    length = header(scope, b"content-length")
    if length is None and header(scope, b"transfer-encoding") is None:
        return b""
    if length is not None and _exceeds(length, limit):
        return PayloadTooLarge(limit)
    try:
        async with asyncio.timeout(timeout):
            return await _collect(receive, limit)
    except TimeoutError:
        return RequestTimeout(timeout)


def _exceeds(length: bytes, limit: int) -> bool:
    # int() refuses texts of thousands of digits; what is no number at all is counted while it arrives.
    digits = length.lstrip(b"0")
    return digits.isdigit() and (len(digits) > 18 or int(digits) > limit)


async def _collect(receive: Receive, limit: int) -> bytes | PayloadTooLarge | Disconnected:
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return Disconnected()
        chunk: bytes = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            return PayloadTooLarge(limit)
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks) if len(chunks) > 1 else chunk
