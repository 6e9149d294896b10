"""Events as signed HTTP posts (`entrepot.gateways.events.signed`): a listener is told under the delivery's own key."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec

from entrepot.gateways.events.port import EventTarget, NotPosted, Posted
from entrepot.loading import loaded

if TYPE_CHECKING:
    from entrepot.gateways.http.client import GuardedClient

_encode = msgspec.json.Encoder().encode


class HttpEventPoster:
    """Posts events, each once: 2xx is success, whatever follows it; redirects are not."""

    def __init__(self, client: GuardedClient | None = None) -> None:
        self._client = client

    async def post(
        self, target: EventTarget, event: Mapping[str, Any], key: str, at: datetime, attempt: int = 1
    ) -> Posted | NotPosted:
        """See `EventPoster.post`."""
        signed, http = libraries()
        client = self._client = self._client or http.GuardedClient()
        to = signed.Receiver(target.url, target.secret, target.allow_private)
        reply = await signed.post_signed(client, to, _encode(dict(event)), key, at, attempt)
        if isinstance(reply, http.NoReply):
            return NotPosted(reply.reason)
        if 200 <= reply.status < 300:
            return Posted(reply.status)
        return NotPosted(f"the listener answered with status {reply.status}", reply.status)


@cache
def libraries():
    """Loaded with the first event, since they take a quarter of the server's start; later ones wait for nothing."""
    return loaded(_import)


def _import():
    from entrepot.gateways.events import signed
    from entrepot.gateways.http import client

    return signed, client
