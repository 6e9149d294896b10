"""The integration log of a running server: whose request it was, what is hidden, and that it costs nobody an order."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from entrepot.observe.redaction import redact_text
from entrepot.store.connections import Connection
from tests.conformance.harness import Client, Request
from tests.conformance.harness.fixtures import (
    OpenPartners,
    OpenShop,
    OpenWebshop,
    bonsai,
    connection,
    datamingle,
    open_bonsai_shop,
    open_datamingle,
    open_webshop,
    textalk,
)
from tests.conformance.test_datamingle_mapped import ORDER, ORDERS
from tests.support.server import Server
from tests.support.waiting import eventually
from tests.support.webshop import PATH

__all__ = [
    "bonsai",
    "connection",
    "datamingle",
    "open_bonsai_shop",
    "open_datamingle",
    "open_webshop",
    "textalk",
]

_ENTRY = "select workspace, outcome, status, orders, entry from request_log where request_id = $1"


async def entry(connection: Connection, request_id: str) -> tuple[Any, ...]:
    async def look() -> Any:
        return await connection.fetchrow(_ENTRY, request_id)

    row = await eventually(look)
    return (*tuple(row)[:4], json.loads(row[4]))


async def workspace(connection: Connection, name: str) -> int:
    return await connection.fetchval("select id from workspaces where name = $1", name)


async def test_an_order_is_found_by_its_request_with_command_and_number_and_without_its_token(
    bonsai: Client, connection: Connection, open_bonsai_shop: OpenShop
) -> None:
    shop = await open_bonsai_shop()
    order = shop.submit()
    named = type(order)(
        order.method, order.path, order.body, {**order.headers, "X-Request-Id": f"{shop.name}-1"}
    )
    placed = (await bonsai.send(named)).json["data"]
    where, outcome, status, orders, kept = await entry(connection, f"{shop.name}-1")
    assert (where, outcome, status) == (await workspace(connection, shop.name), "ok", 200)
    assert orders == [placed["orderNumber"]]
    asked, told = json.loads(kept["request"]["text"]), json.loads(kept["reply"]["text"])
    assert asked["payment"]["token"] == "[hidden]"
    assert asked["customer"] == order.body["customer"]
    assert told["data"]["orderNumber"] == placed["orderNumber"]
    assert kept["caller"] == "shop"


async def test_a_stranger_is_nobodys(server: Server, connection: Connection) -> None:
    async with httpx.AsyncClient(base_url=server.url, verify=False) as client:
        headers = {"API-Key": "no-such-key-at-all", "X-Request-Id": "stranger-1"}
        await client.post("/bonsai/orders/V1/submit", json={}, headers=headers)
        await client.get("/bonsai/no/such/path", headers={"X-Request-Id": "stranger-2"})
    assert (await entry(connection, "stranger-1"))[:3] == (0, "unauthenticated", 401)
    assert (await entry(connection, "stranger-2"))[:3] == (0, "unknown-route", 404)


async def test_a_message_of_calls_is_one_entry_that_lists_them(
    textalk: Client, connection: Connection, open_webshop: OpenWebshop
) -> None:
    shop = await open_webshop()
    calls = [
        {"jsonrpc": "2.0", "id": 1, "method": "Session.getToken", "params": []},
        {"jsonrpc": "2.0", "id": 2, "method": "Admin.login", "params": ["ada", "a-long-secret-word"]},
    ]
    path = f"{PATH}?webshop={shop.uids['shop']}&auth=not-a-token-of-anybody"
    await textalk.send(Request("POST", path, calls, {"X-Request-Id": f"{shop.name}-1"}))
    where, outcome, _, _, kept = await entry(connection, f"{shop.name}-1")
    assert where == await workspace(connection, shop.name)
    assert outcome != "ok"
    assert [each["operation"] for each in kept["calls"]] == ["Session.getToken", "Admin.login"]
    assert json.loads(kept["request"]["text"])[1]["params"] == ["ada", "[hidden]"]
    # One uid of ten could be the number of a card, and is hidden as one.
    assert kept["query"] == {"webshop": redact_text(str(shop.uids["shop"])), "auth": "[hidden]"}


@pytest.mark.parametrize("kind", ["error", "refuse", "drop", "slow", "timeout"])
async def test_a_log_that_cannot_be_written_delays_no_order_and_loses_nothing(
    bonsai: Client, server: Server, connection: Connection, open_bonsai_shop: OpenShop, kind: str
) -> None:
    shop = await open_bonsai_shop()
    fault = {"target": "connection:log", "kind": kind, "count": 1} | (
        {"delay": 3} if kind in ("slow", "timeout") else {}
    )
    async with httpx.AsyncClient(base_url=server.url, verify=False) as client:
        assert (await client.post("/sandbox/faults", json=fault)).status_code == 201
        order = shop.submit()
        headers = {**order.headers, "X-Request-Id": f"{shop.name}-1"}
        reply = await bonsai.send(type(order)(order.method, order.path, order.body, headers))
        assert reply.status == 200
        await client.delete("/sandbox/faults")
    await entry(connection, f"{shop.name}-1")
    count = "select count(*) from request_log where request_id = $1"
    assert await connection.fetchval(count, f"{shop.name}-1") == 1


async def test_an_account_without_bodies_keeps_none(
    bonsai: Client, connection: Connection, open_bonsai_shop: OpenShop
) -> None:
    shop = await open_bonsai_shop({"channels/shop/settings/log_bodies": False})
    order = shop.submit()
    headers = {**order.headers, "X-Request-Id": f"{shop.name}-1"}
    await bonsai.send(type(order)(order.method, order.path, order.body, headers))
    *_, kept = await entry(connection, f"{shop.name}-1")
    assert ("text" in kept["request"], "text" in kept["reply"]) == (False, False)
    assert kept["request"]["size"] == len(order.content)


async def test_a_mapped_body_is_kept_beside_the_raw_with_the_source_that_was_meant(
    datamingle: Client, connection: Connection, open_datamingle: OpenPartners
) -> None:
    partners = await open_datamingle({"channels/plain/mappings": {"orders": ORDERS}})
    sent = {**ORDER, "Details": [{"InventoryId": "RUG-5X7-BLU", "OrderQty": 2}]}
    asked = partners.send("POST", "/orders/", sent, **{"X-Request-Id": f"{partners.name}-1"})
    assert (await datamingle.send(asked)).status == 400
    where, outcome, _, _, kept = await entry(connection, f"{partners.name}-1")
    assert (where, outcome) == (await partners.id(), "invalid-input")
    assert json.loads(kept["request"]["text"]) == sent
    mapped = kept["mapped"]
    assert (mapped["mapping"], mapped["version"]) == ("orders", 1)
    assert mapped["body"]["order_number"] == "PO-1"
    (missing,) = [each for each in mapped["moved"] if each.get("missing") and "Inventory" in each["rule"]]
    assert (missing["rule"], missing["meant"]) == ("Details[].InventoryID", "Details[].InventoryId")
    sources = {each["target"]: each.get("source") for each in mapped["moved"]}
    assert sources["order_number"] == "header.po_number"
    assert "junk" in mapped["dropped"]
