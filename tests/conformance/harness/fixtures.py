"""Fixtures of the proofs; the server that they use runs once per session."""

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import cast

import asyncpg
import pytest

from entrepot.registry import manifests
from entrepot.store.connections import Connection
from tests.conformance.bonsai import Shop, open_shop, watch
from tests.conformance.datamingle import Partners, open_partners
from tests.conformance.datamingle import watch as watch_datamingle
from tests.conformance.harness.client import Client
from tests.conformance.harness.proof import Prove
from tests.conformance.harness.rows import marks_of, row_of
from tests.conformance.harness.sockets import SocketClient
from tests.conformance.harness.state import begin_proof
from tests.conformance.harness.world import Edits
from tests.conformance.rebound import Retailer, open_retailer
from tests.conformance.rebound import watch as watch_rebound
from tests.conformance.textalk import watch as watch_textalk
from tests.conformance.walmart import Seller
from tests.conformance.walmart import watch as watch_walmart
from tests.support.buyer import Buyer
from tests.support.server import Server
from tests.support.webshop import Webshop

HTTP = "http"
SOCKET_DOORS = frozenset(name for name, manifest in manifests().items() if manifest.sockets)
OpenShop = Callable[..., Awaitable[Shop]]
OpenWebshop = Callable[..., Awaitable[Webshop]]
OpenPartners = Callable[..., Awaitable[Partners]]
OpenBuyer = Callable[..., Awaitable[Buyer]]
OpenSeller = Callable[..., Awaitable[Seller]]
OpenRetailer = Callable[..., Awaitable[Retailer]]


@pytest.fixture
async def connection(
    lasting_connection: Callable[[str], Awaitable[Connection]], session_database_url: str
) -> AsyncIterator[Connection]:
    """The connection to the database of the running server, which no test leaves amid a transaction."""
    lasting = await lasting_connection(session_database_url)
    await begin_proof(lasting)
    yield lasting
    if cast("asyncpg.Connection[asyncpg.Record]", lasting).is_in_transaction():
        await lasting.execute("rollback")
        pytest.fail("the test left a transaction open")


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
async def datamingle(server: Server) -> AsyncIterator[Client]:
    """A client of the running server that compares every DataMingle reply with the API description."""
    client = Client(server.url, watch_datamingle)
    yield client
    await client.close()


@pytest.fixture
def open_datamingle(connection: Connection) -> OpenPartners:
    """Opens partners' accounts in a fresh workspace, with edits of its world."""

    async def opened(edits: Edits | None = None) -> Partners:
        return await open_partners(connection, f"w{uuid.uuid4().hex[:12]}", edits)

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
def open_buyer(textalk: Client, open_webshop: OpenWebshop) -> OpenBuyer:
    """Opens a boutique in a fresh workspace, with edits of its world, and lets a buyer in."""

    async def opened(edits: Edits | None = None) -> Buyer:
        shop = await open_webshop(edits)
        return Buyer(shop, textalk, await shop.session(), await shop.administrator())

    return opened


@pytest.fixture
async def walmart(server: Server) -> AsyncIterator[Client]:
    """A client of the running server that looks at every Walmart reply."""
    client = Client(server.url, watch_walmart)
    yield client
    await client.close()


@pytest.fixture
async def rebound(server: Server) -> AsyncIterator[Client]:
    """A client of the running server that compares every ReBound reply with the API description."""
    client = Client(server.url, watch_rebound)
    yield client
    await client.close()


@pytest.fixture
def open_seller(connection: Connection, server: Server) -> OpenSeller:
    """Opens a seller's account in a fresh workspace, with edits of its world."""

    async def opened(edits: Edits | None = None) -> Seller:
        seller = Seller(connection, f"w{uuid.uuid4().hex[:12]}", server.url)
        await seller.open(edits)
        return seller

    return opened


@pytest.fixture
def open_rebound_retailer(connection: Connection, rebound: Client) -> OpenRetailer:
    """Opens a workspace of ReBound clients, with edits of its world."""

    async def opened(edits: Edits | None = None) -> Retailer:
        return await open_retailer(connection, rebound, f"w{uuid.uuid4().hex[:12]}", edits)

    return opened


@pytest.fixture
def transport(request: pytest.FixtureRequest) -> str:
    """How the row is proven: `http`, or `socket` for one that can occur on a socket too."""
    return getattr(request, "param", HTTP)


@pytest.fixture
def prove(
    request: pytest.FixtureRequest,
    transport: str,
    server: Server,
    bonsai: Client,
    textalk: Client,
    datamingle: Client,
    walmart: Client,
    rebound: Client,
    connection: Connection,
) -> Prove:
    """The proof of the row that the test is marked with."""
    mark = request.node.get_closest_marker("row")
    assert mark is not None, "a proof needs a row"
    row, _ = row_of(mark)
    clients = {
        ("bonsai", HTTP): bonsai,
        ("textalk", HTTP): textalk,
        ("walmart", HTTP): walmart,
        ("datamingle", HTTP): datamingle,
        ("rebound", HTTP): rebound,
    }
    socket = SocketClient(server.url, watch_textalk)
    return Prove(row, clients.get((row.door, transport), socket), connection)


def prove_over_sockets_too(metafunc: pytest.Metafunc) -> None:
    """Let every proof of a door with sockets run twice, unless its test says that it is of HTTP alone."""
    rows = [row_of(mark)[0] for mark in marks_of(metafunc.function) if mark.name == "row"]
    if "prove" in metafunc.fixturenames and any(row.door in SOCKET_DOORS for row in rows):
        alone = metafunc.definition.get_closest_marker("http_only")
        metafunc.parametrize("transport", [HTTP] if alone else [HTTP, "socket"], indirect=True)
