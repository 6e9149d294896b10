"""The documented refusals of transport and tokens: 1004 in each of its four places, 400, 401 and 405."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from tests.conformance.harness import Client, Expected, Line, Prove, Reply, Request, changed, read_state
from tests.conformance.harness.fixtures import OpenWebshop
from tests.conformance.harness.sockets import OpenSocket, SocketClient
from tests.conformance.textalk import CHALLENGE, CORS, answers, refusal, watch
from tests.support.server import Server
from tests.support.webshop import WORKSPACE, Webshop

CLOTH = 102
BODY = {"jsonrpc": "2.0", "id": None, "error": {"code": 1004, "message": "Bad auth token"}}
HANDSHAKE = Expected(
    401, {"connection": "close", "link": '</failures/unauthenticated>; rel="help"', **CHALLENGE}, BODY
)
"""The refusal of a socket: no call has been made yet, so there is no id."""


def bad_token(transport: str) -> Expected:
    """The refusal of a lone call, or of the socket on which it was to be made."""
    return HANDSHAKE if transport == "socket" else refusal(1004, "Bad auth token", status=401)


def weighing(shop: Webshop, token: str) -> Request:
    """A call that only an administrator may make, and that changes nothing."""
    return shop.call("Article.validate", CLOTH, {"weight": 1}, auth=token)


@pytest.mark.row("textalk.1004")
@pytest.mark.row("textalk.http.401", case="faulty")
@pytest.mark.parametrize(
    "faulty", ["x", "9" * 300, f"adm_1_{'x' * 43}", f"adm_{'z' * 13}_{'x' * 43}", "%C3%A5", "%00"]
)
async def test_a_token_of_nobody_is_bad(
    prove: Prove, transport: str, open_webshop: OpenWebshop, faulty: str
) -> None:
    shop = await open_webshop()
    await prove(
        weighing(shop, faulty),
        bad_token(transport),
        mend=weighing(shop, await shop.administrator()),
        effect=answers([]),
        reads=True,
    )


@pytest.mark.row("textalk.1004")
@pytest.mark.row("textalk.http.401", case="expired")
async def test_a_token_that_has_expired_is_bad(
    prove: Prove, transport: str, open_webshop: OpenWebshop
) -> None:
    shop = await open_webshop()
    token = await shop.administrator()
    await shop.age("admin_tokens", "expires_at", timedelta(hours=25))

    async def renew() -> None:
        await shop.age("admin_tokens", "expires_at", -timedelta(hours=25))

    await prove(weighing(shop, token), bad_token(transport), mend=renew, effect=answers([]), reads=True)


@pytest.mark.row("textalk.1004")
@pytest.mark.http_only
async def test_a_bad_token_inside_a_batch_is_told_call_by_call(
    prove: Prove, open_webshop: OpenWebshop
) -> None:
    shop = await open_webshop()
    good, bad = weighing(shop, await shop.administrator()), weighing(shop, "x")
    batch = [{**good.body, "id": "a"}, {"jsonrpc": "2.0", "method": "Article.count"}, {**good.body, "id": 7}]

    async def runs(reply: Reply) -> None:
        assert [(answer["id"], answer["result"]) for answer in reply.json] == [("a", []), (7, [])]

    refused = [{**BODY, "id": call} for call in ("a", 7)]
    await in_a_200(prove)(
        bad.with_body(batch),
        Expected(200, CORS, refused),
        mend=good.with_body(batch),
        effect=runs,
        reads=True,
    )


def in_a_200(prove: Prove) -> Prove:
    """The proof of 1004 where it is no 401: the row's note says so (decision textalk second reading 2)."""
    return replace(prove, row=replace(prove.row, http=200))


class Sockets:
    """Opens sockets, all of which are closed at the end."""

    def __init__(self, url: str, stack: AsyncExitStack) -> None:
        self._client = SocketClient(url, watch)
        self._stack = stack

    async def open(self, request: Request) -> OpenSocket:
        """An open socket whose context is that of the request."""
        return OpenSocket(await self._stack.enter_async_context(self._client.open(request)), watch)


@pytest.fixture
async def sockets(server: Server) -> AsyncIterator[Sockets]:
    """Sockets of the running server."""
    async with AsyncExitStack() as stack:
        yield Sockets(server.url, stack)


