"""A service that makes something under a key of ours, and takes it back under the same key, whatever it is.

`POST <url><path>` with the key in `Idempotency-Key` and JSON in the body asks for it: a 2xx is a yes, a 4xx but 408,
425 and 429 a no, and anything else no answer. `DELETE <url><path>/<key>` takes it back: a 2xx, 404 or 410 says that
there is none, and that this key is closed. The account's key at the service is in `API-Key`.
"""

from __future__ import annotations

from typing import Final

import msgspec

from entrepot.gateways.http.client import GuardedClient, NoReply, Reply

LIMIT_SECONDS: Final = 10.0
OF_THE_REQUEST: Final = frozenset({408, 425, 429})
"""Statuses that speak of time or of too many requests, and not of what was asked for."""
_GONE: Final = frozenset({404, 410})


class No(msgspec.Struct, frozen=True):
    """The service says no, and has nothing under the key. `reason` is for operators."""

    reason: str


class KeyedService:
    """Asks one service, once per call. `what` is what reasons call it, `path` where it is asked."""

    def __init__(
        self, what: str, url: str, path: str, api_key: str, client: GuardedClient, *, allow_private: bool
    ) -> None:
        self._what = what
        self._url = url.rstrip("/") + path
        self._api_key = api_key
        self._client = client
        self._allow_private = allow_private

    async def make(self, key: str, body: bytes, *, status_only: bool) -> Reply | No | NoReply:
        """Ask for what the body describes; a `Reply` is a yes."""
        headers = {"Content-Type": "application/json", "Idempotency-Key": key}
        reply = await self._send("POST", self._url, headers, body, status_only=status_only)
        if isinstance(reply, NoReply) or 200 <= reply.status < 300:
            return reply
        said_no = 400 <= reply.status < 500 and reply.status not in OF_THE_REQUEST
        return No(self._said(reply)) if said_no else NoReply(self._said(reply))

    async def take_back(self, key: str) -> NoReply | None:
        """Take back what there is under the key; None where nothing is left of it."""
        reply = await self._send("DELETE", f"{self._url}/{key}", {}, None, status_only=True)
        if isinstance(reply, NoReply):
            return reply
        gone = 200 <= reply.status < 300 or reply.status in _GONE
        return None if gone else NoReply(self._said(reply))

    def _said(self, reply: Reply) -> str:
        return f"{self._what} answered with status {reply.status}"

    async def _send(
        self, method: str, url: str, headers: dict[str, str], content: bytes | None, *, status_only: bool
    ) -> Reply | NoReply:
        return await self._client.send(
            method,
            url,
            headers={"API-Key": self._api_key, **headers},
            content=content,
            allow_private=self._allow_private,
            status_only=status_only,
        )
