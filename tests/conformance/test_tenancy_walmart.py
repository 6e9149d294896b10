"""What is another's does not exist: of another workspace, account or environment, by every id on every route."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from entrepot.doors.walmart.routes.orders import BASES
from entrepot.doors.walmart.routes.returns import RETURN_BASES
from tests.conformance.harness import Client, Reply, Request, changed, read_state
from tests.conformance.harness.fixtures import OpenSeller
from tests.conformance.harness.world import REMOVED
from tests.conformance.walmart import ORDERS, PREFIX, Seller, account, front, wrapped

CHANNELS = f"{ORDERS}/channel-details"
ITEMS = f"{PREFIX}/v3/fulfillment/mcs/item"
STOCK = (ITEMS, f"{PREFIX}/v3/wfs/inventory", f"{PREFIX}/v3/fulfillment/inventory")
RIGHTS = {"channels/mcs/settings": {"may_set_stock": True, "may_edit_catalogue": True}}
VAULT: dict[str, Any] = {"sku": "vault", "gtin": "00012345678905", "availableToSellUnits": 7}
ADDRESS: dict[str, Any] = {
    "firstName": "Ann",
    "line1": "1 Dock St",
    "city": "Reno",
    "state": "NV",
    "country": "US",
    "zip": "89501",
}


@dataclass(frozen=True)
class Names:
    """By what somebody's things go; a None is not asked about."""

    order: str
    number: str
    back: str
    tracking: str
    shipment: str
    front: str | None
    sku: str | None
    gtin: str | None


NOBODY = Names(
    order="SO404",
    number="999999999",
    back="330000000999999999",
    tracking="1Z404",
    shipment="999999999-1",
    front="00000000-0000-4000-8000-000000000000",
    sku="nobody",
    gtin="99912345678905",
)


@pytest.fixture
async def owner(open_seller: OpenSeller, walmart: Client) -> Seller:
    """A seller of vaults, with an order of which two of three lamps have arrived."""
    seller = await open_seller(RIGHTS)
    made = await walmart.send(seller.call("POST", ITEMS, wrapped({"items": [VAULT]})))
    assert made.status == 202
    number = await seller.ordered(walmart, {"orderItems": [seller.item("1", "lamp", 3)]})
    arrived = {"lines": [{"line": 1, "quantity": 2}], "carrier": "UPS", "tracking": "1Z9"}
    await seller.step(number, "deliver", arrived)
    return seller


@pytest.mark.parametrize("who", ["workspace", "account", "environment"])
async def test_nothing_of_another_is_there(
    owner: Seller, open_seller: OpenSeller, walmart: Client, who: str
) -> None:
    """What is another's is answered as what nobody ever had, to the byte, on every route that takes a name."""
    named = await names_of(owner, walmart, who)
    stranger = await stranger_of(owner, open_seller, walmart, who)
    before = await read_state(owner.connection)
    pairs = list(zip(attempts(stranger, named), attempts(stranger, NOBODY), strict=False))
    assert len(pairs) > 40
    for theirs, nobodys in pairs:
        told, unknown = await walmart.send(theirs), await walmart.send(nobodys)
        assert without_id(told) == without_id(unknown), (theirs, told.body, unknown.body)
        assert tells_nothing(told), (theirs, told.body)
    for request in (stranger.call("GET", f"{ORDERS}/status"), stranger.returns("limit=50")):
        own = await walmart.send(request)
        assert [each["sellerOrderId"] for each in own.json["payload"]] == ["MINE"]
    assert not changed(before, await read_state(owner.connection))


@pytest.mark.parametrize("who", ["workspace", "account", "environment"])
async def test_names_of_another_are_free(
    owner: Seller, open_seller: OpenSeller, walmart: Client, who: str
) -> None:
    first = (await walmart.send(owner.send_back({"sellerReturnOrderId": "R1"}))).json["payload"]
    stranger = await stranger_of(owner, open_seller, walmart, who, returns=False)
    assert (await walmart.send(stranger.create())).status == 200
    own = {"sellerOrderId": "MINE", "sellerReturnOrderId": "R1"}
    second = (await walmart.send(stranger.send_back(own))).json["payload"]
    assert (second["sellerOrderId"], second["sellerReturnOrderId"]) == ("MINE", "R1")
    assert second["returnOrderId"] != first["returnOrderId"]
    if who == "workspace":  # within a workspace a SKU is everybody's
        made = {"items": [VAULT | {"availableToSellUnits": 1}]}
        assert (await walmart.send(stranger.call("POST", ITEMS, wrapped(made)))).status == 202
        assert await owner.available("vault") == VAULT["availableToSellUnits"]


def attempts(asks: Asks, named: Names) -> Iterator[Request]:
    """Every way to name something, on every route and under every base; `MINE` is an order of who asks."""
    for request in _of_orders(asks, named):
        yield from under(request, BASES)
    for request in _of_returns(asks, named):
        yield from under(request, RETURN_BASES)
    if named.front is not None:
        for request in _of_storefronts(asks, named.front):
            yield from under(request, BASES)
    if named.sku is not None:
        line = asks.seller.item("1", named.sku)
        yield asks.create({"customerOrderNo": "NEW", "orderItems": [line]})
        yield asks.promise(asks.seller.offer("1", named.sku))
        yield from (asks.call("GET", f"{path}?sku={named.sku}") for path in STOCK)
        yield asks.call("GET", f"{STOCK[1]}?gtin={named.gtin}")


