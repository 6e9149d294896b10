"""OS0007 from a database that is truly away: a PostgreSQL of this module's own is stopped, and started again."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from entrepot.store.connections import Connection, connect
from tests.conformance.harness import Client, Expected, Prove, Reply, Request
from tests.conformance.harness.proof import assert_reply
from tests.conformance.rebound import LATER, LOG_IN, ORDERS, TOKEN, Retailer, open_retailer, refusal, watch
from tests.support.own_postgres import OwnPostgres
from tests.support.server import Server, running_server
from tests.support.waiting import eventually

Ask = Callable[[Retailer, str], Awaitable[Request]]


@pytest.fixture(scope="module")
def postgres(open_folder: Path) -> Iterator[OwnPostgres]:
    made = OwnPostgres(open_folder / "stopped")
    made.start()
    yield made
    made.end()


@pytest.fixture(scope="module")
def own_server(postgres: OwnPostgres, open_folder: Path) -> Iterator[Server]:
    with running_server(open_folder / "stopped.log", "--sandbox", "--database-url", postgres.url) as server:
        yield server


@dataclass
class Outage:
    """Sends its first request while the database is stopped, and every later one while it runs."""

    client: Client
    postgres: OwnPostgres
    over: bool = False

    async def send(self, request: Request) -> Reply:
        if self.over:
            return await self.client.send(request)
        self.over = True
        self.postgres.stop()
        try:
            return await self.client.send(request)
        finally:
            self.postgres.start()


class Reconnecting:
    """A connection that is made anew where the server it led to was stopped."""

    def __init__(self, url: str, connection: Connection) -> None:
        self._url = url
        self._connection = connection

    async def fetch(self, query: str, *args: Any) -> list[Any]:
        if self._connection.is_closed():
            self._connection.terminate()
            self._connection = await connect(self._url)
        return await self._connection.fetch(query, *args)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


@dataclass
class Place:
    """The server of this module, a client of it, and a retailer there."""

    server: Server
    client: Client
    connection: Any
    retailer: Retailer
    postgres: OwnPostgres

    def proving(self, prove: Prove) -> Prove:
        """The proof, with the database stopped while the first request is sent."""
        return dataclasses.replace(
            prove, client=Outage(self.client, self.postgres), connection=self.connection
        )

    async def ready(self) -> None:
        """Wait until the server has the database again."""
        async with httpx.AsyncClient(
            base_url=self.server.url, trust_env=False, verify=False, timeout=60
        ) as http:

            async def looks() -> bool:
                return (await http.get("/readyz")).status_code == 200

            await eventually(looks)


@pytest.fixture
async def place(postgres: OwnPostgres, own_server: Server) -> AsyncIterator[Place]:
    client = Client(own_server.url, watch)
    connection = await connect(postgres.url)
    retailer = await open_retailer(connection, client, f"w{uuid.uuid4().hex[:12]}")
    held = Reconnecting(postgres.url, connection)
    yield Place(own_server, client, held, retailer, postgres)
    held.terminate()
    await client.close()


async def create(retailer: Retailer, _: str) -> Request:
    return await retailer.create({"clientOrderId": "new"})


async def get(retailer: Retailer, order: str) -> Request:
    return await retailer.get(order)


async def listed(retailer: Retailer, _: str) -> Request:
    return await retailer.list("?clientOrderId=AB12345US")


async def returns(retailer: Retailer, _: str) -> Request:
    return await retailer.returns("?clientOrderId=AB12345US")


async def nothing(_: Reply) -> None:
    """Nothing beyond the status is meant."""


@pytest.mark.row("rebound.OS0007")
@pytest.mark.parametrize("ask", [create, get, listed, returns])
async def test_a_database_that_is_away(prove: Prove, place: Place, ask: Ask) -> None:
    request = await ask(place.retailer, (await place.retailer.created())["salesOrderId"])
    path = request.path.partition("?")[0]
    creates = request.method == "POST"
    await place.proving(prove)(
        request,
        refusal("OS0007", "unavailable", LATER, path, {"retry-after": "1"}),
        mend=place.ready,
        effect=nothing,
        success=201 if creates else 200,
        reads=not creates,
    )


async def test_what_needs_no_database_is_told_without_one(place: Place) -> None:
    retailer = place.retailer
    await retailer.token()
    place.postgres.stop()
    try:
        for headers in ({}, {"Authorization": "Basic x"}, {"Authorization": "Bearer x"}):
            reply = await place.client.send(Request("GET", f"{ORDERS}/x", headers=headers))
            assert_reply(reply, refusal("OS0006", "unauthenticated", LOG_IN, f"{ORDERS}/x"))
        token = await place.client.send(retailer.token_request())
        told = {"cache-control": "no-store", "pragma": "no-cache", "retry-after": "1"}
        told["link"] = '</failures/unavailable>; rel="help"'
        assert_reply(token, Expected(503, told, {"error": "temporarily_unavailable"}))
        bad = Request("POST", TOKEN, b"", {"Content-Type": "application/x-www-form-urlencoded"})
        assert (await place.client.send(bad)).status == 401
    finally:
        place.postgres.start()
    await place.ready()
    assert (await place.client.send(retailer.token_request())).status == 200
