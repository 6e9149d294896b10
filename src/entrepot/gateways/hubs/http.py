"""An order hub over HTTP, in a form of our own: a service by keys (`entrepot.gateways.http.keyed`).

`POST <url>/orders` hands an order over, as JSON in camel case; `DELETE <url>/orders/<key>` takes it back.
"""

from __future__ import annotations

import msgspec

from entrepot.gateways.http.client import GuardedClient, NoReply
from entrepot.gateways.http.keyed import LIMIT_SECONDS, KeyedService, No
from entrepot.gateways.hubs.port import (
    HandOver,
    HubFailed,
    HubOrder,
    HubRefused,
    TakenOver,
    Withdrawal,
    Withdrawn,
)

_encode = msgspec.json.Encoder(decimal_format="number").encode


class HttpOrderHub:
    """Asks one hub, once per call, ten seconds in all."""

    def __init__(
        self, url: str, api_key: str, *, allow_private: bool = False, client: GuardedClient | None = None
    ) -> None:
        client = client or GuardedClient(limit_seconds=LIMIT_SECONDS)
        self._service = KeyedService("the hub", url, "/orders", api_key, client, allow_private=allow_private)

    async def hand_over(self, order: HubOrder) -> HandOver:
        """See `OrderHub.hand_over`."""
        answer = await self._service.make(order.key, _encode(order), status_only=True)
        if isinstance(answer, NoReply):
            return HubFailed(answer.reason, answer.reached)
        return HubRefused(answer.reason) if isinstance(answer, No) else TakenOver()

    async def withdraw(self, key: str) -> Withdrawal:
        """See `OrderHub.withdraw`."""
        failed = await self._service.take_back(key)
        return Withdrawn() if failed is None else HubFailed(failed.reason, failed.reached)
