"""The documented refusals that need a server of one's own: a database that fails, and connections with TLS."""

from __future__ import annotations

import re
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from entrepot.store.connections import Connection, connect
from tests.conformance.harness import Client, Line, Prove, Reply, Request, Sender
from tests.conformance.harness.fixtures import OpenWebshop
from tests.conformance.harness.sockets import SocketClient
from tests.conformance.textalk import answers, refusal, watch
from tests.support.server import Server, running_server
from tests.support.webshop import Webshop

CERTIFICATE = Path(__file__).parents[1] / "gateways" / "tokens" / "partner_test.pem"
CLOTH = 102
EVA, PASSWORD = "eva@example.com", "linen and cotton"
LOGIN = re.compile(r"adm_\w+_[\w-]{43}")
SECURE = {"X-Forwarded-Proto": "https"}

ClientOf = Callable[[Server], Sender]
PutBack = Callable[[], Awaitable[None]]


@pytest.fixture
async def client_of(transport: str) -> AsyncIterator[ClientOf]:
    """Makes clients of other servers, of the kind with which the row is proven."""
    async with AsyncExitStack() as stack:

        def made(server: Server) -> Sender:
            if transport == "socket":
                return SocketClient(server.url, watch)
            client = Client(server.url, watch)
            stack.push_async_callback(client.close)
            return client

        yield made


@pytest.fixture(scope="module")
def own_server(module_database_url: str, open_folder: Path) -> Iterator[Server]:
    """A server whose database may break without harm to others."""
    with running_server(open_folder / "own.log", "--sandbox", "--database-url", module_database_url) as own:
        yield own


@dataclass(frozen=True)
class Own:
    """A server whose database may break, and a shop on it."""

    client: Sender
    connection: Connection
    shop: Webshop

    def prove(self, prove: Prove) -> Prove:
        """The same proof at this server."""
        return replace(prove, client=self.client, connection=self.connection)


@pytest.fixture
async def own(own_server: Server, client_of: ClientOf, module_database_url: str) -> AsyncIterator[Own]:
    """The server whose database may break."""
    connection = await connect(module_database_url)
    shop = Webshop(connection, f"w{uuid.uuid4().hex[:12]}")
    await shop.open()
    yield Own(client_of(own_server), connection, shop)
    await connection.close()


@asynccontextmanager
async def without(connection: Connection, table: str) -> AsyncGenerator[PutBack]:
    """The database has no such table, until it is put back."""
    gone = True

    async def put_back() -> None:
        nonlocal gone
        if gone:
            await connection.execute(f'alter table "{table}_away" rename to "{table}"')
            gone = False

    await connection.execute(f'alter table "{table}" rename to "{table}_away"')
    try:
        yield put_back
    finally:
        await put_back()


@pytest.mark.row("textalk.-32603")
async def test_a_context_that_cannot_be_looked_up_is_a_fault_of_the_layer(prove: Prove, own: Own) -> None:
    session = await own.shop.session()
    async with without(own.connection, "sessions") as put_back:
        await own.prove(prove)(
            own.shop.call("Session.get", "currency", session=session),
            refusal(-32603, "Internal error", page="internal"),
            mend=put_back,
            effect=answers({"currency": "SEK"}),
            reads=True,
        )


@pytest.mark.row("textalk.-32000")
async def test_a_method_that_cannot_read_is_an_internal_error(prove: Prove, own: Own) -> None:
    async with without(own.connection, "variants") as put_back:
        await own.prove(prove)(
            own.shop.call("Article.get", CLOTH, ["uid", "weight"]),
            refusal(-32000, "Internal error", page="internal"),
            mend=put_back,
            effect=answers({"uid": CLOTH, "weight": 200}),
            reads=True,
        )


@pytest.mark.row("textalk.-32000")
async def test_a_method_that_cannot_write_is_an_internal_error(prove: Prove, own: Own) -> None:
    session = await own.shop.session()

    async def is_in_the_cart(reply: Reply) -> None:
        assert reply.json["result"] == {"article": CLOTH}
        assert await own.shop.count("cart_lines") == 1

    async with without(own.connection, "cart_lines") as put_back:
        await own.prove(prove)(
            own.shop.call("Order.addArticle", None, CLOTH, {}, "article", session=session),
            refusal(-32000, "Internal error", page="internal"),
            mend=put_back,
            effect=is_in_the_cart,
        )


