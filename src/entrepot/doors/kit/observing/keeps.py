"""What the integration log may keep of an operation's exchanges, declared beside the operation's wire types.

Nothing is kept that is not declared: headers and query parameters are lists of what is allowed, and an operation
without a declaration keeps no body at all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

COMMON_HEADERS: Final = frozenset(
    {
        "accept",
        "accept-language",
        "content-length",
        "content-type",
        "origin",
        "retry-after",
        "user-agent",
        "x-request-id",
    }
)
"""Of request and reply alike: none of them lets anybody in."""

Pointers = tuple[str, ...]
"""JSON pointers (RFC 6901) to what is hidden; `*` stands for every element or member. `` is the whole."""


class CallKeeps(msgspec.Struct, frozen=True):
    """Of one call in a message: what is hidden in its parameters, by their place, and in its result."""

    params: Pointers = ()
    result: Pointers = ()


class Keeps(msgspec.Struct, frozen=True, kw_only=True):
    """What may be kept of one operation.

    `request` and `reply` are what is hidden in their bodies; None keeps no body. Members whose name says that they are
    secret are hidden anyhow. `headers` and `query` are kept beside the common headers. `path` names placeholders of the
    path that are secret. `calls` is what may be kept of a call in a message (JSON-RPC), by its method.
    """

    request: Pointers | None = None
    reply: Pointers | None = None
    headers: frozenset[str] = frozenset()
    query: frozenset[str] = frozenset()
    path: frozenset[str] = frozenset()
    calls: Callable[[str], CallKeeps | None] | None = None


BODIES: Final = Keeps(request=(), reply=())
"""Both bodies, in which nothing is secret but what is called so."""
NOTHING: Final = Keeps()
"""No body, on purpose: it is a secret as a whole, or of no use to anybody."""
