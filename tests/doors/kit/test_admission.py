"""Secrets in requests, requests for tokens, and access tokens over a real database."""

import base64
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.doors.kit import Request, Services, services_of
from entrepot.doors.kit.admission import (
    AccessTokens,
    Granted,
    RoutedTokens,
    TokenRequest,
    basic,
    bearer,
    caller_of,
    token_request,
)
from entrepot.engine import Clock
from entrepot.engine.clock import real_now
from entrepot.engine.worker import Worker
from entrepot.failures import Unauthenticated, UnsupportedMediaType
from entrepot.failures.access import GrantTypeUnsupported, TokenRequestInvalid
from entrepot.store.connections import connect
from entrepot.store.credentials.credentials import create_credential, revoke_credential
from entrepot.store.credentials.directory import Caller
from tests.worlds.conftest import apply

from .serving import Seen

FORM = b"application/x-www-form-urlencoded"
CLIENT, ACCESS = "sample:client", "sample:access"
SECRET = "shop:a-secret-of-the-shop"
LIFETIME = timedelta(seconds=900)
WORLD = """
sandbox = true
[workspaces.a.channels.one]
door = "bonsai"
[workspaces.b.channels.two]
door = "bonsai"
"""


def asking(
    body: bytes = b"grant_type=client_credentials",
    *,
    authorization: bytes | None = None,
    query: bytes = b"",
    media_type: bytes = FORM,
) -> Request:
    headers = [(b"content-type", media_type)]
    if authorization is not None:
        headers.append((b"authorization", authorization))
    request = Request(
        {"type": "http", "method": "POST", "headers": headers, "query_string": query, "path": "/"}
    )
    request.body = body
    return request


def pair(text: str) -> bytes:
    return b"Basic " + base64.b64encode(text.encode())


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Basic",
        "Basic  ",
        "Bearer x",
        "Basic =",
        "Basic a b",
        "Basic\taTpz",
        "Basic \taTpz",
        "Basic\xa0aTpz",
        "Basic \xa0aTpz",
        "Basic aTpz\x85",
        "Basic aTpz\x1f",
        "BasicaTpz",
        "Basic \xff",
        "Basic /w==",
        "basic" + " " * 9,
        None,
    ],
)
def test_what_is_no_pair_is_none(header: str | None):
    assert basic(header) is None


@pytest.mark.parametrize(
    "header", ["Basic aTpz", "basic aTpz", "BASIC aTpz", " Basic aTpz ", "Basic aTpz\t", "Basic  aTpz"]
)
def test_the_scheme_is_read_in_any_case_and_blanks_around_it_are_nothing(header: str):
    assert basic(header) == "i:s"


def test_bearers():
    assert bearer("Bearer abc") == "abc"
    assert bearer("bearer abc") == "abc"
    assert bearer("\tBearer  abc \t") == "abc"
    assert bearer("Bearer\tabc") is None
    assert bearer("Bearer a b") is None
    assert bearer("Basic abc") is None


@given(st.text())
def test_no_header_raises(header: str):
    basic(header)
    bearer(header)


@pytest.mark.parametrize(
    "request_",
    [
        asking(authorization=pair("id:secret")),
        asking(b"grant_type=client_credentials&client_id=id&client_secret=secret"),
        asking(
            b"grant_type=client_credentials&code=&refresh_token=&redirect_uri=&scope=x",
            authorization=pair("id:secret"),
        ),
        asking(b"grant_type=client_credentials&client_id=id", authorization=pair("id:secret")),
        asking(authorization=pair("i%64:secret")),
    ],
)
def test_a_client_is_known_by_authorization_or_by_the_form(request_: Request):
    assert token_request(request_) == TokenRequest("id:secret")


def test_a_plus_in_a_secret_is_a_plus_however_it_is_sent():
    assert token_request(asking(authorization=pair("id:a+b"))) == TokenRequest("id:a+b")
    assert token_request(asking(authorization=pair("id:a%2Bb"))) == TokenRequest("id:a+b")


def test_parameters_in_the_query_count_only_where_a_door_says_so():
    request = asking(b"", authorization=pair("id:secret"), query=b"grant_type=client_credentials")
    assert isinstance(token_request(request), TokenRequestInvalid)
    assert token_request(request, in_query=True) == TokenRequest("id:secret")


@pytest.mark.parametrize(
    ("request_", "failure"),
    [
        (asking(), Unauthenticated("missing")),
        (asking(b"grant_type=client_credentials&client_id=id"), Unauthenticated("missing")),
        (asking(authorization=b"Basic ??"), Unauthenticated("malformed")),
        (asking(authorization=pair("no colon")), Unauthenticated("malformed")),
        (asking(b"", authorization=pair("i:s")), TokenRequestInvalid("grant_type is missing.")),
        (asking(b"grant_type=password", authorization=pair("i:s")), GrantTypeUnsupported("password")),
        (asking(b"grant_type=" + b"x" * 500, authorization=pair("i:s")), GrantTypeUnsupported("x" * 100)),
        (
            asking(b"grant_type=client_credentials&grant_type=client_credentials", authorization=pair("i:s")),
            TokenRequestInvalid("A parameter is there twice."),
        ),
        (
            asking(b"grant_type=client_credentials&client_secret=s", authorization=pair("i:s")),
            TokenRequestInvalid("The client's secret is there twice, in Authorization and in the form."),
        ),
        (asking(b"{}", media_type=b"application/json"), UnsupportedMediaType("application/json")),
    ],
)
def test_what_is_wrong_with_a_request_for_a_token_is_said(request_: Request, failure: Any):
    assert token_request(request_) == failure


