"""What one order costs at each door, in figures that no load of the machine changes.

Whoever makes an order dearer on purpose, or cheaper, writes the new figures here; the test tells them.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from uvicorn.server import ServerState

from entrepot.config import Settings
from entrepot.doors.kit import (
    Door,
    DoorSwitch,
    GuardedEndpoint,
    Resource,
    Router,
    observers,
)
from entrepot.doors.kit import Reply as DoorReply
from entrepot.doors.kit import Request as DoorRequest
from entrepot.failures import Failure, Unauthenticated
from entrepot.observe import count_exchange
from entrepot.serving.workers import server_config
from entrepot.store.connections import Connection
from tests.conformance.bonsai import open_shop
from tests.conformance.datamingle import open_partners
from tests.conformance.harness import Client, Reply, Request
from tests.conformance.rebound import open_retailer
from tests.conformance.textalk_buying import (
    BUYER,
    BY_CARD,
    BY_INVOICE,
    SHIRT,
    SIZE,
    SMALL,
    filled_cart,
)
from tests.conformance.walmart import Seller
from tests.doors.every import every_door
from tests.support import cluster, costs
from tests.support.costs import Cost
from tests.support.webshop import Webshop
from tests.support.wires import HandClock, Wire

ORDERS = 8
"""So many are placed one by one; the cheapest counts, since what runs beside the requests can only add to one."""
CALLS_VARY = 0.02
"""How much the calls may differ: versions of libraries call us a little more or less."""
COUNTED = sys.version_info[:2] == (3, 11) and cluster.URL is None
"""Calls are those of this version of Python: later ones have comprehensions that are no calls. On a cluster a lane asks
in addition where the workspace is.
"""

Place = Callable[[], Awaitable[Request]]


async def at_bonsai(_client: Client, connection: Connection, _url: str) -> Place:
    shop, numbers = await open_shop(connection, "costs-bonsai"), count(1)

    async def place() -> Request:
        number = next(numbers)
        return shop.submit({"external_order_id": f"E{number}", "payment/token": f"paid-{number}"})

    return place


async def by_card(_client: Client, connection: Connection, _url: str) -> Place:
    """At the simulated bank, which is asked three times."""
    card = {"account": "ann", "family": True}
    edits = {"bank/accounts/ann/CAD": "1000.00", "bank/cards/tok_ann": card}
    shop, numbers = await open_shop(connection, "costs-cards", edits), count(1)

    async def place() -> Request:
        number = next(numbers)
        payment = {"method": "credit card", "token": f"tok_ann_{number}", "currency": "CAD"}
        return shop.submit({"payment": payment, "external_order_id": f"C{number}"})

    return place


async def at_textalk(client: Client, connection: Connection, _url: str) -> Place:
    """The checkout: what was bought stands in a cart."""
    shop = Webshop(connection, "costs-textalk")
    await shop.open()

    async def place() -> Request:
        session = await shop.session()
        cart = await filled_cart(client, shop, session, BY_INVOICE)
        return shop.call("Order.checkout", cart, {"uid": True, "totalcost": True}, {}, session=session)

    return place


async def at_walmart(_client: Client, connection: Connection, url: str) -> Place:
    seller, numbers = Seller(connection, "costs-walmart", url), count(1)
    await seller.open()

    async def place() -> Request:
        return seller.create({"customerOrderNo": f"SO{next(numbers)}"})

    return place


async def at_rebound(client: Client, connection: Connection, _url: str) -> Place:
    retailer, numbers = await open_retailer(connection, client, "costs-rebound"), count(1)

    async def place() -> Request:
        return await retailer.create({"clientOrderId": f"R{next(numbers)}"})

    return place


async def at_datamingle(_client: Client, connection: Connection, _url: str) -> Place:
    partners, numbers = await open_partners(connection, "costs-datamingle"), count(1)

    async def place() -> Request:
        number = f"N{next(numbers)}"
        item = {"sku_code": "RUG-5X7-BLU", "quantity": 1}
        body = {"order_number": number, "external_order_id": f"E-{number}", "items": [item]}
        return partners.send("POST", "/orders/", body)

    return place


async def cheapest(client: Client, place: Place) -> Cost:
    found: list[Cost] = []
    for _ in range(ORDERS):
        request = await place()
        with costs.counting() as told:
            reply = await client.send(request)
        assert _placed(reply), reply
        found += told
    return Cost(*(min(each) for each in zip(*found, strict=True)))


def _placed(reply: Reply) -> bool:
    return reply.status in (200, 201) and (not isinstance(reply.json, dict) or "error" not in reply.json)


@pytest.mark.parametrize(
    ("door", "expected"),
    [
        (at_bonsai, Cost(4, 23, 711)),
        (by_card, Cost(11, 46, 1283)),
        (at_textalk, Cost(6, 34, 1210)),
        (at_walmart, Cost(4, 19, 646)),
        (at_rebound, Cost(4, 17, 688)),
        (at_datamingle, Cost(5, 19, 634)),
    ],
)
async def test_an_order_costs_what_it_did(
    module_database_url: str, monkeypatch: pytest.MonkeyPatch, door: Any, expected: Cost
) -> None:
    async with every_door(module_database_url, monkeypatch, costs.counted) as (connection, client, url):
        found = await cheapest(client, await door(client, connection, url))
    assert (found.trips, found.statements) == (expected.trips, expected.statements), found
    if COUNTED:
        assert found.calls == pytest.approx(expected.calls, rel=CALLS_VARY), found


async def test_a_read_by_one_statement_takes_no_transaction(
    module_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who calls, and what there is."""
    async with every_door(module_database_url, monkeypatch, costs.counted) as (connection, client, _):
        shop = Webshop(connection, "costs-reads")
        await shop.open()

        async def trips(query: Any) -> int:
            async def place() -> Request:
                return shop.call("PaymentMethod.list", query)

            return (await cheapest(client, place)).trips

        assert await trips(["uid", "name"]) == 2


