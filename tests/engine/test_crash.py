"""kill -9 at every step of an attempt: what was begun comes to one end, and no money, stock or name is lost.

Every shop below is stalled at another step; then the server that drives them all is killed at once.
"""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import httpx
import pytest

from entrepot.checks import run_checks
from entrepot.engine.clock import real_now
from entrepot.store.connections import Connection, connect
from tests.conformance.bonsai import SUBMIT, Shop, open_shop
from tests.conformance.harness.world import Edits
from tests.support.server import Server, running_server
from tests.support.waiting import eventually

TOTAL, FUNDS = 2825, 100_000
RECOVERED_WITHIN = 300.0
ARGUMENTS = ("--attempt-seconds", "100")
SINGLE_USE = {"account": "ann", "reusable": False}
API = "channels/shop/settings/external_payment/api"
WORLD: Edits = {
    "bank/accounts/ann/CAD": "1000.00",
    "bank/cards/tok_once": SINGLE_USE,
    "partner/tokens": ["paid-1"],
    API: {"partner": "simulated"},
}

Fate = Literal["placed", "nothing", "pending"]


@dataclass(frozen=True)
class Stop:
    """Where an order is stopped, and what must come of it. `stalls` lists what is waited at, one after the other."""

    name: str
    fate: Fate
    stalls: tuple[str, ...] = ()
    way: Literal["card", "external", "pay"] = "card"


BANK = (
    Stop("after-the-hold", "nothing", ("cards.create_intent",)),
    Stop("after-create", "nothing", ("cards.confirm",)),
    Stop("after-confirm", "nothing", ("cards.capture",)),
    Stop("after-capture", "placed", ("cards.capture", "connection:engine")),
    Stop("while-the-partner-thinks", "nothing", ("tokens.validate",), "external"),
    Stop("before-an-external-order", "nothing", ("tokens.validate", "connection:engine"), "external"),
    Stop("paying-reserved", "pending", ("cards.capture",), "pay"),
    Stop("paying-captured", "placed", ("cards.capture", "connection:engine"), "pay"),
)
STRIPE: tuple[tuple[str, bool, Fate], ...] = (
    ("create", False, "nothing"),
    ("create", True, "nothing"),
    ("confirm", False, "nothing"),
    ("confirm", True, "nothing"),
    ("capture", False, "nothing"),
    ("capture", True, "placed"),
)
"""The step of which Stripe gives no answer, and whether it took effect."""


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[Connection]:
    opened = await connect(database_url)
    yield opened
    await opened.close()


