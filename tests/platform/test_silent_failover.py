"""A server whose database connections go dead without a word: callers are answered, and TERM ends it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from tests.support.server import Server
from torture.silent_proxy import SilentProxy, silent_proxy

from entrepot.cli.run.demo import apply_demo
from entrepot.doors.bonsai.demo import MUG, order


@pytest.fixture
async def proxy(database_url: str) -> AsyncIterator[SilentProxy]:
    await apply_demo(database_url)
    async with silent_proxy(database_url) as running:
        yield running


@pytest.fixture
async def server(proxy: SilentProxy, tmp_path: Path) -> AsyncIterator[Server]:
    running = Server(["--database-url", proxy.url], tmp_path / "log")
    await asyncio.to_thread(running.start)
    yield running
    await asyncio.to_thread(running.kill)


@pytest.fixture
async def callers(server: Server) -> AsyncIterator[Callers]:
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=120) as http:
        yield Callers(http)


class Callers:
    """Those who order, read and look whether the server is ready, each on a connection of his own."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def order(self) -> httpx.Response:
        body = order(MUG)
        return await self._http.post(
            "/bonsai/orders/V1/submit", json=body, headers={"API-Key": "demo-api-key"}
        )

    async def read(self) -> httpx.Response:
        call = {"jsonrpc": "2.0", "id": 1, "method": "Article.list", "params": [{"uid": True}, {"limit": 1}]}
        return await self._http.post("/textalk/backend/jsonrpc/v1?webshop=22222", json=call)

    async def ready(self) -> httpx.Response:
        return await self._http.get("/readyz")

    async def all(self) -> list[httpx.Response]:
        crowd = [work() for work in (self.order, self.read, self.ready) for _ in range(8)]
        async with asyncio.timeout(100):
            return await asyncio.gather(*crowd)


def is_served(reply: httpx.Response) -> bool:
    return reply.status_code == 200 and b'"error"' not in reply.content


def is_put_off(reply: httpx.Response) -> bool:
    """Told to try again: by its status, or at the webshops' door by an error in JSON-RPC."""
    said = reply.status_code == 503 or b'"error"' in reply.content
    return said and "retry-after" in reply.headers


async def test_callers_are_answered_and_new_connections_serve(callers: Callers, proxy: SilentProxy) -> None:
    assert all(map(is_served, await callers.all()))
    proxy.silence()
    assert all(is_served(reply) or is_put_off(reply) for reply in await callers.all())
    assert all(map(is_served, await callers.all()))


async def test_while_nothing_answers_callers_are_told_and_term_ends_the_server(
    server: Server, callers: Callers, proxy: SilentProxy
) -> None:
    await callers.all()
    proxy.silence(deaf=True)
    assert all(map(is_put_off, await callers.all()))
    pending = asyncio.create_task(callers.order())
    await asyncio.to_thread(server.stop)
    await asyncio.gather(pending, return_exceptions=True)
    assert "Traceback" not in server.log.read_text("utf-8"), "a database that is away is no fault of ours"
