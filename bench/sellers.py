"""Sellers of a marketplace: tokens, promises of five SKUs, orders of one line, or an order's status by its number."""

from __future__ import annotations

import random
from collections.abc import Iterable

from bench.callers import KNOWN, Caller
from bench.world import CHANNEL, SECRET, STOREFRONT
from entrepot.domain.channels.storefronts import storefront_uuid

CREATE, PROMISE, STATUS, TOKEN = KINDS = ("create", "promise", "status", "token")
_ORDERS = "/walmart/v3/fulfillment/orders-fulfillments"
_CONTACT = {"name": {"firstName": "Ann", "lastName": "Lee"}, "phone": "4155550100"}
_ADDRESS = {"line1": "1 Front St", "city": "Reno", "state": "NV", "country": "USA", "zip": "89501"}
_ONE = {"unitOfMeasure": "EACH", "measurementValue": 1}


class Seller(Caller):
    """The seller at the Walmart door."""

    kinds = KINDS
    token_path = "/walmart/v3/token"

    def __init__(self, host: str, workspace: str, variants: int, kind: str) -> None:
        super().__init__(host, workspace, variants, kind)
        self._front = str(storefront_uuid(workspace, STOREFRONT))

    def pair(self) -> str:
        """See `Caller.pair`."""
        return f"{self._workspace}-{CHANNEL}:{SECRET}"

    def first(self) -> Iterable[bytes]:
        """The orders whose status is asked for."""
        return map(self._order, range(KNOWN if self._kind == STATUS else 0))

    def request(self, number: int) -> bytes:
        """See `Caller.request`."""
        match self._kind:
            case "create":
                return self._order(KNOWN + number)
            case "promise":
                return self._promise()
            case "status":
                return self._status(number)
            case _:
                return self.token_request()

    def _order(self, number: int) -> bytes:
        line = {
            "sellerLineId": "1",
            "itemDetail": {"sku": self._sku()},
            "qty": _ONE,
            "shippingTo": {"contact": _CONTACT, "address": _ADDRESS},
        }
        order = {
            "orderChannelId": self._front,
            "customerOrderNo": f"{self._run}{number}",
            "customer": {"contact": _CONTACT},
            "orderItems": [line],
        }
        return self._post(_ORDERS, self._who(), {"payload": order})

    def _promise(self) -> bytes:
        offers = [
            {"sku": self._sku(), "lineId": str(line), "salesUnit": "EACH", "requestedQuantity": _ONE}
            for line in range(5)
        ]
        to = {"fulfillmentType": "S2H", "address": _ADDRESS}
        payload = {"offerSelections": [{"offers": offers}], "destinations": [to]}
        return self._post(f"{_ORDERS}/fetchOrderPromiseOptions", self._who(), {"payload": payload})

    def _status(self, number: int) -> bytes:
        named = f"orderNumber={self._run}{number % KNOWN}&orderChannelId={self._front}"
        return self._get(f"{_ORDERS}/status?{named}", f"{self._who()}\r\nWM_SANDBOX: v2")

    def _who(self) -> str:
        return f"WM_SEC.ACCESS_TOKEN: {self.token}"

    def _sku(self) -> str:
        return f"product-{random.randint(1, self._variants)}"