PURCHASE = {
    "Session.getToken": Cost(3, 7, 351),
    "Order.addArticle": Cost(6, 24, 1152),
    "Order.set": Cost(5, 23, 1196),
    "Payment.set": Cost(5, 24, 1071),
    "Order.checkout": Cost(13, 65, 1847),
}
"""The calls of a purchase, each of which asks for what the how-to for writing a client asks for."""


async def test_a_purchase_by_card_costs_what_it_did(
    module_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with every_door(module_database_url, monkeypatch, costs.counted) as (connection, client, _):
        shop = Webshop(connection, "costs-purchase")
        card = {"account": "ann", "family": True}
        await shop.open({"bank/accounts/ann/SEK": "100000.00", "bank/cards/tok_ann": card})
        found = [await purchase(client, shop, f"tok_ann_{number}") for number in range(ORDERS)]
    cheapest = {name: Cost(*map(min, zip(*(each[name] for each in found), strict=True))) for name in PURCHASE}
    for name, expected in PURCHASE.items():
        assert (cheapest[name].trips, cheapest[name].statements) == (expected.trips, expected.statements), (
            cheapest
        )
        if COUNTED:
            assert cheapest[name].calls == pytest.approx(expected.calls, rel=CALLS_VARY), cheapest


async def purchase(client: Client, shop: Webshop, token: str) -> dict[str, Cost]:
    """What each call of a purchase costs."""
    spent: dict[str, Cost] = {}

    async def call(method: str, *params: Any, **context: str) -> Any:
        with costs.counting() as told:
            reply = await client.send(shop.call(method, *params, **context))
        assert _placed(reply), reply
        spent[method] = told[0]
        return reply.json["result"]

    mine = {"session": await call("Session.getToken")}
    shown = {"uid": True, "order": True, "costs": {"total": True}}
    choices = {str(SIZE): str(SMALL), "quantity": 1}
    cart = (await call("Order.addArticle", None, SHIRT, choices, shown, **mine))["order"]
    wishes = {"customer": BUYER, "delivery": {"method": 501}}
    await call("Order.set", cart, wishes, {"paymentMethods": {"uid": True, "name": "en"}}, **mine)
    planned = {"order": cart, "method": BY_CARD, "status": "planned"}
    await call("Payment.set", None, planned, ["uid", "status", "amount"], **mine)
    shown = {"uid": True, "paymentStatus": True, "totalcost": True}
    placed = await call("Order.checkout", cart, shown, {"token": token}, **mine)
    assert placed["paymentStatus"] == "paid"
    return spent


AROUND = 73
"""Calls of ours around an operation that does nothing, from a request's bytes to its answer's."""


async def test_a_request_costs_what_it_did_around_its_operation() -> None:
    asked = b"POST /sample/orders HTTP/1.1\r\nHost: test\r\nAPI-Key: k\r\nContent-Length: 2\r\n\r\n{}"
    async with wired() as (protocol, wire, tasks):
        found: list[Cost] = []
        for _ in range(ORDERS):
            wire.frames.clear()
            with costs.counting() as told:
                protocol.data_received(asked)
                await asyncio.gather(*tasks)
            (answer,) = wire.frames
            assert answer.endswith(b"\r\n\r\n{}")
            found += told
    calls = min(each.calls for each in found)
    if COUNTED:
        assert calls == pytest.approx(AROUND, rel=CALLS_VARY), calls


@asynccontextmanager
async def wired() -> AsyncGenerator[tuple[Any, Wire, set[asyncio.Task[None]]]]:
    """A connection to a door whose one operation says what it was told."""
    door = Door("sample", lambda failure, _: DoorReply(500, failure.name.encode()), observers(count_exchange))

    async def admit(request: DoorRequest) -> str | Failure:
        return request.header("api-key") or Unauthenticated("missing")

    async def echo(request: DoorRequest, _: str) -> DoorReply:
        return DoorReply(200, request.body)

    router = Router(door, [Resource("/orders", {"POST": GuardedEndpoint(door, "echo", admit, echo)})])
    config: Any = server_config(Settings(data_dir=Path()), "postgresql://localhost/none")
    config.app, config.factory = DoorSwitch({"sample": router}, {}, router, observe=door.observe), False
    config.load()
    state, wire = ServerState(), Wire()
    protocol = config.http_protocol_class(config, state, {}, HandClock())
    protocol.connection_made(wire)
    try:
        yield protocol, wire, state.tasks
    finally:
        protocol.connection_lost(None)
