"""Files that buyers attach: from the buyer's call to the shop that prints them, and gone with what they belong to."""

from __future__ import annotations

import base64
import hashlib
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosedError

from entrepot.domain.channels.retention import Retention
from entrepot.doors.textalk.orders import quotas
from entrepot.engine import Clock, Engine
from entrepot.engine.upkeep.purging import purge
from entrepot.store.connections import connect_engine, read_pool
from tests.conformance.harness import Client, Request
from tests.conformance.harness.fixtures import OpenBuyer
from tests.conformance.harness.sockets import SocketClient
from tests.conformance.textalk import watch
from tests.support.buyer import BANNER, LENGTH, PICTURE, SHIRT, SIZE, SMALL, Buyer
from tests.support.server import Server

LARGEST = 7_000_000
TOO_BIG = 1009


def banner(content: bytes = b"\x89PNG") -> dict[str, Any]:
    data = base64.b64encode(content).decode()
    return {LENGTH: 1, PICTURE: {"name": "flag.png", "type": "image/png", "data": data}}


def adding(buyer: Buyer, content: bytes) -> Request:
    return buyer.call("Order.addArticle", None, BANNER, banner(content), {"uid": True, "order": "uid"})


async def refused(buyer: Buyer, request: Request) -> int:
    return (await buyer.client.send(request)).json["error"]["code"]


@pytest.fixture(params=["http", "socket"])
def client(request: pytest.FixtureRequest, textalk: Client, server: Server) -> Client | SocketClient:
    return textalk if request.param == "http" else SocketClient(server.url, watch)


