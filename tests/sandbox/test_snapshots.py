"""States of a sandbox: one workspace begins anew, and snapshots are come back to."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from entrepot.sandbox.beginning import snapshots
from entrepot.store.connections import connect
from entrepot.store.tables import metadata
from tests.sandbox.conftest import Sandbox

BESIDE = {"request_log", "sandbox_snapshots", "operators", "operator_proofs"}
SIGN_UP = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "Customer.signup",
    "params": [{"info": {"email": "ada@example.com"}, "password": "correct horse"}, ["info"]],
}


async def _rows(url: str, workspace: str) -> dict[str, str]:
    """What each table holds of a workspace, by its name: what came anew has another number."""
    connection = await connect(url)
    try:
        number = await connection.fetchval("select id from workspaces where name = $1", workspace)
        return {
            each.name: await connection.fetchval(
                "select coalesce(md5(string_agg(replace(t::text, $1::text, 'N'), '|' order by t::text)), '') "
                f'from "{each.name}" t where {"id" if each.name == "workspaces" else "workspace"} = $2',
                str(number),
                number,
            )
            for each in metadata.sorted_tables
            if each.name not in BESIDE
        }
    finally:
        await connection.close()


async def _sign_up(sandbox: Sandbox) -> None:
    """A customer of the boutique, who gets a mail."""
    path = "/textalk/backend/jsonrpc/v1?webshop=22222&language=en"
    assert "result" in (await sandbox.http.post(path, json=SIGN_UP)).json()
    query = "/sandbox/mailbox?workspace=boutique&wait=30"
    assert (await sandbox.http.get(query)).json()["letters"]
    assert (await sandbox.http.get("/sandbox/idle?wait=30")).status_code == 200


async def _reset(sandbox: Sandbox, workspace: str | None = None) -> None:
    query = {} if workspace is None else {"workspace": workspace}
    reply = await sandbox.http.post("/sandbox/reset", params=query)
    assert (reply.status_code, reply.json()) == (200, {"reset": True}), reply.text


async def _take(sandbox: Sandbox, name: str, **more: str) -> dict[str, Any]:
    reply = await sandbox.http.post("/sandbox/snapshots", json={"name": name, **more})
    assert reply.status_code == 201, reply.text
    return reply.json()


async def _restore(sandbox: Sandbox, name: str) -> dict[str, Any]:
    reply = await sandbox.http.post(f"/sandbox/snapshots/{name}/restore")
    assert reply.status_code == 200, reply.text
    return reply.json()


async def _names(sandbox: Sandbox) -> list[str]:
    return [each["name"] for each in (await sandbox.http.get("/sandbox/snapshots")).json()["snapshots"]]


async def test_one_workspace_begins_anew_and_no_other(sandbox: Sandbox, module_database_url: str) -> None:
    await _reset(sandbox, "north")
    north = await _rows(module_database_url, "north")
    await _sign_up(sandbox)
    boutique = await _rows(module_database_url, "boutique")
    await sandbox.http.post("/sandbox/clock", json={"offset": "+1h"})
    for _ in range(2):  # the first was applied anew; this comes from what was kept of it
        assert (await sandbox.order(token="once")).status_code == 200
        await sandbox.fault("rule:PlaceOrder", "error", count=9, workspace="north")
        await sandbox.fault("rule:PlaceOrder", "error", count=9, workspace="south")
        await _reset(sandbox, "north")
        assert await _rows(module_database_url, "north") == north
        assert await _rows(module_database_url, "boutique") == boutique
        assert {each["workspace"] for each in await sandbox.faults()} == {"south"}
    assert (await sandbox.http.get("/sandbox/clock")).json()["offset"] == "PT3600S"
    await _reset(sandbox, "boutique")
    assert (await sandbox.http.get("/sandbox/mailbox?workspace=boutique")).json() == {"letters": []}


async def test_a_workspace_begins_anew_between_its_orders(sandbox: Sandbox) -> None:
    """What came before is gone as a whole, what comes after stands as a whole."""
    await _reset(sandbox, "north")
    orders = [sandbox.order() for _ in range(15)]
    replies = await asyncio.gather(
        *orders[:8], _reset(sandbox, "north"), *orders[8:], _reset(sandbox, "north")
    )
    assert {each.status_code for each in replies if each is not None} == {200}
    told = await sandbox.http.get("/sandbox/requests?workspace=north&door=bonsai&limit=500")
    kept = told.json()["requests"]
    assert await sandbox.stock() == 100_000 - len(kept)


@pytest.mark.parametrize(("query", "status"), [("?workspace=west", 404), ("?workspace=", 400)])
async def test_a_workspace_that_is_not_there_cannot_begin_anew(
    sandbox: Sandbox, query: str, status: int
) -> None:
    assert (await sandbox.order()).status_code == 200
    reply = await sandbox.http.post(f"/sandbox/reset{query}")
    assert (reply.status_code, list(reply.json())) == (status, ["error"])
    assert await sandbox.stock() == 99_999


async def test_a_snapshot_is_come_back_to(sandbox: Sandbox, module_database_url: str) -> None:
    """Its rows, its mails, its simulated bank and its clock; what came after is gone."""
    assert (await sandbox.order(token="before")).status_code == 200
    await _sign_up(sandbox)
    stands = (await sandbox.http.post("/sandbox/clock", json={"advance": "+1h", "frozen": True})).json()
    taken = await _take(sandbox, "a-day")
    then = [await _rows(module_database_url, each) for each in ("north", "south", "boutique")]
    assert (taken["name"], taken["workspace"]) == ("a-day", None)
    assert 0 < taken["bytes"] < 1_000_000
    assert datetime.now(UTC) - datetime.fromisoformat(taken["taken_at"]) < timedelta(hours=1)
    for _ in range(2):
        assert (await sandbox.order(token="after")).status_code == 200
        await sandbox.http.post("/sandbox/clock", json={"offset": "0s", "frozen": False})
        await sandbox.fault("rule:PlaceOrder", "error", count=9)
        assert await _restore(sandbox, "a-day") == taken
        now = [await _rows(module_database_url, each) for each in ("north", "south", "boutique")]
        assert [(t, a[t], b[t]) for a, b in zip(now, then, strict=True) for t in a if a[t] != b[t]] == []
        clock = (await sandbox.http.get("/sandbox/clock")).json()
        assert clock == {**stands, "offset": clock["offset"]}
        assert await sandbox.faults() == []
    assert (await sandbox.order(token="before")).status_code != 200
    assert (await sandbox.order(token="after")).status_code == 200
    await _reset(sandbox)
    assert await _names(sandbox) == ["a-day"], "a reset leaves snapshots"
    assert await _restore(sandbox, "a-day") == taken
    assert (await sandbox.order(token="before")).status_code != 200
    assert (await sandbox.http.delete("/sandbox/snapshots/a-day")).status_code == 204
    assert await _names(sandbox) == []


async def test_a_snapshot_of_one_workspace_leaves_the_others(
    sandbox: Sandbox, module_database_url: str
) -> None:
    assert (await sandbox.order(token="before")).status_code == 200
    taken = await _take(sandbox, "north-only", workspace="north")
    assert taken["workspace"] == "north"
    north = await _rows(module_database_url, "north")
    assert (await sandbox.order(token="after")).status_code == 200
    await _sign_up(sandbox)
    boutique = await _rows(module_database_url, "boutique")
    await _restore(sandbox, "north-only")
    assert await _rows(module_database_url, "north") == north
    assert await _rows(module_database_url, "boutique") == boutique
    await sandbox.http.delete("/sandbox/snapshots/north-only")


async def test_a_name_that_is_taken_is_taken_over(sandbox: Sandbox) -> None:
    for _ in range(2):
        await _take(sandbox, "again")
        assert (await sandbox.order()).status_code == 200
    assert await _names(sandbox) == ["again"]
    await _restore(sandbox, "again")
    assert await sandbox.stock() == 99_999
    await sandbox.http.delete("/sandbox/snapshots/again")


async def test_orders_under_way_end_before_a_snapshot_is_restored(sandbox: Sandbox) -> None:
    await _take(sandbox, "quiet")
    orders = [sandbox.order() for _ in range(16)]
    replies = await asyncio.gather(
        *orders[:8], _restore(sandbox, "quiet"), *orders[8:], _take(sandbox, "busy")
    )
    assert [each.status_code for each in replies if not isinstance(each, dict)] == [200] * 16
    kept = (await sandbox.http.get("/sandbox/requests?door=bonsai&limit=500")).json()["requests"]
    assert await sandbox.stock() == 100_000 - len(kept)
    await _restore(sandbox, "busy")
    assert (await sandbox.order()).status_code == 200
    for name in ("quiet", "busy"):
        await sandbox.http.delete(f"/sandbox/snapshots/{name}")


async def test_a_message_that_waited_goes_out_once_it_stands_there_again(sandbox: Sandbox) -> None:
    await sandbox.fault("mails.send", "refuse", count=100)
    path = "/textalk/backend/jsonrpc/v1?webshop=22222&language=en"
    await sandbox.http.post(path, json=SIGN_UP)
    await sandbox.until_hit()
    await _take(sandbox, "unsent")
    assert (await sandbox.http.get("/sandbox/mailbox?workspace=boutique")).json() == {"letters": []}
    await _restore(sandbox, "unsent")  # which lifts the fault
    letters = (await sandbox.http.get("/sandbox/mailbox?workspace=boutique&wait=30")).json()["letters"]
    assert [each["to"] for each in letters] == ["ada@example.com"]
    await sandbox.http.delete("/sandbox/snapshots/unsent")


@pytest.mark.parametrize(("column", "value"), [("release", "0.0.1"), ("schema", "0001")])
async def test_a_snapshot_of_another_release_is_refused(
    sandbox: Sandbox, module_database_url: str, column: str, value: str
) -> None:
    await _take(sandbox, "old")
    assert (await sandbox.order()).status_code == 200
    connection = await connect(module_database_url)
    await connection.execute(f"update sandbox_snapshots set {column} = $1", value)
    await connection.close()
    refused = await sandbox.http.post("/sandbox/snapshots/old/restore")
    assert refused.status_code == 409
    assert value in refused.json()["error"]
    assert refused.json()["error"].startswith("snapshot old was taken by Entrepôt ")
    assert await sandbox.stock() == 99_999
    await sandbox.http.delete("/sandbox/snapshots/old")


async def test_a_sandbox_keeps_only_so_many_and_none_that_is_too_large(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "MOST", 1)
    await _take(sandbox, "one")
    await _take(sandbox, "one")
    refused = await sandbox.http.post("/sandbox/snapshots", json={"name": "two"})
    assert (refused.status_code, refused.json()["error"]) == (
        409,
        "there are 1 snapshots; DELETE /sandbox/snapshots/NAME makes room",
    )
    monkeypatch.setattr(snapshots, "LARGEST", 10_000)
    refused = await sandbox.http.post("/sandbox/snapshots", json={"name": "one"})
    assert refused.status_code == 409
    assert await _names(sandbox) == ["one"]
    assert (await sandbox.order()).status_code == 200
    await sandbox.http.delete("/sandbox/snapshots/one")


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({}, 400, '"name" is a required property'),
        ({"name": ""}, 400, "/name: the value is"),
        ({"name": "a/b"}, 400, "/name: [A-Za-z0-9._-]{1,100} is expected"),
        ({"name": "x" * 101}, 400, "/name: "),
        ({"name": "a", "workspace": "west"}, 400, "/workspace: there is none of this name"),
        ({"name": "a", "of": "north"}, 400, "'of' was unexpected"),
        ({"name": 3}, 400, "/name: "),
    ],
)
async def test_what_is_wrong_with_a_snapshot_is_named(
    sandbox: Sandbox, body: dict[str, Any], status: int, said: str
) -> None:
    refused = await sandbox.http.post("/sandbox/snapshots", json=body)
    assert (refused.status_code, said in refused.json()["error"]) == (status, True), refused.text
    assert await _names(sandbox) == []


async def test_a_snapshot_that_is_not_there(sandbox: Sandbox) -> None:
    for method, path in (("DELETE", "/sandbox/snapshots/none"), ("POST", "/sandbox/snapshots/none/restore")):
        refused = await sandbox.http.request(method, path)
        assert (refused.status_code, "no snapshot of this name" in refused.json()["error"]) == (404, True)
