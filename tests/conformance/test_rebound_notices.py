"""Notifications: what a client's listeners are told of a return, in the documented shape, signed, once, in order."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from entrepot.checks import run_checks
from entrepot.doors.rebound.replies.notices import sscc
from entrepot.gateways.events.signed import SIGNATURE_HEADER, signature
from tests.conformance.harness import Client
from tests.conformance.harness.fixtures import OpenRetailer, OpenShop
from tests.conformance.harness.proof import assert_same
from tests.conformance.harness.world import Edits
from tests.conformance.rebound import MOMENT, ORDER, UUID, Retailer, account
from tests.support.raw_server import RawServer, Request, http_reply, raw_server
from tests.support.server import Server
from tests.support.waiting import eventually

SECRET = "listeners-secret"
SSCC = re.compile(r"\(00\)[0-9]{18}")
FLOW = "channels/shop/settings/door/flows/"


def listening(url: str, *events: str, client: str = "shop") -> Edits:
    return {
        f"channels/{client}/settings/listeners": {
            "main": {"events": list(events), "url": url, "secret": SECRET}
        }
    }


@pytest.fixture
async def ear() -> AsyncIterator[RawServer]:
    async with raw_server(http_reply(b"")) as server:
        yield server


class Parcel:
    """A return on its way, moved by hand as a carrier would tell."""

    def __init__(self, http: httpx.AsyncClient, retailer: Retailer) -> None:
        self.http = http
        self.retailer = retailer
        self.number = 0

    async def opened(self, order: str, **more: Any) -> Parcel:
        self.number = (await self._post("", {"order": order, **more}))["return"]
        return self

    async def moves(self, how: str, body: Any | None = None) -> None:
        await self._post(f"/{self.number}/{how}", body or {})

    async def _post(self, path: str, body: Any) -> Any:
        place = f"/sandbox/returns{path}?workspace={self.retailer.name}"
        reply = await self.http.post(place, json=body)
        assert reply.is_success, reply.text
        return reply.json()


@pytest.fixture
async def http(server: Server) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, verify=False, timeout=60) as client:
        yield client


async def heard(ear: RawServer, count: int, retailer: Retailer) -> list[Any]:
    """What was told once so much was, and nothing more waits."""

    async def quiet() -> bool:
        return not await retailer.count("outbox where state = 'waiting'")

    await eventually(quiet)
    assert len(ear.requests) == count, [request.json for request in ear.requests]
    return [request.json for request in ear.requests]


def signed(request: Request) -> bool:
    """Whether the listener's secret signed the message."""
    given = request.headers[SIGNATURE_HEADER.lower()]
    at = datetime.fromtimestamp(int(given.partition(",")[0].removeprefix("t=")), UTC)
    return given == signature(SECRET.encode(), request.body, at)


async def test_each_milestone_is_told_once_and_in_order(
    open_rebound_retailer: OpenRetailer, ear: RawServer, http: httpx.AsyncClient
) -> None:
    retailer = await open_rebound_retailer(listening(ear.url, "tracking"))
    order = await retailer.created()
    parcel = await Parcel(http, retailer).opened(order["salesOrderId"])
    one = {"lines": [{"line": 2, "quantity": 1}]}
    for how, body in (
        *(("advance", {"to": "in_transit", **one}), ("advance", {"to": "in_transit"})),
        *(("advance", {"to": "at_center"}), ("receive", one), ("receive", {})),
        ("inspect", {}),
    ):
        await parcel.moves(how, body)
    told = await heard(ear, 4, retailer)
    assert [message["milestone"] for message in told] == [
        *("Return Order Created", "Entered Our Network", "Arrived at Our Hub", "Delivered"),
    ]
    assert all(map(signed, ear.requests))
    assert len({request.headers["entrepot-delivery"] for request in ear.requests}) == 4
    assert_same(
        told[0],
        {
            "milestone": "Return Order Created",
            "timestamp": MOMENT,
            "order": {"reboundOrderId": SSCC, "clientOrderId": ORDER["clientOrderId"]},
            "returnOrderId": UUID,
            "parcels": [],
        },
    )
    assert not await run_checks(retailer.connection, await retailer.id())