def _of_orders(asks: Asks, named: Names) -> Iterator[Request]:
    for number in (named.order, named.number):
        yield asks.cancel({"customerOrderNo": number})
        yield asks.cancel({"customerOrderNo": REMOVED, "sellerOrderId": number})
        yield asks.status(number, asks.front)
        yield asks.call("GET", f"{ORDERS}/status?orderNumber={number}")
    yield asks.call("GET", f"{ORDERS}/status?trackingNumber={named.tracking}")
    yield asks.call("GET", f"{ORDERS}/status?shipmentNumber={named.shipment}")


def _of_returns(asks: Asks, named: Names) -> Iterator[Request]:
    for number in (named.order, named.number):
        yield asks.send_back({"sellerOrderId": number})
        yield asks.returns(f"sellerOrderId={number}")
        yield asks.returns(f"sellerOrderId={number}&returnOrderId={named.back}")
    yield asks.returns(f"returnOrderId={named.back}")
    yield asks.returns(f"sellerOrderId=MINE&returnOrderId={named.back}")
    yield asks.cancel_return(named.back)


def _of_storefronts(asks: Asks, named: str) -> Iterator[Request]:
    channel = {"orderChannelId": named, "orderChannelName": "Mine", "returnAddress": ADDRESS}
    yield asks.create({"customerOrderNo": "NEW", "orderChannelId": named})
    yield asks.status("MINE", named)
    yield asks.call("GET", f"{ORDERS}/status?orderChannelId={named}")
    yield asks.call("PUT", CHANNELS, wrapped({"partnerId": "1", "mcsDetails": [channel]}))


def under(request: Request, bases: tuple[str, ...]) -> Iterator[Request]:
    """The same request under each of these bases."""
    for base in bases:
        yield replace(request, path=request.path.replace(ORDERS, f"{PREFIX}{base}", 1))


def without_id(reply: Reply) -> tuple[int, bytes, list[tuple[str, str]]]:
    """All of a reply but its number."""
    told = [each for each in reply.headers if each[0] not in ("x-request-id", "date")]
    return reply.status, reply.body, told


def tells_nothing(reply: Reply) -> bool:
    """Whether it is a refusal, or an empty list."""
    if reply.status == 400:
        return True
    payload = reply.json["payload"]
    return not (next(iter(payload.values())) if isinstance(payload, dict) else payload)


class Asks:
    """Somebody's requests, all under one client."""

    def __init__(self, seller: Seller, client: str, front: str) -> None:
        self.seller = seller
        self.front = front
        self._client = client

    def __getattr__(self, name: str) -> Any:
        def made(*given: Any, **named: Any) -> Request:
            return getattr(self.seller, name)(*given, client=self._client, **named)

        return made

    def create(self, edits: dict[str, Any] | None = None) -> Request:
        """An order at his own storefront."""
        return self.seller.create({"orderChannelId": self.front, **(edits or {})}, client=self._client)


async def names_of(owner: Seller, walmart: Client, who: str) -> Names:
    """By what the owner's things go, with a return; a storefront is the account's, a SKU the workspace's."""
    back = (await walmart.send(owner.send_back())).json["payload"]["returnOrderId"]
    number = await owner.connection.fetchval(
        "select max(id) from orders where workspace = $1", await owner.id()
    )
    return Names(
        order="SO1",
        number=str(number),
        back=back,
        tracking="1Z9",
        shipment=f"{number}-1",
        front=None if who == "environment" else owner.front,
        sku=VAULT["sku"] if who == "workspace" else None,
        gtin=VAULT["gtin"] if who == "workspace" else None,
    )


async def stranger_of(
    owner: Seller, open_seller: OpenSeller, walmart: Client, who: str, *, returns: bool = True
) -> Asks:
    """Somebody else, who has an order of his own that has arrived, and may have a return of it."""
    if who == "workspace":
        other = await open_seller(RIGHTS)
        asks = Asks(other, "mcs", other.front)
    elif who == "environment":
        await owner.log_in("mcs-test")
        asks = Asks(owner, "mcs-test", owner.front)
    else:
        more = {"channels/other": account(owner.name, "other"), "storefronts/other": front("other")}
        await owner.change(more)
        await owner.log_in("other")
        asks = Asks(owner, "other", owner.front_of("other"))
    made = await walmart.send(
        asks.create({"customerOrderNo": "MINE", "orderItems/0/qty/measurementValue": 2})
    )
    await asks.seller.step(await asks.seller.number_of(made.json["payload"]["requestId"]), "deliver")
    if returns:
        assert (await walmart.send(asks.send_back({"sellerOrderId": "MINE"}))).status == 200
    return asks


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
