"""A client of DataMingle's partner API: orders, and how much there is of what."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx

BASE = "/api/integrations/v1"


class DataMingleError(Exception):
    """The API refused; `code` is empty where it says no more than a sentence."""

    def __init__(self, status: int, code: str, text: str, details: list[dict[str, str]]) -> None:
        self.status = status
        self.code = code
        self.text = text
        self.fields = [each["field"] for each in details]
        super().__init__(f"{status} {code}: {text}")


class DataMingle:
    """A partner. `sleep` is what it does until it may ask again."""

    def __init__(
        self, url: str, key: str, *, tries: int = 3, sleep: Callable[[float], object] = time.sleep
    ) -> None:
        self._http = httpx.Client(base_url=url + BASE, headers={"X-API-Key": key}, timeout=30)
        self._tries = tries
        self._sleep = sleep

    def take(self, order: dict[str, Any]) -> dict[str, Any]:
        """Send an order, once: where an answer is lost, the next try finds that its number is there."""
        number, tried = order["order_number"], self._tries
        for left in reversed(range(tried)):
            try:
                return self._send("POST", "/orders/", json=order)["data"]
            except httpx.TransportError:
                if not left:
                    raise
            except DataMingleError as error:
                if left == tried - 1 or error.fields != ["order_number"]:
                    raise
                return self.order(number)
        raise AssertionError

    def order(self, number: str) -> dict[str, Any]:
        """One order."""
        return self._send("GET", f"/orders/{number}/")["data"]

    def orders(self, page: int = 50) -> Iterator[dict[str, Any]]:
        """All orders, the newest first, page by page."""
        cursor: str | None = None
        while True:
            query = {"limit": page} | ({"cursor": cursor} if cursor else {})
            answer = self._send("GET", "/orders/", params=query)
            yield from answer["data"]
            cursor = answer["pagination"]["next_cursor"]
            if cursor is None:
                return

    def cancel(self, number: str, reason: str) -> None:
        """Cancel an order that has not been shipped."""
        self._send("DELETE", f"/orders/{number}/", json={"reason": reason})

    def add_location(self, code: str) -> dict[str, Any]:
        """A place that keeps stock."""
        return self._send("POST", "/locations/", json={"code": code})["data"]

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def _send(self, method: str, path: str, **request: Any) -> Any:
        for left in reversed(range(self._tries)):
            reply = self._http.request(method, path, **request)
            if reply.status_code not in (429, 503) or not left:
                return _checked(reply)
            self._sleep(float(reply.headers["Retry-After"]))
        raise AssertionError


def _checked(reply: httpx.Response) -> Any:
    if reply.is_success:
        return reply.json() if reply.content else None
    body = reply.json()
    error = body.get("error") or {"code": "", "message": body.get("detail", "")}
    raise DataMingleError(reply.status_code, error["code"], error["message"], error.get("details", []))
