"""Every line of the table of docs/how-to/provoke-failures.md comes to the failure that it names."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import httpx
import pytest

from tests.conformance.harness.world import REMOVED, edited
from tests.docs.pages import DOCS
from tests.docs.reached import assert_kept, left_over, named_by
from tests.support.server import Server

PAGE = DOCS / "how-to" / "provoke-failures.md"
_LINE = re.compile(r"^\| `([a-z-]+)` \| (\w+) \| (.+) \|$", re.MULTILINE)
_STEP = re.compile(r"`([^`]+)`")
_HEADER = re.compile(r"([A-Z][\w-]+): (.+)")
_TIMES = re.compile(r"(\d+) times")
_BYTES = re.compile(r"(\d+) bytes")
_ORDERS: Final = {
    "bonsai": ("/bonsai/orders/V1/submit", "order.json"),
    "walmart": ("/walmart/v3/fulfillment/orders-fulfillments", "mcs/order.json"),
    "datamingle": ("/datamingle/api/integrations/v1/orders/", "datamingle/order.json"),
    "rebound": ("/rebound/sales-orders", "rebound/order.json"),
}
"""By door what `ORDER` stands for: the path, and the file under `docs/examples`."""
_TOKENS: Final = {
    "walmart": ("/walmart/v3/token", "demo-mcs:demo-mcs-secret", "WM_SEC.ACCESS_TOKEN", ""),
    "rebound": ("/rebound/oauth/token", "demo-returns:demo-returns-secret", "Authorization", "Bearer "),
}
_KEYS: Final[Mapping[str, Mapping[str, str]]] = {
    "textalk": {},
    "bonsai": {"API-Key": "demo-api-key"},
    "datamingle": {"X-API-Key": "sk_live_demo-plain-00000000000000000000000000000"},
}


_DOORS: Final = {*_TOKENS, *_KEYS}


class Line(NamedTuple):
    """A line of the table: the last step is answered with the failure."""

    failure: str
    door: str
    steps: tuple[str, ...]


LINES = [
    Line(failure, door, tuple(_STEP.findall(steps)))
    for failure, door, steps in _LINE.findall(PAGE.read_text("utf-8"))
    if door in _DOORS
]


class Walk:
    """Somebody who makes the steps of one line."""

    def __init__(self, http: httpx.Client, door: str) -> None:
        self._http = http
        self._door = door
        self._headers: dict[str, str] = {}
        self._places: dict[str, Any] = {}
        self._times, self._bytes = 1, 0
        self._id = ""

    def take(self, step: str) -> httpx.Response | None:
        """Make one; the answer, where it is a request to the door."""
        word, _, rest = step.partition(" ")
        if word in ("fault", "clock"):
            path = "/sandbox/faults" if word == "fault" else "/sandbox/clock"
            self._http.post(path, content=rest).raise_for_status()
        elif header := _HEADER.fullmatch(step):
            self._headers[header[1]] = header[2]
        elif times := _TIMES.fullmatch(step):
            self._times = int(times[1])
        elif size := _BYTES.fullmatch(step):
            self._bytes = int(size[1])
        elif " = " in step:
            place, _, value = step.partition(" = ")
            self._places[place.replace(".", "/")] = REMOVED if value == "absent" else json.loads(value)
        else:
            return self._send(step)
        return None

    def _send(self, step: str) -> httpx.Response:
        method, path, body = self._request(step)
        headers = {"Content-Type": "application/json", **self._credentials(), **self._headers}
        sent = [
            self._http.request(method, path, content=body.encode().ljust(self._bytes), headers=headers)
            for _ in range(self._times)
        ]
        self._headers, self._places, self._times, self._bytes = {}, {}, 1, 0
        self._learn(sent[-1].json())
        return sent[-1]

    def _request(self, step: str) -> tuple[str, str, str]:
        if step != "ORDER":
            method, path, body = (*step.split(" ", 2), "")[:3]
            return method, path.replace("ID", self._id), body
        path, file = _ORDERS[self._door]
        body = json.loads((DOCS / "examples" / file).read_text("utf-8"))
        if self._door == "walmart":
            body["payload"] = edited(body["payload"], self._places)
        else:
            body = edited(body, self._places)
        return "POST", path, json.dumps(body)

    def _credentials(self) -> Mapping[str, str]:
        if self._door in _KEYS:
            return _KEYS[self._door]
        path, pair, header, before = _TOKENS[self._door]
        basic = {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
        reply = self._http.post(path, data={"grant_type": "client_credentials"}, headers=basic)
        return {header: before + reply.raise_for_status().json()["access_token"]}

    def _learn(self, body: Any) -> None:
        data = body.get("data") if isinstance(body, dict) else None
        if isinstance(data, dict) and "id" in data:
            self._id = data["id"]


@pytest.mark.parametrize("line", LINES, ids=lambda line: f"{line.door}-{line.failure}")
def test_a_line_comes_to_its_failure(line: Line, demo: Server) -> None:
    with httpx.Client(base_url=demo.url, trust_env=False, timeout=60) as http:
        http.post("/sandbox/reset").raise_for_status()
        walk = Walk(http, line.door)
        last = [reply for step in line.steps if (reply := walk.take(step)) is not None][-1]
    assert named_by(last) == line.failure, last.text
    assert_kept(line.door, PAGE, line.steps, last)


@pytest.mark.parametrize("door", sorted(_DOORS))
def test_no_way_is_kept_that_the_page_does_not_show(door: str) -> None:
    assert left_over(door, PAGE, [line.steps for line in LINES if line.door == door]) == []
