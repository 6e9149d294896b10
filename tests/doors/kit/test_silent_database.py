"""What a plain read comes to when the database is away, or refuses it: 503 either way, and a trace for the second."""

from __future__ import annotations

import asyncpg
import httpx
import pytest
from structlog.testing import capture_logs

from entrepot.doors.kit import Answer, GuardedEndpoint, Request, Resource, Router
from tests.doors.kit.serving import Seen, door, serve

AWAY = (
    ConnectionRefusedError(),
    TimeoutError(),
    asyncpg.InterfaceError("connection is closed"),
    asyncpg.ConnectionDoesNotExistError("gone"),
    asyncpg.CannotConnectNowError("starting"),
    asyncpg.AdminShutdownError("ended"),
    asyncpg.TooManyConnectionsError("full"),
)
OURS = (asyncpg.UndefinedTableError("no such table"), asyncpg.NumericValueOutOfRangeError("too large"))


async def _everybody(_: Request) -> str:
    return "caller"


@pytest.mark.parametrize("fault", [*AWAY, *OURS], ids=lambda fault: type(fault).__name__)
async def test_a_read_that_fails_is_503_and_one_line(fault: Exception) -> None:
    async def read(_: Request, caller: str) -> Answer:
        assert caller == "caller"
        raise fault

    api = door(Seen())
    router = Router(api, [Resource("/", {"GET": GuardedEndpoint(api, "read", _everybody, read)})])
    with capture_logs() as lines:
        async with serve(router) as server, httpx.AsyncClient(base_url=server.url, verify=False) as client:
            reply = await client.get("/")
    assert (reply.status_code, reply.headers["retry-after"]) == (503, "1")
    [line] = [line for line in lines if line["event"] == "a read failed"]
    assert (line["log_level"], line["error"]) == ("warning", type(fault).__name__)
    assert bool(line["exc_info"]) is (fault in OURS)
