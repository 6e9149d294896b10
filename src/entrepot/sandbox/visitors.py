"""Whom a sandbox answers: it asks for no key, so it must not be reachable from any page that a browser shows."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterable
from functools import partial
from typing import Final
from urllib.parse import urlsplit

import msgspec
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from entrepot.doors.kit import Reply, Request, send_reply

_SAFE: Final = frozenset({"GET", "HEAD"})


class Visitors:
    """An ASGI app before all others. It answers requests to names of this machine, and to those that were given.

    A name that somebody else owns may lead here too, and a page under it would be of the same origin as the sandbox
    (DNS rebinding): 421. A page of another site can still send requests without reading the answers: 403. To paths
    under a prefix in `linked` any page may link.
    """

    def __init__(self, app: ASGIApp, hosts: Iterable[str], linked: Collection[str] = ()) -> None:
        self._app = app
        self._hosts = frozenset(host.lower() for host in hosts)
        self._linked = frozenset(linked)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or say why not."""
        refusal = None if scope["type"] == "lifespan" else self._refusal(scope)
        if refusal is None:
            await self._app(scope, receive, send)
        else:
            say = partial(_denying, send) if scope["type"] == "websocket" else send
            await send_reply(say, refusal, Request(scope).id)

    def _refusal(self, scope: Scope) -> Reply | None:
        host = _only(scope, b"host")
        name = _name(f"//{host}")
        if not self._admits(name):
            shown = name if name.isascii() and name.isprintable() else "NAME"
            return _error(421, f"this sandbox does not answer to {shown}; --sandbox-host {shown} makes it")
        if self._is_foreign(scope):
            return _error(
                403, "a sandbox takes no requests from pages of other sites; --sandbox-host NAME admits one"
            )
        return None

    def _is_foreign(self, scope: Scope) -> bool:
        """Whether a page of another site sent it, as browsers say by Origin and Sec-Fetch-Site."""
        if (
            scope["path"].split("/", 2)[1:2] in [[each] for each in self._linked]
            and scope.get("method") in _SAFE
        ):
            return False
        origin = _only(scope, b"origin")
        if origin:
            return not self._admits(_name(origin))
        return _only(scope, b"sec-fetch-site").lower() not in ("", "same-origin", "same-site", "none")

    def _admits(self, name: str) -> bool:
        return name in self._hosts or name == "localhost" or name.endswith(".localhost") or _is_loopback(name)


def _only(scope: Scope, name: bytes) -> str:
    """A header's value; several are joined, and so are none that is known."""
    return b",".join(value.strip(b" \t") for key, value in scope["headers"] if key == name).decode("latin-1")


def _name(url: str) -> str:
    """The host in a URL, in lower case and without a port; empty where there is none."""
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""


def _is_loopback(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _error(status: int, text: str) -> Reply:
    return Reply(status, msgspec.json.encode({"error": text}))


async def _denying(send: Send, message: Message) -> None:
    """Answer a handshake with an HTTP response instead of a socket."""
    await send({**message, "type": f"websocket.{message['type']}"})
