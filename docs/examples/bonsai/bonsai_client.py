"""A client of the Bonsai API: it places each order once, whatever becomes of the line."""

import base64
import time
from collections.abc import Callable
from typing import Any

import httpx


class BonsaiError(Exception):
    """The API refused; `codes` are those of its errors."""

    def __init__(self, status: int, codes: list[str]) -> None:
        self.status = status
        self.codes = codes
        super().__init__(f"{status}: {', '.join(codes)}")


class Bonsai:
    """An account at Bonsai. `sleep` is what it does between two tries."""

    def __init__(
        self,
        url: str,
        key: str,
        private_key: str = "",
        *,
        tries: int = 3,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        basic = base64.b64encode(private_key.encode()).decode()
        self._http = httpx.Client(base_url=url, timeout=30)
        self._shop = {"API-Key": key}
        self._private = {"Authorization": f"Basic {basic}"}
        self._tries = tries
        self._sleep = sleep
        self.last_request_id = ""

    def products(self, *ids: str, currency: str = "USD") -> list[dict[str, Any]]:
        """Products with their prices and what is left of them."""
        query = {"ids": ",".join(ids), "currency": currency}
        return self._patiently("GET", "/products/", params=query, headers=self._shop)["data"]

    def place(self, order: dict[str, Any]) -> str:
        """Place an order that has an `external_order_id`; its public id. Sent again, it is the same order."""
        name = order["external_order_id"]
        try:
            placed = self._patiently("POST", "/orders/V1/submit", json=order, headers=self._shop)
        except BonsaiError as error:
            # An earlier try came through and only its answer was lost.
            if error.codes != ["DUPLICATE_EXTERNAL_ORDER"]:
                raise
            return self.find(name)["id"]
        return placed["data"]["public_id"]

    def record(self, order: dict[str, Any]) -> str:
        """Record an order that is paid later."""
        return self._patiently("POST", "/orders/v2/submit", json=order, headers=self._shop)["data"]["id"]

    def pay(self, order: str, payment: dict[str, Any]) -> dict[str, Any]:
        """Pay one that was recorded."""
        path = f"/orders/v2/{order}/payment"
        return self._patiently("POST", path, json=payment, headers=self._shop)["data"]

    def find(self, name: str) -> dict[str, Any]:
        """How far an order is, by our own name for it."""
        path = f"/orders/v2/external-order-id/{name}"
        return self._patiently("GET", path, headers=self._private)["data"]

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def _patiently(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        for left in reversed(range(self._tries)):
            try:
                reply = self._http.request(method, path, **request)
            except httpx.TransportError:
                if not left:
                    raise
                continue
            self.last_request_id = reply.headers["X-Request-Id"]
            if reply.status_code == 503 and left:
                self._sleep(float(reply.headers["Retry-After"]))
                continue
            if reply.is_error:
                raise BonsaiError(reply.status_code, [each["code"] for each in reply.json()["errors"]])
            return reply.json()
        raise AssertionError
