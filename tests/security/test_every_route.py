"""What holds for every route of every door, and for those that are added: no route is named here."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from entrepot.store.credentials.credentials import list_credentials, revoke_credential
from tests.conformance.harness import changed, read_state
from tests.conformance.harness.fixtures import (
    OpenPartners,
    OpenRetailer,
    OpenSeller,
    OpenShop,
    OpenWebshop,
)
from tests.doors.test_raw_headers import Wire
from tests.security.corpus import BODIES, CALLS, PARAMS, QUERIES, SEGMENTS
from tests.security.routes import Route, all_routes
from tests.support import secrets
from tests.support.server import Server
from tests.support.webshop import PATH, Webshop

DOORS = ("bonsai", "datamingle", "rebound", "walmart")
"""The doors whose operations are paths; Textalk's are calls."""
SHARED = frozenset({("POST", "/reset"), ("POST", "/clock"), ("POST", "/faults"), ("DELETE", "/faults")})
"""Of the sandbox what would change the server for other tests."""
INTERNAL = (-32603, -32000)
AT_ONCE = 8
NOBODY = "nobody"
LARGE = 60_000_000
"""Bytes: more than any route reads."""
Headers = Mapping[str, str]


@dataclass
class Keys:
    """What opens each door, of workspaces of this test's own."""

    server: Server
    http: httpx.AsyncClient
    shop: Webshop
    auth: str
    of: Mapping[str, Headers]
    workspaces: Sequence[int] = field(default_factory=list[int])

    async def ask(
        self, route: Route, path: str, headers: Headers, body: bytes | None = None
    ) -> httpx.Response:
        """The reply, whatever it is."""
        secrets.remember(path, headers, body or b"")
        kind = "x-www-form-urlencoded" if route.path.endswith("/token") else "json"
        typed = {} if body is None else {"Content-Type": f"application/{kind}"}
        return await self.http.request(route.method, path, headers={**typed, **headers}, content=body)

    async def calls(self, calls: Sequence[tuple[str, Any]], auth: str) -> httpx.Response:
        """The reply to calls in one request."""
        batch = [
            {"jsonrpc": "2.0", "id": no, "method": name, "params": given}
            for no, (name, given) in enumerate(calls)
        ]
        return await self._post(batch, auth)

    async def admits(self, auth: str) -> bool:
        """Whether Textalk knows whose token this is."""
        reply = await self._post({"jsonrpc": "2.0", "id": 1, "method": "Context.get", "params": []}, auth)
        assert reply.status_code in (200, 401), reply.text
        return reply.status_code == 200

    async def _post(self, message: Any, auth: str) -> httpx.Response:
        return await self.http.post(f"{PATH}?webshop={self.shop.uids['shop']}&auth={auth}", json=message)


@pytest.fixture
async def keys(
    server: Server,
    open_bonsai_shop: OpenShop,
    open_datamingle: OpenPartners,
    open_rebound_retailer: OpenRetailer,
    open_seller: OpenSeller,
    open_webshop: OpenWebshop,
    connection: Any,
) -> AsyncIterator[Keys]:
    shop, partners, webshop = await open_bonsai_shop(), await open_datamingle(), await open_webshop()
    seller, retailer = await open_seller(), await open_rebound_retailer()
    await shop.change({"channels/shop/keys/private": f"{shop.name}-private"})
    private = base64.b64encode(f"{shop.name}-private".encode()).decode()
    of = {
        "bonsai": {"API-Key": shop.key(), "Authorization": f"Basic {private}"},
        "datamingle": {"X-API-Key": partners.key()},
        "rebound": await retailer.headers(),
        "walmart": {"WM_SEC.ACCESS_TOKEN": await seller.log_in()},
    }
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=120) as http:
        opened = (shop, partners, webshop, seller, retailer)
        yield Keys(
            server, http, webshop, await webshop.administrator(), of, [await each.id() for each in opened]
        )
    # Strangers tried the operators' doors too, from the address of all other tests.
    await connection.execute("delete from tries where workspace = 0")


@pytest.fixture(scope="module")
def routes() -> list[Route]:
    return asyncio.run(all_routes())


