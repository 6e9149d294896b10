"""Choosing the door: by host name, else by the first segment of the path."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.types import ASGIApp, Receive, Scope, Send

from entrepot.doors.kit.headers import header
from entrepot.doors.kit.observing.exchanges import Observer
from entrepot.doors.kit.sockets import NoSocket


class DoorSwitch:
    """An ASGI app that hands each connection to its door.

    `/<door>/orders` goes to the door of that name as `/orders`, in any case; a host name in `hosts` puts that door at
    its root. The apps in `everywhere` keep their prefix on every host, so that links to them hold. All else goes to
    `fallback`, the server's lifespan too unless there is an app for it. WebSockets are for doors; any other is refused,
    and `observe` learns of it as of the door `none`.

    Raises `ValueError` for a host name of an unknown door.
    """

    def __init__(
        self,
        doors: Mapping[str, ASGIApp],
        hosts: Mapping[str, str],
        fallback: ASGIApp,
        *,
        observe: Observer,
        everywhere: Mapping[str, ASGIApp] | None = None,
        lifespan: ASGIApp | None = None,
    ) -> None:
        if unknown := sorted(set(hosts.values()) - doors.keys()):
            raise ValueError(f"host names for unknown doors: {', '.join(unknown)}")
        self._everywhere = dict(everywhere or {})
        self._prefixes = {**doors, **self._everywhere}
        self._hosts = {host.lower(): doors[name] for host, name in hosts.items()}
        self._sockets = [*doors.values()]
        self._no_socket = NoSocket("none", observe)
        self._fallback = fallback
        self._lifespan = lifespan or fallback

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the connection over, with `root_path` grown by the prefix."""
        if scope["type"] == "lifespan":
            await self._lifespan(scope, receive, send)
            return
        door = self._hosts.get(_host(scope)) if self._hosts else None
        prefix = scope["path"].split("/", 2)[1] if "/" in scope["path"] else ""
        mounted = (self._prefixes if door is None else self._everywhere).get(prefix.lower())
        if mounted is not None:
            scope = {**scope, "root_path": f"{scope.get('root_path', '')}/{prefix}"}
        app = mounted or door or self._fallback
        if scope["type"] == "websocket" and app not in self._sockets:
            app = self._no_socket
        await app(scope, receive, send)


def _host(scope: Scope) -> str:
    host = (header(scope, b"host") or b"").decode("latin-1").lower()
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdigit() else host).rstrip(".")
