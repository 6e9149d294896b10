"""Fixtures of the proofs; the server that they use runs once per session."""

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from entrepot.store.connections import Connection, connect
from tests.conformance.bonsai import Shop, open_shop, watch
from tests.conformance.harness.client import Client
from tests.conformance.harness.proof import Prove
from tests.conformance.harness.rows import row_of
from tests.conformance.harness.world import Edits
from tests.conformance.textalk import watch as watch_textalk
from tests.support.server import Server
from tests.support.webshop import Webshop

OpenShop = Callable[..., Awaitable[Shop]]
OpenWebshop = Callable[..., Awaitable[Webshop]]


@pytest.fixture
async def connection(session_database_url: str) -> AsyncIterator[Connection]:
    """A connection to the database of the running server."""
    opened = await connect(session_database_url)
    yield opened
    await opened.close()


@pytest.fixture
async def bonsai(server: Server) -> AsyncIterator[Client]:
    """A client of the running server that compares every Bonsai reply with the API description."""
    client = Client(server.url, watch)
    yield client
    await client.close()


@pytest.fixture
def open_bonsai_shop(connection: Connection) -> OpenShop:
    """Opens a shop in a fresh workspace, with edits of its world."""

    async def opened(edits: Edits | None = None) -> Shop:
        return await open_shop(connection, f"w{uuid.uuid4().hex[:12]}", edits)

    return opened


@pytest.fixture
async def textalk(server: Server) -> AsyncIterator[Client]:
    """A client of the running server that looks at every Textalk reply's envelope."""
    client = Client(server.url, watch_textalk)
    yield client
    await client.close()


@pytest.fixture
def open_webshop(connection: Connection) -> OpenWebshop:
    """Opens webshops in a fresh workspace, with edits of its world."""

    async def opened(edits: Edits | None = None) -> Webshop:
        shop = Webshop(connection, f"w{uuid.uuid4().hex[:12]}")
        await shop.open(edits)
        return shop

    return opened


@pytest.fixture
def prove(request: pytest.FixtureRequest, bonsai: Client, textalk: Client, connection: Connection) -> Prove:
    """The proof of the row that the test is marked with."""
    clients = {"bonsai": bonsai, "textalk": textalk}
    mark = request.node.get_closest_marker("row")
    assert mark is not None, "a proof needs a row"
    row, _ = row_of(mark)
    return Prove(row, clients[row.door], connection)