async def test_a_flow_straight_to_the_retailer_tells_of_no_hub(
    open_rebound_retailer: OpenRetailer, ear: RawServer, http: httpx.AsyncClient
) -> None:
    retailer = await open_rebound_retailer({**listening(ear.url, "tracking"), f"{FLOW}/direct": True})
    parcel = await Parcel(http, retailer).opened((await retailer.created())["salesOrderId"])
    await parcel.moves("advance", {"to": "at_center"})
    await parcel.moves("receive")
    told = await heard(ear, 2, retailer)
    assert [message["milestone"] for message in told] == ["Return Order Created", "Delivered"]


REFUND: dict[str, Any] = {
    "reboundOrderId": SSCC,
    "clientOrderId": "AB12345US",
    "location": "Not available",
    "items": [
        {
            "reboundItemId": SSCC,
            "clientItemId": "AB0001231",
            "ean": "4000000479888",
            "sku": "336_SHIRT_3",
            "reasonCode": "Too large",
            "quantity": "1",
        },
        {
            "reboundItemId": SSCC,
            "clientItemId": "AB0001232",
            "ean": "Not available",
            "sku": "Not available",
            "reasonCode": "Not available",
            "quantity": "2",
        },
    ],
}
ITEMS = [{"line": 1, "quantity": 1, "reason": "Too large"}, {"line": 2, "quantity": 2}]


@pytest.mark.parametrize(
    "steps", [("in_transit", "at_center", "received"), ("at_center", "received"), ("received",)]
)
async def test_an_instant_refund_is_triggered_by_the_first_event_of_a_carrier(
    open_rebound_retailer: OpenRetailer, ear: RawServer, http: httpx.AsyncClient, steps: tuple[str, ...]
) -> None:
    retailer = await open_rebound_retailer({**listening(ear.url, "refund"), f"{FLOW}/refund": "instant"})
    parcel = await Parcel(http, retailer).opened((await retailer.created())["salesOrderId"], items=ITEMS)
    for step in steps:
        await (parcel.moves("receive") if step == "received" else parcel.moves("advance", {"to": step}))
    [told] = await heard(ear, 1, retailer)
    assert_same(told, {"order": REFUND})


async def test_a_refund_upon_registration_is_triggered_by_what_is_received(
    open_rebound_retailer: OpenRetailer, ear: RawServer, http: httpx.AsyncClient
) -> None:
    retailer = await open_rebound_retailer({**listening(ear.url, "refund"), f"{FLOW}/refund": "registration"})
    parcel = await Parcel(http, retailer).opened((await retailer.created())["salesOrderId"], items=ITEMS)
    await parcel.moves("advance", {"to": "in_transit"})
    await parcel.moves("receive", {"lines": [{"line": 2, "quantity": 1}]})
    await parcel.moves("receive")
    first, second = await heard(ear, 2, retailer)
    assert [(item["clientItemId"], item["quantity"]) for item in first["order"]["items"]] == [
        ("AB0001232", "1")
    ]
    assert [(item["clientItemId"], item["quantity"]) for item in second["order"]["items"]] == [
        ("AB0001231", "1"),
        ("AB0001232", "1"),
    ]


async def test_without_a_trigger_no_refund_is_told(
    open_rebound_retailer: OpenRetailer, ear: RawServer, http: httpx.AsyncClient
) -> None:
    retailer = await open_rebound_retailer(listening(ear.url, "refund"))
    parcel = await Parcel(http, retailer).opened((await retailer.created())["salesOrderId"])
    await parcel.moves("receive")
    assert await heard(ear, 0, retailer) == []


