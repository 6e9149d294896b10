"""Who stands outside is away: a carrier or a label service that fails takes nothing back of what was accepted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.conformance.harness import Client
from tests.conformance.harness.fixtures import OpenSeller
from tests.conformance.walmart import ORDERS, Seller, control, each, fault, lift, wrapped
from tests.support.server import Server
from tests.support.waiting import eventually

DAYS = 864_000
"""Later than any test: a step that falls due meanwhile would change what others compare."""
STEPS = ("acknowledge", "ship", "deliver", "in_transit", "at_center", "received")
SETTINGS = {
    "channels/mcs/settings": {
        "carrier": {
            "gateway": "simulated",
            "prefixes": True,
            **{f"{step}_after": DAYS for step in STEPS},
        },
        "labels": {"gateway": "simulated", "carrier": "UPS"},
    }
}
KINDS = ("refuse", "drop")


@pytest.fixture(autouse=True)
async def healed(server: Server) -> AsyncIterator[None]:
    """No fault outlives its test."""
    yield
    await lift(server)


async def struck(server: Server, seller: Seller, target: str, kind: str) -> None:
    """Wait until a fault of this target has struck for the seller."""

    async def has() -> bool:
        found = (await control(server.url, "GET", "/sandbox/faults")).json()["faults"]
        mine = {"target": target, "kind": kind, "workspace": seller.name}
        return any(each["hits"] and mine.items() <= each.items() for each in found)

    await eventually(has)


async def status(seller: Seller, walmart: Client, number: str) -> Any:
    return (await walmart.send(seller.status(number))).json["payload"]


@pytest.mark.parametrize("kind", KINDS)
async def test_an_order_is_taken_though_its_carrier_is_away(
    open_seller: OpenSeller, walmart: Client, server: Server, kind: str
) -> None:
    seller = await open_seller(SETTINGS)
    more = {} if kind == "drop" else {"count": 1_000}
    await fault(server, {"target": "carriers.announce", "kind": kind, "workspace": seller.name, **more})
    await seller.assert_created(await walmart.send(seller.create({"customerOrderNo": "DLV1"})))
    await struck(server, seller, "carriers.announce", kind)
    if more:
        assert (await status(seller, walmart, "DLV1"))["orderStatus"] == "NEW"
        await lift(server)

    async def delivered() -> bool:
        return (await status(seller, walmart, "DLV1"))["orderStatus"] == "DELIVERED"

    await eventually(delivered)
    # However often it was announced, it is one parcel.
    (parcel,) = (await status(seller, walmart, "DLV1"))["shipments"]
    assert parcel["trackNumber"].startswith("SIM")


@pytest.mark.parametrize("kind", KINDS)
async def test_a_return_is_opened_though_its_label_cannot_be_made(
    open_seller: OpenSeller, walmart: Client, server: Server, kind: str
) -> None:
    seller = await open_seller(SETTINGS)
    order = await seller.ordered(walmart)
    await seller.step(order, "deliver")
    more = {} if kind == "drop" else {"count": 1_000}
    await fault(server, {"target": "labels.make", "kind": kind, "workspace": seller.name, **more})
    made = await walmart.send(seller.send_back())
    assert made.status == 200
    payload = made.json["payload"]
    url = payload["returnLineGroups"][0]["labelImageUrl"]
    await struck(server, seller, "labels.make", kind)
    async with httpx.AsyncClient(verify=False, trust_env=False, timeout=60) as http:
        if more:
            assert (await http.get(url)).status_code == 404
            await lift(server)

        async def labelled() -> Any:
            told = await walmart.send(seller.returns(f"returnOrderId={payload['returnOrderId']}"))
            (group,) = told.json["payload"][0]["returnLineGroups"]
            return group["carrierInfo"] and group

        group = await eventually(labelled)
        assert (group["labelImageUrl"], group["carrierInfo"]["carrierName"]) == (url, "UPS")
        assert (await http.get(url)).content[:4] == b"%PDF"


async def test_an_order_whose_number_says_so_is_cancelled_by_its_carrier(
    open_seller: OpenSeller, walmart: Client
) -> None:
    seller = await open_seller(SETTINGS)
    await seller.assert_created(await walmart.send(seller.create({"customerOrderNo": "CAN1"})))

    async def cancelled() -> bool:
        return (await status(seller, walmart, "CAN1"))["orderStatus"] == "CANCELLED"

    await eventually(cancelled)
    assert await seller.available("lamp") == 10


MADE = {
    "orders": "select count(*) from orders where workspace = $1",
    "returns": "select count(*) from returns where workspace = $1",
    "storefronts": "select count(*) from storefronts where workspace = $1",
}
MOST_READS = 8
"""More plain reads than any operation makes."""


@pytest.mark.parametrize("made", MADE)
async def test_whoever_is_told_of_a_failed_read_made_nothing(
    open_seller: OpenSeller, walmart: Client, server: Server, made: str
) -> None:
    """Each read of the operation fails once: what was refused is not there, and what is there was not refused."""
    seller = await open_seller()
    await seller.step(await seller.ordered(walmart, {"orderItems/0/qty": each(MOST_READS)}), "deliver")
    address = seller.create().body["payload"]["orderItems"][0]["shippingTo"]["address"]
    channel = {"orderChannelName": "Second shop", "returnAddress": {"firstName": "Ann", **address}}
    channels = wrapped({"partnerId": "1", "mcsDetails": [channel]})
    outcomes = set[bool]()
    for skip in range(MOST_READS):
        request = {
            "orders": seller.create({"customerOrderNo": f"R{skip}"}),
            "returns": seller.send_back(),
            "storefronts": seller.call("POST", f"{ORDERS}/channel-details", channels),
        }[made]
        before = await seller.connection.fetchval(MADE[made], await seller.id())
        order = {"target": "connection:reads", "kind": "error", "count": 1}
        await fault(server, order | ({"skip": skip} if skip else {}))
        reply = await walmart.send(request)
        await lift(server)
        after = await seller.connection.fetchval(MADE[made], await seller.id())
        assert (reply.status == 200) is (after > before), (skip, reply)
        outcomes.add(after > before)
    assert outcomes == {False, True}
