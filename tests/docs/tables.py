"""Tables of pages about a door with tokens: a code, its status, and the steps of which the last is answered with it."""

from __future__ import annotations

import base64
import json
import re
from abc import ABC, abstractmethod
from typing import Any, NamedTuple

import httpx

from tests.conformance.harness.rows import ROWS
from tests.conformance.harness.world import REMOVED
from tests.docs.pages import DOCS

_ROW = re.compile(r"^\| `([\w.]+)` \| (\d{3}) \| (.+?) \| .*\|$", re.MULTILINE)
_STEP = re.compile(r"`([^`]+)`")
_SANDBOX = ("fault", "clock")
"""Steps that are bodies for the sandbox."""


class Row(NamedTuple):
    """A line: the code and the status of what the last of the steps gets."""

    code: str
    status: int
    steps: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.code} {' '.join(self.steps)}"[:80]


def rows(page: str) -> list[Row]:
    """The lines of a how-to's tables."""
    text = (DOCS / "how-to" / page).read_text("utf-8")
    return [Row(code, int(status), tuple(_STEP.findall(steps))) for code, status, steps in _ROW.findall(text)]


def missing(door: str, lines: list[Row]) -> set[tuple[int | None, str | None]]:
    """The documented answers of a door that no line has."""
    documented = {(row.http, row.code) for row in ROWS.values() if row.door == door}
    return documented - {(row.status, row.code) for row in lines}


class Walker(ABC):
    """Somebody who makes steps at the demo: `x = y` changes what is sent next, `client = y` who sends it."""

    def __init__(self, url: str, log_in: str, client: str) -> None:
        self.http = httpx.Client(base_url=url, trust_env=False, verify=False, timeout=60)
        self._log_in = log_in
        self._client, self._tokens = client, dict[str, str]()
        self._changes: dict[str, Any] = {}

    def take(self, step: str) -> httpx.Response | None:
        """Make one step; the reply, if it is a call of the API."""
        word, _, rest = step.partition(" ")
        if word in _SANDBOX:
            body = rest if word == "fault" else json.dumps({"offset": rest})
            path = "/sandbox/faults" if word == "fault" else "/sandbox/clock"
            self.http.post(path, content=body).raise_for_status()
        elif " = " in step:
            self._change(*step.split(" = ", 1))
        else:
            changes, self._changes = self._changes, {}
            return self.send(step, changes)
        return None

    @abstractmethod
    def send(self, step: str, changes: dict[str, Any]) -> httpx.Response | None:
        """Send what the step names, with these changes; REMOVED leaves out."""

    def token(self) -> str:
        """The client's token."""
        if self._client not in self._tokens:
            pair = f"demo-{self._client}:demo-{self._client}-secret".encode()
            basic = {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
            form = {"grant_type": "client_credentials"}
            reply = self.http.post(self._log_in, data=form, headers=basic).raise_for_status()
            self._tokens[self._client] = reply.json()["access_token"]
        return self._tokens[self._client]

    def _change(self, place: str, value: str) -> None:
        if place == "client":
            self._client = value
            self.token()
        else:
            self._changes[place] = REMOVED if value == "absent" else json.loads(value)
