"""A server of a module's own, whose clock it may move: it imports these fixtures, and the others rest on them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.support import secrets
from tests.support.server import Server, running_server


class Clock:
    """The server's clock of business time."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def set(self, offset: str) -> None:
        """Business time is so far ahead of real time."""
        moved = await self._http.post("/sandbox/clock", json={"offset": offset})
        assert moved.status_code == 200, moved.text

    async def stands(self, offset: str) -> None:
        """Business time is so far ahead of real time, and what was to happen by then has happened."""
        await self.set(offset)
        idle = await self._http.get("/sandbox/idle", params={"wait": 30})
        assert idle.status_code == 200, idle.text


@pytest.fixture(scope="module")
def session_database_url(module_database_url: str) -> str:
    """The database of the module's server."""
    return module_database_url


@pytest.fixture(scope="module")
def server(session_database_url: str, open_folder: Path) -> Iterator[Server]:
    """The real server, with its sandbox, for this module alone."""
    log = open_folder / f"{urlsplit(session_database_url).path.removeprefix('/')}.log"
    with running_server(log, "--sandbox", "--database-url", session_database_url) as running:
        yield running
    assert secrets.search(log, session_database_url) == [], "a secret that a test sent is in a log"


@pytest.fixture
async def clock(server: Server) -> AsyncIterator[Clock]:
    """The clock of the module's server, which is right again afterwards."""
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, verify=False, timeout=60) as http:
        made = Clock(http)
        await made.stands("0s")
        yield made
        await made.stands("0s")
