"""Token validation over HTTP, against servers that answer well, badly, or not at all."""

import asyncio
import logging
import ssl
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pytest

from entrepot.domain.channels.accounts import ExternalApi
from entrepot.gateways.http import addresses
from entrepot.gateways.http.client import MAX_REPLY_BYTES
from entrepot.gateways.tokens.http import HttpTokenValidator
from entrepot.gateways.tokens.port import Invalid, NoVerdict, TokenAmounts, TokenAnswer, TokenQuery, Valid
from tests.support.raw_server import RawServer, http_reply, raw_server, unused_port
from tests.support.waiting import FOREVER, out_of_time

PEM = Path(__file__).with_name("partner_test.pem")
AMOUNTS = TokenAmounts(Decimal("5.10"), Decimal(0), Decimal("99.99"))
QUERY = TokenQuery("tok/en &1", "CAD", AMOUNTS, "order-7")
VALID = http_reply({"valid": True})
NOT_ALLOWED = NoVerdict("the endpoint's host has an address that is not allowed")
UNUSABLE = NoVerdict("the endpoint's URL, method or key cannot be used")


def endpoint(url: str, method: str = "POST", *, allow_private: bool = True) -> ExternalApi:
    return ExternalApi(method=method, url=url, api_key="k-1", allow_private=allow_private)


async def ask(reply: bytes, method: str = "POST", *, silent: bool = False) -> tuple[TokenAnswer, RawServer]:
    async with raw_server(reply, silent=silent) as server:
        validator = HttpTokenValidator(endpoint(f"{server.url}/check?a=1", method), limit_seconds=60)
        asking = validator.validate(QUERY)
        return await (out_of_time(asking, lambda: server.requests) if silent else asking), server


async def test_post_sends_token_currency_amounts_and_order_id():
    answer, server = await ask(VALID)
    [request] = server.requests
    assert answer == Valid()
    assert request.line == "POST /check?a=1 HTTP/1.1"
    assert request.headers["api-key"] == "k-1"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["host"] == f"127.0.0.1:{server.port}"
    assert request.body == (
        b'{"token":"tok/en &1","currency":"CAD",'
        b'"amounts":{"shipping":5.10,"taxes":0,"goods":99.99},"externalOrderId":"order-7"}'
    )


async def test_get_sends_the_token_in_the_query_and_no_body():
    answer, server = await ask(VALID, "GET")
    [request] = server.requests
    assert answer == Valid()
    assert request.line == "GET /check?a=1&token=tok%2Fen+%261 HTTP/1.1"
    assert request.headers["api-key"] == "k-1"
    assert request.body == b""


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        (VALID, Valid()),
        (http_reply({"valid": True, "more": [1]}, "201 Created"), Valid()),
        (http_reply(b""), Valid()),
        (http_reply(b" \n"), Valid()),
        (b"HTTP/1.1 204 No Content\r\n\r\n", Valid()),
        (http_reply({"valid": False}), Invalid()),
        (http_reply(b"", "400 Bad Request"), Invalid()),
        (http_reply({"valid": True}, "404 Not Found"), Invalid()),
        (http_reply(b"no", "422 Unprocessable", "text/plain"), Invalid()),
        (http_reply(b"", "403 Forbidden"), Invalid()),
    ],
)
async def test_a_verdict_is_a_status_and_a_word(reply: bytes, verdict: TokenAnswer):
    answer, _ = await ask(reply)
    assert answer == verdict


