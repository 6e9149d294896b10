"""The Walmart door under requests that come at once, each over a connection of its own."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from tests.conformance.harness import Client, Reply, Request
from tests.conformance.harness.fixtures import OpenSeller
from tests.conformance.walmart import Seller, control, each, watch
from tests.support.server import Server

ROUNDS = 10


@pytest.fixture
async def crowd(server: Server) -> AsyncIterator[list[Client]]:
    """Ten clients with a connection each."""
    clients = [Client(server.url, watch) for _ in range(10)]
    yield clients
    for client in clients:
        await client.close()


def code(reply: Reply) -> str:
    """`ok`, or the code of the first error."""
    return "ok" if reply.status < 300 else reply.json["errors"][0]["code"]


async def test_one_number_is_one_order(open_seller: OpenSeller, crowd: list[Client]) -> None:
    seller = await open_seller()
    replies = await asyncio.gather(*(client.send(seller.create()) for client in crowd))
    assert Counter(map(code, replies)) == {"ok": 1, "INVALID_MCS_REQUEST": 9}
    refused = [reply.json["errors"][0]["field"] for reply in replies if reply.status == 400]
    assert set(refused) == {"customerOrderNo"}
    assert await seller.available("lamp") == 9


async def test_the_last_unit_between_a_promise_and_two_orders(
    open_seller: OpenSeller, crowd: list[Client]
) -> None:
    seller = await open_seller({"products/lamp/stock/main": 1})
    assert (await crowd[0].send(seller.promise())).status == 202
    orders = [seller.create({"customerOrderNo": f"SO{no}"}) for no in (1, 2)]
    replies = await asyncio.gather(*map(send, crowd, orders))
    assert Counter(map(code, replies)) == {"ok": 1, "INVALID_MCS_REQUEST": 1}
    assert await seller.available("lamp") == 0


async def test_units_are_cancelled_or_shipped_and_never_both(
    open_seller: OpenSeller, crowd: list[Client]
) -> None:
    seller = await open_seller()
    for no in range(ROUNDS):
        order = await seller.ordered(crowd[0], {"customerOrderNo": f"SO{no}"})
        path = f"/sandbox/orders/{order}/{{}}?workspace={seller.name}"

        async def carrier(path: str = path) -> int:
            for step in ("acknowledge", "ship"):
                try:
                    await control(seller.url, "POST", path.format(step), {})
                except AssertionError:
                    return 0
            return 1

        cancelled, _ = await asyncio.gather(
            crowd[1].send(seller.cancel({"customerOrderNo": f"SO{no}"})), carrier()
        )
        line = await seller.connection.fetchrow(
            'select cancelled, shipped from order_lines where workspace = $1 and "order" = $2',
            await seller.id(),
            order,
        )
        if cancelled.status == 200:
            assert tuple(line) == (1, 0)
        else:
            (entry,) = cancelled.json["errors"]
            assert entry["field"] == "orderItems[0].qty.measurementValue"
            assert entry["description"].startswith("Of 1 units 0 can be cancelled")
            assert tuple(line) == (0, 1)


async def test_the_last_unit_comes_back_once(open_seller: OpenSeller, crowd: list[Client]) -> None:
    seller = await open_seller({"products/lamp/stock/main": 100})
    for no in range(ROUNDS):
        order = await seller.ordered(crowd[0], {"customerOrderNo": f"SO{no}"})
        await seller.step(order, "deliver")
        back = seller.send_back({"sellerOrderId": f"SO{no}"})
        replies = await asyncio.gather(send(crowd[1], back), send(crowd[2], back))
        assert Counter(map(code, replies)) == {"ok": 1, "500.509": 1}


async def test_one_return_id_is_one_return(open_seller: OpenSeller, crowd: list[Client]) -> None:
    seller = await open_seller()
    order = await seller.ordered(crowd[0], {"orderItems/0/qty": each(5)})
    await seller.step(order, "deliver")
    back = seller.send_back({"sellerReturnOrderId": "R1"})
    replies = await asyncio.gather(*(client.send(back) for client in crowd))
    assert {code(reply) for reply in replies} == {"ok"}
    assert len({reply.json["payload"]["returnOrderId"] for reply in replies}) == 1
    assert await waiting(seller) == (1, 0)


async def test_a_return_is_cancelled_or_under_way(open_seller: OpenSeller, crowd: list[Client]) -> None:
    seller = await open_seller()
    for no in range(ROUNDS):
        order = await seller.ordered(crowd[0], {"customerOrderNo": f"SO{no}"})
        await seller.step(order, "deliver")
        made = await crowd[0].send(seller.send_back({"sellerOrderId": f"SO{no}"}))
        number = made.json["payload"]["returnOrderId"]
        path = f"/sandbox/returns/{int(number.removeprefix('33'))}/advance?workspace={seller.name}"

        async def carrier(path: str = path) -> None:
            await control(seller.url, "POST", path, {"to": "in_transit"})

        cancelled, _ = await asyncio.gather(crowd[1].send(seller.cancel_return(number)), carrier())
        row = await seller.connection.fetchrow(
            "select cancelled, in_transit from return_lines where workspace = $1 and return_id = $2",
            await seller.id(),
            int(number.removeprefix("33")),
        )
        assert code(cancelled) in ("ok", "400")
        assert tuple(row) == ((1, 0) if cancelled.status == 200 else (0, 1))


async def send(client: Client, request: Request) -> Reply:
    return await client.send(request)


async def waiting(seller: Seller) -> tuple[int, int]:
    """How many units of the workspace are announced to come back, and how many have come."""
    row = await seller.connection.fetchrow(
        "select sum(return_initiated)::bigint, sum(returned)::bigint from order_lines where workspace = $1",
        await seller.id(),
    )
    return tuple(row)
