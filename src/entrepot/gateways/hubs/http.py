"""An order hub over HTTP, in a form of our own.

`POST <url>/orders` with the key in `Idempotency-Key` hands an order over, as JSON in camel case: a 2xx takes it, a 4xx
but 408, 425 and 429 refuses it, and anything else is no answer. `DELETE <url>/orders/<key>` takes it back: a 2xx, 404
or 410 says that there is none, and that this key is closed. The account's key at the hub is in `API-Key`.
"""

from __future__ import annotations

import msgspec

from entrepot.gateways.http.client import GuardedClient, NoReply, Reply
from entrepot.gateways.hubs.port import (
    HandOver,
    HubFailed,
    HubOrder,
    HubRefused,
    TakenOver,
    Withdrawal,
    Withdrawn,
)

LIMIT_SECONDS = 10.0
_GONE = frozenset({404, 410})
_OF_THE_REQUEST = frozenset({408, 425, 429})
"""Statuses that speak of time or of too many requests, and not of the order."""

_encode = msgspec.json.Encoder(decimal_format="number").encode


class HttpOrderHub:
    """Asks one hub, once per call, ten seconds in all."""

    def __init__(
        self, url: str, api_key: str, *, allow_private: bool = False, client: GuardedClient | None = None
    ) -> None:
        self._url = url.rstrip("/")
        self._api_key = api_key
        self._allow_private = allow_private
        self._client = client or GuardedClient(limit_seconds=LIMIT_SECONDS)

    async def hand_over(self, order: HubOrder) -> HandOver:
        """See `OrderHub.hand_over`."""
        headers = {"Content-Type": "application/json", "Idempotency-Key": order.key}
        reply = await self._send("POST", "/orders", headers, _encode(order))
        if isinstance(reply, NoReply):
            return HubFailed(reply.reason, reply.reached)
        if 200 <= reply.status < 300:
            return TakenOver()
        reason = f"the hub answered with status {reply.status}"
        refused = 400 <= reply.status < 500 and reply.status not in _OF_THE_REQUEST
        return HubRefused(reason) if refused else HubFailed(reason)

    async def withdraw(self, key: str) -> Withdrawal:
        """See `OrderHub.withdraw`."""
        reply = await self._send("DELETE", f"/orders/{key}", {}, None)
        if isinstance(reply, NoReply):
            return HubFailed(reply.reason, reply.reached)
        if 200 <= reply.status < 300 or reply.status in _GONE:
            return Withdrawn()
        return HubFailed(f"the hub answered with status {reply.status}")

    async def _send(
        self, method: str, path: str, headers: dict[str, str], content: bytes | None
    ) -> Reply | NoReply:
        return await self._client.send(
            method,
            self._url + path,
            headers={"API-Key": self._api_key, **headers},
            content=content,
            allow_private=self._allow_private,
            status_only=True,
        )
