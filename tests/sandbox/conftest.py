"""A sandbox with the demo world, behind a real socket."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp, Message

from entrepot.app import create_app
from entrepot.cli.run.demo import apply_demo
from entrepot.config import Settings
from entrepot.doors.bonsai.demo import MUG, Item, order
from entrepot.engine.clock import real_now
from entrepot.sandbox.beginning.reset import Beginning
from entrepot.store.connections import connect
from tests.doors.kit.serving import serve


class Sandbox:
    """What an integrator does to the server."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    async def order(
        self, item: Item = MUG, *, key: str = "demo-api-key", token: str | None = None
    ) -> httpx.Response:
        """Order one of a product, paid by this token or one that is new each time."""
        body = order(item)
        body["payment"]["token"] = token or body["payment"]["token"]
        return await self.http.post("/bonsai/orders/V1/submit", json=body, headers={"API-Key": key})

    async def fault(self, target: str, kind: str, **more: Any) -> dict[str, Any]:
        """Put a fault in place."""
        reply = await self.http.post("/sandbox/faults", json={"target": target, "kind": kind, **more})
        assert reply.status_code == 201, reply.text
        return reply.json()

    async def faults(self) -> list[dict[str, Any]]:
        """All faults."""
        return (await self.http.get("/sandbox/faults")).json()["faults"]

    async def until_hit(self) -> None:
        """Wait for some fault's first hit."""
        async with asyncio.timeout(60):
            while all(fault["hits"] == 0 for fault in await self.faults()):
                pass

    async def stock(self, sku: str = "mug") -> int:
        """What is available of a variant of north at its main location."""
        world = (await self.http.get("/sandbox/world")).json()
        north = next(each for each in world["workspaces"] if each["name"] == "north")
        variants = [v for p in north["products"] for v in p["variants"]]
        return next(v["stock"]["main"] for v in variants if v["sku"] == sku)


@pytest.fixture(scope="module")
def beginning() -> Beginning:
    """The way back, which is quicker once it was gone. Between tests nothing is under way."""
    return Beginning(lambda: True)


@pytest.fixture
async def sandbox(module_database_url: str, beginning: Beginning) -> AsyncIterator[Sandbox]:
    """A running sandbox with the demo world, as it stands at its beginning."""
    await _begin(module_database_url, beginning)
    app = create_app(Settings(sandbox=True), module_database_url)
    async with (
        _alive(app),
        serve(app) as address,
        httpx.AsyncClient(base_url=address.url, trust_env=False, verify=False, timeout=60) as http,
    ):
        yield Sandbox(http)


async def _begin(database_url: str, beginning: Beginning) -> None:
    connection = await connect(database_url)
    try:
        if await connection.fetchval("select exists (select from workspaces)"):
            await beginning.again(connection, real_now())
        else:
            await apply_demo(database_url)
    finally:
        await connection.close()


@asynccontextmanager
async def _alive(app: ASGIApp) -> AsyncGenerator[None]:
    """The app between its start and its stop."""
    to_app: asyncio.Queue[Message] = asyncio.Queue()
    from_app: asyncio.Queue[Message] = asyncio.Queue()
    life = asyncio.create_task(_call(app, to_app, from_app))
    await to_app.put({"type": "lifespan.startup"})
    assert (await from_app.get())["type"] == "lifespan.startup.complete"
    try:
        yield
    finally:
        await to_app.put({"type": "lifespan.shutdown"})
        await life


async def _call(app: ASGIApp, to_app: asyncio.Queue[Message], from_app: asyncio.Queue[Message]) -> None:
    await app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, to_app.get, from_app.put)
