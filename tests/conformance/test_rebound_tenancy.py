"""Nothing crosses workspaces or environments: every operation and id, with what is there and is not the caller's."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.conformance.harness import Client, Reply, Request, changed, read_state
from tests.conformance.harness.fixtures import OpenRetailer, OpenShop
from tests.conformance.harness.proof import assert_reply
from tests.conformance.rebound import FORBIDDEN, NO_ORDER, TAKEN, Retailer, refusal

NAME = "?clientOrderId=AB12345US"


@pytest.fixture
async def ours(open_rebound_retailer: OpenRetailer) -> Retailer:
    return await open_rebound_retailer()


@pytest.fixture
async def theirs(open_rebound_retailer: OpenRetailer) -> Retailer:
    return await open_rebound_retailer()


async def in_vain(client: Client, retailer: Retailer, request: Request) -> Reply:
    """The reply to a request that must change nothing."""
    before = await read_state(retailer.connection)
    reply = await client.send(request)
    assert not changed(before, await read_state(retailer.connection))
    return reply


async def test_an_order_of_another_workspace_does_not_exist(
    rebound: Client, ours: Retailer, theirs: Retailer
) -> None:
    order = (await theirs.created())["salesOrderId"]
    for client in ("shop", "boss"):
        request = await ours.get(order, client)
        assert_reply(
            await in_vain(rebound, ours, request), refusal("OS0003", "order-unknown", NO_ORDER, request.path)
        )
        for listed in (await ours.list(NAME, client), await ours.returns(NAME, client)):
            assert (await in_vain(rebound, ours, listed)).json == []


async def test_names_are_each_workspace_s_client_s_environment_s_and_flow_s_own(
    rebound: Client, ours: Retailer, theirs: Retailer
) -> None:
    eu: dict[str, Any] = {"parcelType": "LARGE", "customerAddress": None}
    made = [
        await ours.created(),
        await theirs.created(),
        await ours.created(client="other"),
        await ours.created(environment="test"),
        await ours.created(eu, query="?flowKey=eu"),
    ]
    assert len({order["salesOrderId"] for order in made}) == 5
    for request in (
        await ours.create(),
        await ours.create(environment="test"),
        await ours.create(client="other"),
    ):
        reply = await in_vain(rebound, ours, request)
        assert_reply(reply, refusal("OS0003", "duplicate-external-order", TAKEN, request.path))
    again = await ours.create(eu, query="?flowKey=eu")
    assert (await in_vain(rebound, ours, again)).json["message"] == TAKEN
    listed = (await rebound.send(await ours.list(NAME))).json
    assert [order["salesOrderId"] for order in listed] == [made[4]["salesOrderId"], made[0]["salesOrderId"]]
    of_flow = {"eu": [made[4]], "": [made[0]]}
    for flow, found in of_flow.items():
        assert (await rebound.send(await ours.list(f"{NAME}&flowKey={flow}"))).json == found
    assert (await rebound.send(await ours.list(NAME, environment="test"))).json == [made[3]]


async def test_flows_of_another_workspace_do_not_exist(
    rebound: Client, open_rebound_retailer: OpenRetailer, ours: Retailer
) -> None:
    await open_rebound_retailer({"channels/shop/settings/door/flows/far": {}})
    for request in (await ours.create(query="?flowKey=far"), await ours.list(f"{NAME}&flowKey=far")):
        reply = await in_vain(rebound, ours, request)
        message = "Invalid request: the provided flowKey is invalid."
        assert_reply(reply, refusal("OS0003", "flow-unknown", message, request.path.partition("?")[0]))


async def test_a_client_without_a_key_for_an_environment_has_no_flows_there(
    rebound: Client, open_rebound_retailer: OpenRetailer
) -> None:
    retailer = await open_rebound_retailer()
    taken = await in_vain(
        rebound, retailer, await retailer.create(query="?flowKey=theirs", environment="test")
    )
    assert taken.json["errorCode"] == "OS0005"
    await retailer.change({"channels/other/keys": {"client": f"{retailer.name}-other:live-secret"}})
    gone = await in_vain(
        rebound, retailer, await retailer.create(query="?flowKey=theirs", environment="test")
    )
    assert gone.json["errorCode"] == "OS0003"
    live = await in_vain(rebound, retailer, await retailer.create(query="?flowKey=theirs"))
    assert live.json["errorCode"] == "OS0005"


async def test_who_sees_the_workspace_reads_what_others_registered_and_no_tests(
    rebound: Client, ours: Retailer
) -> None:
    live, test = await ours.created(), await ours.created(environment="test")
    assert (await rebound.send(await ours.get(live["salesOrderId"], "boss"))).json == live
    assert (await rebound.send(await ours.list(NAME, "boss"))).json == [live]
    for client in ("boss", "other"):
        request = await ours.get(test["salesOrderId"], client, "test")
        reply = await in_vain(rebound, ours, request)
        assert_reply(reply, refusal("OS0005", "access-denied", FORBIDDEN, request.path))
    assert (await rebound.send(await ours.list(NAME, "boss", "test"))).json == []


async def test_who_sees_the_workspace_reads_the_orders_of_any_door(
    rebound: Client, bonsai: Client, open_bonsai_shop: OpenShop, open_rebound_retailer: OpenRetailer
) -> None:
    shop = await open_bonsai_shop()
    retailer = await open_rebound_retailer()
    clients = {name: retailer.tree["channels"][name] for name in ("shop", "boss")}
    retailer.tree = {
        **shop.tree,
        "channels": {**shop.tree["channels"], **{f"r-{n}": c for n, c in clients.items()}},
    }
    await retailer.change({"channels": {}})
    shop.tree = {
        **shop.tree,
        "channels": {**shop.tree["channels"], "boss": clients["boss"], "mine": clients["shop"]},
    }
    await shop.apply()
    placed = await bonsai.send(shop.submit({"external_order_id": "B-1"}))
    assert placed.status == 200, placed.body
    listed = (await rebound.send(await retailer.list("?clientOrderId=B-1", "boss"))).json
    [order] = listed
    assert (order["clientOrderId"], order["flowKey"], order["status"]) == ("B-1", None, "CREATED")
    assert order["customerAddress"]["city"] == "Toronto"
    assert [item["sku"] for item in order["salesItems"]] == ["lamp"]
    assert (await rebound.send(await retailer.get(order["salesOrderId"], "boss"))).json == order
    refused = await rebound.send(await retailer.get(order["salesOrderId"]))
    assert (refused.status, refused.json["errorCode"]) == (403, "OS0005")


async def test_one_body_over_ten_connections_is_one_order(rebound: Client, ours: Retailer) -> None:
    request = await ours.create()
    replies = await asyncio.gather(*(rebound.send(request) for _ in range(10)))
    assert sorted(reply.status for reply in replies) == [201] + [400] * 9
    assert {reply.json["message"] for reply in replies if reply.status == 400} == {TAKEN}
    assert await ours.count("orders") == 1


async def test_one_name_in_two_flows_at_once_is_two_orders(rebound: Client, ours: Retailer) -> None:
    eu = await ours.create({"parcelType": "LARGE", "customerAddress": None}, query="?flowKey=eu")
    replies = await asyncio.gather(rebound.send(await ours.create()), rebound.send(eu))
    assert [reply.status for reply in replies] == [201, 201]
