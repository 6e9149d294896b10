"""The integration log as an operator sees it: what came in beside what it became, by a request that truly failed."""

from __future__ import annotations

import asyncio
import json
import re
import uuid
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from entrepot.cli import app
from tests.conformance.datamingle import Partners, invalid, refusal
from tests.conformance.harness import Expected, Prove, Reply
from tests.conformance.harness.fixtures import OpenPartners
from tests.conformance.test_datamingle_mapped import MAPPINGS, ORDER, REQUIRED
from tests.console.visiting import PASSWORD, browser, links, listed, section, shown_code
from tests.support.server import Server
from tests.support.waiting import eventually

MISSPELT = {**ORDER, "Details": [{"InventoryId": "RUG-5X7-BLU", "OrderQty": 2}]}
HEADLESS = {"Header": ORDER["header"], "Details": ORDER["Details"]}
UNMAPPABLE = "Failed to map inbound payload: source path 'header.po_number' not found"
MAPPED = {
    "order_number": "PO-1",
    "external_order_id": "R-1",
    "due_date": "2026-05-01",
    "items": [{"quantity": 2}],
    "metadata": {"source": "erp"},
}


@pytest.fixture
async def partners(open_datamingle: OpenPartners) -> Partners:
    """A workspace whose partner `plain` speaks words of its own."""
    return await open_datamingle({"channels/plain/mappings": MAPPINGS})


@asynccontextmanager
async def operator_of(workspace: str, server: Server, database_url: str) -> AsyncGenerator[httpx.AsyncClient]:
    """The browser of an operator of this workspace: its password was set by the link that the command line printed."""
    arguments = ["operators", "add", "ada", "-w", workspace, "--database-url", database_url]
    done = await asyncio.to_thread(CliRunner().invoke, app, arguments)
    found = re.search(r"/console/link/\S+", done.output)
    assert found is not None, done.output
    async with browser(server) as invited, browser(server) as visitor:
        set_up = await invited.post(found.group(), data={"password": PASSWORD, "again": PASSWORD})
        assert (set_up.status_code, set_up.headers["location"]) == (303, "/console/log")
        login = {"workspace": workspace, "name": "ada", "password": PASSWORD}
        assert (await visitor.post("/console/login", data=login)).status_code == 303
        yield visitor


async def entry_of(visitor: httpx.AsyncClient, request_id: str) -> httpx.Response:
    """The page of the one entry that the request id finds."""

    async def look() -> list[str]:
        return links(await listed(visitor, request_id=request_id))

    (link,) = await eventually(look)
    page = await visitor.get(link)
    assert page.status_code == 200
    return page


@pytest.mark.row("datamingle.logs.mapped-payload")
@pytest.mark.parametrize(
    ("sent", "refused", "mapped", "missing", "meant"),
    [
        (
            MISSPELT,
            invalid(("Details[0].InventoryID", REQUIRED)),
            MAPPED,
            "Details[].InventoryID",
            "Details[].InventoryId",
        ),
        (
            HEADLESS,
            refusal(422, "payload-unmappable", "MAPPING_ERROR", UNMAPPABLE),
            None,
            "header.po_number",
            "Header.po_number",
        ),
    ],
)
async def test_operator_finds_a_failed_request_and_sees_raw_beside_mapped_and_what_was_meant(
    prove: Prove, server: Server, partners: Partners, session_database_url: str,
    sent: Any, refused: Expected, mapped: Any, missing: str, meant: str,
) -> None:  # fmt: skip
    failed, mended = uuid.uuid4().hex, uuid.uuid4().hex

    async def looked_at(reply: Reply) -> None:
        async with operator_of(partners.name, server, session_database_url) as visitor:
            page = await entry_of(visitor, failed)
            assert json.loads(shown_code(section(page, "raw"), "Request body")) == sent
            became = section(page, "mapped")
            assert "Mapping orders, version 1" in became
            text = shown_code(became, "Mapped body")
            assert (json.loads(text) if text else None) == mapped
            assert ("could not be mapped" in became) == (mapped is None)
            assert _said_missing(page) == (missing, meant)
            told = section(page, "told")
            assert json.loads(shown_code(told, "Reply body")) == refused.body
            assert f"<code>{refused.status}</code>" in told
            after = await entry_of(visitor, mended)
            assert json.loads(shown_code(section(after, "raw"), "Request body")) == ORDER
            assert json.loads(shown_code(section(after, "told"), "Reply body")) == reply.json
            order = await partners.order_id("PO-1")
            assert f"Order {order}: placed" in after.text
            assert "Missing source" not in after.text

    await prove(
        partners.send("POST", "/orders/", sent, **{"X-Request-Id": failed}),
        refused,
        partners.send("POST", "/orders/", ORDER, **{"X-Request-Id": mended}),
        looked_at,
        success=201,
    )


def _said_missing(page: httpx.Response) -> tuple[str, str]:
    """The source that the page says was missing, and the one that was probably meant."""
    told = re.findall(r'aria-label="Missing source">(.*?)</section>', page.text, re.DOTALL)
    assert len(told) == 1, told
    missing, meant = re.findall(r"<code[^>]*>([^<]*)</code>", told[0])
    return missing, meant
