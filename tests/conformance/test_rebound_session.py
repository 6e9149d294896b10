"""A client library's own OAuth 2.0 session walks the whole way, and the token endpoint refuses as RFC 6749 has it."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from authlib.integrations.httpx_client import AsyncOAuth2Client as _Session  # pyright: ignore[reportMissingTypeStubs]

from tests.conformance.harness import Client, Expected, Request, changed, read_state
from tests.conformance.harness.fixtures import OpenRetailer
from tests.conformance.harness.proof import assert_reply
from tests.conformance.rebound import LOG_IN, ORDER, ORDERS, RETURNS, TOKEN, refusal
from tests.support.server import Server

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
GRANT = "grant_type=client_credentials"
_session: Any = _Session


@pytest.fixture
async def sandbox(server: Server) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, verify=False, timeout=60) as client:
        yield client
        await client.post("/sandbox/clock", json={"offset": "0s"})


class Client401:
    """The library's session, which gets a new token once whenever it is answered with 401."""

    def __init__(self, url: str, client: str, secret: str, method: str) -> None:
        self.url = url
        self.fetched = 0
        self.session = _session(
            client, secret, token_endpoint_auth_method=method, base_url=url, trust_env=False, timeout=60
        )

    async def log_in(self) -> None:
        self.fetched += 1
        await self.session.fetch_token(self.url + TOKEN, grant_type="client_credentials")

    async def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        reply: httpx.Response = await self.session.request(method, path, **more)
        if reply.status_code == 401:
            await self.log_in()
            reply = await self.session.request(method, path, **more)
        return reply


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
async def test_a_library_s_session_registers_reads_and_follows(
    open_rebound_retailer: OpenRetailer, server: Server, sandbox: httpx.AsyncClient, method: str
) -> None:
    retailer = await open_rebound_retailer()
    client = Client401(server.url, f"{retailer.name}-shop", "live-secret", method)
    async with client.session:
        await client.log_in()
        created = await client.ask("POST", ORDERS, json=ORDER)
        assert created.status_code == 201, created.text
        await sandbox.post("/sandbox/clock", json={"offset": "+1801s"})
        listed = await client.ask("GET", ORDERS, params={"clientOrderId": ORDER["clientOrderId"]})
        assert (listed.status_code, listed.json(), client.fetched) == (200, [created.json()], 2)
        got = await client.ask("GET", created.headers["location"])
        assert (got.status_code, got.json()) == (200, created.json())
        place = f"/sandbox/returns?workspace={retailer.name}"
        opened = await sandbox.post(place, json={"order": created.json()["salesOrderId"]})
        assert opened.status_code in (200, 201), opened.text
        returns = await client.ask("GET", RETURNS, params={"clientOrderId": ORDER["clientOrderId"]})
        [shown] = returns.json()
        assert (shown["status"], shown["salesOrderId"]) == (
            "RETURN_ORDER_CREATED",
            created.json()["salesOrderId"],
        )
        assert [item["clientItemId"] for item in shown["items"]] == ["AB0001231", "AB0001232"]
        assert client.fetched == 2


def token_error(status: int, error: str, page: str) -> Expected:
    headers = {"cache-control": "no-store", "pragma": "no-cache", "link": f'</failures/{page}>; rel="help"'}
    if status == 401:
        headers["www-authenticate"] = 'Basic realm="rebound", charset="UTF-8"'
    return Expected(status, headers, {"error": error})


