"""Retailers who register what they sold, with return label and order hub or without, or read an order by its id."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from bench.callers import KNOWN, Caller
from bench.world import SECRET

WORKSPACE = "returns"
ASKING, ALONE = "asking", "alone"
"""The accounts: one whose orders need a label and the hub's yes, and one whose orders need nobody."""
CREATE, ERRANDS, GET = KINDS = ("create", "errands", "get")
"""Sales orders alone, sales orders with label and hub, and one by its id."""
_ORDERS = "/rebound/sales-orders"
_ADDRESS = {
    "firstName": "Ann",
    "lastName": "Lee",
    "addressLine1": "1 Front Street",
    "city": "Toronto",
    "postalCode": "M5J 2N1",
    "countryCode": "CA",
}
_ITEM = {"clientItemId": "1", "sku": "SHIRT", "quantity": 1, "price": 25, "currency": "CAD"}


def workspace() -> dict[str, object]:
    """The world of the retailers."""
    flows = {"": {"parcel_types": {"CA": ["STANDARD"]}, "parcel_type": "STANDARD"}}
    label = {"": {**flows[""], "label": True}}
    plain = {"stock": "record", "currency": "CAD"}
    asking = {
        **plain,
        "labels": {"gateway": "simulated"},
        "hub": {"gateway": "simulated", "client": ASKING},
        "door": {"flows": label},
    }
    return {
        "channels": {
            ASKING: _account(ASKING, asking),
            ALONE: _account(ALONE, {**plain, "door": {"flows": flows}}),
        },
        "hub": {"clients": {ASKING: 10**9}},
    }


def _account(name: str, settings: Mapping[str, object]) -> dict[str, object]:
    return {"door": "rebound", "keys": {"client": f"{WORKSPACE}-{name}:{SECRET}"}, "settings": settings}


class Retailer(Caller):
    """The retailer at the ReBound door."""

    kinds = KINDS
    token_path = "/rebound/oauth/token"

    def __init__(self, host: str, workspace: str, variants: int, kind: str) -> None:
        super().__init__(host, workspace, variants, kind)
        self._known: list[str] = []

    def pair(self) -> str:
        """See `Caller.pair`."""
        return f"{self._workspace}-{ASKING if self._kind == ERRANDS else ALONE}:{SECRET}"

    def first(self) -> Iterable[bytes]:
        """The orders that are read."""
        return map(self._order, range(KNOWN if self._kind == GET else 0))

    def learn(self, body: bytes) -> None:
        """Keep the id of an order."""
        self._known.append(msgspec.json.decode(body)["salesOrderId"])

    def request(self, number: int) -> bytes:
        """See `Caller.request`."""
        if self._kind == GET:
            return self._get(f"{_ORDERS}/{self._known[number % KNOWN]}", self._who())
        return self._order(number)

    def _order(self, number: int) -> bytes:
        order = {"clientOrderId": f"{self._run}{number}", "customerAddress": _ADDRESS, "salesItems": [_ITEM]}
        return self._post(_ORDERS, self._who(), order)

    def _who(self) -> str:
        return f"Authorization: Bearer {self.token}"
