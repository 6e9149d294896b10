"""The Walmart door under requests that meet: each of two processes has one in the middle of its transaction at once.

A row that both need is held until both wait for it. What then wins is chance; what must hold does not depend on it.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from entrepot.store.connections import connect
from tests.conformance.harness import Client, Reply
from tests.conformance.harness.alone import Clock, clock, server, session_database_url
from tests.conformance.harness.fixtures import OpenSeller
from tests.conformance.walmart import ADDRESS, ORDERS, Seller, each, watch, wrapped
from tests.support.blocked import blocked
from tests.support.server import Server, running_server
from tests.support.waiting import eventually

__all__ = ["clock", "server", "session_database_url"]

_ORDER = "select 1 from orders where workspace = $1 and id = $2 for no key update"
_REMOVED = "delete from storefronts where workspace = $1 returning 1"
_STOCK = "select 1 from stock where workspace = $1 for no key update"


class Two(NamedTuple):
    """Clients of two processes that serve one database."""

    one: Client
    other: Client
    urls: tuple[str, str]


@pytest.fixture(scope="module")
def second(server: Server, session_database_url: str, open_folder: Path) -> Iterator[Server]:
    """A second process on the same database."""
    log = server.log.with_name(f"second-{server.log.name}")
    with running_server(log, "--sandbox", "--database-url", session_database_url) as running:
        yield running


@pytest.fixture
async def two(server: Server, second: Server) -> AsyncIterator[Two]:
    """A client of each process."""
    made = Two(Client(server.url, watch), Client(second.url, watch), (server.url, second.url))
    yield made
    await made.one.close()
    await made.other.close()


class Held:
    """Rows that are held, and who waits for them."""

    def __init__(self, seller: Seller) -> None:
        self._seller = seller

    async def waited_for_by(self, number: int) -> None:
        """Return once so many transactions wait for a lock."""

        async def are() -> bool:
            return len(await blocked(self._seller.connection)) >= number

        await eventually(are, pause=0.005)


@asynccontextmanager
async def holding(seller: Seller, url: str, statement: str, *keys: int) -> AsyncGenerator[Held]:
    """Hold these rows of the seller's for the length of the block."""
    connection = await connect(url)
    try:
        async with connection.transaction():
            assert await connection.fetch(statement, await seller.id(), *keys)
            yield Held(seller)
    finally:
        await connection.close()


async def meeting(
    seller: Seller, url: str, order: int, first: Coroutine[Any, Any, Any], second: Coroutine[Any, Any, Any]
) -> tuple[Any, Any]:
    """What both come to, of which the first waits for the order before the second comes."""
    async with holding(seller, url, _ORDER, order) as held:
        early = asyncio.create_task(first)
        await held.waited_for_by(1)
        late = asyncio.create_task(second)
        await held.waited_for_by(2)
    return await early, await late


def code(reply: Reply) -> str:
    """`ok`, or the code of the first error."""
    return "ok" if reply.status < 300 else reply.json["errors"][0]["code"]


async def step(url: str, path: str, body: Any = None) -> bool:
    """Whether the warehouse could take a step."""
    async with httpx.AsyncClient(base_url=url, trust_env=False, verify=False, timeout=60) as http:
        reply = await http.post(path, json=body or {})
    assert reply.status_code < 500, reply.text
    return reply.status_code < 300


async def test_one_number_is_one_order(open_seller: OpenSeller, two: Two, session_database_url: str) -> None:
    """Ten connections, five to each process; one batch of each is on its way when the stock is let go."""
    seller = await open_seller()
    crowd = [Client(url, watch) for url in two.urls for _ in range(5)]
    async with holding(seller, session_database_url, _STOCK) as held:
        tasks = [asyncio.create_task(client.send(seller.create())) for client in crowd]
        await held.waited_for_by(2)
    replies = await asyncio.gather(*tasks)
    await asyncio.gather(*(client.close() for client in crowd))
    assert Counter(map(code, replies)) == {"ok": 1, "INVALID_MCS_REQUEST": 9}
    refused = [reply.json["errors"][0]["field"] for reply in replies if reply.status == 400]
    assert set(refused) == {"customerOrderNo"}
    assert await seller.available("lamp") == 9


async def test_the_last_unit_between_a_promise_and_two_orders(
    open_seller: OpenSeller, two: Two, session_database_url: str
) -> None:
    seller = await open_seller({"products/lamp/stock/main": 1})
    async with holding(seller, session_database_url, _STOCK) as held:
        orders = [
            asyncio.create_task(client.send(seller.create({"customerOrderNo": number})))
            for client, number in ((two.one, "SO1"), (two.other, "SO2"))
        ]
        await held.waited_for_by(2)
        # Nobody has it yet, so it is promised, whatever is on its way.
        assert (await two.one.send(seller.promise())).status == 202
    assert Counter(map(code, await asyncio.gather(*orders))) == {"ok": 1, "INVALID_MCS_REQUEST": 1}
    assert (await two.other.send(seller.promise())).status == 400
    assert await seller.available("lamp") == 0


