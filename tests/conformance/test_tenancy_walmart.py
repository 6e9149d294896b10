"""What is another's does not exist: of another workspace, account or environment, by every id on every route."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.harness import Client, Request, changed, read_state
from tests.conformance.harness.fixtures import OpenSeller
from tests.conformance.harness.world import REMOVED
from tests.conformance.walmart import ORDERS, Seller, account, front, wrapped

CHANNELS = f"{ORDERS}/channel-details"


@pytest.fixture
async def owner(open_seller: OpenSeller, walmart: Client) -> Seller:
    """A seller with an order that has arrived, and a return."""
    seller = await open_seller()
    number = await seller.ordered(walmart, {"orderItems": [seller.item("1", "lamp", 3)]})
    await seller.step(number, "deliver", {"lines": [{"line": 1, "quantity": 2}]})
    return seller


@pytest.mark.parametrize("who", ["workspace", "account", "environment"])
async def test_nothing_of_another_is_there(
    owner: Seller, open_seller: OpenSeller, walmart: Client, who: str
) -> None:
    back = (await walmart.send(owner.send_back())).json["payload"]["returnOrderId"]
    stranger, client = await stranger_of(owner, open_seller, who)
    before = await read_state(owner.connection)
    number = await owner.connection.fetchval(
        "select max(id) from orders where workspace = $1", await owner.id()
    )
    for request, code in attempts(owner, stranger, client, who, back, str(number)):
        reply = await walmart.send(request)
        assert (reply.status, reply.json["errors"][0]["code"]) == (400, code), (request, reply.body)
    listed = await walmart.send(stranger.call("GET", f"{ORDERS}/status", client=client))
    returns = await walmart.send(stranger.returns("limit=50", client=client))
    assert listed.json["payload"] == returns.json["payload"] == []
    assert not changed(before, await read_state(owner.connection))


def attempts(
    owner: Seller, stranger: Seller, client: str, who: str, back: str, number: str
) -> list[tuple[Request, str]]:
    """Every way to name something of the owner, and how it is refused."""
    gone, invalid = "500.OS_SERVICE.200", "INVALID_WFS_REQUEST"
    own_front = stranger.front if who != "account" else stranger.front_of("other")
    found: list[tuple[Request, str]] = [
        (stranger.cancel({"customerOrderNo": name}, client=client), invalid) for name in ("SO1", number)
    ]
    for name in ("SO1", number):
        found.append((stranger.status(name, own_front, client=client), "OS_NOT_FOUND_ERROR"))
        found.append((stranger.send_back({"sellerOrderId": name}, client=client), gone))
        found.append((stranger.returns(f"sellerOrderId={name}", client=client), gone))
    found.append((stranger.returns(f"returnOrderId={back}", client=client), gone))
    found.append((stranger.cancel_return(back, client=client), gone))
    if who == "environment":
        return found  # storefronts are the account's, live and in test alike
    channel = {"orderChannelId": owner.front, "orderChannelName": "Mine", "returnAddress": ADDRESS}
    change = {"partnerId": "1", "mcsDetails": [channel]}
    return [
        *found,
        (stranger.create({"orderChannelId": owner.front}, client=client), "INVALID_MCS_REQUEST"),
        (stranger.status("SO1", owner.front, client=client), invalid),
        (stranger.call("PUT", CHANNELS, wrapped(change), client=client), invalid),
    ]


ADDRESS: dict[str, Any] = {
    "firstName": "Ann",
    "line1": "1 Dock St",
    "city": "Reno",
    "state": "NV",
    "country": "US",
    "zip": "89501",
}


async def stranger_of(owner: Seller, open_seller: OpenSeller, who: str) -> tuple[Seller, str]:
    """Somebody else, and the client as which he asks."""
    if who == "workspace":
        return await open_seller(), "mcs"
    if who == "environment":
        await owner.log_in("mcs-test")
        return owner, "mcs-test"
    await owner.change({"channels/other": account(owner.name, "other"), "storefronts/other": front("other")})
    await owner.log_in("other")
    return owner, "other"


async def test_who_sees_the_workspace_acts_on_all_of_it(owner: Seller, walmart: Client) -> None:
    sees = {"sees": "workspace"}
    await owner.change(
        {"channels/all": account(owner.name, "all") | {"settings": sees}, "storefronts/all": front("all")}
    )
    await owner.log_in("all")
    number = str(
        await owner.connection.fetchval("select max(id) from orders where workspace = $1", await owner.id())
    )
    told = await walmart.send(owner.status(number, owner.front_of("all"), client="all"))
    payload = told.json["payload"]
    assert (payload["orderNumber"], payload["orderStatus"]) == (number, "PARTIALLY DELIVERED")
    back = await walmart.send(owner.send_back({"sellerOrderId": number}, client="all"))
    assert back.json["payload"]["sellerOrderId"] == number
    # The owner sees the return too, by his own number.
    (seen,) = (await walmart.send(owner.returns("sellerOrderId=SO1"))).json["payload"]
    assert seen["returnOrderId"] == back.json["payload"]["returnOrderId"]
    assert (await walmart.send(owner.cancel({"customerOrderNo": number}, client="all"))).status == 200


async def test_a_token_ends_with_its_credential(owner: Seller, walmart: Client) -> None:
    request = owner.status()
    assert (await walmart.send(request)).status == 200
    await owner.change({"channels/mcs/keys/client": REMOVED})
    refused = await walmart.send(request)
    assert (refused.status, refused.json["error"][0]["code"]) == (401, "UNAUTHORIZED.GMP_GATEWAY_API")
