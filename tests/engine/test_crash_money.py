"""kill -9 while money of an order is moved: captured, let go or given back once, whatever the provider did before.

Each shop below is stalled before its provider is asked, or after it acted; then the server is killed.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from entrepot.checks import run_checks
from entrepot.engine.clock import real_now
from entrepot.store.connections import Connection, connect
from tests.conformance.harness import Client, Request
from tests.conformance.textalk import watch
from tests.conformance.textalk_buying import BY_CARD, BY_CARD_LATER, placed_order
from tests.support.server import Server, running_server
from tests.support.waiting import eventually
from tests.support.webshop import Webshop

FUNDS, PRICE = 10_000_000, 74_700


@dataclass(frozen=True)
class Move:
    """What is asked for, of an order paid how; how the payment and the shopper's money must end."""

    method: str
    target: str
    paid_by: int
    state: str
    refunded: int
    left: int


MOVES = (
    Move("Payment.capture", "cards.capture", BY_CARD_LATER, "paid", 0, FUNDS - PRICE),
    Move("Payment.cancel", "cards.cancel", BY_CARD_LATER, "cancelled", 0, FUNDS),
    Move("Payment.refund", "cards.refund", BY_CARD, "paid", PRICE, FUNDS),
)


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[Connection]:
    opened = await connect(database_url)
    yield opened
    await opened.close()


class Stalls:
    """Requests that one server is stalled at, until it is killed."""

    def __init__(self, server: Server) -> None:
        self.client = Client(server.url, watch)
        self.http = httpx.AsyncClient(base_url=server.url, trust_env=False, verify=False, timeout=60)
        self.sent: list[asyncio.Task[object]] = []

    async def stall(self, shop: Webshop, request: Request, target: str, *, acted: bool) -> None:
        """Send it, and wait until it stands before the provider; or behind it, before that is written down."""
        before = await self._fault(shop, target)
        self.sent.append(asyncio.create_task(self.client.send(request)))
        await eventually(lambda: self._struck(before))
        if acted:
            behind = await self._fault(shop, "connection:engine")
            await self.http.delete(f"/sandbox/faults/{before}")
            await eventually(lambda: self._struck(behind))

    async def close(self) -> None:
        """Every request has lost its server."""
        replies = await asyncio.gather(*self.sent, return_exceptions=True)
        assert all(isinstance(reply, Exception) for reply in replies), replies
        await self.client.close()
        await self.http.aclose()

    async def _fault(self, shop: Webshop, target: str) -> int:
        fault = {"target": target, "kind": "slow", "delay": 100, "workspace": shop.name}
        reply = await self.http.post("/sandbox/faults", json=fault)
        assert reply.status_code == 201, reply.text
        return reply.json()["id"]

    async def _struck(self, fault: int) -> bool:
        known = (await self.http.get("/sandbox/faults")).json()["faults"]
        return any(each["id"] == fault and each["hits"] for each in known)


async def test_money_on_its_way_survives_kill_9(
    database_url: str, connection: Connection, tmp_path: Path
) -> None:
    with running_server(tmp_path / "a.log", "--sandbox", "--database-url", database_url) as server:
        shops = await stalled_and_killed(server, connection)
        # As if the minute had passed for which whoever asked first is left alone.
        await connection.execute("update outbox set due_at = $1 where state = 'waiting'", real_now())
        server.start()
        for shop, move in shops:
            assert await eventually(lambda shop=shop: settled(shop))
            assert await standing(shop) == (move.state, move.refunded, move.left, 0), shop.name
        assert not await run_checks(connection)


async def stalled_and_killed(server: Server, connection: Connection) -> list[tuple[Webshop, Move]]:
    stalls, shops = Stalls(server), list[tuple[Webshop, Move]]()
    for move in MOVES:
        for acted in (False, True):
            shop = Webshop(connection, f"{move.target.replace('.', '-')}-{acted}".lower())
            await shop.open()
            admin, (_, payment, _) = (
                await shop.administrator(),
                await placed_order(stalls.client, shop, move.paid_by),
            )
            await stalls.stall(shop, shop.call(move.method, payment, auth=admin), move.target, acted=acted)
            shops.append((shop, move))
    server.kill()
    await stalls.close()
    return shops


async def settled(shop: Webshop) -> bool:
    return not await shop.count("outbox", "state = 'waiting'")


async def standing(shop: Webshop) -> tuple[str, int, int, int]:
    """The payment's state, what was given back, and the shopper's money: all of it, and what is reserved."""
    payment = await shop.connection.fetchrow(
        "select state, refunded from payments where workspace = $1 and asking is null", await shop.id()
    )
    funds = "select balance, reserved from bank_funds where workspace = $1 and currency = 'SEK'"
    return (*payment, *await shop.connection.fetchrow(funds, await shop.id()))
