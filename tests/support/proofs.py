"""Notes by which test each door was seen to say each failure, and keeps one of them where no how-to shows a way.

ENTREPOT_REACHED=1 pytest -p tests.support.proofs tests/docs tests/conformance tests/doors
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from entrepot.doors.kit.failing.telling import Way, reached
from entrepot.registry import failure_tables
from tests.docs.reached import keep, named_by

_seen: dict[tuple[str, str], set[tuple[bool, str]]] = {}
_running: list[pytest.Item] = []


def _note(response: httpx.Response) -> httpx.Response:
    failure = named_by(response)
    if failure is not None and _running:
        door = response.request.url.path.split("/")[1]
        item = _running[-1]
        unmarked = item.get_closest_marker("row") is None
        _seen.setdefault((door, failure), set()).add((unmarked, item.nodeid.partition("[")[0]))
    return response


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Remember whose answers they are."""
    _running.append(item)
    try:
        return (yield)
    finally:
        _running.pop()


def pytest_sessionstart() -> None:
    """Look at every answer that a client of httpx gets."""
    plain, waiting = httpx.Client.send, httpx.AsyncClient.send

    def send(self: httpx.Client, request: httpx.Request, **how: Any) -> httpx.Response:
        return _note(plain(self, request, **how))

    async def send_async(self: httpx.AsyncClient, request: httpx.Request, **how: Any) -> httpx.Response:
        return _note(await waiting(self, request, **how))

    httpx.Client.send, httpx.AsyncClient.send = send, send_async  # type: ignore[method-assign]


def pytest_sessionfinish() -> None:
    """Keep a proof of each failure that no how-to shows; one of a documented row, if there is one."""
    for table in failure_tables():
        for failure in table.codes:
            tests = sorted(_seen.get((table.door, failure.name), ()))
            if tests and not reached(table.door).get(failure.name):
                keep(table.door, failure.name, Way(tests[0][1]))
