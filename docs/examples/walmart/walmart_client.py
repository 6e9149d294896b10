"""A client of Walmart's Multichannel Solutions API: orders, promises, returns."""

import time
from collections.abc import Callable
from typing import Any

import httpx

ORDERS = "/v3/fulfillment/orders-fulfillments"
HEADER = {"headerAttributes": {"buId": "0", "martId": "202"}}


class WalmartError(Exception):
    """The API refused; `code` is that of its first error."""

    def __init__(self, status: int, code: str, text: str) -> None:
        self.status = status
        self.code = code
        super().__init__(f"{status} {code}: {text}")


class Walmart:
    """A seller. Gets a token when it needs one, and another when that has expired."""

    def __init__(
        self,
        url: str,
        credentials: str,
        storefront: str,
        *,
        tries: int = 3,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        client, _, secret = credentials.partition(":")
        self._http = httpx.Client(base_url=url, timeout=30)
        self._basic = httpx.BasicAuth(client, secret)
        self._storefront = storefront
        self._tries = tries
        self._sleep = sleep
        self._token = ""

    def order(self, number: str, sku: str, quantity: int, ship_to: dict[str, Any]) -> None:
        """Have an order taken, once: where an answer is lost, the next try finds its number taken by itself."""
        line = {
            "sellerLineId": "1",
            "shippingMethod": "STANDARD",
            "itemDetail": {"sku": sku},
            "qty": {"unitOfMeasure": "EACH", "measurementValue": quantity},
            "shippingTo": ship_to,
        }
        payload = {
            "orderChannelId": self._storefront,
            "customerOrderNo": number,
            "customer": {"contact": ship_to["contact"]},
            "orderItems": [line],
        }
        try:
            self._send("POST", ORDERS, json={"header": HEADER, "payload": payload})
        except WalmartError as error:
            if error.code != "INVALID_MCS_REQUEST" or not self._has(number, sku, quantity):
                raise

    def status(self, number: str) -> dict[str, Any]:
        """How far an order is."""
        query = {"orderNumber": number, "orderChannelId": self._storefront}
        return self._send("GET", f"{ORDERS}/status", params=query, headers={"WM_SANDBOX": "v2"})["payload"]

    def cancel(self, number: str, quantity: int) -> None:
        """Cancel units of an order's only line."""
        line = {"sellerLineId": "1", "qty": {"unitOfMeasure": "EACH", "measurementValue": quantity}}
        payload = {"customerOrderNo": number, "orderItems": [line]}
        self._send("POST", f"{ORDERS}/cancel", json={"header": HEADER, "payload": payload})

    def take_back(self, number: str, sku: str, quantity: int) -> str:
        """Announce a return; its number."""
        item = {
            "returnReason": "DAMAGED",
            "itemDetail": {"sku": sku},
            "qty": {"unitOfMeasure": "EACH", "measurementValue": quantity},
        }
        body = {"payload": {"sellerOrderId": number, "orderItems": [item]}}
        path = f"{ORDERS}/return-orders"
        return self._send("POST", path, json=body, headers={"martId": "202"})["payload"]["returnOrderId"]

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def _has(self, number: str, sku: str, quantity: int) -> bool:
        """Whether this very order was taken before."""
        try:
            found = self.status(number)
        except WalmartError:
            return False
        lines = [(each["sku"], each["qty"]["measurementValue"]) for each in found["orderItems"]]
        return lines == [(sku, quantity)]

    def _send(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        given = request.pop("headers", {})
        for left in reversed(range(self._tries)):
            try:
                reply = self._http.request(method, path, headers=given | self._authorised(), **request)
            except httpx.TransportError:
                if not left:
                    raise
                continue
            if left and reply.status_code == 401:
                self._token = ""
            elif left and reply.status_code in (429, 503):
                self._sleep(float(reply.headers["Retry-After"]))
            else:
                return _checked(reply)
        raise AssertionError

    def _authorised(self) -> dict[str, str]:
        if not self._token:
            form = {"grant_type": "client_credentials"}
            reply = self._http.post(
                "/v3/token", data=form, auth=self._basic, headers={"Accept": "application/json"}
            )
            self._token = _checked(reply)["access_token"]
        return {"WM_SEC.ACCESS_TOKEN": self._token}


def _checked(reply: httpx.Response) -> dict[str, Any]:
    body = reply.json()
    errors = body.get("errors") or body.get("error") or []
    if reply.is_error or errors:
        raise WalmartError(reply.status_code, errors[0]["code"], str(errors[0].get("description")))
    return body