@pytest.mark.parametrize("body", [b"\xff=1", b"grant_type=%ff", b"&".join(b"a%d=1" % n for n in range(60))])
def test_what_is_no_form_is_refused(body: bytes):
    assert isinstance(token_request(asking(body, authorization=pair("i:s"))), TokenRequestInvalid)


@given(st.binary(), st.binary())
def test_no_request_for_a_token_raises(body: bytes, authorization: bytes):
    token_request(asking(body, authorization=authorization), in_query=True)


def test_neither_pairs_nor_tokens_are_shown():
    assert "secret" not in repr(TokenRequest("id:secret"))
    assert "abc" not in repr(Granted("abc", timedelta(seconds=1)))


@given(st.integers(0, 2**53))
def test_a_token_leads_to_its_workspace(workspace: int):
    tokens = RoutedTokens("x:access", "x_")
    found = tokens.name(tokens.new(workspace))
    assert found is not None
    assert found[0] == workspace


@pytest.mark.parametrize(
    "token", ["", "x_", "x_1_short", "y_1_" + "a" * 43, "x_1_" + "a" * 44, "x_1_" + "ä" * 43]
)
def test_what_is_no_token_of_the_kind_has_no_name(token: str):
    assert RoutedTokens("x:access", "x_").name(token) is None


class Gate:
    """A door's admission over a real database, with one account that has a credential."""

    def __init__(self, services: Services, connection: Any, account: tuple[int, int]) -> None:
        self.services = services
        self.connection = connection
        self.workspace, self.channel = account
        self.tokens = AccessTokens(services, ACCESS, "smp_", LIFETIME)

    async def client(self) -> Caller:
        caller = await caller_of(self.services, CLIENT, SECRET)
        assert isinstance(caller, Caller), caller
        return caller

    async def token(self) -> str:
        granted = await self.tokens.grant(await self.client())
        assert isinstance(granted, Granted), granted
        assert granted.lifetime == LIFETIME
        return granted.token


@pytest.fixture
async def gate(database_url: str) -> AsyncIterator[Gate]:
    worker, connection = Worker(database_url, Clock()), await connect(database_url)
    await worker.start()
    try:
        await apply(connection, WORLD)
        row = await connection.fetchrow("select workspace, id from channels where name = 'one'")
        assert row is not None
        await create_credential(connection, row[0], row[1], "live", CLIENT, SECRET, "", now=real_now())
        yield Gate(services_of(worker, Seen()), connection, (row[0], row[1]))
    finally:
        await worker.stop()
        await connection.close()


async def test_a_pair_is_one_secret(gate: Gate):
    caller = await gate.client()
    assert (caller.workspace, caller.channel, caller.name) == (gate.workspace, gate.channel, "one")
    for wrong in ("shop:other", "other:a-secret-of-the-shop", "shop", "", None):
        reason = "unknown" if wrong else "missing"
        assert await caller_of(gate.services, CLIENT, wrong) == Unauthenticated(reason)
    assert await caller_of(gate.services, "other:client", SECRET) == Unauthenticated("unknown")


async def test_a_token_stands_for_its_credential(gate: Gate):
    caller = await gate.tokens.caller(await gate.token())
    assert isinstance(caller, Caller)
    client = await gate.client()
    assert (caller.workspace, caller.channel, caller.environment, caller.credential) == (
        client.workspace,
        client.channel,
        client.environment,
        client.credential,
    )


async def test_a_token_is_good_until_its_last_moment_and_no_longer(gate: Gate):
    token = await gate.token()
    (expiry,) = await gate.connection.fetchrow("select expires_at from access_tokens")
    moved = expiry - gate.services.clock.now()
    gate.services.clock.offset += moved - timedelta(seconds=60)
    assert isinstance(await gate.tokens.caller(token), Caller)
    gate.services.clock.offset += timedelta(seconds=60)
    assert await gate.tokens.caller(token) == Unauthenticated("expired")


async def test_a_token_dies_with_its_credential(gate: Gate):
    token, client = await gate.token(), await gate.client()
    assert client.credential is not None
    assert await revoke_credential(gate.connection, gate.workspace, client.credential, real_now())
    assert await gate.tokens.caller(token) == Unauthenticated("unknown")


async def test_a_token_is_of_its_door_and_of_its_workspace(gate: Gate):
    token = await gate.token()
    other_door = AccessTokens(gate.services, "other:access", "smp_", LIFETIME)
    assert await other_door.caller(token) == Unauthenticated("unknown")
    (stranger,) = await gate.connection.fetchrow("select workspace from channels where name = 'two'")
    moved = RoutedTokens(ACCESS, "smp_").new(stranger)[:-43] + token[-43:]
    assert moved != token
    assert await gate.tokens.caller(moved) == Unauthenticated("unknown")
    assert await gate.tokens.caller(None) == Unauthenticated("missing")
    assert await gate.tokens.caller("no token at all") == Unauthenticated("unknown")


async def test_only_the_hash_of_a_token_is_stored(gate: Gate):
    token = await gate.token()
    stored = await gate.connection.fetch("select to_jsonb(t)::text from access_tokens t")
    assert len(stored) == 1
    assert token[-43:] not in stored[0][0]
