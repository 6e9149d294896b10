"""Operators of the running server, and browsers that know only forms and links."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime
from html import unescape
from typing import Any
from urllib.parse import urlencode

import httpx

from entrepot.store.connections import Connection
from entrepot.store.queries.operations.operators import (
    EVERYWHERE,
    Operator,
    add_operator,
    find_operator,
    make_proof,
)
from tests.support.server import Server

PASSWORD = "correct horse battery"
COOKIE = "entrepot-loopback"


async def new_operator(connection: Connection, workspace: int = EVERYWHERE) -> Operator:
    name = f"ada-{uuid.uuid4().hex[:8]}"
    await add_operator(connection, workspace, name, datetime.now(UTC))
    found = await find_operator(connection, workspace, name)
    assert found is not None
    return found[0]


async def new_link(connection: Connection, operator: Operator) -> str:
    return f"/console/link/{await make_proof(connection, operator, 'link', datetime.now(UTC))}"


async def inside(connection: Connection, server: Server, workspace: int = EVERYWHERE) -> httpx.AsyncClient:
    """A browser that is logged in."""
    operator = await new_operator(connection, workspace)
    secret = await make_proof(connection, operator, "session", datetime.now(UTC))
    return browser(server, {COOKIE: secret})


def browser(server: Server, cookies: dict[str, str] | None = None) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=server.url, cookies=cookies, timeout=60, trust_env=False, verify=False)


def stranger(server: Server) -> httpx.AsyncClient:
    """A browser on this machine that comes from another address than others."""
    transport = httpx.AsyncHTTPTransport(local_address="127.0.0.2")
    return httpx.AsyncClient(base_url=server.url, transport=transport, timeout=60)


def form(page: httpx.Response, action: str | None = None) -> dict[str, str]:
    """The hidden fields of a page."""
    fields = re.findall(r'<input type="hidden" name="([^"]*)"[^>]*value="([^"]*)"', page.text)
    del action
    return {name: unescape(value) for name, value in fields}


def links(page: httpx.Response, prefix: str = "/console/log/") -> list[str]:
    return [unescape(each) for each in re.findall(r'href="([^"]+)"', page.text) if each.startswith(prefix)]


async def listed(visitor: httpx.AsyncClient, **filters: Any) -> httpx.Response:
    given = {name: value for name, value in filters.items() if value is not None}
    return await visitor.get(f"/console/log?{urlencode(given)}")


def section(page: httpx.Response, name: str) -> str:
    """The part of a page that is headed by what has this id."""
    found = re.search(rf'<section[^>]* aria-labelledby="{name}">(.*?)</section>', page.text, re.DOTALL)
    assert found is not None, f"no section {name}"
    return found[1]


def shown_code(part: str, label: str) -> str:
    """The text of the code that has this label."""
    found = re.search(rf'<pre[^>]* aria-label="{label}"><code>(.*?)</code>', part, re.DOTALL)
    return "" if found is None else unescape(found[1])
