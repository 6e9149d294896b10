"""Requests reach their operation, and every reply carries the headers that all doors promise."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from entrepot.doors.kit import (
    Answer,
    CorsPolicy,
    DoorSwitch,
    Endpoint,
    GuardedEndpoint,
    Reply,
    Request,
    Resource,
    Router,
    encode,
)
from entrepot.failures import Overloaded, Unauthenticated

from .serving import Address, Seen, door, serve


async def show(request: Request) -> Answer:
    params = {name: str(value) for name, value in request.params.items()}
    return Reply(200, encode({"path": request.path, "params": params, "q": request.query.getlist("q")}))


async def refuse(request: Request) -> Answer:
    return Overloaded(retry_after=7)


async def admit(request: Request) -> str | Answer:
    key = request.header("API-Key")
    if key is None:
        return Unauthenticated("missing")
    request.channel = f"channel of {key}"
    return key


async def greet(request: Request, caller: str) -> Answer:
    return Reply(200, encode({"caller": caller, "bytes": len(request.body)}))


async def nothing(request: Request) -> Answer:
    return Reply(204)


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture
async def server(seen: Seen) -> AsyncIterator[Address]:
    sample = door(seen)
    shown = Endpoint(sample, "show", show)
    policy = CorsPolicy("*", ["GET", "OPTIONS"], ["API-Key"], exposed=["X-Request-Id"])
    resources = [
        Resource("/Orders/V1/submit", {"POST": shown}),
        Resource("/orders/{id}", {"GET": shown, "DELETE": shown}),
        Resource("/lines/{number:int}/", {"GET": shown}),
        Resource("/busy", {"GET": Endpoint(sample, "refuse", refuse)}, cors=policy),
        Resource("/greet", {"POST": GuardedEndpoint(sample, "greet", admit, greet, body_limit=10)}),
        Resource("/nothing", {"GET": Endpoint(sample, "nothing", nothing)}),
    ]
    loose = Router(sample, resources, any_case=True, slash_optional=True)
    strict = Router(sample, resources)
    other = Router(sample, [Resource("/", {"GET": shown}), Resource("/help/{name}", {"GET": shown})])
    switch = DoorSwitch(
        {"loose": loose, "strict": strict},
        {"Shop.Example": "loose"},
        fallback=other,
        observe=seen,
        everywhere={"shared": other},
    )
    async with serve(switch) as address:
        yield address


@pytest.fixture
async def client(server: Address) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=server.url, verify=False, timeout=60) as client:
        yield client


async def test_paths_match_in_any_case_and_values_keep_theirs(client: httpx.AsyncClient) -> None:
    assert (await client.post("/loose/orders/v1/SUBMIT")).status_code == 200
    assert (await client.post("/strict/orders/v1/SUBMIT")).status_code == 404
    assert (await client.post("/strict/Orders/V1/submit")).status_code == 200
    reply = await client.get("/loose/ORDERS/AbC%20d")
    assert reply.json() == {"path": "/ORDERS/AbC d", "params": {"id": "AbC d"}, "q": []}


async def test_the_final_slash_matters_only_where_it_shall(client: httpx.AsyncClient) -> None:
    for path in ("/loose/lines/7", "/loose/lines/7/", "/strict/lines/7/"):
        assert (await client.get(path)).json()["params"] == {"number": "7"}
    assert (await client.get("/strict/lines/7")).status_code == 404
    assert (await client.get("/loose/lines/7//")).status_code == 404


@pytest.mark.parametrize("path", ["/lines/" + "9" * 5_000 + "/", "/orders/1/2", "/orders/", "/", "", "/%00"])
async def test_an_unknown_path_is_rendered_by_the_door(client: httpx.AsyncClient, path: str) -> None:
    reply = await client.get(f"/strict{path}")
    assert (reply.status_code, reply.json()) == (404, {"failed": "unknown-route"})


async def test_a_wrong_method_names_the_right_ones(client: httpx.AsyncClient, seen: Seen) -> None:
    reply = await client.put("/loose/orders/7", content=b"x" * 2_000_000)
    assert (reply.status_code, reply.json()) == (405, {"failed": "method-not-allowed"})
    assert reply.headers["allow"] == "DELETE, GET, HEAD"
    assert seen.calls == [("sample", "unknown", None, "method-not-allowed")]


async def test_get_answers_head(client: httpx.AsyncClient) -> None:
    reply = await client.head("/loose/orders/7")
    assert (reply.status_code, reply.content) == (200, b"")


async def test_the_null_character_never_reaches_a_handler(client: httpx.AsyncClient) -> None:
    reply = await client.get("/loose/orders/a%00b?q=%00&q=1&q=")
    assert reply.json() == {
        "path": "/orders/a\ufffdb",
        "params": {"id": "a\ufffdb"},
        "q": ["\ufffd", "1", ""],
    }


@pytest.mark.parametrize("host", ["shop.example", "SHOP.example:8600", "shop.example."])
async def test_a_host_name_puts_its_door_at_the_root(client: httpx.AsyncClient, host: str) -> None:
    headers = {"Host": host}
    assert (await client.get("/orders/7", headers=headers)).json()["path"] == "/orders/7"
    assert (await client.get("/strict/orders/7", headers=headers)).status_code == 404
    assert (await client.get("/shared/help/x", headers=headers)).json()["params"] == {"name": "x"}


async def test_other_hosts_and_paths_go_to_the_fallback(client: httpx.AsyncClient) -> None:
    assert (await client.get("/")).json()["path"] == "/"
    assert (await client.get("/shared")).json()["path"] == "/"
    assert (await client.get("/orders/7")).status_code == 404


def test_a_host_name_needs_a_door() -> None:
    async def app(*_: object) -> None: ...

    with pytest.raises(ValueError, match="unknown doors: nowhere"):
        DoorSwitch({}, {"a.example": "nowhere"}, app, observe=Seen())


def test_a_path_is_taken_once(seen: Seen) -> None:
    resources = [Resource("/a/{id}", {}), Resource("/A/{id}", {})]
    Router(door(seen), resources)
    with pytest.raises(ValueError, match=r"two resources at /A/\{id\}"):
        Router(door(seen), resources, any_case=True)


async def test_the_callers_request_id_comes_back_if_it_is_harmless(client: httpx.AsyncClient) -> None:
    for given in ("a", "Az09._-", "x" * 128):
        reply = await client.get("/nothing", headers={"X-Request-Id": given})
        assert reply.headers["x-request-id"] == given
    for given in ("", "x" * 129, "a b", "a\tb", 'a"', "é"):
        reply = await client.get("/nothing", headers={b"X-Request-Id": given.encode()})
        assert len(reply.headers["x-request-id"]) == 32
    fresh = {(await client.get("/nothing")).headers["x-request-id"] for _ in range(5)}
    assert len(fresh) == 5


async def test_a_temporary_failure_says_when_and_where_help_is(client: httpx.AsyncClient) -> None:
    reply = await client.get("/loose/busy")
    assert reply.headers["retry-after"] == "7"
    assert reply.headers["link"] == '</failures/overloaded>; rel="help"'
    assert reply.headers["content-type"] == "application/json"


async def test_a_reply_without_content_has_no_type_and_no_length(client: httpx.AsyncClient) -> None:
    reply = await client.get("/loose/nothing")
    assert reply.status_code == 204
    assert {"content-type", "content-length", "link", "retry-after"}.isdisjoint(reply.headers)


async def test_who_may_not_call_is_told_before_the_body_is_read(
    client: httpx.AsyncClient, seen: Seen
) -> None:
    body = b"x" * 11
    assert (await client.post("/loose/greet", content=body)).status_code == 401
    headers = {"API-Key": "k"}
    assert (await client.post("/loose/greet", content=body, headers=headers)).status_code == 413
    reply = await client.post("/loose/greet", content=body[:10], headers=headers)
    assert reply.json() == {"caller": "k", "bytes": 10}
    assert [call[2:] for call in seen.calls] == [
        (None, "unauthenticated"),
        ("channel of k", "payload-too-large"),
        ("channel of k", "ok"),
    ]


async def test_browsers_are_let_in_where_the_policy_says(client: httpx.AsyncClient) -> None:
    preflight = await client.options("/loose/busy", headers={"Origin": "https://a.example"})
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-methods"] == "GET, OPTIONS"
    assert preflight.headers["access-control-allow-headers"] == "API-Key"
    for reply in (preflight, await client.get("/loose/busy"), await client.put("/loose/busy")):
        assert reply.headers.get_list("access-control-allow-origin") == ["*"]
        assert reply.headers["access-control-expose-headers"] == "X-Request-Id"
    assert (await client.options("/loose/greet")).status_code == 405


async def test_a_websocket_is_refused_where_none_is_taken_and_observed_once(
    server: Address, seen: Seen
) -> None:
    for path in ("/loose/busy", "/loose/nowhere", "/nowhere"):
        with pytest.raises(InvalidStatus) as refused:
            async with connect(f"ws://127.0.0.1:{server.port}{path}"):
                pass
        response = refused.value.response
        assert (response.status_code, response.headers["link"]) == (
            404,
            '</failures/unknown-route>; rel="help"',
        )
        assert len(response.headers["x-request-id"]) == 32
    told = [(door, "handshake", None, "unknown-route") for door in ("sample", "sample", "none")]
    assert seen.calls == told


@pytest.mark.parametrize("mounted", [False, True])
@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/places/A-101", "A-101"),
        ("/places/WH%2FSHELF-01", "WH/SHELF-01"),
        ("/places/WH%2fSHELF-01/", "WH/SHELF-01"),
        ("/places/a%2F%2Fb?q=1", "a//b"),
        ("/places/a%00b", "a\ufffdb"),
        ("/places/%ff", "\ufffd"),
        ("/pl%61ces/%C3%A9", "\xe9"),
    ],
)
async def test_an_encoded_slash_may_be_part_of_a_value(seen: Seen, path: str, code: str, *, mounted: bool):
    api = door(seen)
    places = Resource("/places/{code}/", {"GET": Endpoint(api, "place", show)})
    router = Router(api, [places], slash_optional=True, slashes_in_values=True)
    app = DoorSwitch({"sample": router}, {}, router, observe=seen) if mounted else router
    async with serve(app) as address, httpx.AsyncClient(verify=False, timeout=60) as client:
        prefix = "/s%61mple" if mounted else ""
        reply = await client.get(address.url + prefix + path)
        assert reply.json()["params"] == {"code": code}
        missing = await client.get(address.url + prefix + "/places/a/b")
        assert missing.status_code == 404
