"""The console in a real browser: an operator finds a failed request; nothing keeps anybody out; it fits every screen.

Chromium is Debian's, which `.ci/run` installs; where there is none this is skipped.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from entrepot.store.connections import Connection
from tests.conformance.datamingle import Partners
from tests.conformance.harness import Client
from tests.conformance.harness.fixtures import OpenPartners
from tests.conformance.test_datamingle_mapped import MAPPINGS, ORDER
from tests.console.visiting import PASSWORD, new_link, new_operator
from tests.support.server import Server
from tests.support.waiting import eventually

CHROMIUM = shutil.which("chromium")
pytest.importorskip("playwright", reason="Playwright is not installed")
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="there is no chromium; .ci/run installs it with CI=true"
)

WIDTHS = (390, 1_440)
SCHEMES = ("light", "dark")
DOCS_WIDTH = 1_100
"""Of the pictures in the docs: two columns still stand beside each other, and a page shows it unscaled."""
SERIOUS = frozenset({"serious", "critical"})


@pytest.fixture
async def chromium() -> AsyncIterator[Any]:
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield browser
        await browser.close()


@pytest.fixture
async def partners(open_datamingle: OpenPartners) -> Partners:
    """A workspace whose partner `plain` speaks words of its own."""
    return await open_datamingle({"channels/plain/mappings": MAPPINGS})


async def asked(client: Client, partners: Partners, details: Any = ORDER["Details"]) -> str:
    """The request id of an order that was sent, once the log has it."""
    request_id = uuid.uuid4().hex
    body = {**ORDER, "header": {"po_number": request_id}, "Details": details}
    await client.send(partners.send("POST", "/orders/", body, **{"X-Request-Id": request_id}))
    count = "select count(*) from request_log where request_id = $1"
    await eventually(lambda: partners.connection.fetchval(count, request_id))
    return request_id


async def test_an_operator_finds_a_partners_failed_request_and_the_source_that_was_meant(
    chromium: Any, connection: Connection, server: Server, datamingle: Client, partners: Partners, tmp_path: Path
) -> None:  # fmt: skip
    for _ in range(4):
        await asked(datamingle, partners)
    failed = await asked(datamingle, partners, [{"InventoryId": "RUG-5X7-BLU", "OrderQty": 2}])
    operator = await new_operator(connection, await partners.id())
    faults: list[str] = []
    page = await (await chromium.new_context()).new_page()
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    await page.goto(server.url + await new_link(connection, operator))
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_label("Again").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await page.get_by_label("Request id").fill(failed)
    await page.keyboard.press("Enter")
    await page.locator("#entries a").first.click()
    missing = page.get_by_label("Missing source")
    assert "Details[].InventoryID" in await missing.inner_text()
    assert "Details[].InventoryId" in await missing.inner_text()
    found = page.url
    await page.get_by_role("link", name="All requests", exact=True).click()
    await _follow(page, datamingle, partners)
    for path, name in (
        (found, "entry"),
        (f"{server.url}/console/log", "log"),
        (f"{server.url}/console/login", "login"),
    ):
        for scheme in SCHEMES:
            for width in WIDTHS:
                await page.emulate_media(color_scheme=scheme)
                await page.set_viewport_size({"width": width, "height": 900})
                await page.goto(path)
                assert await _wider_than_the_screen(page) is False, (name, width)
                assert await _serious(page) == [], (name, scheme, width)
                await page.screenshot(
                    path=_pictures(tmp_path) / f"{name}-{width}-{scheme}.png", full_page=True
                )
    await page.emulate_media(color_scheme="light")
    for path, name in ((f"{server.url}/console/log", "list"), (found, "entry")):
        await page.set_viewport_size({"width": DOCS_WIDTH, "height": 800})
        await page.goto(path)
        picture = _pictures(tmp_path) / f"find-a-failed-request-{name}.png"
        await page.screenshot(path=picture)
    assert faults == []


async def _follow(page: Any, client: Client, partners: Partners) -> None:
    """New requests come in by themselves once they are asked for, those too that came after the page was made."""
    await page.locator("#live").wait_for()
    between = await asked(client, partners)
    await page.get_by_role("button", name="Follow live").click()
    await page.get_by_text(between).wait_for()
    await page.get_by_text(await asked(client, partners)).wait_for()


async def test_without_any_script_all_can_be_done_by_keyboard(
    chromium: Any, connection: Connection, server: Server, datamingle: Client, partners: Partners
) -> None:
    failed = await asked(datamingle, partners, [{"InventoryID": "NONEXISTENT-SKU", "OrderQty": 1}])
    operator = await new_operator(connection, await partners.id())
    page = await (await chromium.new_context(java_script_enabled=False)).new_page()
    await page.goto(server.url + await new_link(connection, operator))
    for field in (PASSWORD, PASSWORD):
        await page.keyboard.press("Tab")
        while await page.evaluate("document.activeElement.type") != "password":
            await page.keyboard.press("Tab")
        await page.keyboard.type(field)
    await page.keyboard.press("Enter")
    await page.get_by_label("Outcome").select_option("failed")
    await page.get_by_label("Request id").focus()
    await page.keyboard.press("Enter")
    await page.locator("#entries a").first.focus()
    await page.keyboard.press("Enter")
    await page.get_by_role("heading", name="sku-unknown").wait_for()
    assert failed in await page.content()
    await page.get_by_role("button", name="Log out").focus()
    await page.keyboard.press("Enter")
    await page.get_by_role("heading", name="Log in").wait_for()


async def _wider_than_the_screen(page: Any) -> bool:
    return await page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")


async def _serious(page: Any) -> list[str]:
    from axe_playwright_python.async_playwright import Axe

    found = (await Axe().run(page)).response["violations"]
    return [
        f"{each['id']}: {[node['html'][:120] for node in each['nodes']]}"
        for each in found
        if each["impact"] in SERIOUS
    ]


def _pictures(folder: Path) -> Path:
    """Where the pictures go: with ENTREPOT_PICTURES to where somebody looks at them."""
    return Path(os.environ.get("ENTREPOT_PICTURES") or folder)
