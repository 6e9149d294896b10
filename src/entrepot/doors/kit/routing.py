"""From paths to the operations of one door.

The grammar of paths is Starlette's (`/orders/{id}`, `/lines/{number:int}`). The table is ours for three
reasons: what is not found or not allowed is rendered by the door, paths can be matched in any case while
their values keep theirs, and a path without placeholders, as hot operations have, costs one look-up.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

from starlette.convertors import Convertor
from starlette.routing import compile_path
from starlette.types import ASGIApp, Receive, Scope, Send

from entrepot.doors.kit.cors import CorsPolicy
from entrepot.doors.kit.endpoint import ADDED, Bodiless, Door, Operation
from entrepot.doors.kit.messages import route_path
from entrepot.doors.kit.observing.keeps import NOTHING
from entrepot.doors.kit.sockets import NoSocket
from entrepot.failures import MethodNotAllowed, UnknownRoute

_SLASH = "\0"  # in no path: what was sent as U+0000 has been replaced
WEBSOCKET = "WEBSOCKET"
"""Stands for a method where a resource takes WebSocket connections."""


@dataclass(frozen=True, slots=True)
class Resource:
    """One path, the apps for its methods, and whether browsers on other origins may call it.

    Without a policy of its own it has that of its router.
    """

    path: str
    methods: Mapping[str, ASGIApp]
    cors: CorsPolicy | None = None


class _Entry:
    """A resource made ready: every method that it answers, and who answers the others."""

    __slots__ = ("_added", "_methods", "_no_socket", "_others")

    def __init__(self, door: Door, resource: Resource, cors: CorsPolicy | None) -> None:
        methods = dict(resource.methods)
        if "GET" in methods:
            methods.setdefault("HEAD", methods["GET"])
        policy = resource.cors or cors
        if policy is not None:
            methods["OPTIONS"] = Bodiless(door, "preflight", lambda _: policy.preflight(), keeps=NOTHING)
        allowed = tuple(sorted(methods.keys() - {WEBSOCKET}))
        others = Bodiless(
            door, "unknown", lambda request: MethodNotAllowed(request.method, allowed), keeps=NOTHING
        )
        self._added = () if policy is None else policy.added
        self._methods = {name: _with_cors(app, policy) for name, app in methods.items()}
        self._others = _with_cors(others, policy)
        self._no_socket = NoSocket(door.name, door.observe)

    def app(self, scope: Scope) -> ASGIApp:
        if scope["type"] == "websocket":
            return self._methods.get(WEBSOCKET, self._no_socket)
        scope[ADDED] = self._added
        return self._methods.get(scope["method"], self._others)


@dataclass(frozen=True, slots=True)
class _Pattern:
    regex: re.Pattern[str]
    convertors: Mapping[str, Convertor[Any]]
    entry: _Entry

    def params(self, path: str) -> dict[str, Any] | None:
        match = self.regex.fullmatch(path)
        if match is None:
            return None
        try:
            return {
                name: self.convertors[name].convert(value.replace(_SLASH, "/"))
                for name, value in match.groupdict().items()
            }
        except ValueError:
            # An integer of thousands of digits fits the grammar but nothing that is stored.
            return None


class Router:
    """Finds the resource of a path and the app of its method; the first pattern that fits wins.

    GET also answers HEAD. `any_case` matches paths in any case; `slash_optional` takes a path with and
    without its final slash; with `slashes_in_values` an encoded slash is a part of the value in which it stands.
    `cors` also holds for paths that do not exist. Raises `ValueError` when two resources have the same path.
    """

    def __init__(
        self,
        door: Door,
        resources: Sequence[Resource],
        *,
        any_case: bool = False,
        slash_optional: bool = False,
        slashes_in_values: bool = False,
        cors: CorsPolicy | None = None,
    ) -> None:
        self._path_of = _split_path if slashes_in_values else route_path
        self._any_case = any_case
        self._slash_optional = slash_optional
        self._plain: dict[str, _Entry] = {}
        self._patterns: dict[str, _Pattern] = {}
        self._no_socket = NoSocket(door.name, door.observe)
        self._unknown = Bodiless(door, "unknown", lambda _: UnknownRoute(), keeps=NOTHING)
        self._added = () if cors is None else cors.added
        for resource in resources:
            self._add(resource.path, _Entry(door, resource, cors))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request to the operation at its path, with `path_params` in the scope."""
        entry = self._find(scope)
        if entry is not None:
            await entry.app(scope)(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._no_socket(scope, receive, send)
        else:
            scope[ADDED] = self._added
            await self._unknown(scope, receive, send)

    def _add(self, path: str, entry: _Entry) -> None:
        path = self._shortened(path)
        regex, _, convertors = compile_path(path)
        key = path.lower() if self._any_case else path
        if key in self._plain or key in self._patterns:
            raise ValueError(f"two resources at {path}")
        if convertors:
            # A value may hold line feeds, which a dot takes only so.
            flags = re.DOTALL | (re.IGNORECASE if self._any_case else re.NOFLAG)
            pattern = re.compile(regex.pattern, flags)
            self._patterns[key] = _Pattern(pattern, convertors, entry)
        else:
            self._plain[key] = entry

    def _find(self, scope: Scope) -> _Entry | None:
        path = self._shortened(self._path_of(scope))
        if entry := self._plain.get(path.lower() if self._any_case else path):
            return entry
        for pattern in self._patterns.values():
            params = pattern.params(path)
            if params is not None:
                scope["path_params"] = params
                return pattern.entry
        return None

    def _shortened(self, path: str) -> str:
        return (path.removesuffix("/") or "/") if self._slash_optional else path


def _split_path(scope: Scope) -> str:
    """As `route_path`, but split before it is decoded: a slash within a segment is `_SLASH`."""
    raw: bytes = scope["raw_path"].partition(b"?")[0]
    root: str = scope.get("root_path", "")
    own = raw.split(b"/")[1 + root.count("/") :]
    segments = (unquote_to_bytes(segment).decode("utf-8", "replace") for segment in own)
    return "/" + "/".join(each.replace("\0", "\ufffd").replace("/", _SLASH) for each in segments)


def _with_cors(app: ASGIApp, policy: CorsPolicy | None) -> ASGIApp:
    if policy is None or isinstance(app, Operation):
        return app  # an operation's replies have what is added to them from the beginning

    async def answered(scope: Scope, receive: Receive, send: Send) -> None:
        await app(scope, receive, policy.on_replies(send) if scope["type"] == "http" else send)

    return answered