@pytest.fixture(scope="module")
def tls_server(session_database_url: str, open_folder: Path) -> Iterator[Server]:
    """A server with a certificate, on the database of the one without."""
    tls = ("--tls-cert", str(CERTIFICATE), "--tls-key", str(CERTIFICATE))
    with running_server(open_folder / "tls.log", "--database-url", session_database_url, *tls) as running:
        yield running


@pytest.fixture(scope="module")
def proxied_server(session_database_url: str, open_folder: Path) -> Iterator[Server]:
    """A server that believes what proxies at 127.0.0.1 say."""
    trust = ("--trusted-proxy", "127.0.0.1")
    with running_server(
        open_folder / "proxied.log", "--database-url", session_database_url, *trust
    ) as running:
        yield running


async def strict_shop(open_webshop: OpenWebshop) -> Webshop:
    """A shop that demands TLS, with a customer and an administrator who have passwords."""
    return await open_webshop(
        {
            "channels/shop/settings/door/demands_tls": True,
            "webshops/shop/customers": {EVA: {"id": 911, "password": PASSWORD, "first_name": "Eva"}},
            "webshops/shop/administrators": {f"a{uuid.uuid4().hex}": {"id": 921, "password": PASSWORD}},
        }
    )


async def with_a_password(shop: Webshop) -> Request:
    return shop.call("Customer.login", EVA, PASSWORD, session=await shop.session())


async def with_an_administrators_password(shop: Webshop) -> Request:
    (name,) = shop.tree["webshops"]["shop"]["administrators"]
    return shop.call("Admin.login", name, PASSWORD)


def nowhere(call: Request) -> Request:
    """The same call without a shop in its context: the demand is that of whoever's credentials they are."""
    return replace(call, path=re.sub("webshop=[0-9]+&?", "", call.path))


async def with_a_password_nowhere(shop: Webshop) -> Request:
    return nowhere(await with_an_administrators_password(shop))


async def with_a_login_nowhere(shop: Webshop) -> Request:
    login = await shop.administrator("shop")
    return nowhere(shop.call("Context.get", "auth", auth=login))


async def with_a_token(shop: Webshop) -> Request:
    return shop.call("Article.validate", CLOTH, {"weight": 1}, auth=await shop.administrator())


CREDENTIALS = [
    pytest.param(with_a_password, {"uid": 911}, False, id="password"),
    pytest.param(
        with_an_administrators_password,
        LOGIN,
        False,
        id="administrator's password",
    ),
    pytest.param(with_a_token, [], True, id="token"),
    pytest.param(with_a_password_nowhere, LOGIN, False, id="password, without a shop"),
    pytest.param(with_a_login_nowhere, {"auth": True}, True, id="token, without a shop"),
]
REFUSED = refusal(1007, "Secure connection required")
Calling = Callable[[Webshop], Awaitable[Request]]


@pytest.mark.row("textalk.1007")
@pytest.mark.parametrize(("calling", "result", "reads"), CREDENTIALS)
async def test_credentials_come_over_tls(
    prove: Prove,
    client_of: ClientOf,
    tls_server: Server,
    open_webshop: OpenWebshop,
    calling: Calling,
    result: Any,
    reads: bool,
) -> None:
    call, line = await calling(await strict_shop(open_webshop)), Line(prove.client)

    async def encrypt() -> None:
        line.client = client_of(tls_server)

    await replace(prove, client=line)(call, REFUSED, mend=encrypt, effect=answers(result), reads=reads)


@pytest.mark.row("textalk.1007")
@pytest.mark.parametrize("headers", [{}, {"X-Forwarded-Proto": "http"}, {"Forwarded": "proto=https"}])
async def test_a_trusted_proxy_says_that_its_connection_is_secure(
    prove: Prove,
    client_of: ClientOf,
    proxied_server: Server,
    open_webshop: OpenWebshop,
    headers: dict[str, str],
) -> None:
    call = await with_a_token(await strict_shop(open_webshop))
    await replace(prove, client=client_of(proxied_server))(
        replace(call, headers=headers),
        REFUSED,
        mend=replace(call, headers=SECURE),
        effect=answers([]),
        reads=True,
    )


@pytest.mark.row("textalk.1007")
async def test_what_an_untrusted_proxy_says_counts_for_nothing(
    prove: Prove, client_of: ClientOf, proxied_server: Server, open_webshop: OpenWebshop
) -> None:
    call, line = await with_a_token(await strict_shop(open_webshop)), Line(prove.client)

    async def trust() -> None:
        line.client = client_of(proxied_server)

    await replace(prove, client=line)(
        replace(call, headers=SECURE), REFUSED, mend=trust, effect=answers([]), reads=True
    )