@pytest.fixture
def stripe_url() -> Iterator[str]:
    """A Stripe-shaped server in a process of its own, whose books survive what kills the platform."""
    command = [sys.executable, "-m", "tests.support.stripe_server"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8")
    assert process.stdout is not None
    yield process.stdout.readline().strip()
    process.kill()
    process.wait()
    process.stdout.close()


class Driver:
    """Sends orders to one server and stalls them there."""

    def __init__(self, server: Server, stripe_url: str) -> None:
        self.http = httpx.AsyncClient(base_url=server.url, trust_env=False, verify=False, timeout=120)
        self.stripe = httpx.AsyncClient(base_url=stripe_url, trust_env=False, verify=False, timeout=60)
        self.sent: list[asyncio.Task[httpx.Response]] = []

    async def close(self) -> None:
        """Every request that was stalled has lost its server."""
        replies = await asyncio.gather(*self.sent, return_exceptions=True)
        assert all(isinstance(reply, httpx.TransportError) for reply in replies), replies
        await self.http.aclose()
        await self.stripe.aclose()

    async def stop_at_bank(self, shop: Shop, stop: Stop) -> None:
        path, body = await self._begin(shop, stop)
        first, *later = stop.stalls
        fault = await self._stall(shop, first)
        self.sent.append(asyncio.create_task(self.post(shop, path, body)))
        await eventually(lambda: self._struck(fault))
        for target in later:
            waiting, fault = fault, await self._stall(shop, target)
            await self.http.delete(f"/sandbox/faults/{waiting}")  # goes on, to the next stall
            await eventually(lambda number=fault: self._struck(number))

    async def stop_at_stripe(self, shop: Shop, step: str, *, acts: bool) -> None:
        before = len((await self._books())["steps"])
        await self.stripe.post("/_faults", json={"step": step, "kind": "silence", "acts": acts})
        self.sent.append(asyncio.create_task(self.post(shop, SUBMIT, card(shop, "tok_visa"))))
        place = ["create", "confirm", "capture"].index(step) + 1
        await eventually(lambda: self._reached(before + place))

    async def post(self, shop: Shop, path: str, body: Any) -> httpx.Response:
        return await self.http.post(path, json=body, headers={"API-Key": shop.key()})

    async def _begin(self, shop: Shop, stop: Stop) -> tuple[str, Any]:
        if stop.way == "external":
            return SUBMIT, shop.submit().body
        if stop.way == "card":
            return SUBMIT, card(shop, "tok_once")
        recorded = await self.post(shop, "/bonsai/orders/v2/submit", pending(shop))
        assert recorded.status_code == 200, recorded.text
        return f"/bonsai/orders/v2/{recorded.json()['data']['id']}/payment", PAY

    async def _stall(self, shop: Shop, target: str) -> int:
        fault = {"target": target, "kind": "slow", "delay": 100, "workspace": shop.name}
        reply = await self.http.post("/sandbox/faults", json=fault)
        assert reply.status_code == 201, reply.text
        return reply.json()["id"]

    async def _struck(self, fault: int) -> bool:
        known = (await self.http.get("/sandbox/faults")).json()["faults"]
        return any(each["id"] == fault and each["hits"] for each in known)

    async def _books(self) -> dict[str, Any]:
        return (await self.stripe.get("/_state")).json()

    async def _reached(self, steps: int) -> bool:
        return len((await self._books())["steps"]) >= steps


PAY = {"method": "credit card", "token": "tok_once"}


def card(shop: Shop, token: str) -> Any:
    payment = {"method": "credit card", "token": token, "currency": "CAD"}
    return shop.submit({"payment": payment, "external_order_id": "E-1"}).body


def pending(shop: Shop) -> Any:
    names = {"firstName": "Ann", "lastName": "Lee", "address1": "1 Front Street", "city": "Toronto"}
    address = {**names, "country": "CA", "province": "ON", "zip": "M5J 2N1"}
    products = [{"id": shop.public_id("lamp"), "variantId": "101", "quantity": 1}]
    customer = {"email": "ann@example.com"}
    return {
        "customer": customer,
        "products": products,
        "shippingAddress": address,
        "payment": {"method": "credit card"},
    }


@pytest.mark.parametrize("servers", [1, 2])
async def test_every_step_survives_kill_9(
    database_url: str, connection: Connection, stripe_url: str, tmp_path: Path, servers: int
) -> None:
    arguments = ("--sandbox", "--database-url", database_url, *ARGUMENTS)
    with running_server(tmp_path / "a.log", *arguments) as first, others(tmp_path, database_url, servers):
        fates = await stopped_and_killed(first, connection, stripe_url)
        first.start()
        await eventually(lambda: all_ended(connection), RECOVERED_WITHIN)
        for shop, fate in fates:
            await assert_fate(shop, fate)
        await assert_stripe_kept(connection, stripe_url)
        assert not await run_checks(connection)
        await assert_everything_is_free_again(first, fates)


def others(folder: Path, database_url: str, servers: int) -> AbstractContextManager[object]:
    """The second server of two, which has no sandbox; it is not killed."""
    if servers == 1:
        return nullcontext()
    return running_server(folder / "b.log", "--database-url", database_url, *ARGUMENTS)


async def stopped_and_killed(
    server: Server, connection: Connection, stripe_url: str
) -> list[tuple[Shop, Fate]]:
    """Each shop with one order, which was stopped at another step when the server was killed."""
    driver = Driver(server, stripe_url)
    through = {"channels/shop/settings/cards": cards_of(stripe_url)}
    warm = await open_shop(connection, "warm", {**WORLD, **through})
    reply = await driver.post(warm, SUBMIT, card(warm, "tok_visa"))
    assert reply.status_code == 200, reply.text
    at_bank = [(await open_shop(connection, stop.name, WORLD), stop) for stop in BANK]
    at_stripe = [
        (await open_shop(connection, f"stripe-{step}-{acts}".lower(), {**WORLD, **through}), step, acts)
        for step, acts, _ in STRIPE
    ]
    await asyncio.gather(*(driver.stop_at_bank(shop, stop) for shop, stop in at_bank))
    for shop, step, acts in at_stripe:  # last, since our patience with Stripe has a limit
        await driver.stop_at_stripe(shop, step, acts=acts)
    server.kill()
    await driver.close()
    await let_leases_end(connection)
    fates: list[Fate] = ["placed", *(stop.fate for stop in BANK), *(fate for _, _, fate in STRIPE)]
    shops = [warm, *(shop for shop, _ in at_bank), *(shop for shop, _, _ in at_stripe)]
    return list(zip(shops, fates, strict=True))


def cards_of(stripe_url: str) -> dict[str, str]:
    return {"gateway": "stripe", "api_key": "sk_test_platform", "api_base": stripe_url}


async def let_leases_end(connection: Connection) -> None:
    """As if the time had passed for which attempts are left to the server that began them."""
    await connection.execute("update attempts set lease_until = $1 where state = 'open'", real_now())


async def all_ended(connection: Connection) -> bool:
    return not await connection.fetchval("select count(*) from attempts where state = 'open'")


async def assert_fate(shop: Shop, fate: Fate) -> None:
    """One order or none; its units held or all free; its money taken or all there."""
    workspace = await shop.id()
    states = await shop.connection.fetch(
        "select state, payment_state from orders where workspace = $1", workspace
    )
    expected = {"placed": [("placed", "paid")], "pending": [("pending", "unpaid")], "nothing": []}[fate]
    assert [tuple(row) for row in states] == expected, shop.name
    held = await shop.connection.fetchval(
        "select coalesce(sum(quantity), 0) from holds where workspace = $1", workspace
    )
    assert held == (1 if fate == "placed" else 0), shop.name
    await assert_bank_kept(shop.connection, workspace)


async def assert_bank_kept(connection: Connection, workspace: int, funds: int = FUNDS) -> None:
    """Each charge belongs to exactly one order or is let go; nothing stays reserved; no cent is missing."""
    charges = await connection.fetch(
        "select id, status, captured - refunded as kept from bank_intents where workspace = $1", workspace
    )
    assert {row["status"] for row in charges} <= {"succeeded", "canceled"}, list(charges)
    kept = sorted(row["id"] for row in charges if row["kept"])
    paid = await connection.fetch(
        'select p.reference from payments p join orders o on o.workspace = p.workspace and o.id = p."order"'
        " where p.workspace = $1 and p.kind = 'card' and p.state = 'paid' and p.reference in"
        " (select id from bank_intents where workspace = $1) order by 1",
        workspace,
    )
    assert [row[0] for row in paid] == kept
    left = await connection.fetchrow(
        "select balance, reserved from bank_funds where workspace = $1 and account = 'ann'", workspace
    )
    assert tuple(left) == (funds - sum(row["kept"] for row in charges), 0)


async def assert_stripe_kept(connection: Connection, stripe_url: str) -> None:
    """At Stripe too each charge belongs to exactly one order or is let go."""
    async with httpx.AsyncClient(base_url=stripe_url, trust_env=False, verify=False, timeout=60) as client:
        intents = (await client.get("/_state")).json()["intents"].values()
    assert {intent["status"] for intent in intents} == {"succeeded", "canceled"}
    taken = sorted(intent["id"] for intent in intents if intent["amount_received"])
    paid = await connection.fetch(
        "select reference from payments where kind = 'card' and state = 'paid'"
        " and reference not in (select id from bank_intents) order by 1"
    )
    assert [row[0] for row in paid] == taken


async def assert_everything_is_free_again(server: Server, fates: list[tuple[Shop, Fate]]) -> None:
    """Where nothing came of it, the same request succeeds: token, external id and stock are as before."""
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, verify=False, timeout=60) as client:
        for shop, fate in fates:
            if fate == "nothing" and not shop.name.startswith("stripe"):
                external = shop.name in {stop.name for stop in BANK if stop.way == "external"}
                body = shop.submit().body if external else card(shop, "tok_once")
                reply = await client.post(SUBMIT, json=body, headers={"API-Key": shop.key()})
                assert reply.status_code == 200, (shop.name, reply.text)
