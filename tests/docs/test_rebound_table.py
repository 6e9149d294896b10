"""Every line of the page about ReBound's errors is sent to the demo world, and gets the answer that it promises."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from typing import Any

import httpx
import pytest

from tests.conformance.harness.world import REMOVED, edited
from tests.docs.pages import DOCS
from tests.docs.reached import assert_kept, left_over
from tests.docs.tables import Row, Walker, missing, rows
from tests.support.server import Server

ORDER = json.loads((DOCS / "examples" / "rebound" / "order.json").read_text("utf-8"))
PAGE = DOCS / "how-to" / "test-a-rebound-client.md"
LINES = rows(PAGE.name)
_NAMES = count(1)


class Client(Walker):
    """A client at the demo, with a name of its own for the order of each line."""

    def __init__(self, url: str) -> None:
        super().__init__(url, "/rebound/oauth/token", "returns")
        self._name = f"line-{next(_NAMES)}"
        self._order = ""

    def send(self, step: str, changes: dict[str, Any]) -> httpx.Response:
        """Call an operation."""
        given = changes.pop("Authorization", f"Bearer {self.token()}")
        headers = {} if given is REMOVED else {"Authorization": given}
        if step == "create":
            return self._create(changes, headers)
        if step == "get":
            order = changes.get("salesOrderId", self._order)
            return self.http.get(f"/rebound/sales-orders/{order}", headers=headers)
        name = changes.get("clientOrderId", self._name)
        query = {} if name is REMOVED else {"clientOrderId": name}
        path = "/rebound/return-orders" if step == "returns" else "/rebound/sales-orders"
        return self.http.get(path, params=query, headers=headers)

    def _create(self, changes: dict[str, Any], headers: dict[str, str]) -> httpx.Response:
        flow = changes.pop("flowKey", None)
        places = {place.replace(".", "/"): value for place, value in changes.items()}
        body = edited(ORDER | {"clientOrderId": self._name}, places)
        params = {} if flow is None else {"flowKey": flow}
        reply = self.http.post("/rebound/sales-orders", json=body, params=params, headers=headers)
        if reply.status_code == 201:
            self._order = reply.json()["salesOrderId"]
        return reply


@pytest.fixture
def client(demo: Server) -> Iterator[Client]:
    made = Client(demo.url)
    made.token()
    yield made
    made.http.delete("/sandbox/faults").raise_for_status()
    made.http.post("/sandbox/clock", json={"offset": "0s"}).raise_for_status()
    made.http.close()


@pytest.mark.parametrize("row", LINES, ids=str)
def test_a_line_gets_its_answer(row: Row, client: Client) -> None:
    last = [client.take(step) for step in row.steps][-1]
    assert last is not None
    code = last.json().get("errorCode", "OK")
    assert (last.status_code, code) == (row.status, row.code), last.text
    assert_kept("rebound", PAGE, row.steps, last)


def test_each_documented_error_has_a_line() -> None:
    assert missing("rebound", LINES) == set()


def test_no_way_to_a_failure_is_kept_that_the_page_does_not_show() -> None:
    assert left_over("rebound", PAGE, [row.steps for row in LINES]) == []
