"""The page behind a `Link: rel="help"` header."""

from __future__ import annotations

import html
from collections.abc import AsyncIterator
from typing import Literal

import httpx
import pytest

from entrepot.doors.bonsai.openapi.errors import FORMS
from entrepot.doors.kit import DoorFailures, DoorSwitch, FailurePages
from entrepot.doors.kit.words import in_words
from entrepot.doors.textalk.wire.errors import Code
from entrepot.failures import PayloadTooLarge, catalogue
from entrepot.failures.orders import LineRef
from entrepot.registry import failure_tables

from .serving import Seen, serve

TABLES = [
    DoorFailures("bonsai", {PayloadTooLarge: (413, "PAYLOAD_TOO_LARGE")}),
    DoorFailures("walmart", {}),
]


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    pages = FailurePages(lambda: TABLES, Seen())
    async with (
        serve(DoorSwitch({}, {}, pages, observe=Seen(), everywhere={"failures": pages})) as server,
        httpx.AsyncClient(base_url=server.url, verify=False, timeout=60) as client,
    ):
        yield client


async def test_the_list_names_every_failure(client: httpx.AsyncClient) -> None:
    listed = (await client.get("/failures")).json()["failures"]
    assert [each["name"] for each in listed] == list(catalogue())
    for each in listed:
        page = (await client.get(each["href"])).json()
        assert page["title"] == each["title"]
        assert page["advice"]


async def test_a_failure_says_all_that_the_catalogue_and_the_doors_know(client: httpx.AsyncClient) -> None:
    found = (await client.get("/failures/payload-too-large")).json()
    assert [each["page"].partition("::")[0] for each in found["doors"][0].pop("reach")] == [
        "tests/doors/bonsai/test_bad_input.py"
    ]
    assert found == {
        "name": "payload-too-large",
        "title": "The request's body is larger than this operation takes",
        "description": "",
        "retry": "after a change",
        "again": "Only after a change: unchanged it would be refused again.",
        "advice": "Send less in one request, or split it into several.",
        "shopper": False,
        "context": [{"name": "limit", "type": "whole number"}],
        "doors": [
            {
                "door": "bonsai",
                "status": 413,
                "code": "PAYLOAD_TOO_LARGE",
                "expected": True,
                "examples": [],
                "why_not": None,
            }
        ],
    }


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("PAYLOAD_TOO_LARGE", ["payload-too-large"]),
        ("payload_too_large ", ["payload-too-large"]),
        ("NO_SUCH", []),
    ],
)
async def test_a_failure_is_found_by_the_code_of_some_door(
    client: httpx.AsyncClient, code: str, names: list[str]
) -> None:
    listed = (await client.get("/failures", params={"code": code})).json()["failures"]
    assert [each["name"] for each in listed] == names


async def test_a_code_is_looked_for_at_one_door_alone() -> None:
    pages = FailurePages(failure_tables, Seen())
    async with (
        serve(DoorSwitch({}, {}, pages, observe=Seen(), everywhere={"failures": pages})) as server,
        httpx.AsyncClient(base_url=server.url, verify=False, timeout=60) as client,
    ):

        async def names(**query: str) -> set[str]:
            return {each["name"] for each in (await client.get("/failures", params=query)).json()["failures"]}

        assert "too-many-to-return" in await names(door="walmart", code="500.509")
        assert await names(door="bonsai", code="500.509") == await names(door="nobody") == set()
        walmart = await names(door="walmart")
        assert await names(door="walmart", code="500.509") < walmart < await names()


CODES = {
    "bonsai": {form.code for form in FORMS.values()},
    "textalk": {str(int(code)) for code in Code},
}


@pytest.mark.parametrize("door", CODES)
async def test_every_code_of_every_door_is_found_with_what_to_do(door: str) -> None:
    pages = FailurePages(failure_tables, Seen())
    async with (
        serve(DoorSwitch({}, {}, pages, observe=Seen(), everywhere={"failures": pages})) as server,
        httpx.AsyncClient(base_url=server.url, verify=False, timeout=60) as client,
    ):
        for code in sorted(CODES[door]):
            found = (await client.get("/failures", params={"code": code})).json()
            assert found["failures"] or found["codes"], code
            assert all(each["title"] and each["advice"] for each in found["codes"])
            page = await client.get("/failures", params={"code": code}, headers={"accept": "text/html"})
            assert all(
                each["title"] in html.unescape(page.text) for each in (*found["failures"], *found["codes"])
            )


def test_types_are_told_in_words() -> None:
    assert in_words(Literal["missing", "expired"]) == "one of missing, expired"
    assert in_words(str | None) == "text or null"
    assert in_words(tuple[LineRef, ...]) == "list of object of product (text), variant (text), line (text)"
    assert {in_words(bool), in_words(float), in_words(object)} == {"true or false", "number", "anything"}
    with pytest.raises(TypeError, match="no words"):
        in_words(bytes)


async def test_a_person_gets_html(client: httpx.AsyncClient) -> None:
    headers = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    for path in ("/failures", "/failures/"):
        reply = await client.get(path, headers=headers)
        assert reply.headers["content-type"] == "text/html; charset=utf-8"
        assert '<a href="/failures/overloaded">' in reply.text
    page = (await client.get("/failures/payload-too-large", headers=headers)).text
    for text in ("The request&#39;s body is larger", "PAYLOAD_TOO_LARGE", "413", "<code>limit</code>"):
        assert text in page


async def test_a_person_sees_how_each_door_says_a_failure_and_how_it_is_reached() -> None:
    pages = FailurePages(failure_tables, Seen())
    headers = {"Accept": "text/html"}
    async with (
        serve(DoorSwitch({}, {}, pages, observe=Seen(), everywhere={"failures": pages})) as server,
        httpx.AsyncClient(base_url=server.url, timeout=60, headers=headers) as client,
    ):
        page = html.unescape((await client.get("/failures/too-many-to-return")).text)
        overloaded = html.unescape((await client.get("/failures/overloaded")).text)
        late = (await client.get("/failures/request-timeout")).text
    for text in ("HTTP/1.1 400", '"code": "500.509"', "orderItems.0.qty.measurementValue = 3", "deliver"):
        assert text in page
    assert '<h3 id="walmart">' in page
    assert '<h3 id="textalk">' not in page, "no call of it comes to this"
    assert "after the seconds in Retry-After" in overloaded
    assert "retry-after: 2" in overloaded
    assert "Only a client that begins to send a body and stops comes to it" in late


@pytest.mark.parametrize("accept", ["*/*", "application/json", "application/json, text/html;q=0.5", ""])
async def test_a_program_gets_json(client: httpx.AsyncClient, accept: str) -> None:
    reply = await client.get("/failures/overloaded", headers={"Accept": accept})
    assert reply.headers["content-type"] == "application/json"
    assert reply.headers["vary"] == "Accept"


async def test_an_unknown_failure_is_not_found(client: httpx.AsyncClient) -> None:
    for path in ("/failures/nothing-like-it", "/failures/a/b"):
        reply = await client.get(path)
        assert (reply.status_code, reply.json()["name"]) == (404, "unknown-route")
    assert (await client.post("/failures")).status_code == 405