def prefix(route: Route) -> str:
    return "" if route.room == "server" else f"/{route.room}"


def filled(route: Route, segment: str = "1") -> str:
    """The route's path with something in the place of each placeholder."""
    parts = (segment if part.startswith("{") else part for part in route.path.split("/"))
    return prefix(route) + "/".join(parts)


def guarded(route: Route) -> bool:
    """Whether a door's route asks for a key or a token; where tokens are got, the pair is what is asked for."""
    return route.room in DOORS and route.path != "/openapi.json" and not route.path.endswith("/token")


async def everywhere(jobs: Iterator[Callable[[], Awaitable[str | None]]]) -> list[str]:
    """What was found wrong by jobs of which some run at once."""
    found: list[str] = []

    async def work() -> None:
        for job in jobs:
            if (wrong := await job()) is not None:
                found.append(wrong)

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    return found


async def strangers(
    keys: Keys, routes: Sequence[Route], kinds: Mapping[str, Mapping[str, Headers]]
) -> list[str]:
    """Where somebody came in who should not have: of each kind the headers at each door."""

    async def refused(route: Route, kind: str, headers: Headers) -> str | None:
        body = b"{}" if route.method in ("POST", "PUT", "PATCH") else None
        reply = await keys.ask(route, filled(route), headers, body)
        fits = reply.status_code == 401 and "www-authenticate" in reply.headers
        # Django's framework, whose answers DataMingle documents, tells nobody from somebody whom it does not know.
        fits |= (route.room, kind, reply.status_code) == ("datamingle", NOBODY, 403)
        return None if fits else f"{route} for {kind}: {reply.status_code} {reply.text[:200]}"

    return await everywhere(
        (lambda route=route, kind=kind, of=of: refused(route, kind, of[route.room]))
        for kind, of in kinds.items()
        for route in routes
        if guarded(route)
    )


async def test_no_route_lets_a_stranger_in(keys: Keys, routes: list[Route], connection: Any) -> None:
    """Without a key, with a broken one, with one of another door."""
    names = {name for headers in keys.of.values() for name in headers}
    foreign = {
        door: {name: keys.of[other][own] for name in keys.of[door] for own in list(keys.of[other])[:1]}
        for door, other in zip(DOORS, (*DOORS[1:], DOORS[0]), strict=True)
    }
    before = await read_state(connection)
    kinds: dict[str, Mapping[str, Headers]] = {
        NOBODY: {door: {} for door in DOORS},
        "somebody with nonsense": dict.fromkeys(DOORS, dict.fromkeys(names, "Bearer x y z")),
        "somebody with a very long key": dict.fromkeys(DOORS, dict.fromkeys(names, "x" * 5_000)),
        "another door's caller": foreign,
    }
    assert await strangers(keys, routes, kinds) == []
    assert not changed(before, await read_state(connection))
    for auth in ("x", "%00", "x" * 2_000, keys.of["datamingle"]["X-API-Key"]):
        assert not await keys.admits(auth)


SUSPENDED = "update credentials set suspended_at = '2000-01-01' where workspace = any($1)"
RESUMED = "update credentials set suspended_at = null where workspace = any($1)"
EXPIRED = tuple(
    # A moment ago: what ended long ago is deleted as soon as the server tidies up, and cannot be renewed.
    f"update {table} set expires_at = now() - interval '1 minute' where workspace = any($1) {which}"
    for table, which in (
        ("directory", "and credential is not null"),
        ("access_tokens", ""),
        ("admin_tokens", ""),
    )
)
RENEWED = (
    "update directory set expires_at = null where workspace = any($1) and credential is not null",
    "update access_tokens set expires_at = '2100-01-01' where workspace = any($1)",
)