CANNOT_BE_READ = NoVerdict("the partner's reply cannot be read")
PROTOCOL = NoVerdict("the connection failed: RemoteProtocolError")


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        (http_reply(b"<html>", content_type="text/html"), CANNOT_BE_READ),
        (http_reply({}), CANNOT_BE_READ),
        (http_reply({"valid": "true"}), CANNOT_BE_READ),
        (http_reply([]), CANNOT_BE_READ),
        (http_reply(b'{"valid": tru'), CANNOT_BE_READ),
        (http_reply(b"\xff\xfe"), CANNOT_BE_READ),
        (http_reply(b"[" * 60_000), CANNOT_BE_READ),
        (http_reply(b"", "500 Internal Server Error"), NoVerdict("the partner answered with status 500")),
        (http_reply({"valid": True}, "503 Busy"), NoVerdict("the partner answered with status 503")),
        *(
            (
                http_reply({"valid": False}, f"{status} No"),
                NoVerdict(f"the partner answered with status {status}"),
            )
            for status in (401, 407, 408, 425, 429)
        ),
        (http_reply(b" " * (MAX_REPLY_BYTES + 1)), NoVerdict("the partner's reply is too long")),
        (b"", PROTOCOL),
        (b"HTTP/1.1 200 OK\r\nContent-Le", PROTOCOL),
        (b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"valid":', PROTOCOL),
        (b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n{"valid":', PROTOCOL),
        (b"220 smtp.example ESMTP\r\n", PROTOCOL),
    ],
)
async def test_what_is_no_answer_is_no_verdict(reply: bytes, answer: NoVerdict):
    assert (await ask(reply))[0] == answer


async def test_a_reply_at_the_limit_is_read():
    padding = b" " * (MAX_REPLY_BYTES - len(b'{"valid":true}'))
    assert (await ask(http_reply(padding + b'{"valid":true}')))[0] == Valid()


async def test_a_packed_reply_is_not_unpacked():
    packed = http_reply(b"\x1f\x8b" + b"\0" * 10, headers="Content-Encoding: gzip\r\n")
    answer, server = await ask(packed)
    assert answer == CANNOT_BE_READ
    assert server.requests[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("begun", [b"", b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"valid":'])
async def test_silence_is_no_verdict_and_is_not_waited_for(begun: bytes):
    answer, server = await ask(begun, silent=True)
    assert answer == NoVerdict("no reply within the time limit")
    assert server.connections == 1


async def test_a_slow_resolver_counts_as_silence():
    async def sleeping(host: str, port: int) -> Sequence[str]:
        await asyncio.sleep(FOREVER)
        return ["127.0.0.1"]

    validator = HttpTokenValidator(endpoint("http://partner.test/"), limit_seconds=0.1, resolve=sleeping)
    assert await validator.validate(QUERY) == NoVerdict("no reply within the time limit")


async def test_a_refused_connection_is_no_verdict():
    validator = HttpTokenValidator(endpoint(f"http://127.0.0.1:{await unused_port()}/"))
    assert await validator.validate(QUERY) == NoVerdict("the connection failed: ConnectError")


async def test_an_unknown_host_is_no_verdict():
    validator = HttpTokenValidator(endpoint("http://partner.invalid/"))
    assert await validator.validate(QUERY) == NoVerdict("the endpoint's host was not found")


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary Redirect", "308 Permanent"])
async def test_a_redirect_is_not_followed(status: str):
    async with raw_server(VALID) as target:
        answer, server = await ask(http_reply(b"", status, headers=f"Location: {target.url}/\r\n"))
    assert answer == NoVerdict(f"the partner answered with status {status[:3]}")
    assert (server.connections, target.connections) == (1, 0)


@pytest.mark.parametrize(
    "unusable",
    [
        endpoint("http://[::1/"),
        endpoint("http://partner.test/", "DELETE"),
        endpoint("http://" + "a" * 64 + ".test/"),
        ExternalApi(url="http://partner.test/", api_key="clé", allow_private=True),
    ],
)
async def test_settings_that_make_no_request_are_no_verdict(unusable: ExternalApi):
    assert await HttpTokenValidator(unusable).validate(QUERY) == UNUSABLE


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/check",
        "ftp://a.test/",
        "file:///etc/passwd",
        "http://",
        "http://127.0.0.1:65536/",
        "http://127.0.0.1:0/",
    ],
)
async def test_only_http_is_spoken(url: str):
    answer = await HttpTokenValidator(endpoint(url)).validate(QUERY)
    assert answer == NoVerdict("the endpoint's URL is not one of http or https")


async def test_a_key_that_would_smuggle_a_header_is_not_sent():
    async with raw_server(VALID) as server:
        smuggling = ExternalApi(url=server.url, api_key="k\r\nX-Admin: 1", allow_private=True)
        answer = await HttpTokenValidator(smuggling).validate(QUERY)
    assert answer == NoVerdict("the connection failed: LocalProtocolError")
    assert server.requests == []


class Resolver:
    """Answers with the first list on the first question, then with the next; the last one stays."""

    def __init__(self, *answers: list[str]) -> None:
        self._answers = list(answers)
        self.asked: list[tuple[str, int]] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append((host, port))
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]", "localhost"]
)
async def test_a_private_address_is_refused_however_it_is_written(host: str):
    async with raw_server(VALID) as server:
        there = endpoint(f"http://{host}:{server.port}/", allow_private=False)
        answer = await HttpTokenValidator(there).validate(QUERY)
    assert answer == NOT_ALLOWED
    assert server.connections == 0


