"""Faults on rules and connections, ordered over HTTP and met by orders."""

import time

import pytest

from entrepot.engine.clock import Clock, real_now
from entrepot.sandbox import sandbox as parts
from entrepot.sandbox.register import FaultOrder
from tests.sandbox.conftest import Sandbox
from tests.support.waiting import eventually


async def test_a_rule_that_raises_refuses_its_command_alone(sandbox: Sandbox) -> None:
    before = await sandbox.stock()
    fault = await sandbox.fault("rule:PlaceOrder", "error")
    refused = await sandbox.order()
    assert refused.status_code == 500
    assert await sandbox.stock() == before
    assert (await sandbox.order()).status_code == 200
    assert [(f["id"], f["hits"], f["state"]) for f in await sandbox.faults()] == [(fault["id"], 1, "healed")]


async def test_a_fault_keeps_to_its_workspace_and_channel(sandbox: Sandbox) -> None:
    await sandbox.fault("rule:PlaceOrder", "error", workspace="south", count=5)
    await sandbox.fault("rule:PlaceOrder", "error", workspace="north", channel="cards", count=5)
    assert (await sandbox.order()).status_code == 200
    await sandbox.fault("rule:PlaceOrder", "error", workspace="north", channel="demo")
    assert (await sandbox.order()).status_code == 500
    assert [fault["hits"] for fault in await sandbox.faults()] == [0, 0, 1]


@pytest.mark.parametrize("moment", ["before-commit", "commit", "after-commit"])
async def test_a_connection_lost_at_the_commit_leaves_exactly_one_order(
    sandbox: Sandbox, moment: str
) -> None:
    before = await sandbox.stock()
    await sandbox.fault("connection:engine", "drop", at=moment)
    assert (await sandbox.order()).status_code == 200
    assert [fault["hits"] for fault in await sandbox.faults()] == [1]
    assert await sandbox.stock() == before - 1


async def test_a_refused_connection_is_tried_again(sandbox: Sandbox) -> None:
    before = await sandbox.stock()
    await sandbox.fault("connection:engine", "refuse", count=3, workspace="north")
    assert (await sandbox.order()).status_code == 200
    assert [fault["hits"] for fault in await sandbox.faults()] == [3]
    assert await sandbox.stock() == before - 1


async def test_a_slow_connection_delays_the_order(sandbox: Sandbox) -> None:
    await sandbox.fault("connection:engine", "slow", delay=0.3)
    start = time.monotonic()
    assert (await sandbox.order()).status_code == 200
    assert time.monotonic() - start >= 0.3


async def test_reads_that_find_no_database_are_refused_as_temporary(sandbox: Sandbox) -> None:
    await sandbox.fault("connection:reads", "refuse")
    refused = await sandbox.order()
    assert refused.status_code == 503
    assert refused.headers["retry-after"] == "1"
    await sandbox.fault("connection:reads", "timeout", delay=0.01)
    assert (await sandbox.order()).status_code == 503
    assert (await sandbox.order()).status_code == 200


async def test_reads_fail_in_a_way_that_nobody_expects_after_those_that_are_let_through(
    sandbox: Sandbox,
) -> None:
    fault = await sandbox.fault("connection:reads", "error", skip=1)
    assert (fault["skip"], fault["hits_left"]) == (1, 1)
    assert (await sandbox.order()).status_code == 200
    assert [fault["hits"] for fault in await sandbox.faults()] == [0]
    assert (await sandbox.order()).status_code == 500
    assert [fault["hits"] for fault in await sandbox.faults()] == [1]
    assert (await sandbox.order()).status_code == 200


async def test_a_fault_on_reads_waits_for_a_caller(module_database_url: str) -> None:
    sandbox = parts.Sandbox(module_database_url, Clock())
    worker = sandbox.worker()
    await worker.pool.open()
    fault = sandbox.faults.add(FaultOrder("connection:reads", "refuse"))
    await worker._recovery._expired(real_now())
    await worker.housekeeping._tidy()
    assert fault.hits == 0
    with pytest.raises(ConnectionRefusedError):
        async with worker.reads.acquire():
            pass
    assert fault.hits == 1
    await worker.pool.close()


async def test_a_partner_out_of_reach_gives_no_verdict(sandbox: Sandbox) -> None:
    before = await sandbox.stock()
    await sandbox.fault("tokens.validate", "timeout", delay=0, workspace="south")
    await sandbox.fault("tokens.validate", "timeout", delay=0, workspace="north")
    refused = await sandbox.order(key="validated-api-key", token="ext_valid_1")
    assert [error["code"] for error in refused.json()["errors"]] == ["EXTERNAL_PAYMENT_UNKNOWN_ERROR"]
    assert await sandbox.stock() == before
    assert (await sandbox.order(key="validated-api-key", token="ext_valid_1")).status_code == 200
    assert [fault["hits"] for fault in await sandbox.faults()] == [0, 1]


async def test_a_fault_can_be_lifted(sandbox: Sandbox) -> None:
    fault = await sandbox.fault("rule:PlaceOrder", "error", count=5)
    assert (await sandbox.http.delete(f"/sandbox/faults/{fault['id']}")).status_code == 204
    assert (await sandbox.http.delete(f"/sandbox/faults/{fault['id']}")).status_code == 404
    await sandbox.fault("rule:PlaceOrder", "error", count=5)
    assert (await sandbox.http.delete("/sandbox/faults")).status_code == 204
    assert await sandbox.faults() == []
    assert (await sandbox.order()).status_code == 200


async def test_a_fault_heals_by_real_time_whatever_the_clock_says(sandbox: Sandbox) -> None:
    fault = await sandbox.fault("rule:PlaceOrder", "error", lasts=3600)
    await sandbox.http.post("/sandbox/clock", json={"offset": "+3d"})
    assert (await sandbox.order()).status_code == 500
    await sandbox.http.delete(f"/sandbox/faults/{fault['id']}")
    await sandbox.fault("rule:PlaceOrder", "error", lasts=1)

    async def placed() -> bool:
        return (await sandbox.order()).status_code == 200

    await eventually(placed)


async def test_every_target_is_listed(sandbox: Sandbox) -> None:
    listed = (await sandbox.http.get("/sandbox/faults")).json()
    assert listed["targets"]["rule:PlaceOrder"] == ["error", "busy"]
    assert listed["targets"]["connection:engine"] == ["refuse", "slow", "drop"]
    assert listed["targets"]["cards.confirm"] == ["error", "refuse", "timeout", "slow", "drop"]
    assert {"taxes.quote", "tokens.validate", "connection:reads"} <= listed["targets"].keys()
    assert not {"cards.close", "taxes.in_process"} & listed["targets"].keys()
    assert listed["schema"]["required"] == ["target", "kind"]


async def test_a_wrong_order_is_named_and_changes_nothing(sandbox: Sandbox) -> None:
    right = {"target": "rule:PlaceOrder", "kind": "error"}
    for body, error in (
        ({**right, "count": 0}, "/count: the value is less than the minimum of 1"),
        ({**right, "workspace": "west"}, "/workspace: there is none of this name"),
        ({**right, "workspace": "south", "channel": "demo"}, "/channel: the workspace has none of this name"),
    ):
        reply = await sandbox.http.post("/sandbox/faults", json=body)
        assert (reply.status_code, reply.json()) == (400, {"error": error})
    assert (await sandbox.http.post("/sandbox/faults", content=b" " * 100_000)).status_code == 413
    assert await sandbox.faults() == []
