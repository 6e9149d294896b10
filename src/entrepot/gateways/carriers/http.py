"""A carrier over HTTP, in a form of our own: signed posts, as events are (`entrepot.gateways.events.signed`).

`POST <url>` with `{"action": "announce", …}` tells how a consignment stands, `{"action": "withdraw", "key": …}` that
there is none. `Entrepot-Delivery` is the consignment's key, `Entrepot-Signature` the HMAC under the account's secret.
A 2xx has understood; to withdraw what is not known may be answered with 404 or 410 too.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from entrepot.gateways.carriers.port import Announced, CarrierFailed, Consignment, Withdrawn
from entrepot.gateways.events.signed import Receiver, post_signed
from entrepot.gateways.http.client import GuardedClient, NoReply

LIMIT_SECONDS = 10.0
_GONE = frozenset({404, 410})

T = TypeVar("T")

_encode = msgspec.json.Encoder(decimal_format="number").encode


class HttpCarrier:
    """Tells one carrier, once per call, ten seconds in all."""

    def __init__(
        self, url: str, secret: str, *, allow_private: bool = False, client: GuardedClient | None = None
    ) -> None:
        self._to = Receiver(url, secret.encode(), allow_private)
        self._client = client or GuardedClient(limit_seconds=LIMIT_SECONDS)

    async def announce(self, consignment: Consignment, at: datetime) -> Announced | CarrierFailed:
        """See `Carrier.announce`."""
        told: dict[str, Any] = msgspec.to_builtins(consignment, builtin_types=(datetime,))
        status = await self._post(consignment.key, {"action": "announce", **told}, at)
        return status if isinstance(status, CarrierFailed) else _answer(status, Announced())

    async def withdraw(self, key: str, at: datetime) -> Withdrawn | CarrierFailed:
        """See `Carrier.withdraw`."""
        status = await self._post(key, {"action": "withdraw", "key": key}, at)
        if isinstance(status, CarrierFailed):
            return status
        return Withdrawn() if status in _GONE else _answer(status, Withdrawn())

    async def _post(self, key: str, told: Mapping[str, Any], at: datetime) -> int | CarrierFailed:
        reply = await post_signed(self._client, self._to, _encode(told), key, at)
        return CarrierFailed(reply.reason) if isinstance(reply, NoReply) else reply.status


def _answer(status: int, understood: T) -> T | CarrierFailed:
    if 200 <= status < 300:
        return understood
    return CarrierFailed(f"the carrier answered with status {status}")