def basic(client: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{client}:{secret}".encode()).decode()


async def test_a_token_is_given_by_basic_and_by_form(
    open_rebound_retailer: OpenRetailer, rebound: Client
) -> None:
    retailer = await open_rebound_retailer()
    by_header = {"Authorization": basic(f"{retailer.name}-shop", "live-secret"), **FORM}
    encoded = {"Authorization": basic(quote(f"{retailer.name}-shop"), quote("live-secret")), **FORM}
    for request in (
        retailer.token_request(),
        Request("POST", TOKEN, GRANT.encode(), by_header),
        Request("POST", TOKEN, f"{GRANT}&scope=x&more=1".encode(), encoded),
    ):
        reply = await rebound.send(request)
        assert reply.status == 200, reply.body
        told = dict(reply.headers)
        assert (told["cache-control"], told["pragma"]) == ("no-store", "no-cache")
        assert reply.json.keys() == {"access_token", "token_type", "expires_in"}
        assert (reply.json["token_type"], reply.json["expires_in"]) == ("Bearer", 1_800)
        listing = Request(
            "GET",
            f"{ORDERS}?clientOrderId=x",
            headers={"Authorization": f"bearer {reply.json['access_token']}"},
        )
        assert (await rebound.send(listing)).json == []


@pytest.mark.parametrize(
    ("form", "status", "error", "page"),
    [
        ("", 401, "invalid_client", "unauthenticated"),
        (GRANT, 401, "invalid_client", "unauthenticated"),
        (f"{GRANT}&client_id={{0}}-shop&client_secret=wrong", 401, "invalid_client", "unauthenticated"),
        (f"{GRANT}&client_id={{0}}-shop", 401, "invalid_client", "unauthenticated"),
        (f"{GRANT}&client_id={{0}}&client_secret=shop:live-secret", 401, "invalid_client", "unauthenticated"),
        ("client_id={0}-shop&client_secret=live-secret", 400, "invalid_request", "token-request-invalid"),
        ("grant_type=password&client_id={0}-shop&client_secret=live-secret", 400, "unsupported_grant_type",
         "grant-type-unsupported"),
        (f"{GRANT}&{GRANT}&client_id={{0}}-shop&client_secret=live-secret", 400, "invalid_request",
         "token-request-invalid"),
        ("a=%ff", 400, "invalid_request", "token-request-invalid"),
        ("&".join(f"p{number}=1" for number in range(60)), 400, "invalid_request", "token-request-invalid"),
    ],
)  # fmt: skip
async def test_a_token_is_refused(
    open_rebound_retailer: OpenRetailer, rebound: Client, form: str, status: int, error: str, page: str
) -> None:
    retailer = await open_rebound_retailer()
    before = await read_state(retailer.connection)
    reply = await rebound.send(Request("POST", TOKEN, form.format(retailer.name).encode(), FORM))
    assert_reply(reply, token_error(status, error, page))
    assert not changed(before, await read_state(retailer.connection))


async def test_a_token_request_of_another_form_is_refused(
    open_rebound_retailer: OpenRetailer, rebound: Client
) -> None:
    retailer = await open_rebound_retailer()
    by_json = {"grant_type": "client_credentials", "client_id": f"{retailer.name}-shop"}
    reply = await rebound.send(Request("POST", TOKEN, by_json))
    assert_reply(reply, token_error(400, "invalid_request", "unsupported-media-type"))
    huge = await rebound.send(Request("POST", TOKEN, b"a=" + b"x" * 30_000, FORM))
    assert_reply(huge, token_error(400, "invalid_request", "payload-too-large"))


async def test_the_token_of_a_credential_that_is_revoked_opens_nothing(
    open_rebound_retailer: OpenRetailer, rebound: Client
) -> None:
    retailer = await open_rebound_retailer()
    request = await retailer.list("?clientOrderId=x")
    assert (await rebound.send(request)).status == 200
    await retailer.change({"channels/shop/keys/client": f"{retailer.name}-shop:another-secret"})
    assert_reply(await rebound.send(request), refusal("OS0006", "unauthenticated", LOG_IN, ORDERS))


async def test_two_tokens_in_two_headers_are_none(
    open_rebound_retailer: OpenRetailer, server: Server
) -> None:
    retailer = await open_rebound_retailer()
    token = await retailer.token()
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, verify=False, timeout=60) as http:
        headers = [("Authorization", f"Bearer {token}"), ("Authorization", f"Bearer {token}")]
        reply = await http.get(f"{ORDERS}?clientOrderId=x", headers=headers)
    assert (reply.status_code, reply.json()["errorCode"]) == (401, "OS0006")


async def test_a_token_of_another_door_or_environment_is_none_of_this(
    open_rebound_retailer: OpenRetailer, rebound: Client
) -> None:
    retailer = await open_rebound_retailer()
    order = await retailer.created()
    token = await retailer.token()
    for wrong in (
        token.replace("rbt_", "wmt_"),
        token.replace("rbt_", "", 1),
        f"{retailer.name}-shop:live-secret",
    ):
        request = Request("GET", f"{ORDERS}/x", headers={"Authorization": f"Bearer {wrong}"})
        assert (await rebound.send(request)).json["errorCode"] == "OS0006"
    assert (
        await rebound.send(await retailer.list("?clientOrderId=AB12345US", environment="test"))
    ).json == []
    assert (await rebound.send(await retailer.get(order["salesOrderId"]))).status == 200
