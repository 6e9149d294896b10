"""Events as signed HTTP posts.

Each has two headers of ours: `Entrepot-Delivery`, the same for every repeat of one event, and `Entrepot-Signature`,
`t=<Unix seconds>,v1=<hex>`, where `v1` is the HMAC-SHA256 of `<Unix seconds>.<body>` under the listener's secret.
A listener that checks both and the age of `t` can neither be deceived nor be told the same thing again.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from entrepot.gateways.events.port import EventTarget, NotPosted, Posted

if TYPE_CHECKING:
    from entrepot.gateways.http.client import GuardedClient

DELIVERY_HEADER = "Entrepot-Delivery"
SIGNATURE_HEADER = "Entrepot-Signature"

_encode = msgspec.json.Encoder().encode


class HttpEventPoster:
    """Posts events, each once: 2xx is success, whatever follows it; redirects are not."""

    def __init__(self, client: GuardedClient | None = None) -> None:
        self._client = client

    async def post(
        self, target: EventTarget, event: Mapping[str, Any], key: str, at: datetime
    ) -> Posted | NotPosted:
        """See `EventPoster.post`."""
        # Loaded with the first event: its library takes a quarter of the server's start.
        from entrepot.gateways.http.client import GuardedClient, NoReply

        client = self._client = self._client or GuardedClient()
        body = _encode(dict(event))
        reply = await client.send(
            "POST",
            target.url,
            headers={
                "Content-Type": "application/json",
                DELIVERY_HEADER: key,
                SIGNATURE_HEADER: signature(target.secret, body, at),
            },
            content=body,
            allow_private=target.allow_private,
            status_only=True,
        )
        if isinstance(reply, NoReply):
            return NotPosted(reply.reason)
        if 200 <= reply.status < 300:
            return Posted(reply.status)
        return NotPosted(f"the listener answered with status {reply.status}", reply.status)


def signature(secret: bytes, body: bytes, at: datetime) -> str:
    """The value of the signature's header."""
    seconds = int(at.timestamp())
    digest = hmac.new(secret, b"%d.%b" % (seconds, body), "sha256").hexdigest()
    return f"t={seconds},v1={digest}"
