"""The log's pages: filters, paging, one entry; and that an operator sees nothing of another's workspace."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec
import pytest

from entrepot.console.filters import microseconds
from entrepot.console.log_pages import NOBODY
from entrepot.doors.kit.observing.calls import Mapped, Moved
from entrepot.integration_log.entries import COLUMNS, Entry, Row
from entrepot.integration_log.masking import Body
from entrepot.store.connections import Connection
from tests.conformance.harness import Client
from tests.conformance.harness.fixtures import OpenShop
from tests.console.visiting import inside, links, listed
from tests.integration_log.exchanging import tended
from tests.support.server import Server
from tests.support.waiting import eventually

MAPPED = Mapped(
    "orders",
    3,
    {"order_number": "A-1", "items": [{"sku_code": None, "quantity": 2}]},
    (
        Moved("/order_number", "/OrderNbr", "OrderNbr"),
        Moved(
            "/items/0/sku_code", None, "Details[].InventoryID", missing=True, meant="/Details/0/InventoryId"
        ),
    ),
    ("/Extra",),
)


def row(workspace: int, **fields: Any) -> Row:
    entry = Entry("POST", "/orders", "acme", request=Body(7, '{"OrderNbr":"A-1"}'), mapped=MAPPED)
    base = Row(
        workspace, datetime.now(UTC), uuid.uuid4(), None, "sample", "create", "ok", 200, uuid.uuid4().hex, [], 1_500,
        msgspec.json.encode(entry).decode(),
    )  # fmt: skip
    return base._replace(**fields)


async def write(connection: Connection, *rows: Row) -> None:
    await connection.copy_records_to_table("request_log", records=rows, columns=COLUMNS)  # type: ignore


@pytest.fixture
async def two(connection: Connection, open_bonsai_shop: OpenShop) -> list[int]:
    """Two workspaces."""
    names = [(await open_bonsai_shop()).name for _ in range(2)]
    return [await connection.fetchval("select id from workspaces where name = $1", name) for name in names]


@pytest.fixture
async def visitor(connection: Connection, server: Server, two: list[int]) -> AsyncIterator[httpx.AsyncClient]:
    async with await inside(connection, server, two[0]) as opened:
        yield opened


async def test_each_filter_finds_what_it_says(
    connection: Connection, two: list[int], visitor: httpx.AsyncClient
) -> None:
    now, workspace = datetime.now(UTC), two[0]
    await tended(connection, now - timedelta(hours=2), timedelta(days=3650))  # which may have been yesterday
    channel = await connection.fetchval("select id from channels where workspace = $1", workspace)
    rows = {
        "plain": row(workspace, request_id="plain"),
        "refused": row(workspace, request_id="refused", outcome="sold-out", status=400),
        "order": row(workspace, request_id="order", orders=[41, 42]),
        "partner": row(workspace, request_id="partner", channel=channel),
        "door": row(workspace, request_id="door", door="other"),
        "old": row(workspace, request_id="old", at=now - timedelta(hours=2)),
    }
    await write(connection, *rows.values())
    every = set(rows)
    cases: list[tuple[dict[str, Any], set[str]]] = [
        ({}, every),
        ({"outcome": "failed"}, {"refused"}),
        ({"outcome": "ok"}, every - {"refused"}),
        ({"failure": "sold-out"}, {"refused"}),
        ({"request_id": "door"}, {"door"}),
        ({"order": "42"}, {"order"}),
        ({"channel": str(channel)}, {"partner"}),
        ({"door": "other"}, {"door"}),
        ({"span": "1h"}, every - {"old"}),
        ({"until": (now - timedelta(hours=1)).isoformat()}, {"old"}),
        ({"since": (now - timedelta(hours=1)).isoformat(), "door": "other"}, {"door"}),
        ({"order": "42", "outcome": "failed"}, set()),
    ]
    for filters, found in cases:
        page = await listed(visitor, **filters)
        assert page.status_code == 200
        assert {name for name in every if f"<code>{name}</code>" in page.text} == found, filters


@pytest.mark.parametrize(
    "filters",
    [
        {"order": "x"},
        {"order": "9" * 30},
        {"channel": "-1"},
        {"since": "yesterday"},
        {"until": "0000"},
        {"since": "0001-01-01T00:00+14:00"},
        {"until": "9999-12-31T23:59-14:00"},
        {"span": "a fortnight"},
        {"outcome": "bad"},
    ],
)
async def test_a_filter_that_makes_no_sense_is_named(
    visitor: httpx.AsyncClient, filters: dict[str, str]
) -> None:
    page = await listed(visitor, **filters)
    assert (page.status_code, 'role="alert"' in page.text) == (200, True)


@pytest.mark.parametrize(
    "text",
    [
        "\0",
        "'",
        "%",
        "é" * 300,
        "<script>alert(1)</script>",
        "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"),
    ],
)
async def test_odd_filters_are_texts_and_nothing_more(visitor: httpx.AsyncClient, text: str) -> None:
    for name in ("door", "failure", "request_id", "order", "since", "after", "span", "outcome"):
        page = await listed(visitor, **{name: text})
        assert page.status_code == 200
        assert "<script>alert" not in page.text


async def test_pages_follow_each_other_without_gap_or_double(
    connection: Connection, two: list[int], visitor: httpx.AsyncClient
) -> None:
    at = datetime.now(UTC)
    # Of one moment, so that the id alone orders them.
    await write(connection, *(row(two[0], at=at) for _ in range(120)))
    seen: list[str] = []
    path: str | None = "/console/log"
    while path:
        page = await visitor.get(path)
        seen += links(page)
        path = next((each for each in links(page, "/console/log?") if "after=" in each), None)
    assert (len(seen), len(set(seen))) == (120, 120)


async def test_one_entry_shows_raw_beside_mapped_beside_outcome(
    connection: Connection, two: list[int], visitor: httpx.AsyncClient
) -> None:
    broken = row(two[0], outcome="invalid-input", status=400)
    await write(connection, broken)
    (link,) = links(await listed(visitor, request_id=broken.request_id))
    page = (await visitor.get(link)).text
    for shown in ("What came in", "What it became", "version 3", "/OrderNbr", "Details[].InventoryID",
                  "/Details/0/InventoryId", "/Extra", "/failures/invalid-input", broken.request_id):  # fmt: skip
        assert shown in page, shown


async def test_what_comes_from_outside_is_shown_as_text(
    connection: Connection, two: list[int], visitor: httpx.AsyncClient
) -> None:
    evil = "<img src=x onerror=alert(1)>"
    entry = Entry("POST", f"/{evil}", evil, headers={"user-agent": evil}, request=Body(9, f'"{evil}"'))
    await write(connection, row(two[0], operation=evil, entry=msgspec.json.encode(entry).decode()))
    page = await listed(visitor)
    assert evil not in page.text
    assert evil not in (await visitor.get(links(page)[0])).text


async def test_an_operator_of_one_workspace_sees_nothing_of_another_on_any_route(
    connection: Connection, server: Server, two: list[int], visitor: httpx.AsyncClient
) -> None:
    own, other, nobodys = row(two[0]), row(two[1], orders=[77]), row(0)
    await write(connection, own, other, nobodys)
    name = await connection.fetchval("select name from workspaces where id = $1", two[1])
    for foreign in (other, nobodys):
        path = f"{foreign.workspace}/{microseconds(foreign.at)}/{foreign.id}"
        assert (await visitor.get(f"/console/log/{path}")).status_code == 404
        # An id of another workspace under one's own.
        path = f"{own.workspace}/{microseconds(foreign.at)}/{foreign.id}"
        assert (await visitor.get(f"/console/log/{path}")).status_code == 404
        for filters in ({}, {"request_id": foreign.request_id}, {"order": "77"}, {"door": "sample"}):
            page = await listed(visitor, **filters)
            assert f"<code>{foreign.request_id}</code>" not in page.text
        assert name not in page.text
    for workspace in (name, NOBODY, "no-such"):
        assert (await listed(visitor, workspace=workspace)).status_code == 404
        assert (await visitor.get(f"/console/log/live?workspace={workspace}")).status_code == 404
    assert f"/console/log/{two[0]}/{microseconds(own.at)}/{own.id}" in links(await listed(visitor))
    async with await inside(connection, server) as everywhere:
        for workspace, seen in ((name, other), (NOBODY, nobodys)):
            page = await listed(everywhere, workspace=workspace, request_id=seen.request_id)
            assert len(links(page)) == 1
            assert (await everywhere.get(links(page)[0])).status_code == 200


async def test_a_workspace_that_is_called_nobody_is_one_like_others(
    connection: Connection, server: Server, two: list[int]
) -> None:
    seen = row(two[0])
    await write(connection, seen)
    name = await connection.fetchval("select name from workspaces where id = $1", two[0])
    await connection.execute("update workspaces set name = 'nobody' where id = $1", two[0])
    try:
        async with await inside(connection, server) as everywhere:
            page = await listed(everywhere, workspace="nobody", request_id=seen.request_id)
            assert len(links(page)) == 1
            assert "workspace=nobody" in (await everywhere.get(links(page)[0])).text
            assert links(await listed(everywhere, workspace=NOBODY, request_id=seen.request_id)) == []
    finally:
        await connection.execute("update workspaces set name = $2 where id = $1", two[0], name)


async def test_of_more_workspaces_than_can_be_offered_each_is_found_by_its_name(
    connection: Connection, server: Server, two: list[int]
) -> None:
    seen = row(two[0])
    await write(connection, seen)
    name = await connection.fetchval("select name from workspaces where id = $1", two[0])
    await connection.execute(
        "insert into workspaces (id, uuid, name, sandbox, settings, created_at)"
        " select -n, gen_random_uuid(), '!' || n, true, '{}', $1 from generate_series(1, 1001) n",
        datetime.now(UTC),
    )
    try:
        async with await inside(connection, server) as everywhere:
            page = await listed(everywhere, workspace=name, request_id=seen.request_id)
            assert (page.status_code, len(links(page))) == (200, 1)
            assert (await everywhere.get(links(page)[0])).status_code == 200
            assert (await listed(everywhere, workspace="no-such")).status_code == 404
    finally:
        await connection.execute("delete from workspaces where id < 0")


async def test_the_live_tail_tells_of_new_entries_of_ones_own(
    connection: Connection, server: Server, two: list[int], visitor: httpx.AsyncClient
) -> None:
    del server
    await write(connection, row(two[0], request_id="before", at=datetime.now(UTC) - timedelta(seconds=5)))
    async with visitor.stream("GET", "/console/log/live?outcome=failed") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        chunks = stream.aiter_text()
        told = await anext(chunks)
        await write(
            connection,
            row(two[0], request_id="fine"),
            row(two[1], request_id="foreign", outcome="sold-out"),
            row(two[0], request_id="mine", outcome="sold-out"),
        )
        async for chunk in chunks:
            told += chunk
            if "mine" in told:
                break
    assert told.count("<code>mine</code>") == 1
    assert not any(f"<code>{each}</code>" in told for each in ("before", "fine", "foreign"))


async def test_an_operator_finds_an_order_that_was_placed(
    bonsai: Client, connection: Connection, server: Server, open_bonsai_shop: OpenShop
) -> None:
    shop = await open_bonsai_shop()
    placed = (await bonsai.send(shop.submit())).json["data"]["orderNumber"]
    workspace = await connection.fetchval("select id from workspaces where name = $1", shop.name)
    async with await inside(connection, server, workspace) as visitor:

        async def look() -> list[str]:
            return links(await listed(visitor, order=placed))

        (link,) = await eventually(look)
        page = (await visitor.get(link)).text
    assert f"Order {placed}" in page
    assert "[hidden]" in page