async def test_one_private_address_among_public_ones_is_refused():
    async with raw_server(VALID) as server:
        there = endpoint(f"http://partner.test:{server.port}/", allow_private=False)
        resolver = Resolver(["93.184.215.14", "127.0.0.1"])
        answer = await HttpTokenValidator(there, resolve=resolver).validate(QUERY)
    assert answer == NOT_ALLOWED
    assert server.connections == 0


async def test_a_second_answer_of_the_resolver_leads_nowhere(monkeypatch: pytest.MonkeyPatch):
    # The only addresses at hand are private; let one of them pass for a public one.
    monkeypatch.setattr(addresses, "is_public", lambda address: address == "127.0.0.1")
    resolver = Resolver(["127.0.0.1"], ["127.0.0.2"])
    async with raw_server(VALID) as public, raw_server(VALID, host="127.0.0.2", port=public.port) as private:
        there = endpoint(f"http://partner.test:{public.port}/", allow_private=False)
        validator = HttpTokenValidator(there, resolve=resolver)
        assert await validator.validate(QUERY) == Valid()
        assert resolver.asked == [("partner.test", public.port)]
        assert public.requests[0].headers["host"] == f"partner.test:{public.port}"
        assert await validator.validate(QUERY) == NOT_ALLOWED
    assert (public.connections, private.connections) == (1, 0)


async def test_the_next_address_is_tried_when_one_does_not_connect():
    async with raw_server(VALID) as server:
        resolver = Resolver(["127.0.0.3", "127.0.0.1"])
        validator = HttpTokenValidator(endpoint(f"http://partner.test:{server.port}/"), resolve=resolver)
        assert await validator.validate(QUERY) == Valid()
    assert server.connections == 1


async def test_a_host_without_addresses_is_no_verdict():
    validator = HttpTokenValidator(endpoint("http://partner.test/"), resolve=Resolver([]))
    assert await validator.validate(QUERY) == NoVerdict("the endpoint's host was not found")


def server_tls() -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(PEM)
    return context


@pytest.mark.parametrize(
    ("host", "trusted", "answer"),
    [
        ("partner.test", True, Valid()),
        ("partner.test", False, NoVerdict("the connection failed: ConnectError")),
        ("other.test", True, NoVerdict("the connection failed: ConnectError")),
        ("127.0.0.1", True, NoVerdict("the connection failed: ConnectError")),
    ],
)
async def test_tls_is_verified_for_the_name_in_the_url(host: str, trusted: bool, answer: TokenAnswer):
    tls = ssl.create_default_context(cafile=str(PEM)) if trusted else None
    async with raw_server(VALID, tls=server_tls()) as server:
        there = endpoint(f"https://{host}:{server.port}/")
        validator = HttpTokenValidator(there, resolve=Resolver(["127.0.0.1"]), tls=tls)
        assert await validator.validate(QUERY) == answer
    assert len(server.requests) == (answer == Valid())


async def test_neither_token_nor_key_is_logged(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    answer, _ = await ask(http_reply({"valid": False}), "GET")
    logged = caplog.text + repr(answer) + repr(QUERY)
    assert "httpcore" in logged
    assert not any(secret in logged for secret in ("tok/en", "tok%2Fen", "k-1"))
