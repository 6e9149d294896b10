"""Label services over HTTP: those that make a label, refuse it, fail, or are no such services."""

import base64
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from entrepot.gateways.http import GuardedClient
from entrepot.gateways.labels.http import HttpLabelService
from entrepot.gateways.labels.port import Label, LabelFailed, LabelRefused, Making, Voided, Voiding
from tests.gateways.labels.requests import KEY, label_request
from tests.support.raw_server import RawServer, http_reply, raw_server, unused_port
from tests.support.waiting import out_of_time

Call = Callable[[HttpLabelService], Awaitable[Making | Voiding]]
MADE: dict[str, Any] = {"carrier": "Post", "trackingNumber": "RR1", "labelUrl": "https://l.example/1.pdf"}
CANNOT_BE_READ = LabelFailed("the label service's reply cannot be read")


async def make(service: HttpLabelService) -> Making:
    return await service.make(label_request())


async def void(service: HttpLabelService) -> Voiding:
    return await service.void(KEY)


def service_at(url: str) -> HttpLabelService:
    return HttpLabelService(url, "secret", allow_private=True, client=GuardedClient(limit_seconds=60))


async def ask(call: Call, reply: bytes, *, silent: bool = False) -> tuple[Making | Voiding, RawServer]:
    async with raw_server(reply, silent=silent) as server:

        async def waited() -> Making | Voiding:
            return await call(service_at(f"{server.url}/post/"))

        asked = out_of_time(waited(), lambda: server.requests) if silent else waited()
        return await asked, server


async def test_a_label_is_asked_for_whole_and_read_whole() -> None:
    document = b"%PDF-1.4 label"
    told = MADE | {
        "trackingUrl": "https://t.example/RR1",
        "document": base64.b64encode(document).decode(),
        "more": 1,
    }
    answer, server = await ask(make, http_reply(told, "201 Created"))
    assert answer == Label("Post", "RR1", "https://l.example/1.pdf", "https://t.example/RR1", document)
    [request] = server.requests
    assert request.line == "POST /post/labels HTTP/1.1"
    assert (request.headers["api-key"], request.headers["idempotency-key"]) == ("secret", KEY)
    assert request.json == {
        "key": KEY,
        "environment": "live",
        "reference": "A-1",
        "carrier": "",
        "service": "STANDARD",
        "sender": {
            "first_name": "Ann", "last_name": "Lee", "address1": "1 Front Street", "city": "Toronto",
            "country": "CA", "zip": "M5J 2N1", "province": "ON",
        },
        "recipient": {
            "name": "Returns", "address1": "5 Dock Road", "city": "Halifax", "province": "NS", "zip": "B3H 1A1",
            "country": "CA",
        },
        "inline": False,
    }  # fmt: skip


@pytest.mark.parametrize("status", ["200 OK", "204 No Content", "404 Not Found", "410 Gone"])
async def test_a_label_is_voided_and_so_is_one_that_is_not_there(status: str) -> None:
    answer, server = await ask(void, http_reply(b"", status))
    assert answer == Voided()
    assert server.requests[0].line == f"DELETE /post/labels/{KEY} HTTP/1.1"


@pytest.mark.parametrize("status", [400, 401, 404, 409, 422])
async def test_a_service_that_says_no_has_made_nothing(status: int) -> None:
    answer, _ = await ask(make, http_reply(b"", f"{status} No"))
    assert answer == LabelRefused(f"the label service answered with status {status}")


@pytest.mark.parametrize("call", [make, void])
@pytest.mark.parametrize("status", [302, 408, 429, 500, 503])
async def test_a_status_that_speaks_of_no_label_is_no_answer(call: Call, status: int) -> None:
    answer, _ = await ask(call, http_reply(b"<html>", f"{status} No", "text/html"))
    assert answer == LabelFailed(f"the label service answered with status {status}")


@pytest.mark.parametrize(
    "body",
    [
        b"", b"<html>", b"[" * 60_000, {}, MADE | {"trackingNumber": 1}, MADE | {"trackingNumber": ""},
        MADE | {"trackingNumber": "x" * 256}, MADE | {"trackingNumber": "a\0"}, MADE | {"labelUrl": "/1.pdf"},
        MADE | {"labelUrl": "javascript:alert(1)"}, MADE | {"labelUrl": "https://l.example/a b"},
        MADE | {"trackingUrl": "ftp://x"}, MADE | {"document": "no base64!"}, MADE | {"carrier": None},
    ],
)  # fmt: skip
async def test_a_reply_that_is_no_label_may_have_made_one(body: Any) -> None:
    assert (await ask(make, http_reply(body)))[0] == CANNOT_BE_READ


async def test_a_reply_of_two_megabytes_is_no_label() -> None:
    async with raw_server(http_reply(b" " * (2 * 1024 * 1024 + 1))) as server:
        answer = await HttpLabelService(server.url, "secret", allow_private=True).make(label_request())
    assert answer == LabelFailed("the label service's reply is too long")


@pytest.mark.parametrize("call", [make, void])
async def test_half_a_reply_and_none_at_all_leave_it_open_what_was_done(call: Call) -> None:
    half, _ = await ask(call, b"HTTP/1.1 200 OK\r\nContent-Le")
    assert half == LabelFailed("the connection failed: RemoteProtocolError")
    late, _ = await ask(call, b"", silent=True)
    assert late == LabelFailed("no reply within the time limit")


@pytest.mark.parametrize("call", [make, void])
async def test_where_nobody_listens_nobody_was_asked(call: Call) -> None:
    nobody = await call(service_at(f"http://127.0.0.1:{await unused_port()}"))
    assert nobody == LabelFailed("the connection failed: ConnectError", reached=False)
    private = HttpLabelService("http://127.0.0.1:9", "secret")
    assert await call(private) == LabelFailed(
        "the endpoint's host has an address that is not allowed", reached=False
    )


def test_nothing_of_a_person_is_shown_by_what_is_logged() -> None:
    assert "Ann" not in repr(label_request())
    assert KEY not in repr(label_request())