@pytest.mark.row("textalk.1004")
@pytest.mark.http_only
async def test_a_token_that_expires_while_its_socket_is_open_is_bad_in_a_frame(
    prove: Prove, sockets: Sockets, open_webshop: OpenWebshop
) -> None:
    shop = await open_webshop()
    call = weighing(shop, await shop.administrator())
    socket = await sockets.open(call)
    assert (await socket.send(call)).json["result"] == []
    await shop.age("admin_tokens", "expires_at", timedelta(hours=25))

    async def renew() -> None:
        await shop.age("admin_tokens", "expires_at", -timedelta(hours=25))

    await replace(in_a_200(prove), client=socket)(
        call, refusal(1004, "Bad auth token"), mend=renew, effect=answers([]), reads=True
    )


@pytest.mark.row("textalk.1004")
@pytest.mark.http_only
async def test_a_token_that_is_revoked_while_its_socket_is_open_is_bad_in_a_frame(
    prove: Prove, textalk: Client, sockets: Sockets, open_webshop: OpenWebshop
) -> None:
    shop = await open_webshop()
    admin = await shop.administrator()
    first, second = [await persistent(textalk, shop, admin) for _ in range(2)]
    line = Line(await sockets.open(weighing(shop, first)))
    assert (await line.send(weighing(shop, first))).json["result"] == []
    listed = await textalk.send(shop.call("AuthToken.list", "uid", auth=admin))
    await textalk.send(shop.call("AuthToken.delete", listed.json["result"][0]["uid"], auth=admin))

    async def reconnect() -> None:
        line.client = await sockets.open(weighing(shop, second))

    await replace(in_a_200(prove), client=line)(
        weighing(shop, first), refusal(1004, "Bad auth token"), mend=reconnect, effect=answers([]), reads=True
    )


async def persistent(textalk: Client, shop: Webshop, admin: str) -> str:
    """A token of an integration."""
    made = await textalk.send(shop.call("AuthToken.create", {"name": "Stock robot"}, auth=admin))
    return made.json["result"]["uid"]


@pytest.mark.row("textalk.1004")
async def test_another_shops_token_is_bad(
    prove: Prove, transport: str, textalk: Client, open_webshop: OpenWebshop
) -> None:
    shop = await open_webshop()
    own = await persistent(textalk, shop, await shop.administrator())
    await prove(
        shop.call("Article.count", shop="other", auth=own),
        bad_token(transport),
        mend=shop.call("Article.count", auth=own),
        effect=answers(len(WORKSPACE["products"])),
        reads=True,
    )


@pytest.mark.row("textalk.http.405")
@pytest.mark.http_only
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
async def test_only_post_carries_calls(prove: Prove, open_webshop: OpenWebshop, method: str) -> None:
    right = (await open_webshop()).call("Article.get", CLOTH, "uid")
    refused = refusal(
        -32600, "Invalid Request", "Method not allowed", page="method-not-allowed", call=None, status=405
    )
    allowed = {**refused.headers, "allow": "OPTIONS, POST"}
    await prove(
        replace(right, method=method),
        replace(refused, headers=allowed),
        mend=right,
        effect=answers({"uid": CLOTH}),
        reads=True,
    )


UPGRADE = (
    "Host: {host}", "Connection: Upgrade", "Upgrade: websocket",
    "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)  # fmt: skip


async def upgrade(server: Server, path: str, headers: tuple[str, ...]) -> int:
    """The status that answers an upgrade with these headers."""
    address = urlsplit(server.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    try:
        lines = [f"GET {path} HTTP/1.1", *headers, "", ""]
        writer.write("\r\n".join(lines).format(host=address.netloc).encode())
        return int((await asyncio.wait_for(reader.readline(), 60)).split()[1])
    finally:
        writer.close()


@pytest.mark.row("textalk.http.400")
@pytest.mark.http_only
@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param((*UPGRADE[:4],), id="no key"),
        pytest.param((*UPGRADE[:4], "Sec-WebSocket-Key: short"), id="bad key"),
        pytest.param((*UPGRADE[:3], UPGRADE[4]), id="no version"),
        pytest.param((*UPGRADE[:2], "Upgrade: h2c"), id="another protocol"),
    ],
)
async def test_a_bad_upgrade_is_refused(
    prove: Prove, server: Server, open_webshop: OpenWebshop, wrong: tuple[str, ...]
) -> None:
    """The status alone is documented: the HTTP library may refuse first (decision textalk second reading 4)."""
    path = (await open_webshop()).call("Article.count").path
    before = await read_state(prove.connection)
    assert await upgrade(server, path, wrong) == prove.row.http
    assert not changed(before, await read_state(prove.connection))
    assert await upgrade(server, path, UPGRADE) == 101
