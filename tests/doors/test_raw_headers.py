"""Header values are bytes that anybody chooses: on no route of any door do odd ones come to a fault of ours."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from entrepot.doors.bonsai.openapi.routes import ROUTES
from entrepot.doors.rebound.openapi import API as REBOUND
from entrepot.doors.walmart.openapi import API as WALMART
from entrepot.registry import manifests
from tests.conformance.bonsai import PREFIX
from tests.conformance.harness.fixtures import (
    OpenShop,
    OpenWebshop,
    connection,
    open_bonsai_shop,
    open_webshop,
)
from tests.support.server import Server, running_server
from tests.support.webshop import PATH

__all__ = ["connection", "open_bonsai_shop", "open_webshop"]

HEADERS = (
    "WM_SEC.ACCESS_TOKEN", "WM_QOS.CORRELATION_ID", "martId", "buId", "WM_SANDBOX",
    "Accept", "API-Key", "Authorization", "Content-Encoding", "Content-Type", "Cookie", "Forwarded", "Host",
    "Origin", "Sec-Fetch-Site", "Upgrade", "X-Forwarded-For", "X-Forwarded-Proto", "X-Request-Id",
)  # fmt: skip
VALUES = (
    b"", b"\xe9", b"\xff\xfe", "ключ".encode(), b"Basic", b"Basic \xe9", b"Basic \xff\xff\xff\xff",
    b"Basic /////w==", b"Basic AA==", b"Basic =", b"basic\t\xa0", b"application/json; charset=\xff",
    b"application/\xe9+json", b'auth="\\377\\400"; session=\xff; =; ;;', b"http://\xe9[::1", b"[::1", b":", b"a,\xff,b",
    b"\t\x80 \t", b"x" * 6_000,
)  # fmt: skip
SERVICE = (
    ("GET", "/"),
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
    ("GET", "/failures"),
    ("GET", "/failures/sold-out"),
    ("GET", "/sandbox/world"),
    ("GET", "/sandbox/clock"),
    ("GET", "/sandbox/faults"),
    ("GET", "/sandbox/mailbox"),
    ("POST", "/sandbox/partner/none/validate"),
    *(("GET", f"/{name}{each.description}") for name, each in manifests().items() if each.description),
    ("POST", PATH),
    ("GET", PATH),
    ("OPTIONS", PATH),
    ("GET", "/nowhere"),
)
MARKETPLACE = tuple(
    (each.method, "/walmart" + each.path.replace("{returnOrderId}", "33" + "0" * 16))
    for each in WALMART.operations
)
RETAILER = tuple(
    (each.method, "/rebound" + each.path.replace("{salesOrderId}", "0" * 8)) for each in REBOUND.operations
)
PARTNER = tuple(
    (method, f"/datamingle/api/integrations/v1/{resource}/{end}")
    for resource in ("orders", "inventory", "locations", "products")
    for method, end in (("GET", ""), ("POST", ""), ("GET", "A"), ("PUT", "A"), ("DELETE", "A"))
)
PATHS = (
    *SERVICE,
    *MARKETPLACE,
    *RETAILER,
    *PARTNER,
    *((each.method, PREFIX + each.path.replace("{id}", "c" + "0" * 24)) for each in ROUTES),
)


class Wire:
    """One connection to the server, opened anew when the server has closed it."""

    def __init__(self, server: Server) -> None:
        self._port = urlsplit(server.url).port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(
        self,
        method: str,
        path: str,
        headers: Sequence[tuple[str, bytes]],
        body: bytes = b"",
        announced: int | None = None,
    ) -> tuple[int, bytes]:
        """Status and everything that was said, with these headers' bytes as they are, and another length."""
        given = {name.lower() for name, _ in headers}
        own = [] if "host" in given else [("Host", b"localhost")]
        lines = [f"{name}: ".encode() + value for name, value in (*own, *headers)]
        head = b"\r\n".join(
            [f"{method} {path} HTTP/1.1".encode(), *lines, b"Content-Length: %d" % (announced or len(body))]
        )
        reader, writer = await self._open()
        writer.write(head + b"\r\n\r\n" + body)
        async with asyncio.timeout(60):
            said = await reader.readuntil(b"\r\n\r\n")
            content = await reader.readexactly(_length(said))
        if b"connection: close" in said.lower():
            self.close()
        return int(said.split(b" ", 2)[1]), said + content

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        return self._streams

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
        self._streams = None


def _length(said: bytes) -> int:
    return int(said.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)


