"""A client of ReBound's Order API v2: what was sold is registered, and what comes back is followed."""

import time
from collections.abc import Callable
from typing import Any

import httpx

TAKEN = "a sales order with the provided clientOrderId already exists"


class ReboundError(Exception):
    """The API refused."""

    def __init__(self, status: int, code: str, text: str) -> None:
        self.status = status
        self.code = code
        super().__init__(f"{status} {code}: {text}")


class Rebound:
    """A retailer. Gets a token when it needs one, and another when that has expired."""

    def __init__(
        self,
        url: str,
        credentials: str,
        *,
        tries: int = 3,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        client, _, secret = credentials.partition(":")
        self._http = httpx.Client(base_url=url, timeout=30)
        self._basic = httpx.BasicAuth(client, secret)
        self._tries = tries
        self._sleep = sleep
        self._token = ""

    def register(self, order: dict[str, Any], flow: str | None = None) -> dict[str, Any]:
        """Register what was sold, once: an order whose answer was lost is found by its name."""
        query = {} if flow is None else {"flowKey": flow}
        try:
            return self._send("POST", "/sales-orders", json=order, params=query)
        except ReboundError as error:
            if TAKEN not in str(error):
                raise
            return self.find(order["clientOrderId"])[0]

    def find(self, name: str) -> list[dict[str, Any]]:
        """The orders of our own name, the newest first."""
        return self._send("GET", "/sales-orders", params={"clientOrderId": name})

    def get(self, order: str) -> dict[str, Any]:
        """One order."""
        return self._send("GET", f"/sales-orders/{order}")

    def returns(self, name: str) -> list[dict[str, Any]]:
        """What comes back of the orders of our own name."""
        return self._send("GET", "/return-orders", params={"clientOrderId": name})

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def _send(self, method: str, path: str, **request: Any) -> Any:
        for left in reversed(range(self._tries)):
            try:
                reply = self._http.request(method, path, headers=self._authorised(), **request)
            except httpx.TransportError:
                if not left:
                    raise
                continue
            if left and reply.status_code == 401:
                self._token = ""
            elif left and reply.status_code == 503:
                self._sleep(float(reply.headers["Retry-After"]))
            else:
                return _checked(reply)
        raise AssertionError

    def _authorised(self) -> dict[str, str]:
        if not self._token:
            form = {"grant_type": "client_credentials"}
            self._token = _checked(self._http.post("/oauth/token", data=form, auth=self._basic))[
                "access_token"
            ]
        return {"Authorization": f"Bearer {self._token}"}


def _checked(reply: httpx.Response) -> Any:
    body = reply.json()
    if reply.is_error:
        raise ReboundError(reply.status_code, body.get("errorCode", ""), body.get("message", ""))
    return body
