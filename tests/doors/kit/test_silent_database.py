"""What a plain read comes to when the database is away, or refuses it: 503 either way, and a trace for the second."""

from __future__ import annotations

import asyncio

import asyncpg
import httpx
import pytest
from starlette.types import Message
from structlog.testing import capture_logs

from entrepot.doors.kit import Answer, Endpoint, GuardedEndpoint, Reply, Request, Resource, Router
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


async def test_a_request_that_a_server_ends_before_it_is_answered_is_503_and_no_fault() -> None:
    """A server that was told to end cancels what still waits, as for a database that says nothing."""
    begun, sent = asyncio.Event(), list[Message]()

    async def wait(_: Request) -> Answer:
        begun.set()
        await asyncio.Event().wait()
        return Reply(200)

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    seen = Seen()
    endpoint = Endpoint(door(seen), "wait", wait)
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/",
        "headers": [],
        "query_string": b"",
        "client": None,
    }
    with capture_logs() as lines:
        request = asyncio.create_task(endpoint(scope, receive, send))
        await begun.wait()
        request.cancel()
        await request
    assert sent[0]["status"] == 503
    assert dict(sent[0]["headers"])[b"retry-after"] == b"1"
    assert [line["log_level"] for line in lines] == ["warning"]