async def test_no_route_lets_somebody_in_whose_key_has_ended(
    keys: Keys, routes: list[Route], connection: Any
) -> None:
    """Suspended, expired, revoked. Before, and in between, none of them is a stranger anywhere."""
    opened = len([each for each in routes if guarded(each)])

    async def come_in() -> bool:
        return len(await strangers(keys, routes, {"its owner": keys.of})) == opened

    assert await come_in()
    assert await keys.admits(keys.auth)
    await connection.execute(SUSPENDED, keys.workspaces)
    assert await strangers(keys, routes, {"suspended": keys.of}) == []
    await connection.execute(RESUMED, keys.workspaces)
    assert await come_in()
    for statement in EXPIRED:
        await connection.execute(statement, keys.workspaces)
    assert await strangers(keys, routes, {"expired": keys.of}) == []
    assert not await keys.admits(keys.auth)
    for statement in RENEWED:
        await connection.execute(statement, keys.workspaces)
    assert await come_in()
    for workspace in keys.workspaces:
        for each in await list_credentials(connection, workspace):
            await revoke_credential(connection, workspace, each.id, datetime.now(UTC))
    assert await strangers(keys, routes, {"revoked": keys.of}) == []


async def test_no_route_reads_a_body_beyond_its_limit(keys: Keys, routes: list[Route]) -> None:
    """Its announced size is enough to be refused; so that nothing is refused for another reason, with good keys."""
    for route in routes:
        if route.method not in ("POST", "PUT", "PATCH") or (route.method, route.path) in SHARED:
            continue
        headers = {**keys.of.get(route.room, {}), "Content-Type": "application/json"}
        named = [(name, value.encode()) for name, value in headers.items()]
        wire = Wire(keys.server)
        status, said = await wire.ask(route.method, filled(route), named, announced=LARGE)
        wire.close()
        refused = 300 <= status < 500 or (route.room == "textalk" and b'"code":-32600' in said)
        assert refused, (route, said)


async def test_nothing_that_ever_broke_a_door_breaks_any(keys: Keys, routes: list[Route]) -> None:
    asked = await _declared(keys)

    async def answered(route: Route, path: str, body: bytes | None) -> str | None:
        reply = await keys.ask(route, path, keys.of.get(route.room, {}), body)
        wrong = reply.status_code >= 500
        return f"{route} {path[:200]} {(body or b'')[:80]!r}: {reply.text[:200]}" if wrong else None

    found = await everywhere(
        (lambda route=route, path=path, body=body: answered(route, path, body))
        for route, path, body in _tries(routes, asked)
    )
    assert found == []


def _tries(
    routes: Sequence[Route], asked: Mapping[tuple[str, str, str], Sequence[str]]
) -> Iterator[tuple[Route, str, bytes | None]]:
    for route in routes:
        if route.method in ("CALL", "WEBSOCKET") or (
            route.room == "sandbox" and (route.method, route.path) in SHARED
        ):
            continue
        if route.method in ("POST", "PUT", "PATCH"):
            yield from ((route, filled(route), body) for body in BODIES)
        if "{" in route.path:
            yield from ((route, filled(route, segment), None) for segment in SEGMENTS)
        for name in asked.get((route.room, route.method, route.path), ()):
            yield from ((route, f"{filled(route)}?{name}={value}", None) for value in QUERIES)


async def _declared(keys: Keys) -> dict[tuple[str, str, str], list[str]]:
    """The parameters that operations read from the query, as the doors describe them."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for door in DOORS:
        paths = (await keys.http.get(f"/{door}/openapi.json")).json()["paths"]
        for path, methods in paths.items():
            for method, about in methods.items():
                names = [each["name"] for each in about.get("parameters", ()) if each["in"] == "query"]
                found[door, method.upper(), path.rstrip("/")] = names
    return found


async def test_no_call_that_ever_broke_a_method_breaks_any(keys: Keys, routes: list[Route]) -> None:
    names = [route.path for route in routes if route.method == "CALL" and not route.path.startswith("Admin.")]
    calls = [*CALLS, *((name, params) for name in names for params in PARAMS if name not in DEAR)]
    for start in range(0, len(calls), 100):
        batch = calls[start : start + 100]
        reply = await keys.calls(batch, keys.auth)
        assert reply.status_code == 200, reply.text
        for call, answer in zip(batch, reply.json(), strict=True):
            code = answer.get("error", {}).get("code")
            assert code not in INTERNAL, (call[0], json.dumps(call[1])[:200], answer)


DEAR = frozenset({"Customer.login", "Customer.signup", "Customer.resetPassword"})
"""Methods that count tries, which are told as an error of their own, or hash a password."""