async def test_the_largest_file_reaches_the_shop(
    client: Client | SocketClient, open_buyer: OpenBuyer
) -> None:
    buyer = await open_buyer({"choices/picture/max_size": LARGEST})
    content = hashlib.sha256(b"flag").digest() * (LARGEST // 32)
    item = (await client.send(adding(buyer, content))).json["result"]
    cart = item["order"]["uid"]
    await buyer.send_by_post(cart)
    await buyer.plan(cart)
    reading = buyer.shop.call("OrderItem.getFile", item["uid"], PICTURE, auth=buyer.admin)
    assert await refused(buyer, reading) == 9003, "a cart is private to its session"
    await buyer("Order.checkout", cart)
    read = (await client.send(reading)).json["result"]
    assert (read["name"], read["type"]) == ("flag.png", "image/png")
    assert base64.b64decode(read["data"]) == content


async def test_a_message_beyond_ten_megabytes_is_refused(
    textalk: Client, server: Server, open_buyer: OpenBuyer
) -> None:
    buyer = await open_buyer()
    request = adding(buyer, b"x" * 7_500_000)
    assert await refused(buyer, request) == -32600
    with pytest.raises(ConnectionClosedError) as closed:
        await SocketClient(server.url, watch).send(request)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == TOO_BIG
    assert await buyer.shop.count("files") == 0


async def test_nobody_but_the_shop_reads_a_file(open_buyer: OpenBuyer) -> None:
    buyer, other = await open_buyer(), await open_buyer()
    cart = await buyer.ready(BANNER, **banner())
    [item] = (await buyer("Order.get", cart, "items"))["items"]
    await buyer("Order.checkout", cart)
    call = buyer.shop.call
    assert await refused(buyer, buyer.call("OrderItem.getFile", item, PICTURE)) == 1006
    assert await refused(buyer, call("OrderItem.getFile", item, PICTURE)) == 1006
    assert await refused(buyer, call("OrderItem.getFile", item, PICTURE, auth=other.admin)) == 1004
    foreign = other.shop.call("OrderItem.getFile", item, PICTURE, auth=other.admin)
    assert await refused(other, foreign) == 9003
    assert await refused(buyer, call("OrderItem.getFile", item, LENGTH, auth=buyer.admin)) == 9003
    assert await buyer.administer("OrderItem.getFile", item, PICTURE)


@pytest.mark.parametrize("method", ["OrderItem.delete", "Order.discard", "Session.delete"])
async def test_a_file_goes_with_its_cart(open_buyer: OpenBuyer, method: str) -> None:
    buyer = await open_buyer()
    cart = await buyer.cart(BANNER, **banner())
    [item] = (await buyer("Order.get", cart, "items"))["items"]
    assert await stored(buyer) == (1, 1)
    named = {"OrderItem.delete": [item], "Order.discard": [cart], "Session.delete": []}
    await buyer(method, *named[method])
    assert await stored(buyer) == (0, 0)


async def test_a_file_gives_way_to_the_next_answer(open_buyer: OpenBuyer) -> None:
    buyer = await open_buyer()
    first = await buyer("Order.addArticle", None, BANNER, banner(), True)
    await buyer("Order.addArticle", None, SHIRT, {SIZE: SMALL})
    answer = {PICTURE: banner(b"GIF89a")[PICTURE]}
    second = await buyer("OrderItem.set", first["uid"], {"choices": answer}, ["choices"])
    assert second["choices"][PICTURE] != first["choices"][PICTURE]
    assert second["choices"][LENGTH] == 1
    assert await stored(buyer) == (1, 1)


async def test_a_file_goes_when_its_cart_expires(open_buyer: OpenBuyer, session_database_url: str) -> None:
    buyer = await open_buyer()
    await buyer.cart(BANNER, **banner())
    await buyer.shop.age("carts", "expires_at", timedelta(days=31))
    await purged(session_database_url)
    assert await stored(buyer) == (0, 0)


async def test_a_file_that_nobody_bought_goes_after_a_day_with_its_item(
    open_buyer: OpenBuyer, session_database_url: str
) -> None:
    buyer = await open_buyer()
    cart = await buyer.cart(BANNER, **banner())
    await buyer("Order.addArticle", None, SHIRT, {SIZE: SMALL})
    await purged(session_database_url)
    assert await stored(buyer) == (1, 1), "it is not a day old"
    await buyer.shop.age("files", "created_at", timedelta(days=1))
    await purged(session_database_url)
    assert await stored(buyer) == (0, 0)
    left = await buyer("Order.get", cart, {"items": {"article": "uid"}})
    assert [item["article"]["uid"] for item in left["items"]] == [int(SHIRT)]


async def test_a_file_that_was_bought_stays(open_buyer: OpenBuyer, session_database_url: str) -> None:
    buyer = await open_buyer()
    cart = await buyer.ready(BANNER, **banner())
    [item] = (await buyer("Order.get", cart, "items"))["items"]
    await buyer("Order.checkout", cart)
    await buyer.shop.age("files", "created_at", timedelta(days=400))
    await purged(session_database_url)
    assert await buyer.administer("OrderItem.getFile", item, PICTURE)


async def test_uploads_of_a_day_have_a_limit(open_buyer: OpenBuyer) -> None:
    """It ends with the day, and what is no file is taken meanwhile."""
    buyer = await open_buyer()
    cart = await buyer.cart(BANNER, **banner())
    [item] = (await buyer("Order.get", cart, "items"))["items"]
    shop = buyer.shop
    full = "update tries set count = $2 where workspace = $1"
    await shop.connection.execute(full, await shop.id(), quotas.OF_SHOP)
    reply = await buyer.client.send(adding(buyer, b"GIF89a"))
    error = reply.json["error"]
    assert (error["code"], error["data"]) == (
        2070,
        "So much was uploaded today that no further file is taken for now.",
    )
    assert 0 < int(dict(reply.headers)["retry-after"]) <= 86_400
    changing = buyer.call("OrderItem.set", item, {"choices": {PICTURE: banner()[PICTURE]}})
    assert await refused(buyer, changing) == 2070
    assert await stored(buyer) == (1, 1)
    await buyer("Order.addArticle", None, SHIRT, {SIZE: SMALL})
    await buyer.shop.age("tries", "since", timedelta(days=1))
    assert "result" in (await buyer.client.send(adding(buyer, b"GIF89a"))).json


async def purged(url: str) -> None:
    """What is over is deleted, once."""
    engine = Engine(partial(connect_engine, url), Clock())
    await engine.start()
    pool = await read_pool(url, 1)
    try:
        await purge(engine, pool, Retention())
    finally:
        await engine.stop()
        await pool.close()


async def stored(buyer: Buyer) -> tuple[int, int]:
    """How many files the workspace has, and how many contents."""
    return await buyer.shop.count("files"), await buyer.shop.count("file_contents")
