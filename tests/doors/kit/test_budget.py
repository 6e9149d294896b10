"""Bodies in flight have a sum: what is beyond it waits at the caller, and gives its place back however it ends."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from entrepot.doors.kit import (
    Answer,
    Endpoint,
    Reply,
    Request,
    Resource,
    Router,
    decode_large,
    endpoint,
    wire,
)
from entrepot.doors.kit import answers as answers_module
from entrepot.doors.kit import body as bodies

from .serving import Address, Seen, door, serve

BODY = 700_000


class Held:
    """A handler that answers when it is told to."""

    def __init__(self) -> None:
        self.begun, self.release = asyncio.Event(), asyncio.Event()

    async def __call__(self, request: Request) -> Answer:
        self.begun.set()
        await self.release.wait()
        if request.query.get("fails"):
            raise RuntimeError("the cause")
        return Reply(200, b"%d" % len(request.body))


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Held:
    monkeypatch.setattr(bodies, "IN_FLIGHT", bodies.Budget(1_000_000))
    return Held()


@pytest.fixture
async def server(held: Held) -> AsyncIterator[Address]:
    sample = door(Seen(), body_limit=2_000_000, body_seconds=60.0)
    async with serve(
        Router(sample, [Resource("/held", {"POST": Endpoint(sample, "held", held)})])
    ) as address:
        yield address


@pytest.fixture
async def client(server: Address) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=server.url, verify=False, timeout=60) as client:
        yield client


@pytest.mark.parametrize("path", ["/held", "/held?fails=1"])
async def test_a_body_beyond_the_sum_is_put_off_until_another_is_answered(
    client: httpx.AsyncClient, held: Held, path: str
) -> None:
    first = asyncio.create_task(client.post(path, content=b"x" * BODY))
    await held.begun.wait()
    refused = await client.post("/held", content=b"x" * BODY)
    assert (refused.status_code, refused.json()) == (503, {"failed": "overloaded"})
    assert refused.headers["retry-after"]
    held.release.set()
    await first
    assert (await client.post("/held", content=b"x" * BODY)).status_code == 200


async def test_small_bodies_get_through_beside_a_large_one(client: httpx.AsyncClient, held: Held) -> None:
    first = asyncio.create_task(client.post("/held", content=b"x" * BODY))
    await held.begun.wait()
    held.release.set()
    assert (await client.post("/held", content=b"x" * 1_000)).text == "1000"
    await first


async def test_who_goes_away_gives_his_place_back(
    server: Address, client: httpx.AsyncClient, held: Held
) -> None:
    held.release.set()
    for _ in range(5):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"POST /held HTTP/1.1\r\nHost: a\r\nContent-Length: 900000\r\n\r\n" + b"x" * 800_000)
        await writer.drain()
        async with asyncio.timeout(60):
            while bodies.IN_FLIGHT.used < BODY:  # noqa: ASYNC110  (nobody tells)
                await asyncio.sleep(0.01)
            writer.close()
            while bodies.IN_FLIGHT.used:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        del reader
    assert (await client.post("/held", content=b"x" * BODY)).status_code == 200


async def test_a_body_over_its_own_limit_gives_its_place_back(client: httpx.AsyncClient, held: Held) -> None:
    held.release.set()

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(10):
            yield b"x" * 90_000

    assert (await client.post("/held", content=pieces())).status_code == 200
    assert (await client.post("/held", content=b"x" * 2_000_001)).status_code == 413
    assert bodies.IN_FLIGHT.used == 0


@pytest.mark.parametrize(("size", "aside"), [(wire.LARGE, False), (wire.LARGE + 1, True)])
async def test_a_large_body_is_read_beside_the_loop(
    monkeypatch: pytest.MonkeyPatch, size: int, aside: bool
) -> None:
    threads: list[int] = []
    real = wire.decode_json

    def noted(*given: Any, **named: Any) -> Any:
        threads.append(threading.get_ident())
        return real(*given, **named)

    monkeypatch.setattr(wire, "decode_json", noted)
    assert await decode_large(b'"' + b"x" * (size - 2) + b'"') == "x" * (size - 2)
    assert (threads[0] != threading.get_ident()) is aside


def test_one_address_cannot_use_all_of_a_budget() -> None:
    budget = bodies.Budget(100, 50)
    assert budget.take(50, "one")
    assert not budget.take(1, "one")
    assert budget.take(50, "another")
    assert not budget.take(1, "a third")
    budget.give_back(50, "one")
    assert budget.take(50, "one")


def test_a_budget_is_full_for_all_or_for_one() -> None:
    budget = bodies.Budget(100, 50)
    budget.add(60, "one")
    assert budget.is_full("one")
    assert not budget.is_full("another")
    budget.add(40, "another")
    assert budget.is_full("a third")
    budget.give_back(60, "one")
    assert not budget.is_full("one")


async def test_who_takes_none_of_his_answers_gets_no_more_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer counts until it was taken; then the address is served again."""
    answers = bodies.Budget(20_000_000, 10_000_000)
    for module in (answers_module, endpoint):
        monkeypatch.setattr(module, "ANSWERS", answers)
    begun = 0

    async def long(_: Request) -> Answer:
        nonlocal begun
        begun += 1
        return Reply(200, b"x" * 12_000_000)

    sample = door(Seen())
    async with serve(Router(sample, [Resource("/long", {"GET": Endpoint(sample, "long", long)})])) as address:
        reader, writer = await asyncio.open_connection("127.0.0.1", address.port, limit=1_000)
        writer.write(b"GET /long HTTP/1.1\r\nHost: a\r\n\r\n")
        async with asyncio.timeout(60), httpx.AsyncClient(base_url=address.url, timeout=60) as client:
            while not answers.used:  # noqa: ASYNC110  (nobody tells)
                await asyncio.sleep(0.01)
            refused = await client.get("/long")
            assert (refused.status_code, refused.json()) == (503, {"failed": "overloaded"})
            assert (refused.headers["retry-after"], begun) == ("1", 1)
            writer.transport.abort()
            while answers.used:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            whole = await client.get("/long")
            assert (whole.status_code, len(whole.content), begun) == (200, 12_000_000, 2)
        del reader


async def test_large_bodies_are_looked_at_one_after_the_other() -> None:
    """Else a hundred of them would leave the loop a hundredth of the interpreter."""
    at_once, most = 0, 0

    def look() -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        time.sleep(0.001)
        at_once -= 1

    await asyncio.gather(*(wire.beside(b"x" * (wire.LARGE + 1), look) for _ in range(20)))
    assert most == 1