@pytest.mark.parametrize("shipped_first", [True, False])
@pytest.mark.parametrize("name", ["acknowledge", "ship"])
async def test_units_are_cancelled_or_shipped_and_never_both(
    open_seller: OpenSeller, two: Two, session_database_url: str, name: str, *, shipped_first: bool
) -> None:
    seller = await open_seller()
    order = await seller.ordered(two.one)
    cancel = two.one.send(seller.cancel())
    carrier = step(two.urls[1], f"/sandbox/orders/{order}/{name}?workspace={seller.name}")
    if shipped_first:
        moved, cancelled = await meeting(seller, session_database_url, order, carrier, cancel)
    else:
        cancelled, moved = await meeting(seller, session_database_url, order, cancel, carrier)
    line = await seller.connection.fetchrow(
        'select cancelled, shipped from order_lines where workspace = $1 and "order" = $2',
        await seller.id(),
        order,
    )
    if cancelled.status == 200:
        assert tuple(line) == (1, 0)
        assert name == "acknowledge" or not moved
    else:
        (entry,) = cancelled.json["errors"]
        assert (name, moved, tuple(line)) == ("ship", True, (0, 1))
        assert entry["field"] == "orderItems[0].qty.measurementValue"
        assert entry["description"].startswith("Of 1 units 0 can be cancelled")


async def test_the_last_unit_comes_back_once(
    open_seller: OpenSeller, two: Two, session_database_url: str
) -> None:
    seller = await open_seller()
    order = await seller.ordered(two.one)
    await seller.step(order, "deliver")
    back = seller.send_back()
    replies = await meeting(seller, session_database_url, order, two.one.send(back), two.other.send(back))
    assert Counter(map(code, replies)) == {"ok": 1, "500.509": 1}
    assert await waiting(seller) == (1, 0)


async def test_one_return_id_is_one_return(
    open_seller: OpenSeller, two: Two, session_database_url: str
) -> None:
    seller = await open_seller()
    order = await seller.ordered(two.one, {"orderItems/0/qty": each(5)})
    await seller.step(order, "deliver")
    back = seller.send_back({"sellerReturnOrderId": "R1"})
    replies = await meeting(seller, session_database_url, order, two.one.send(back), two.other.send(back))
    assert {code(reply) for reply in replies} == {"ok"}
    assert len({reply.json["payload"]["returnOrderId"] for reply in replies}) == 1
    assert await waiting(seller) == (1, 0)


@pytest.mark.parametrize("sent_first", [True, False])
async def test_a_return_is_cancelled_or_under_way(
    open_seller: OpenSeller, two: Two, session_database_url: str, *, sent_first: bool
) -> None:
    seller = await open_seller()
    order = await seller.ordered(two.one)
    await seller.step(order, "deliver")
    number = (await two.one.send(seller.send_back())).json["payload"]["returnOrderId"]
    own = int(number.removeprefix("33"))
    cancel = two.one.send(seller.cancel_return(number))
    path = f"/sandbox/returns/{own}/advance?workspace={seller.name}"
    carrier = step(two.urls[1], path, {"to": "in_transit"})
    if sent_first:
        _, cancelled = await meeting(seller, session_database_url, order, carrier, cancel)
    else:
        cancelled, _ = await meeting(seller, session_database_url, order, cancel, carrier)
    row = await seller.connection.fetchrow(
        "select cancelled, in_transit from return_lines where workspace = $1 and return_id = $2",
        await seller.id(),
        own,
    )
    assert code(cancelled) in ("ok", "400")
    assert tuple(row) == ((1, 0) if cancelled.status == 200 else (0, 1))


async def test_what_a_token_lets_in_at_its_last_second_is_done(
    open_seller: OpenSeller, two: Two, session_database_url: str, clock: Clock
) -> None:
    seller = await open_seller()
    async with holding(seller, session_database_url, _STOCK) as held:
        order = asyncio.create_task(two.one.send(seller.create()))
        await held.waited_for_by(1)
        await clock.set("+901s")
        late = await two.one.send(seller.create({"customerOrderNo": "SO2"}))
    assert (late.status, late.json["error"][0]["code"]) == (401, "UNAUTHORIZED.GMP_GATEWAY_API")
    assert code(await order) == "ok"
    await seller.log_in()
    told = await two.one.send(seller.call("GET", f"{ORDERS}/status"))
    assert [each["sellerOrderId"] for each in told.json["payload"]] == ["SO1"]


async def test_a_storefront_that_goes_while_it_is_changed_is_unknown(
    open_seller: OpenSeller, two: Two, session_database_url: str
) -> None:
    seller = await open_seller()
    channel = {"orderChannelName": "Mine", "returnAddress": {"firstName": "Ann", **ADDRESS}}
    details = wrapped({"partnerId": "1", "mcsDetails": [channel | {"orderChannelId": seller.front}]})
    async with holding(seller, session_database_url, _REMOVED) as held:
        change = asyncio.create_task(two.one.send(seller.call("PUT", f"{ORDERS}/channel-details", details)))
        await held.waited_for_by(1)
    reply = await change
    (entry,) = reply.json["errors"]
    assert (reply.status, entry["code"]) == (400, "INVALID_WFS_REQUEST")
    assert (entry["field"], entry["description"]) == (
        "orderChannelId",
        "The account has no such sales channel",
    )


async def waiting(seller: Seller) -> tuple[int, int]:
    """How many units of the workspace are announced to come back, and how many have come."""
    row = await seller.connection.fetchrow(
        "select sum(return_initiated)::bigint, sum(returned)::bigint from order_lines where workspace = $1",
        await seller.id(),
    )
    return tuple(row)
