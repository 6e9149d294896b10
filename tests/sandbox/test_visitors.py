"""A sandbox asks for no key: no page that a developer happens to look at may reach it."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from entrepot.config import ConfigError, load_settings
from entrepot.sandbox.visitors import Visitors
from entrepot.store.connections import connect as connect_to
from tests.doors.kit.serving import Address, serve
from tests.sandbox.conftest import Sandbox
from tests.support.server import Server
from tests.support.webshop import PATH

PATHS = (
    "/sandbox/clock",
    "/sandbox/world",
    "/bonsai/openapi.json",
    "/textalk/openrpc.json",
    "/failures",
    "/",
    "/metrics",
)
OWN = (
    "localhost",
    "localhost:8600",
    "127.0.0.1",
    "127.9.9.9:1",
    "[::1]:8600",
    "bonsai.localhost",
    "LOCALHOST",
    "localhost.",
)
FOREIGN = (
    "attacker.example",
    "attacker.example:8600",
    "localhost.attacker.example",
    "10.0.0.1",
    "[2001:db8::1]",
)
PAGE = "https://attacker.example"


async def answer(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse("reached")(scope, receive, send)


@asynccontextmanager
async def guarded(*hosts: str) -> AsyncGenerator[Address]:
    async with serve(Visitors(answer, hosts, {"failures"})) as address:
        yield address


async def status(
    address: Address, host: str, path: str = "/sandbox/clock", method: str = "POST", **headers: str
) -> int:
    given = {"host": host} | {name.replace("_", "-"): value for name, value in headers.items()}
    async with httpx.AsyncClient(trust_env=False, verify=False, timeout=60) as client:
        return (await client.request(method, f"{address.url}{path}", headers=given)).status_code


async def test_only_names_of_this_machine_are_answered() -> None:
    async with guarded() as address:
        for path in PATHS:
            assert [await status(address, host, path) for host in OWN] == [200] * len(OWN)
            assert [await status(address, host, path) for host in FOREIGN] == [421] * len(FOREIGN)


async def test_a_name_that_was_given_is_answered() -> None:
    async with guarded("Shop.test", "10.0.0.1") as address:
        assert [await status(address, host) for host in ("shop.test:80", "10.0.0.1", "localhost")] == [
            200
        ] * 3
        assert await status(address, "other.test") == 421


@pytest.mark.parametrize("path", ["/sandbox/reset", "/bonsai/orders/V1/submit", "/SANDBOX/reset"])
async def test_requests_of_other_sites_pages_are_refused(path: str) -> None:
    async with guarded("shop.test") as address:
        assert await status(address, "localhost", path, origin=PAGE) == 403
        assert await status(address, "localhost", path, origin="null") == 403
        assert await status(address, "localhost", path, origin="http://[::1") == 403
        assert await status(address, "localhost", path, sec_fetch_site="cross-site") == 403
        assert await status(address, "localhost", path, origin=PAGE, sec_fetch_site="cross-site") == 403
        for own in ("http://localhost:3000", "http://127.0.0.1:5173", "https://shop.test"):
            assert await status(address, "localhost", path, origin=own) == 200
            assert await status(address, "localhost", path, origin=own, sec_fetch_site="cross-site") == 200
        for site in ("same-origin", "same-site", "none"):
            assert await status(address, "localhost", path, sec_fetch_site=site) == 200


async def test_two_origins_are_no_way_round() -> None:
    async with guarded() as address, httpx.AsyncClient(trust_env=False, verify=False, timeout=60) as client:
        headers = [("origin", "http://localhost"), ("origin", PAGE)]
        assert (await client.post(f"{address.url}/sandbox/reset", headers=headers)).status_code == 403


async def test_pages_that_explain_failures_may_be_linked_to() -> None:
    async with guarded() as address:
        linked = {"sec_fetch_site": "cross-site"}
        assert await status(address, "localhost", "/failures/sold-out", "GET", **linked) == 200
        assert await status(address, "localhost", "/failuresx", "GET", **linked) == 403
        assert await status(address, "localhost", "/sandbox/world", "GET", **linked) == 403


async def test_the_sandbox_itself_stands_behind_it(sandbox: Sandbox) -> None:
    foreign = await sandbox.http.get("/sandbox/world", headers={"host": "attacker.example"})
    assert foreign.status_code == 421
    assert "--sandbox-host attacker.example" in foreign.json()["error"]
    assert "demo-api-key" not in foreign.text
    assert (await sandbox.http.post("/sandbox/clock", json={}, headers={"origin": PAGE})).status_code == 403
    assert (await sandbox.http.get("/sandbox/clock")).json()["offset"] == "P0D"


async def test_a_page_cannot_open_a_socket(server: Server) -> None:
    url = server.url.replace("http", "ws", 1) + PATH
    with pytest.raises(InvalidStatus) as refused:
        async with connect(url, proxy=None, origin=PAGE):  # pyright: ignore[reportArgumentType]
            pass
    assert refused.value.response.status_code == 403


def test_a_sandbox_listens_beyond_this_machine_only_under_a_name() -> None:
    with pytest.raises(ConfigError, match="--sandbox-host"):
        load_settings({"sandbox": True, "host": "0.0.0.0"}, {})
    given = load_settings({"sandbox": True, "host": "0.0.0.0", "sandbox_hosts": ["Shop.test"]}, {})
    assert given.sandbox_hosts == ("shop.test",)
    assert load_settings({"sandbox": True}, {"ENTREPOT_SANDBOX_HOSTS": "a, b"}).sandbox_hosts == ("a", "b")
    with pytest.raises(ConfigError, match="--sandbox-host"):
        load_settings({"sandbox_hosts": ["shop.test"]}, {})
    with pytest.raises(ConfigError, match="--sandbox-host"):
        load_settings({"sandbox": True, "sandbox_hosts": ["http://shop.test"]}, {})


async def test_the_world_shows_secrets_of_simulators_only(sandbox: Sandbox, module_database_url: str) -> None:
    real = {
        "cards": {"gateway": "stripe", "api_key": "sk_test_real"},
        "taxes": {"provider": "avatax", "account": "a", "license_key": "avatax-real"},
        "mail": {"gateway": "smtp", "host": "h", "username": "u", "password": "smtp-real"},
        "addresses": {"register": "http", "url": "https://r.example", "api_key": "register-real"},
        "hub": {"gateway": "http", "url": "https://h.example", "api_key": "hub-real"},
        "external_payment": {"api": {"url": "https://p.example", "api_key": "partner-real"}},
    }
    connection = await connect_to(module_database_url)
    await connection.execute(
        "update channels set settings = settings || $1::jsonb where name = 'demo'", json.dumps(real)
    )
    shown = await sandbox.http.get("/sandbox/world")
    await connection.close()
    assert shown.status_code == 200
    assert "-real" not in shown.text
    assert "sk_test_real" not in shown.text
    assert "demo-api-key" in shown.text
    assert '"partner-secret"' in shown.text
