"""Labels over HTTP: read by whoever has the path; 404 before they are there, once they are void, and for all others."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest

from entrepot.domain.fulfilment.records import ReturnLabel
from entrepot.gateways.labels.simulated import label_path, tracking_number
from entrepot.store.connections import Connection, connect
from tests.gateways.labels.code128 import read_code128
from tests.sandbox.conftest import Sandbox, beginning, sandbox
from tests.support.waiting import eventually

__all__ = ["beginning", "sandbox"]

_ON = """
update channels set settings = settings || '{"labels": {"gateway": "simulated"}}' where door = 'bonsai'
"""
_KEY = "select workspace, label_key from returns where id = $1"
_THERE = "select label is not null from returns where id = $1"
_PUT = "update returns set label = $2 where id = $1"


class Labelled:
    """The demo world, in which the returns of accounts get labels."""

    def __init__(self, sandbox: Sandbox, connection: Connection) -> None:
        self.sandbox = sandbox
        self.connection = connection

    async def opened(self) -> tuple[int, str]:
        """A return of a delivered order, and where its label is read."""
        order = (await self.sandbox.order()).json()["data"]["public_id"]
        await self.post(f"orders/{order}/deliver")
        number = (await self.post("returns", order=order))["return"]
        workspace, key = await self.connection.fetchrow(_KEY, number)
        return number, label_path(workspace, key.hex)

    async def made(self, number: int) -> None:
        """Wait until the return knows its label."""
        await eventually(lambda: self.connection.fetchval(_THERE, number))

    async def post(self, path: str, **body: Any) -> Any:
        reply = await self.sandbox.http.post(f"/sandbox/{path}", params={"workspace": "north"}, json=body)
        assert reply.status_code < 300, reply.text
        return reply.json()

    async def get(self, path: str) -> httpx.Response:
        return await self.sandbox.http.get(path)


@pytest.fixture
async def world(sandbox: Sandbox, module_database_url: str) -> AsyncIterator[Labelled]:
    connection = await connect(module_database_url)
    await connection.execute(_ON)
    yield Labelled(sandbox, connection)
    await connection.close()


async def test_a_label_is_there_once_the_service_is_up_and_404_until_then(world: Labelled) -> None:
    await world.sandbox.fault("labels.make", "refuse", lasts=600)
    number, path = await world.opened()
    await world.sandbox.until_hit()
    missing = await world.get(path)
    assert (missing.status_code, missing.headers["content-type"]) == (404, "application/json")
    await world.sandbox.http.delete("/sandbox/faults")
    await world.made(number)
    reply = await world.get(path)
    assert reply.status_code == 200
    assert reply.headers["content-type"] == "application/pdf"
    assert reply.headers["cache-control"] == "no-store"
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["content-disposition"] == 'inline; filename="label.pdf"'
    workspace, key = await world.connection.fetchrow(_KEY, number)
    assert read_code128(reply.content) == tracking_number(workspace, key.hex)
    head = await world.sandbox.http.head(path)
    assert (head.status_code, int(head.headers["content-length"])) == (200, len(reply.content))


async def test_a_void_label_is_404(world: Labelled) -> None:
    number, path = await world.opened()
    await world.made(number)
    assert (await world.get(path)).status_code == 200
    await world.post(f"returns/{number}/cancel")

    async def gone() -> bool:
        return (await world.get(path)).status_code == 404

    await eventually(gone)


async def test_a_label_of_another_service_is_read_there(world: Labelled) -> None:
    number, path = await world.opened()
    await world.made(number)
    await world.connection.execute("delete from labels")
    assert (await world.get(path)).status_code == 404
    elsewhere = ReturnLabel("Post", "RR1", "https://labels.example/ü/1.pdf?a=b")
    await world.connection.execute(_PUT, number, msgspec.json.encode(elsewhere).decode())
    reply = await world.get(path)
    assert reply.status_code == 307
    assert reply.headers["location"] == "https://labels.example/%C3%BC/1.pdf?a=b"


async def test_nobody_finds_a_label_by_another_path(world: Labelled) -> None:
    number, path = await world.opened()
    await world.made(number)
    workspace, key = await world.connection.fetchrow(_KEY, number)
    wrong = [
        label_path(workspace + 1, key.hex),
        label_path(0, key.hex),
        label_path(2**53, key.hex),
        label_path(workspace, key.hex[:-1]),
        label_path(workspace, "0" * 32),
        label_path(workspace, key.hex.upper()) if key.hex.upper() != key.hex else "/labels/x",
        path.removesuffix(".pdf"),
        f"{path}%0A",
        "/labels/%00",
        "/labels/",
        "/labels/..%2f..",
        f"/labels/{'9' * 4_000}",
    ]
    found = {each: (await world.get(each)).status_code for each in wrong}
    assert {each: status for each, status in found.items() if status != 404} == {}


async def test_labels_are_only_read(world: Labelled) -> None:
    _, path = await world.opened()
    reply = await world.sandbox.http.post(path, content=b"x")
    assert (reply.status_code, reply.headers["allow"]) == (405, "GET, HEAD")
