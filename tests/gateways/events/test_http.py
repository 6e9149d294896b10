"""Events as signed posts, to listeners that take them, refuse them, lead elsewhere or say nothing."""

import hmac
import json
import logging
from datetime import UTC, datetime

import pytest

from entrepot.gateways.events.http import HttpEventPoster
from entrepot.gateways.events.port import EventTarget, NotPosted, Posted
from entrepot.gateways.http import GuardedClient
from tests.support.raw_server import RawServer, http_reply, raw_server, unused_port
from tests.support.waiting import out_of_time

AT = datetime(2026, 5, 1, 9, 30, 0, 900_000, tzinfo=UTC)
EVENT = {"event": "Order/placed", "webshop": 22222, "uid": 7}
SECRET = b"whisper"


async def post(reply: bytes, *, silent: bool = False) -> tuple[Posted | NotPosted, RawServer]:
    async with raw_server(reply, silent=silent) as server:
        poster = HttpEventPoster(GuardedClient(limit_seconds=60))
        target = EventTarget(f"{server.url}/hook?a=1", SECRET, allow_private=True)
        posting = poster.post(target, EVENT, "1-7-event:3-1", AT)
        unanswered = silent and not reply  # time may not end while an answer is on its way
        return await (out_of_time(posting, lambda: server.requests) if unanswered else posting), server


async def test_a_listener_can_check_who_speaks_and_whether_it_heard_it_before() -> None:
    answer, server = await post(http_reply(b""))
    assert answer == Posted(200)
    [request] = server.requests
    assert request.line == "POST /hook?a=1 HTTP/1.1"
    assert json.loads(request.body) == EVENT
    assert request.headers["content-type"] == "application/json"
    assert request.headers["entrepot-delivery"] == "1-7-event:3-1"
    assert request.headers["entrepot-attempt"] == "1"
    parts = dict(part.split("=") for part in request.headers["entrepot-signature"].split(","))
    assert parts["t"] == str(int(AT.timestamp()))
    signed = f"{parts['t']}.".encode() + request.body
    assert parts["v1"] == hmac.new(SECRET, signed, "sha256").hexdigest()


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        (http_reply(b"", "201 Created"), 201),
        (http_reply(b"", "202 Accepted"), 202),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204),
        (http_reply(b"<html>", content_type="text/html"), 200),
        (http_reply(b"x" * 100_000), 200),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nhal", 200),
    ],
)
async def test_a_2xx_is_success_whatever_follows_it(reply: bytes, status: int) -> None:
    assert (await post(reply))[0] == Posted(status)


async def test_a_body_that_never_ends_is_not_waited_for() -> None:
    async with raw_server(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nhal", silent=True) as server:
        target = EventTarget(server.url, SECRET, allow_private=True)
        poster = HttpEventPoster(GuardedClient(limit_seconds=3_600))
        assert await poster.post(target, EVENT, "1-7-event:3-1", AT) == Posted(200)


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        (http_reply(b"", "400 Bad Request"), NotPosted("the listener answered with status 400", 400)),
        (http_reply(b"", "410 Gone"), NotPosted("the listener answered with status 410", 410)),
        (http_reply(b"", "500 Oh"), NotPosted("the listener answered with status 500", 500)),
        (http_reply(b"", "304 Not Modified"), NotPosted("the listener answered with status 304", 304)),
        (b"", NotPosted("the connection failed: RemoteProtocolError")),
        (b"220 smtp.example ESMTP\r\n", NotPosted("the connection failed: RemoteProtocolError")),
    ],
)
async def test_anything_else_is_not(reply: bytes, answer: NotPosted) -> None:
    assert (await post(reply))[0] == answer


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"])
async def test_a_redirect_is_not_followed(status: str) -> None:
    async with raw_server(http_reply(b"")) as elsewhere:
        answer, _ = await post(http_reply(b"", status, headers=f"Location: {elsewhere.url}/\r\n"))
    assert answer == NotPosted(f"the listener answered with status {status[:3]}", int(status[:3]))
    assert elsewhere.connections == 0


async def test_silence_is_not_waited_for() -> None:
    answer, _ = await post(b"", silent=True)
    assert answer == NotPosted("no reply within the time limit")


async def test_nobody_there_is_an_answer() -> None:
    target = EventTarget(f"http://127.0.0.1:{await unused_port()}/", SECRET, allow_private=True)
    assert await HttpEventPoster().post(target, EVENT, "k", AT) == NotPosted(
        "the connection failed: ConnectError"
    )


async def test_a_private_address_is_refused_unless_allowed() -> None:
    async with raw_server(http_reply(b"")) as server:
        answer = await HttpEventPoster().post(EventTarget(server.url, SECRET), EVENT, "k", AT)
    assert answer == NotPosted("the endpoint's host has an address that is not allowed")
    assert server.connections == 0


async def test_secrets_and_urls_are_not_shown(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    target = EventTarget("http://127.0.0.1:9/hook?token=hidden", SECRET, allow_private=True)
    answer = await HttpEventPoster().post(target, EVENT, "k", AT)
    shown = caplog.text + repr(answer) + repr(target)
    assert not [secret for secret in ("whisper", "hidden") if secret in shown]
