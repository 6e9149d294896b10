"""The calls that the page about Textalk's errors shows in its tables, and a caller who makes them.

A cell holds steps, each in backquotes: a call `Class.method(…)`, a change of the context `auth = …`, a name for several
steps, a body that is sent as it is, a header, how often the next call is made, another path, or a body for the sandbox.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx

SANDBOX = {"fault ": "/sandbox/faults", "clock ": "/sandbox/clock"}
"""Steps that are bodies for the sandbox, and where they go."""
PATH = "/textalk/backend/jsonrpc/v1"

_ROW = re.compile(r"^\| `(-?\d+)` \| (.+?) \| .*\|$", re.MULTILINE)
_NAMED = re.compile(r"^\| `([A-Z]+)` \| (.+) \|$", re.MULTILINE)
_STEP = re.compile(r"`([^`]+)`")
_CALL = re.compile(r"(\w+\.\w+)\((.*)\)")
_CHANGE = re.compile(r"(\w+) = (\S+)")
_TIMES = re.compile(r"(\d+) times")
_HEADER = re.compile(r"([A-Z][\w-]+): (.+)")
_ELSEWHERE = re.compile(r"POST (/\S+)")
_ADDRESS = re.compile(r"[\w.]+@[\w.]+")
_MAILED = re.compile(r"\b[0-9a-f]{32}\b")


class Row(NamedTuple):
    """A line of a table: the code, and the steps of which the last is answered with it."""

    code: int
    steps: tuple[str, ...]

    @property
    def leaves_traces(self) -> bool:
        """Whether it changes what other lines count on."""
        return any(step.startswith(("auth = ", "Order.checkout", *SANDBOX)) for step in self.steps)


def rows(page: Path) -> list[Row]:
    """The lines of a page's tables, names replaced by what they stand for."""
    text = page.read_text("utf-8")
    named = {name: _STEP.findall(steps) for name, steps in _NAMED.findall(text)}

    def spelt_out(steps: list[str]) -> Iterator[str]:
        for step in steps:
            yield from spelt_out(named[step]) if step in named else (step,)

    return [Row(int(code), tuple(spelt_out(_STEP.findall(steps)))) for code, steps in _ROW.findall(text)]


class Caller:
    """Somebody in the demo shop, with a session."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url, trust_env=False, verify=False, timeout=60)
        self._context = {"webshop": "22222", "language": "en"}
        self._names: dict[str, object] = {}
        self._address = ""
        self._headers: dict[str, str] = {}
        self._times = 1
        self._context["session"] = self.call("Session.getToken", []).json()["result"]

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def take(self, step: str) -> httpx.Response | None:
        """Make one step; the reply, if it is a call."""
        path = next((path for name, path in SANDBOX.items() if step.startswith(name)), None)
        if path is not None:
            self._http.post(path, content=step.partition(" ")[2]).raise_for_status()
        elif change := _CHANGE.fullmatch(step):
            self._context[change[1]] = "" if change[2] == "absent" else change[2]
        elif times := _TIMES.fullmatch(step):
            self._times = int(times[1])
        elif header := _HEADER.fullmatch(step):
            self._headers[header[1]] = header[2]
        elif elsewhere := _ELSEWHERE.fullmatch(step):
            return self._http.post(elsewhere[1], content="{}")
        elif call := _CALL.fullmatch(step):
            return self._learn(call[1], self.call(call[1], json.loads(f"[{self._filled(call[2])}]")))
        else:
            return self._post(step)
        return None

    def call(self, method: str, params: Any) -> httpx.Response:
        """Call a method in the context as it is."""
        return self._post(json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}))

    def _post(self, body: str) -> httpx.Response:
        sent = [
            self._http.post(PATH, params=self._context, content=body, headers=self._headers)
            for _ in range(self._times)
        ]
        self._headers, self._times = {}, 1
        return sent[-1]

    def _learn(self, method: str, reply: httpx.Response) -> httpx.Response:
        result = reply.json().get("result")
        if method == "Order.addArticle" and result:
            self._names |= {"ITEM": result["uid"], "ORDER": result.get("order")}
        if method == "Payment.set" and result:
            self._names["PAYMENT"] = result["uid"]
        return reply

    def _filled(self, params: str) -> str:
        if (to := _ADDRESS.search(params)) is not None:
            self._address = to[0]
        if "CODE" in params and "CODE" not in self._names:
            self._names["CODE"] = self._mailed()
        return re.sub(r"\b[A-Z]{4,}\b", lambda name: str(self._names.get(name[0], name[0])), params)

    def _mailed(self) -> str:
        """The code in the mail to the address that was named last, as soon as it is there."""
        query = {"workspace": "boutique", "to": self._address, "wait": "10"}
        letters = self._http.get("/sandbox/mailbox", params=query).json()["letters"]
        code = _MAILED.search(letters[0]["text"]) if letters else None
        assert code is not None, letters
        return code[0]
