"""Partners at the DataMingle door: orders of one line in the API's words, or in words of their own."""

from __future__ import annotations

import random
from typing import Any

from bench.callers import Caller

CREATE, MAPPED = KINDS = ("create", "mapped")
_ORDERS = "/datamingle/api/integrations/v1/orders/"
_KEYS = {kind: f"sk_live_{kind}{'0' * (40 - len(kind))}" for kind in KINDS}
_LINES = [{"source": "InventoryID", "target": "sku_code"}, {"source": "Qty", "target": "quantity"}]
_MAPPING = {
    "field_map": [
        {"source": "Header.OrderNbr", "target": "order_number"},
        {"source": "Header.CustomerRef", "target": "external_order_id"},
        {"source": "Header.Customer", "target": "customer_name"},
        {"source": "Header.Note", "target": "notes"},
    ],
    "nested_mappings": [{"source": "Details", "target": "items", "field_map": _LINES}],
    "static_values": {"metadata.source": "bench"},
}


def accounts() -> dict[str, Any]:
    """The partners' accounts, one for each kind."""
    settings = {"stock": "backorder", "door": {"partner": {"default_identifier_field": "order_number"}}}
    plain = {
        kind: {"door": "datamingle", "keys": {"main": _KEYS[kind]}, "settings": settings} for kind in KINDS
    }
    return {**plain, MAPPED: {**plain[MAPPED], "mappings": {"orders": _MAPPING}}}


class Partner(Caller):
    """A partner at the DataMingle door, whose key needs no token."""

    kinds = KINDS
    token_path = ""

    def request(self, number: int) -> bytes:
        """See `Caller.request`."""
        sku, name = f"product-{random.randint(1, self._variants)}", f"{self._run}{number}"
        order = _mapped(name, sku) if self._kind == MAPPED else _plain(name, sku)
        return self._post(_ORDERS, f"X-API-Key: {_KEYS[self._kind]}", order)


def _plain(name: str, sku: str) -> dict[str, Any]:
    items = [{"sku_code": sku, "quantity": 1}]
    called = {"customer_name": "Ann Lee", "notes": "Ring twice"}
    return {"order_number": name, "external_order_id": f"E-{name}", **called, "items": items}


def _mapped(name: str, sku: str) -> dict[str, Any]:
    header = {"OrderNbr": name, "CustomerRef": f"E-{name}", "Customer": "Ann Lee", "Note": "Ring twice"}
    return {"Header": header, "Details": [{"InventoryID": sku, "Qty": 1}]}
