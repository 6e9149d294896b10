"""The world, the way back to its beginning, the clock, and the partner over HTTP."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg

from entrepot.store.connections import connect
from entrepot.store.tables import metadata
from entrepot.worlds import World, apply_world, load_world
from tests.sandbox.conftest import Sandbox

LATER = 'sandbox = true\n[workspaces.later.channels.a]\ndoor = "bonsai"\nkeys.live = "later-key"\n'


async def test_the_world_shows_what_an_order_needs(sandbox: Sandbox) -> None:
    world = (await sandbox.http.get("/sandbox/world")).json()
    assert [workspace["name"] for workspace in world["workspaces"]] == ["boutique", "north", "south"]
    north = world["workspaces"][1]
    demo = next(channel for channel in north["channels"] if channel["name"] == "demo")
    assert demo["keys"] == {"live": "demo-api-key", "test": "demo-test-key", "private": "demo-private-key"}
    mug = next(product for product in north["products"] if product["name"] == "Stoneware mug")
    assert mug["variants"] == [
        {
            "variant_id": "101",
            "sku": "mug",
            "name": "",
            "prices": {"USD": 25, "CAD": 32},
            "stock": {"main": 100000},
        }
    ]
    assert north["merchants"][0]["name"] == "Maple Mittens"
    assert north["cards"]["tok_declined"] == {"account": "plenty", "state": "declined"}
    assert north["partner_tokens"] == ["ext_valid_1", "ext_valid_2", "ext_valid_3"]


async def test_a_reset_begins_anew(sandbox: Sandbox, module_database_url: str) -> None:
    world = (await sandbox.http.get("/sandbox/world")).json()
    assert (await sandbox.order()).status_code == 200
    await sandbox.http.post("/sandbox/clock", json={"offset": "+3d"})
    await sandbox.fault("rule:PlaceOrder", "error", count=9)
    assert (await sandbox.http.post("/sandbox/reset")).status_code == 200
    assert (await sandbox.http.get("/sandbox/world")).json() == world
    assert (await sandbox.http.get("/sandbox/clock")).json()["offset"] == "P0D"
    assert await sandbox.faults() == []
    assert await _count(module_database_url, "orders") == 0
    assert (await sandbox.order()).status_code == 200


async def test_orders_under_way_end_before_and_new_ones_come_after(
    sandbox: Sandbox, module_database_url: str
) -> None:
    await sandbox.fault("connection:engine", "slow", delay=30)
    early = asyncio.create_task(sandbox.order())
    await sandbox.until_hit()
    replies = await asyncio.gather(sandbox.http.post("/sandbox/reset"), *(sandbox.order() for _ in range(20)))
    assert [reply.status_code for reply in (await early, *replies)] == [200] * 22
    orders = await _count(module_database_url, "orders")
    assert await sandbox.stock() == 100_000 - orders
    assert orders <= 20  # the early one is gone


async def test_what_no_sandbox_made_is_never_emptied(sandbox: Sandbox, module_database_url: str) -> None:
    connection = await asyncpg.connect(module_database_url)
    await connection.execute("update workspaces set sandbox = false where name = 'south'")
    before = await sandbox.stock()
    refused = await sandbox.http.post("/sandbox/reset")
    assert refused.status_code == 409
    assert "south" in refused.json()["error"]
    assert await connection.fetchval("select count(*) from products") > 0
    await connection.execute("update workspaces set sandbox = true")
    await connection.close()
    assert await sandbox.stock() == before
    assert (await sandbox.order()).status_code == 200


async def test_the_clock_is_set_by_distance_and_by_time(sandbox: Sandbox) -> None:
    before = datetime.now(UTC)
    moved = (await sandbox.http.post("/sandbox/clock", json={"offset": "+3d"})).json()
    assert moved["offset"] == "P3D"
    assert (await sandbox.http.get("/sandbox/clock")).json()["offset"] == "P3D"
    assert before <= _moment(moved["now"]) - timedelta(days=3) <= datetime.now(UTC)
    before = datetime.now(UTC)
    set_to = (await sandbox.http.post("/sandbox/clock", json={"now": "2030-12-24T18:00:00+01:00"})).json()
    passed = _moment(set_to["now"]) - datetime(2030, 12, 24, 17, tzinfo=UTC)
    assert timedelta() <= passed <= datetime.now(UTC) - before
    right = (await sandbox.http.post("/sandbox/clock", json={"offset": "0s"})).json()
    assert right["offset"] == "P0D"


async def test_a_clock_that_is_set_at_once_by_many_is_as_one_of_them_said(sandbox: Sandbox) -> None:
    moments = [datetime(2030 + each, 1, 1, tzinfo=UTC) for each in range(20)]
    orders = [{"now": each.isoformat(), "frozen": True} for each in moments]
    told = await asyncio.gather(*(sandbox.http.post("/sandbox/clock", json=each) for each in orders))
    assert [_moment(each.json()["now"]) for each in told] == moments  # everybody is told what he asked for
    assert _moment((await sandbox.http.get("/sandbox/clock")).json()["now"]) in moments


async def test_a_frozen_clock_runs_again_after_a_reset(sandbox: Sandbox) -> None:
    frozen = (await sandbox.http.post("/sandbox/clock", json={"frozen": True})).json()
    assert (await sandbox.http.get("/sandbox/clock")).json()["now"] == frozen["now"]
    await sandbox.http.post("/sandbox/reset")
    state = (await sandbox.http.get("/sandbox/clock")).json()
    assert (state["offset"], state["frozen"]) == ("P0D", False)


async def test_an_order_is_placed_at_the_sandbox_s_time(sandbox: Sandbox, module_database_url: str) -> None:
    await sandbox.http.post("/sandbox/clock", json={"now": "2031-05-01T12:00:00Z"})
    assert (await sandbox.order()).status_code == 200
    connection = await asyncpg.connect(module_database_url)
    placed = await connection.fetchval("select placed_at from orders")
    await connection.close()
    assert placed.date().isoformat() == "2031-05-01"


PARTNER = "/sandbox/partner/north/validate"


async def test_the_partner_answers_for_its_own_tokens(sandbox: Sandbox) -> None:
    headers = {"API-Key": "partner-secret"}
    for token, valid in (("ext_valid_1", True), ("stolen", False)):
        asked = await sandbox.http.get(PARTNER, params={"token": token}, headers=headers)
        assert (asked.status_code, asked.json()) == (200, {"valid": valid})
        posted = await sandbox.http.post(PARTNER, json={"token": token, "currency": "USD"}, headers=headers)
        assert (posted.status_code, posted.json()) == (200, {"valid": valid})
    other = await sandbox.http.get(
        "/sandbox/partner/south/validate", params={"token": "ext_valid_1"}, headers=headers
    )
    assert other.json() == {"valid": False}


async def test_the_partner_refuses_what_it_cannot_answer(sandbox: Sandbox) -> None:
    headers = {"API-Key": "partner-secret"}
    assert (await sandbox.http.get(PARTNER, params={"token": "x"})).status_code == 401
    assert (await sandbox.http.get(PARTNER, headers=headers)).status_code == 400
    assert (await sandbox.http.post(PARTNER, content=b"{", headers=headers)).status_code == 400
    unknown = "/sandbox/partner/west/validate"
    assert (await sandbox.http.get(unknown, params={"token": "x"}, headers=headers)).status_code == 404


async def test_other_paths_and_methods(sandbox: Sandbox) -> None:
    missing = await sandbox.http.get("/sandbox/nothing")
    assert (missing.status_code, missing.json()) == (404, {"error": "There is no operation at this path"})
    assert (await sandbox.http.get("/sandbox/reset")).status_code == 405


async def _count(module_database_url: str, table: str) -> int:
    connection = await asyncpg.connect(module_database_url)
    try:
        return await connection.fetchval(f"select count(*) from {table}")
    finally:
        await connection.close()


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


async def test_what_a_partner_deleted_stands_there_no_more(sandbox: Sandbox) -> None:
    key = {"X-API-Key": "sk_live_demo-plain-00000000000000000000000000000"}
    at, rows = (
        "/datamingle/api/integrations/v1",
        [{"location_code": "nook", "sku_code": "mug", "quantity": 0}],
    )
    made = await sandbox.http.post(f"{at}/locations/", json={"code": "nook"}, headers=key)
    counted = await sandbox.http.post(f"{at}/inventory/", json={"inventory": rows}, headers=key)
    assert (made.status_code, counted.json()["data"]["created"]) == (201, 1)
    for path in ("/locations/nook/", "/products/candle/"):
        assert (await sandbox.http.delete(f"{at}{path}", headers=key)).status_code == 200
    shown = await sandbox.http.get("/sandbox/world")
    assert shown.status_code == 200
    north = shown.json()["workspaces"][1]
    stock = {each["sku"]: each["stock"] for product in north["products"] for each in product["variants"]}
    assert ("candle" in stock, stock["mug"]) == (False, {"main": 100000})


async def test_what_is_put_back_is_what_was_applied(sandbox: Sandbox, module_database_url: str) -> None:
    """The first reset applies the worlds, later ones put back what came of that: the same rows, of all tables."""
    await sandbox.http.post("/sandbox/reset")
    applied = await _digests(module_database_url)
    for _ in range(2):
        assert (await sandbox.order()).status_code == 200
        assert await _digests(module_database_url) != applied
        assert (await sandbox.http.post("/sandbox/reset")).status_code == 200
        assert await _digests(module_database_url) == applied
    assert (await sandbox.order()).status_code == 200


async def test_another_world_that_was_applied_meanwhile_stands_after_a_reset(
    sandbox: Sandbox, module_database_url: str
) -> None:
    await sandbox.http.post("/sandbox/reset")
    loaded = load_world(LATER)
    assert isinstance(loaded, World), loaded
    connection = await connect(module_database_url)
    try:
        await apply_world(connection, loaded, now=datetime.now(UTC))
    finally:
        await connection.close()
    for _ in range(2):
        assert (await sandbox.http.post("/sandbox/reset")).status_code == 200
        world = (await sandbox.http.get("/sandbox/world")).json()
        assert "later" in {each["name"] for each in world["workspaces"]}
    connection = await asyncpg.connect(module_database_url)
    await connection.execute("delete from sandbox_worlds where document like '%later-key%'")
    await connection.close()
    await sandbox.http.post("/sandbox/reset")


async def test_worlds_of_which_one_can_be_applied_no_more_leave_all_as_it_was(
    sandbox: Sandbox, module_database_url: str
) -> None:
    loaded = load_world(LATER)
    assert isinstance(loaded, World), loaded
    connection = await connect(module_database_url)
    try:
        await apply_world(connection, loaded, now=datetime.now(UTC))
        # As a release that reads worlds otherwise might find it: the first of the two goes well, this one does not.
        await connection.execute(
            "update sandbox_worlds set document = replace(document, 'later-key', 'demo-api-key') "
            "where document like '%later-key%'"
        )
        assert (await sandbox.order()).status_code == 200
        before = await _digests(module_database_url)
        reply = await sandbox.http.post("/sandbox/reset")
        assert (reply.status_code, "demo-api-key" in reply.text) == (409, False), reply.text
        assert "later" in reply.json()["error"]
        assert await _digests(module_database_url) == before
        assert (await sandbox.order(token="another")).status_code == 200
    finally:
        await connection.execute("delete from sandbox_worlds where document like '%later%'")
        await connection.close()
    assert (await sandbox.http.post("/sandbox/reset")).status_code == 200


async def _digests(url: str) -> dict[str, str]:
    """What each table holds; the log is written beside."""
    connection = await asyncpg.connect(url)
    try:
        return {
            each.name: await connection.fetchval(
                f"select coalesce(md5(string_agg(t::text, '|' order by t::text)), '') from \"{each.name}\" t"
            )
            for each in metadata.sorted_tables
            if each.name != "request_log"
        }
    finally:
        await connection.close()


async def test_after_a_reset_a_mapping_is_the_one_that_was_saved_since(
    sandbox: Sandbox, module_database_url: str
) -> None:
    """A reset puts rows back, so that the next version of a mapping has the number of one from before."""
    key = {"X-API-Key": "sk_live_demo-plain-00000000000000000000000000000"}
    await sandbox.http.post("/sandbox/reset")
    for name in ("number", "reference", "document"):
        assert (await sandbox.http.post("/sandbox/reset")).status_code == 200
        await _save_mapping(module_database_url, {"field_map": [{"source": name, "target": "order_number"}]})
        body = {name: "N-1", "items": [{"sku_code": "mug", "quantity": 1}]}
        reply = await sandbox.http.post("/datamingle/api/integrations/v1/orders/", json=body, headers=key)
        assert (reply.status_code, reply.json()["data"][name]) == (201, "N-1")
    await sandbox.http.post("/sandbox/reset")


async def _save_mapping(url: str, definition: dict[str, Any]) -> None:
    """Version 1 for the orders of `plain`, in use."""
    connection = await connect(url)
    try:
        found = await connection.fetchrow(
            "select workspace, id from channels where door = 'datamingle' and name = 'plain'"
        )
        assert found is not None
        workspace, channel = found
        await connection.execute(
            "insert into mappings (workspace, channel, resource, version, definition, created_at)"
            " values ($1, $2, 'orders', 1, $3, $4)",
            workspace,
            channel,
            json.dumps(definition),
            datetime(2026, 1, 1, tzinfo=UTC),
        )
        await connection.execute(
            "insert into mapping_heads (workspace, channel, resource, active, latest)"
            " values ($1, $2, 'orders', 1, 1)",
            workspace,
            channel,
        )
    finally:
        await connection.close()