@pytest.fixture
async def wire(server: Server) -> AsyncIterator[Wire]:
    opened = Wire(server)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def empty_server(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server without any workspace: what it tells of itself is short."""
    log: Path = tmp_path_factory.mktemp("empty") / "server.log"
    with running_server(log, "--sandbox", "--database-url", module_database_url) as running:
        yield running


@pytest.mark.parametrize("header", HEADERS)
async def test_no_bytes_in_a_header_come_to_a_fault_of_ours(empty_server: Server, header: str) -> None:
    wire = Wire(empty_server)
    for method, path in PATHS:
        for value in VALUES:
            status, said = await wire.ask(method, path, [(header, value)])
            assert status < 500, (method, path, value, said)
            assert path != PATH or b"-32603" not in said, (method, value, said)
    wire.close()


@pytest.mark.parametrize("value", VALUES)
async def test_no_bytes_in_a_header_break_a_handshake(server: Server, value: bytes) -> None:
    for header in (*HEADERS, "Sec-WebSocket-Key", "Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions"):
        wire = Wire(server)
        asked = {
            "Connection": b"Upgrade",
            "Upgrade": b"websocket",
            "Sec-WebSocket-Version": b"13",
            "Sec-WebSocket-Key": base64.b64encode(b"k" * 16),
        }
        status, said = await wire.ask("GET", PATH, list({**asked, header: value}.items()))
        wire.close()
        assert status < 500, (header, said)


AROUND = ((b"", b" "), (b"", b"\t"), (b" \t", b" \t  "))
"""Blanks that are around a value and no part of it (RFC 9112, 5.1)."""


@pytest.mark.parametrize(("before", "after"), AROUND)
async def test_blanks_around_a_value_are_no_part_of_it(
    wire: Wire, open_bonsai_shop: OpenShop, before: bytes, after: bytes
) -> None:
    shop = await open_bonsai_shop()
    await shop.change({"channels/shop/keys/private": f"{shop.name}-private"})

    async def ask(method: str, path: str, body: bytes, **values: bytes) -> tuple[int, bytes]:
        named = {
            "X-Request-Id": b"my-id",
            **{name.replace("_", "-"): value for name, value in values.items()},
        }
        headers = [(name, before + value + after) for name, value in named.items()]
        status, said = await wire.ask(method, path, headers, body)
        assert b"x-request-id: my-id\r\n" in said
        return status, said

    order = shop.submit()
    key, private = shop.key().encode(), base64.b64encode(f"{shop.name}-private".encode())
    status, said = await ask(
        "POST", order.path, order.content, API_Key=key, Content_Type=b"application/json; charset=utf-8"
    )
    assert status == 200, said
    placed = json.loads(said.partition(b"\r\n\r\n")[2])["data"]["public_id"]
    status, said = await ask("GET", f"{PREFIX}/orders/v2/{placed}", b"", Authorization=b"Basic " + private)
    assert status == 200, said
    status, said = await ask("GET", "/failures/sold-out", b"", Accept=b"text/html")
    assert (status, b"<html" in said) == (200, True)


@pytest.mark.parametrize(("before", "after"), AROUND)
async def test_blanks_around_a_cookie_are_no_part_of_it(
    wire: Wire, open_webshop: OpenWebshop, before: bytes, after: bytes
) -> None:
    shop = await open_webshop()
    cookie = f"webshop={shop.uids['shop']}".encode()
    call = {"jsonrpc": "2.0", "id": 1, "method": "Article.list", "params": [{"uid": True}, {"limit": 1}]}
    headers = [("Cookie", before + cookie + after), ("Content-Type", before + b"application/json" + after)]
    status, said = await wire.ask("POST", PATH, headers, json.dumps(call).encode())
    assert (status, b'"result"' in said) == (200, True), said


async def test_textalk_takes_no_encoded_body_and_says_so_in_json(wire: Wire) -> None:
    status, said = await wire.ask("POST", PATH, [("Content-Encoding", b"gzip")], gzip.compress(b"{}"))
    assert (status, b"accept-encoding: identity\r\n" in said) == (415, True)
    body = json.loads(said.partition(b"\r\n\r\n")[2])
    assert body["error"] == {
        "code": -32600,
        "message": "Invalid Request",
        "data": "Unsupported content coding",
    }


async def test_every_401_says_what_is_asked_for(wire: Wire, server: Server) -> None:
    upgrade = [
        ("Connection", b"Upgrade"),
        ("Upgrade", b"websocket"),
        ("Sec-WebSocket-Version", b"13"),
        ("Sec-WebSocket-Key", base64.b64encode(b"k" * 16)),
    ]
    call = b'{"jsonrpc": "2.0", "id": 1, "method": "Context.get", "params": []}'
    status, said = await wire.ask("POST", f"{PATH}?auth=wrong", [("Content-Type", b"application/json")], call)
    assert (status, b'www-authenticate: Token realm="textalk"\r\n' in said) == (401, True)
    status, said = await Wire(server).ask("GET", f"{PATH}?auth=wrong", upgrade)
    assert (status, b'www-authenticate: Token realm="textalk"\r\n' in said) == (401, True)
    status, said = await wire.ask("GET", "/sandbox/partner/none/validate?token=x", [])
    assert (status, b'www-authenticate: API-Key realm="partner"\r\n' in said) == (401, True)
