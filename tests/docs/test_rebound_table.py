"""Every line of the page about ReBound's errors is sent to the demo world, and gets the answer that it promises."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from itertools import count
from typing import Any, NamedTuple

import httpx
import pytest

from tests.conformance.harness.rows import ROWS
from tests.conformance.harness.world import REMOVED, edited
from tests.docs.pages import DOCS
from tests.support.server import Server

PAGE = DOCS / "how-to" / "test-a-rebound-client.md"
ORDER = json.loads((DOCS / "examples" / "rebound" / "order.json").read_text("utf-8"))
_ROW = re.compile(r"^\| `([\w.]+)` \| (\d{3}) \| (.+?) \| .*\|$", re.MULTILINE)
_STEP = re.compile(r"`([^`]+)`")
_NAMES = count(1)


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
    """A client at the demo, with a name of its own for the order of each line."""

    def __init__(self, url: str) -> None:
        self.http = httpx.Client(base_url=url, trust_env=False, timeout=60)
        self._name = f"line-{next(_NAMES)}"
        self._client, self._tokens = "returns", dict[str, str]()
        self._changes: dict[str, Any] = {}
        self._order = ""

    def take(self, step: str) -> httpx.Response | None:
        """Make one step; the reply, if it is a call of the API."""
        word, _, rest = step.partition(" ")
        if word == "fault":
            self.http.post("/sandbox/faults", content=rest).raise_for_status()
        elif word == "clock":
            self.http.post("/sandbox/clock", json={"offset": rest}).raise_for_status()
        elif " = " in step:
            place, _, value = step.partition(" = ")
            if place == "client":
                self._client = value
                self.token()
            else:
                self._changes[place] = REMOVED if value == "absent" else json.loads(value)
        else:
            return self._send(step)
        return None

    def token(self) -> str:
        """The client's token."""
        if self._client not in self._tokens:
            pair = f"demo-{self._client}:demo-{self._client}-secret".encode()
            basic = {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
            form = {"grant_type": "client_credentials"}
            reply = self.http.post("/rebound/oauth/token", data=form, headers=basic).raise_for_status()
            self._tokens[self._client] = reply.json()["access_token"]
        return self._tokens[self._client]

    def _send(self, step: str) -> httpx.Response:
        changes, self._changes = self._changes, {}
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


@pytest.mark.parametrize("row", LINES, ids=lambda row: f"{row.code} {' '.join(row.steps)}"[:80])
def test_a_line_gets_its_answer(row: Row, client: Client) -> None:
    last = [client.take(step) for step in row.steps][-1]
    assert last is not None
    code = last.json().get("errorCode", "OK")
    assert (last.status_code, code) == (row.status, row.code), last.text


def test_each_documented_error_has_a_line() -> None:
    documented = {(row.http, row.code) for row in ROWS.values() if row.door == "rebound"}
    assert documented <= {(row.status, row.code) for row in LINES}
