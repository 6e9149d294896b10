"""kill -9 of server or database while a return is received: units come back once and money goes back once, wherever."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from entrepot.checks import run_checks
from entrepot.engine.clock import real_now
from entrepot.store.connections import FAULTS, Connection, connect
from entrepot.store.embedded import connect_or_start
from tests.conformance.harness import Client
from tests.conformance.textalk import watch
from tests.conformance.textalk_buying import BY_CARD, placed_order
from tests.support.server import Server, running_server
from tests.support.waiting import eventually
from tests.support.webshop import Webshop

FUNDS, PRICE = 10_000_000, 74_700


@dataclass(frozen=True)
class Stop:
    """Where the server stands still while it takes this step of a return.

    With a `skip` the batch is durable, and its connection lost, before it stands: nobody has heard of it.
    """

    target: str
    step: str = "receive"
    skip: int = 0


DROPPED = {"kind": "drop", "at": "after-commit", "count": 1}
RECEIPT = {
    "before-it-is-written": (Stop("connection:engine"),),
    "written-and-nobody-told": (Stop("connection:engine", skip=1),),
    "before-the-bank-is-asked": (Stop("cards.refund"),),
    "after-the-bank-gave-it": (Stop("cards.refund"), Stop("connection:engine")),
}
LOOK = {
    "before-it-is-put-into-stock": (Stop("connection:engine", step="inspect"),),
    "in-stock-and-nobody-told": (Stop("connection:engine", step="inspect", skip=1),),
}
"""What is waited at, one after the other, when the server is killed: every step of a receipt, and of the look at it.

Each that stands at a connection keeps one of the server's few, so the two have a kill each.
"""
_BACK = """
select sum(received) = sum(quantity) and sum(restocked) = sum(quantity)
  and sum(quantity) = (select sum(returned) from stock where workspace = $1)
