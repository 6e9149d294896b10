"""No cache between a door and its caller keeps a copy of an answer: what is his own is not another's."""

from __future__ import annotations

import httpx
import pytest

from entrepot.doors.kit import (
    NOTHING,
    Answer,
    Bodiless,
    CorsPolicy,
    GuardedEndpoint,
    Reply,
    Request,
    Resource,
    Router,
)
from entrepot.failures import Failure, Unauthenticated
from tests.doors.kit.serving import Seen, door, serve


async def _admit(request: Request) -> str | Failure:
    return request.header("api-key") or Unauthenticated("missing")


async def _own(_: Request, caller: str) -> Answer:
    if caller == "crash":
        raise RuntimeError(caller)
    return Reply(200, caller.encode())


def _router() -> Router:
    api = door(Seen())
    return Router(
        api,
        [
            Resource("/own", {"GET": GuardedEndpoint(api, "own", _admit, _own)}),
            Resource("/head", {"GET": Bodiless(api, "head", lambda _: Reply(200, b"{}"), keeps=NOTHING)}),
        ],
        cors=CorsPolicy("*", ["GET"], ["API-Key"]),
    )


@pytest.mark.parametrize(
    ("method", "path", "key", "status"),
    [
        ("GET", "/own", "key", 200),
        ("HEAD", "/own", "key", 200),
        ("GET", "/own", "", 401),
        ("GET", "/own", "crash", 500),
        ("GET", "/head", "", 200),
        ("PUT", "/own", "key", 405),
        ("OPTIONS", "/own", "", 204),
        ("GET", "/nowhere", "key", 404),
    ],
)
async def test_no_answer_may_be_stored(method: str, path: str, key: str, status: int) -> None:
    async with serve(_router()) as server, httpx.AsyncClient(base_url=server.url, verify=False) as client:
        reply = await client.request(method, path, headers={"api-key": key} if key else {})
    assert reply.status_code == status
    assert reply.headers.get_list("cache-control") == ["no-store"]
