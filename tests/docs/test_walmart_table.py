"""Every line of the page about Walmart's answers is sent to the demo world, and gets the answer that it promises."""

from __future__ import annotations

import json
from itertools import count
from typing import Any

import httpx
import pytest

from tests.conformance.harness.world import REMOVED, edited
from tests.docs.pages import DOCS
from tests.docs.reached import assert_kept, left_over
from tests.docs.tables import Row, Walker, missing, rows
from tests.support.server import Server

ORDERS = "/walmart/v3/fulfillment/orders-fulfillments"
ITEMS = "/walmart/v3/fulfillment/mcs/item"
STOREFRONT = "b4b7de78-78ab-479f-a034-89f9f3324406"
PAGE = DOCS / "how-to" / "test-a-walmart-client.md"
LINES = rows(PAGE.name)
_NUMBERS = count(1)


class Client(Walker):
    """A seller's client at the demo, with an order number of its own for each line."""

    def __init__(self, url: str) -> None:
        super().__init__(url, "/walmart/v3/token", "mcs")
        self._number = f"SO{next(_NUMBERS)}"
        self._order, self._return = "", "330000000000000001"

    def _work(self, step: str) -> None:
        """What the warehouse does."""
        path = f"/sandbox/orders/{self._order}/deliver"
        if step == "advance":
            path = f"/sandbox/returns/{int(self._return.removeprefix('33'))}/advance"
        body = {"to": "in_transit"} if step == "advance" else {}
        self.http.post(f"{path}?workspace=north", json=body).raise_for_status()

    def send(self, step: str, changes: dict[str, Any]) -> httpx.Response | None:
        """Call an operation, or let the warehouse work."""
        if step in ("deliver", "advance"):
            return self._work(step)
        headers = {"WM_SEC.ACCESS_TOKEN": self.token()}
        if step in ("return", "returns"):
            headers |= {"martId": "202"}
        if "martId" in changes:
            mart = changes.pop("martId")
            headers = {name: value for name, value in headers.items() if name != "martId"}
            headers |= {} if mart is REMOVED else {"martId": mart}
        if step in ("status", "returns", "cancel-return"):
            return self._look(step, changes, headers)
        return self._post(step, changes, headers)

    def _look(self, step: str, changes: dict[str, Any], headers: dict[str, str]) -> httpx.Response:
        if step == "cancel-return":
            number = changes.get("returnOrderId", self._return)
            return self.http.post(f"{ORDERS}/return-orders/{number}/cancel", headers=headers)
        query = {"sellerOrderId": self._number}
        if step == "status":
            query = {"orderNumber": self._number, "orderChannelId": STOREFRONT}
            headers["WM_SANDBOX"] = "v2"
        told = {name: value for name, value in (query | changes).items() if value is not REMOVED}
        path = "status" if step == "status" else "return-orders"
        return self.http.get(f"{ORDERS}/{path}", params=told, headers=headers)

    def _post(self, step: str, changes: dict[str, Any], headers: dict[str, str]) -> httpx.Response:
        name, path, number = {
            "create": ("order", ORDERS, "customerOrderNo"),
            "cancel": ("cancel", f"{ORDERS}/cancel", "customerOrderNo"),
            "promise": ("promise", f"{ORDERS}/fetchOrderPromiseOptions", None),
            "return": ("return", f"{ORDERS}/return-orders", "sellerOrderId"),
            "channels": ("channel", f"{ORDERS}/channel-details", None),
            "item": ("item", ITEMS, None),
        }[step]
        body = json.loads((DOCS / "examples" / "mcs" / f"{name}.json").read_text("utf-8"))
        if number:
            body["payload"][number] = self._number
        for place, value in changes.items():
            if place == "offerSelections.0.offers.1":
                body["payload"]["offerSelections"][0]["offers"].append(value)
            else:
                body["payload"] = edited(body["payload"], {place.replace(".", "/"): value})
        reply = self.http.post(path, json=body, headers=headers)
        if reply.status_code == 200:
            self._learn(step, reply.json()["payload"])
        return reply

    def _learn(self, step: str, payload: dict[str, Any]) -> None:
        if step == "create":
            self._order = payload["requestId"]
        if step == "return":
            self._return = payload["returnOrderId"]


@pytest.mark.parametrize("row", LINES, ids=str)
def test_a_line_gets_its_answer(row: Row, demo: Server) -> None:
    client = Client(demo.url)
    with client.http:
        client.token()
        last = [client.take(step) for step in row.steps][-1]
    assert last is not None
    body = last.json()
    code = body["errors"][0]["code"] if body.get("errors") else body["status"]
    assert (last.status_code, code) == (row.status, row.code), last.text
    assert_kept("walmart", PAGE, row.steps, last)


def test_each_documented_answer_has_a_line() -> None:
    assert missing("walmart", LINES) == set()


def test_no_way_to_a_failure_is_kept_that_the_page_does_not_show() -> None:
    assert left_over("walmart", PAGE, [row.steps for row in LINES]) == []
