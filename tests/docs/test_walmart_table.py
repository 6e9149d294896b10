"""Every line of the page about Walmart's answers is sent to the demo world, and gets the answer that it promises."""

from __future__ import annotations

import base64
import json
import re
from itertools import count
from typing import Any, NamedTuple

import httpx
import pytest

from tests.conformance.harness.rows import ROWS
from tests.conformance.harness.world import REMOVED, edited
from tests.docs.pages import DOCS
from tests.support.server import Server

PAGE = DOCS / "how-to" / "test-a-walmart-client.md"
ORDERS = "/walmart/v3/fulfillment/orders-fulfillments"
ITEMS = "/walmart/v3/fulfillment/mcs/item"
STOREFRONT = "b4b7de78-78ab-479f-a034-89f9f3324406"
_ROW = re.compile(r"^\| `([\w.]+)` \| (\d{3}) \| (.+?) \| .*\|$", re.MULTILINE)
_STEP = re.compile(r"`([^`]+)`")
_NUMBERS = count(1)


class Row(NamedTuple):
    """A line: the code and the status of what the last of the steps gets."""

    code: str
    status: int
    steps: tuple[str, ...]


LINES = [
    Row(code, int(status), tuple(_STEP.findall(steps)))
    for code, status, steps in _ROW.findall(PAGE.read_text("utf-8"))
]


class Client:
    """A seller's client at the demo, with an order number of its own for each line."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url, trust_env=False, timeout=60)
        self._number = f"SO{next(_NUMBERS)}"
        self._client, self._tokens = "mcs", dict[str, str]()
        self._changes: dict[str, Any] = {}
        self._order, self._return = "", "330000000000000001"

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def take(self, step: str) -> httpx.Response | None:
        """Make one step; the reply, if it is a call of the API."""
        if step.startswith("fault "):
            self._http.post("/sandbox/faults", content=step.partition(" ")[2]).raise_for_status()
        elif step in ("deliver", "advance"):
            self._work(step)
        elif " = " in step:
            place, _, value = step.partition(" = ")
            if place == "client":
                self._client = value
            else:
                self._changes[place] = REMOVED if value == "absent" else json.loads(value)
        else:
            return self._send(step)
        return None

    def token(self) -> str:
        """The seller's token."""
        if self._client not in self._tokens:
            pair = f"demo-{self._client}:demo-{self._client}-secret".encode()
            basic = {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
            form = {"grant_type": "client_credentials"}
            reply = self._http.post("/walmart/v3/token", data=form, headers=basic).raise_for_status()
            self._tokens[self._client] = reply.json()["access_token"]
        return self._tokens[self._client]

    def _work(self, step: str) -> None:
        """What the warehouse does."""
        path = f"/sandbox/orders/{self._order}/deliver"
        if step == "advance":
            path = f"/sandbox/returns/{int(self._return.removeprefix('33'))}/advance"
        body = {"to": "in_transit"} if step == "advance" else {}
        self._http.post(f"{path}?workspace=north", json=body).raise_for_status()

    def _send(self, step: str) -> httpx.Response:
        changes, self._changes = self._changes, {}
        headers = {"WM_SEC.ACCESS_TOKEN": self.token()}
        if step in ("return", "returns"):
            headers |= {"martId": "202"}
        for name in ("martId",):
            if name in changes:
                headers = {key: value for key, value in headers.items() if key != name}
                value = changes.pop(name)
                headers |= {} if value is REMOVED else {name: value}
        if step in ("status", "returns", "cancel-return"):
            return self._look(step, changes, headers)
        return self._post(step, changes, headers)

    def _look(self, step: str, changes: dict[str, Any], headers: dict[str, str]) -> httpx.Response:
        if step == "cancel-return":
            number = changes.get("returnOrderId", self._return)
            return self._http.post(f"{ORDERS}/return-orders/{number}/cancel", headers=headers)
        query = {"sellerOrderId": self._number}
        if step == "status":
            query = {"orderNumber": self._number, "orderChannelId": STOREFRONT}
            headers["WM_SANDBOX"] = "v2"
        told = {name: value for name, value in (query | changes).items() if value is not REMOVED}
        path = "status" if step == "status" else "return-orders"
        return self._http.get(f"{ORDERS}/{path}", params=told, headers=headers)

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
        reply = self._http.post(path, json=body, headers=headers)
        if reply.status_code == 200:
            self._learn(step, reply.json()["payload"])
        return reply

    def _learn(self, step: str, payload: dict[str, Any]) -> None:
        if step == "create":
            self._order = payload["requestId"]
        if step == "return":
            self._return = payload["returnOrderId"]


@pytest.mark.parametrize("row", LINES, ids=lambda row: f"{row.code} {' '.join(row.steps)}"[:80])
def test_a_line_gets_its_answer(row: Row, demo: Server) -> None:
    client = Client(demo.url)
    try:
        client.token()
        last = [client.take(step) for step in row.steps][-1]
    finally:
        client.close()
    assert last is not None
    body = last.json()
    code = body["errors"][0]["code"] if body.get("errors") else body["status"]
    assert (last.status_code, code) == (row.status, row.code), last.text


def test_each_documented_answer_has_a_line() -> None:
    documented = {(row.http, row.code) for row in ROWS.values() if row.door == "walmart"}
    assert documented <= {(row.status, row.code) for row in LINES}