async def test_who_sees_the_workspace_hears_of_every_door_s_returns_and_nothing_is_restocked_that_was_not_taken(
    open_bonsai_shop: OpenShop, rebound: Client, bonsai: Client, ear: RawServer, http: httpx.AsyncClient
) -> None:
    shop = await open_bonsai_shop()
    retailer = Retailer(shop.connection, shop.name, shop.tree)
    retailer.tokens, retailer.sender = {}, rebound
    for name, sees in (("boss", "workspace"), ("shut", "own")):
        retailer.tree["channels"][name] = account(shop.name, name, sees=sees)
    await retailer.change(
        {**listening(ear.url, "tracking", client="boss"), **listening(ear.url, "tracking", client="shut")}
    )
    placed = await bonsai.send(shop.submit({"external_order_id": "B-1"}))
    number = placed.json["data"]["orderNumber"]
    delivered = await http.post(f"/sandbox/orders/{number}/deliver?workspace={shop.name}", json={})
    assert delivered.is_success, delivered.text
    mine = await retailer.created({"clientOrderId": "R-1", "salesItems/0/sku": "lamp"}, client="boss")
    stock = await on_hand(retailer)
    for order in (str(number), mine["salesOrderId"]):
        parcel = await Parcel(http, retailer).opened(order)
        await parcel.moves("receive")
        await parcel.moves("inspect", {})
    told = await heard(ear, 4, retailer)
    assert [(each["order"]["clientOrderId"], each["milestone"]) for each in told] == [
        *(("B-1", "Return Order Created"), ("B-1", "Delivered")),
        *(("R-1", "Return Order Created"), ("R-1", "Delivered")),
    ]
    assert await on_hand(retailer) == stock + 1  # the lamp that Bonsai's order took, and no other
    for name in ("B-1", "R-1"):
        [seen] = (await rebound.send(await retailer.returns(f"?clientOrderId={name}", "boss"))).json
        assert seen["status"] == "DELIVERED"
        assert (await rebound.send(await retailer.returns(f"?clientOrderId={name}", "shut"))).json == []
    assert not await run_checks(retailer.connection, await retailer.id())


async def on_hand(retailer: Retailer) -> int:
    query = "select sum(available)::bigint from stock where workspace = $1"
    return await retailer.connection.fetchval(query, await retailer.id())


async def test_listeners_follow_the_file(open_rebound_retailer: OpenRetailer, ear: RawServer) -> None:
    retailer = await open_rebound_retailer(listening(ear.url, "tracking", "refund"))
    assert await retailer.count("event_listeners") == 2
    await retailer.change({"channels/shop/settings/listeners/main/secret": "another-secret"})
    assert await retailer.count("event_listeners where secret = 'another-secret'") == 2
    await retailer.change({"channels/shop/settings/listeners/main/events": ["refund"]})
    assert await retailer.count("event_listeners where event = 'return.refundable'") == 1
    await retailer.change({"channels/shop/settings/listeners": {}})
    assert await retailer.count("event_listeners") == 0


async def test_a_flow_that_a_client_does_not_have_is_its_main_flow_wherever_it_looks(
    open_rebound_retailer: OpenRetailer, rebound: Client, ear: RawServer, http: httpx.AsyncClient
) -> None:
    main = {"channels/boss/settings/door/flows": {"": {"direct": True}}}
    retailer = await open_rebound_retailer({**listening(ear.url, "tracking", client="boss"), **main})
    edits = {"customerAddress/countryCode": "FR", "parcelType": "LARGE"}
    order = await retailer.created(edits, query="?flowKey=eu")
    parcel = await Parcel(http, retailer).opened(order["salesOrderId"])
    await parcel.moves("advance", {"to": "in_transit"})
    await parcel.moves("advance", {"to": "at_center"})
    query = f"?clientOrderId={ORDER['clientOrderId']}"
    seen = {
        client: (await rebound.send(await retailer.returns(query, client))).json[0]["status"]
        for client in ("boss", "shop")
    }
    assert seen == {"boss": "ENTERED_NETWORK", "shop": "ARRIVED_AT_HUB"}
    told = await heard(ear, 2, retailer)
    assert [each["milestone"] for each in told] == ["Return Order Created", "Entered Our Network"]


@pytest.mark.parametrize(
    ("first", "number", "told"),
    [
        (6, 8888, "(00)600000000000088880"),
        (9, 1, "(00)900000000000000016"),
        (6, 2**53, "(00)690071992547409924"),
    ],
)
def test_numbers_have_the_check_digit_of_gs1(first: int, number: int, told: str) -> None:
    digits = sscc(first, number).removeprefix("(00)")
    weighed = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(digits[:-1]))
    assert (weighed + int(digits[-1])) % 10 == 0
    assert len(digits) == 18
    assert sscc(first, number)[:-1] == told[:-1]