from return_lines where workspace = $1
"""
AUTOMATIC = {"channels/shop/settings/returns": {"refund": "automatic"}}


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[Connection]:
    opened = await connect(database_url)
    yield opened
    await opened.close()


class Sandbox:
    """The routes by which the server is driven and stalled."""

    def __init__(self, server: Server) -> None:
        self.http = httpx.AsyncClient(base_url=server.url, trust_env=False, verify=False, timeout=60)

    async def post(self, shop: Webshop, path: str) -> Any:
        query = {"workspace": shop.name}
        reply = await self.http.post(f"/sandbox/{path}", params=query)
        assert reply.status_code < 300, reply.text
        return reply.json()

    async def received(self, shop: Webshop, number: int) -> bool:
        """Say again that a return is here; whether it was heard."""
        query = {"workspace": shop.name}
        return (await self.http.post(f"/sandbox/returns/{number}/receive", params=query)).status_code == 200

    async def opened(self, shop: Webshop, order: int) -> int:
        """A return of all of an order, which has arrived."""
        await self.post(shop, f"orders/{order}/deliver")
        body = {"order": str(order)}
        reply = await self.http.post("/sandbox/returns", params={"workspace": shop.name}, json=body)
        return reply.json()["return"]

    async def stall(self, shop: Webshop, number: int, stops: tuple[Stop, ...]) -> asyncio.Task[Any]:
        """Receive the return (and look at it), and wait until the server stands at the last of these."""
        first = stops[0]
        if first.step == "inspect":
            await self.post(shop, f"returns/{number}/receive")
            await eventually(lambda: settled(shop))
        if first.skip:
            await self._fault(shop, first.target, **DROPPED)
        before = await self._fault(shop, first.target, **({"skip": first.skip} if first.skip else {}))
        sent = asyncio.create_task(self.post(shop, f"returns/{number}/{first.step}"))
        await eventually(lambda: self._struck(before))
        for stop in stops[1:]:
            behind = await self._fault(shop, stop.target)
            await self.http.delete(f"/sandbox/faults/{before}")
            await eventually(lambda behind=behind: self._struck(behind))
        return sent

    async def _fault(self, shop: Webshop, target: str, **more: Any) -> int:
        fault = {"target": target, "kind": "slow", "workspace": shop.name, **more}
        if fault["kind"] == "slow":
            fault["delay"] = 100
        reply = await self.http.post("/sandbox/faults", json=fault)
        assert reply.status_code == 201, reply.text
        return reply.json()["id"]

    async def _struck(self, fault: int) -> bool:
        known = (await self.http.get("/sandbox/faults")).json()["faults"]
        return any(each["id"] == fault and each["hits"] for each in known)


async def test_a_receipt_survives_kill_9(database_url: str, connection: Connection, tmp_path: Path) -> None:
    with running_server(tmp_path / "a.log", "--sandbox", "--database-url", database_url) as server:
        for stops in (RECEIPT, LOOK):
            shops = await stalled_and_killed(server, connection, server.kill, stops)
            server.start()
            await brought_to_its_end(server, connection, shops)


async def test_a_receipt_survives_kill_9_of_the_database(open_folder: Path) -> None:
    """The server lives on, brings its database back, and goes on with what it was at."""
    folder = open_folder / "returns"
    log = open_folder / "returns.log"
    with (
        running_server(log, "--sandbox", "--data-dir", str(folder)) as server,
        connect_or_start(folder) as url,
    ):
        connection = await connect(url)
        for stops in (RECEIPT, LOOK):
            shops = await stalled_and_killed(server, connection, server.kill_database, stops)
            connection = await eventually(lambda: connected(url))
            await brought_to_its_end(server, connection, shops)
        await connection.close()


async def brought_to_its_end(
    server: Server, connection: Connection, shops: list[tuple[Webshop, int]]
) -> None:
    """Whoever got no answer says it again; then all is as if nothing had happened."""
    await connection.execute("update outbox set due_at = $1 where state = 'waiting'", real_now())
    sandbox = Sandbox(server)
    for shop, number in shops:
        shop.connection = connection
        await eventually(lambda shop=shop, number=number: sandbox.received(shop, number))
        await sandbox.post(shop, f"returns/{number}/inspect")
        assert await eventually(lambda shop=shop: settled(shop)), shop.name
        assert await standing(shop) == ("done", 1, 0), shop.name
    await sandbox.http.aclose()
    assert not await run_checks(connection)


async def connected(url: str) -> Connection | None:
    """A connection to a database that may still be on its way back."""
    try:
        return await connect(url)
    except FAULTS:
        return None


async def stalled_and_killed(
    server: Server,
    connection: Connection,
    kill: Callable[[], None],
    all_stops: Mapping[str, tuple[Stop, ...]],
) -> list[tuple[Webshop, int]]:
    sandbox, client = Sandbox(server), Client(server.url, watch)
    shops: list[tuple[Webshop, int]] = []
    sent: list[asyncio.Task[Any]] = []
    for name, stops in all_stops.items():
        shop = Webshop(connection, name)
        await shop.open(AUTOMATIC)
        order, _, _ = await placed_order(client, shop, BY_CARD)
        number = await sandbox.opened(shop, order)
        sent.append(await sandbox.stall(shop, number, stops))
        shops.append((shop, number))
    kill()
    with contextlib.suppress(httpx.TransportError):
        await sandbox.http.delete("/sandbox/faults")
    await asyncio.gather(*sent, return_exceptions=True)
    await client.close()
    await sandbox.http.aclose()
    return shops


async def settled(shop: Webshop) -> bool:
    return not await shop.count("outbox", "state = 'waiting'")


async def standing(shop: Webshop) -> tuple[str, int, int]:
    """The refund's state, how many there are, and how much more or less than it was came back to the shopper.

    All units are back, once, and in stock again.
    """
    number = await shop.id()
    rows = await shop.connection.fetch("select state, amount from refunds where workspace = $1", number)
    units = "select sum(returned) - sum(quantity) from order_lines where workspace = $1"
    assert await shop.connection.fetchval(units, number) == 0
    assert await shop.connection.fetchval(_BACK, number)
    balance = await shop.connection.fetchval(
        "select balance from bank_funds where workspace = $1 and currency = 'SEK'", number
    )
    given = sum(row[1] for row in rows)
    assert given > 0
    return rows[0][0], len(rows), balance - (FUNDS - PRICE) - given
