"""What is said on a connection whose request cannot be read, before any door is known."""

from __future__ import annotations

import secrets
from typing import Final

LINGER_SECONDS: Final = 2.0
"""For how long a refused caller may go on sending, unheard: a connection closed at once may take the answer with it."""


def _refusal(status: str, text: str, *headers: str) -> bytes:
    lines = [
        f"HTTP/1.1 {status}",
        *headers,
        "content-type: text/plain; charset=utf-8",
        f"content-length: {len(text) + 1}",
        "connection: close",
    ]
    return ("\r\n".join(lines) + f"\r\n\r\n{text}\n").encode("ascii")


def with_id(refusal: bytes) -> bytes:
    """The refusal under an id of its own, as every answer has one."""
    status, line, rest = refusal.partition(b"\r\n")
    return b"%b%bx-request-id: %b\r\n%b" % (status, line, secrets.token_hex(16).encode("ascii"), rest)


BROKEN: Final = _refusal("400 Bad Request", "The request cannot be read.")
NO_HOST: Final = _refusal("400 Bad Request", "The request must have one Host header that names a host.")
NO_SUCH_METHOD: Final = _refusal(
    "405 Method Not Allowed",
    "HTTP has no such method.",
    "allow: DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT",
)
SLOW: Final = _refusal("408 Request Timeout", "The head of the request took too long.")
LONG_URL: Final = _refusal("414 URI Too Long", "The URL is too long.")
LARGE_HEAD: Final = _refusal("431 Request Header Fields Too Large", "The head of the request is too large.")
CROWDED: Final = _refusal("503 Service Unavailable", "There are too many connections.", "retry-after: 5")
