"""What one client of a door sends: a token first, then requests of one kind, whose numbers it is given."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterable
from typing import Any, ClassVar

import msgspec

KNOWN = 50
"""So many orders are there that requests read."""


class Caller:
    """A client in one workspace, with so many SKUs to sell; `kind` is what it asks for.

    `token` is set once it is known; without a `token_path` there is none.
    """

    kinds: ClassVar[tuple[str, ...]]
    token_path: ClassVar[str]
    good: ClassVar[frozenset[bytes]] = frozenset({b"200", b"201", b"202"})

    def __init__(self, host: str, workspace: str, variants: int, kind: str) -> None:
        if kind not in self.kinds:
            raise ValueError(f"no such kind: {kind}")
        self._host = host
        self._workspace = workspace
        self._variants = variants
        self._kind = kind
        self._run = f"R{time.time_ns():x}N"
        self.token = ""

    def pair(self) -> str:
        """Its credentials, `id:secret`."""
        raise NotImplementedError

    def first(self) -> Iterable[bytes]:
        """What must have been asked before."""
        return ()

    def learn(self, body: bytes) -> None:
        """Look at the reply to what was asked before."""

    def request(self, number: int) -> bytes:
        """The request of this number, from 1."""
        raise NotImplementedError

    def token_request(self) -> bytes:
        """The request for an access token."""
        basic = base64.b64encode(self.pair().encode()).decode()
        form = b"grant_type=client_credentials"
        who, kind = f"Authorization: Basic {basic}", "application/x-www-form-urlencoded"
        return self._message(self.token_path, who, kind, form)

    def _post(self, path: str, who: str, body: dict[str, Any]) -> bytes:
        return self._message(path, who, "application/json", msgspec.json.encode(body))

    def _get(self, path: str, who: str) -> bytes:
        return f"GET {path} HTTP/1.1\r\nHost: {self._host}\r\n{who}\r\n\r\n".encode()

    def _message(self, path: str, who: str, media_type: str, body: bytes) -> bytes:
        head = (
            f"POST {path} HTTP/1.1\r\nHost: {self._host}\r\n{who}\r\n"
            f"Content-Type: {media_type}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body
