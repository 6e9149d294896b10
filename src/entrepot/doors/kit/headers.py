"""Headers as ASGI gives them, and the ones that every reply of every door carries."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TypeAlias

from starlette.types import Scope

from entrepot.engine.chance import random_id
from entrepot.failures import (
    Failure,
    MethodNotAllowed,
    OperationMissing,
    TemporaryFailure,
    UnsupportedContentCoding,
)

Header: TypeAlias = tuple[bytes, bytes]
"""A header's name in lower case, and its value."""

JSON = b"application/json"
CHALLENGE = b"www-authenticate"
"""What every 401 carries: the scheme of the credential that is missing (RFC 9110, 15.5.2)."""
NO_STORE: Header = (b"cache-control", b"no-store")
"""On every answer, so that none can be forgotten: most are their caller's own, and the others change with a release."""
_VALUES = "entrepot.headers"
"""Where a scope has its headers by name, once somebody has asked for one."""
_SUCCESS: tuple[Header, ...] = (NO_STORE,)
MEDIA_TYPE_LENGTH = 100
"""How much of a received media type is kept for messages, in characters."""

_CALLERS_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}")
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_NO_VALUE = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")


def header(scope: Scope, name: bytes) -> bytes | None:
    """The first value of the header `name` (in lower case), or None.

    Blanks and tabs around it are no part of it (RFC 9112, 5.1); the server takes away only those before it.
    """
    values: dict[bytes, bytes] | None = scope.get(_VALUES)
    if values is None:
        # Put in from the last to the first, so that the first one stays.
        values = scope[_VALUES] = dict(reversed(scope["headers"]))
    value = values.get(name)
    return None if value is None else value.strip(b" \t")


def request_id(scope: Scope) -> str:
    """The caller's X-Request-Id if it is 1-128 of `A-Za-z0-9._-`, else a new one of 32 hexadecimal digits."""
    given = header(scope, b"x-request-id")
    if given is not None and _CALLERS_ID.fullmatch(given):
        return given.decode("ascii")
    return random_id().hex()


def media_type(scope: Scope) -> str:
    """The body's media type in lower case and without parameters; empty when none is given."""
    given = (header(scope, b"content-type") or b"")[:MEDIA_TYPE_LENGTH]
    return given.partition(b";")[0].strip().lower().decode("latin-1")


def content_type_is_json(scope: Scope) -> bool:
    """Whether Content-Type says `application/json` or another type that ends in `+json`."""
    given = media_type(scope)
    return given == "application/json" or given.endswith("+json")


def is_encoded(scope: Scope) -> bool:
    """Whether Content-Encoding names a coding other than `identity`."""
    return (header(scope, b"content-encoding") or b"identity").lower() != b"identity"


def reply_headers(request_id: str, failure: Failure | None = None) -> list[Header]:
    """X-Request-Id, and what belongs to every reply."""
    return [(b"x-request-id", request_id.encode("ascii")), *common_headers(failure)]


def common_headers(failure: Failure | None) -> tuple[Header, ...]:
    """That no cache keeps the reply; for a failure the link to its page, and what belongs to its kind."""
    if failure is None:
        return _SUCCESS
    headers = [NO_STORE, (b"link", f'<{_page(failure)}>; rel="help"'.encode("ascii"))]
    if isinstance(failure, TemporaryFailure):
        headers.append((b"retry-after", str(failure.retry_after).encode("ascii")))
    if isinstance(failure, UnsupportedContentCoding):
        headers.append((b"accept-encoding", b"identity"))
    if isinstance(failure, MethodNotAllowed):
        headers.append((b"allow", ", ".join(failure.allowed).encode("ascii")))
    return tuple(headers)


@lru_cache(1024)
def written(headers: tuple[Header, ...]) -> bytes:
    """Headers as they stand on the line; raises ValueError for those that would be something else there.

    Most answers have the same ones, which are then looked at and put together once.
    """
    for name, value in headers:
        if not _NAME.fullmatch(name) or _NO_VALUE.search(value):
            raise ValueError(f"no header: {name!r}")
    return b"".join(b"%b: %b\r\n" % (name.lower(), value) for name, value in headers)


def _page(failure: Failure) -> str:
    if isinstance(failure, OperationMissing):
        return f"/missing#{failure.operation}"
    return f"/failures/{failure.name}"
