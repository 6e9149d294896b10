"""kill -9 at every step of a sale that needs others first: no order, label or hand-over is left by halves.

Every client below is stalled at another step, against simulators or servers of ours; then its server is killed at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from entrepot.checks import run_checks
from entrepot.engine.clock import real_now
from entrepot.store.connections import Connection, connect
from tests.conformance.harness import Client
from tests.conformance.harness.world import Edits
from tests.conformance.rebound import ORDERS, Retailer, open_retailer, watch
from tests.support.errand_server import ErrandServer, Silence, errand_server
from tests.support.server import Server, running_server
from tests.support.waiting import eventually

WITHIN = 300.0
ARGUMENTS = ("--attempt-seconds", "100")
LABELS, HUB = "channels/shop/settings/labels", "channels/shop/settings/hub"
FLOW: Edits = {"channels/shop/settings/door/flows//label": True}
SIMULATED: Edits = {
    **FLOW,
    LABELS: {"gateway": "simulated"},
    HUB: {"gateway": "simulated", "client": "shop"},
    "hub/clients/shop": 5,
}


@dataclass(frozen=True)
class Stop:
    """Where a sale is stopped: `stalls` are waited at, one after the other; or a server of ours falls silent."""

    name: str
    stalls: tuple[str, ...] = ()
    label: Silence = ""
    hub: Silence = ""


STOPS = (
    Stop("before-the-claim", ("connection:engine",)),
    Stop("before-the-label", ("labels.make",)),
    Stop("before-the-hub", ("hubs.hand_over",)),
    Stop("before-the-order", ("hubs.hand_over", "connection:engine")),
    Stop("label-not-made", label="idle"),
    Stop("label-made", label="acts"),
    Stop("hub-not-asked", hub="idle"),
    Stop("hub-took-it", hub="acts"),
)


@dataclass
class Case:
    """A client stopped at a step, with its label service and hub where these are ours."""

    stop: Stop
    retailer: Retailer
    servers: tuple[ErrandServer, ...] = ()
    sent: list[asyncio.Task[httpx.Response]] = field(default_factory=list[asyncio.Task[httpx.Response]])

    async def books(self) -> dict[str, list[str]]:
        """The states of all labels and of all hand-overs."""
        if self.servers:
            label, hub = self.servers
            return {"labels": sorted(label.books.values()), "hub": sorted(hub.books.values())}
        workspace = await self.retailer.id()
        return {
            name: [
                "open" if row[0] == "open" else "closed"
                for row in await self.retailer.connection.fetch(
                    f"select state from {table} where workspace = $1 order by state desc", workspace
                )
            ]
            for name, table in (("labels", "labels"), ("hub", "hub_orders"))
        }


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[Connection]:
    opened = await connect(database_url)
    yield opened
    await opened.close()


@asynccontextmanager
async def cases(connection: Connection, server: Server, no: int) -> AsyncGenerator[tuple[Client, list[Case]]]:
    """A client for each stop, each in a workspace of its own."""
    client = Client(server.url, watch)
    async with AsyncExitStack() as stack:
        made: list[Case] = []
        for stop in STOPS:
            servers: tuple[ErrandServer, ...] = ()
            edits = SIMULATED
            if not stop.stalls:
                servers = (
                    await stack.enter_async_context(errand_server(stop.label)),
                    await stack.enter_async_context(errand_server(stop.hub)),
                )
                edits = through(*servers)
            retailer = await open_retailer(connection, client, f"{stop.name}-{no}", edits)
            made.append(Case(stop, retailer, servers))
        yield client, made
        await client.close()


def through(label: ErrandServer, hub: ErrandServer) -> Edits:
    common = {"gateway": "http", "api_key": "k" * 20, "allow_private": True}
    return {**FLOW, LABELS: {**common, "url": label.url}, HUB: {**common, "url": hub.url, "client": "shop"}}


async def stall(http: httpx.AsyncClient, case: Case, target: str) -> int:
    fault = {"target": target, "kind": "slow", "delay": 100, "workspace": case.retailer.name}
    reply = await http.post("/sandbox/faults", json=fault)
    assert reply.status_code == 201, reply.text
    return reply.json()["id"]


async def struck(http: httpx.AsyncClient, fault: int) -> bool:
    known = (await http.get("/sandbox/faults")).json()["faults"]
    return any(each["id"] == fault and each["hits"] for each in known)


async def stop_at(http: httpx.AsyncClient, case: Case) -> None:
    """Send the order, and return once it is stopped where it shall be."""
    request = await case.retailer.create()

    def send() -> None:
        sending = http.post(ORDERS, json=request.body, headers=dict(request.headers))
        case.sent.append(asyncio.create_task(sending))

    if not case.stop.stalls:
        send()
        silent = next(server for server in case.servers if server.silent)
        await eventually(lambda: asked(silent))
        return
    first, *later = case.stop.stalls
    fault = await stall(http, case, first)
    send()
    await eventually(lambda: struck(http, fault))
    for target in later:
        waiting, fault = fault, await stall(http, case, target)
        await http.delete(f"/sandbox/faults/{waiting}")
        await eventually(lambda number=fault: struck(http, number))


async def asked(server: ErrandServer) -> bool:
    return server.asked > 0


async def round_of_kills(connection: Connection, server: Server, no: int = 0) -> None:
    """One order per step, the kill, and everything as it must be after the restart."""
    async with cases(connection, server, no) as (client, stopped):
        for case in stopped:
            await case.retailer.token()
        async with httpx.AsyncClient(base_url=server.url, trust_env=False, verify=False, timeout=120) as http:
            for case in stopped:  # servers of ours last, since our patience with them has a limit
                await stop_at(http, case)
            server.kill()
            replies = await asyncio.gather(
                *(task for case in stopped for task in case.sent), return_exceptions=True
            )
        assert all(isinstance(reply, httpx.TransportError) for reply in replies), replies
        for each in (server for case in stopped for server in case.servers):
            each.silent = ""
        await connection.execute("update attempts set lease_until = $1 where state = 'open'", real_now())
        server.start()
        await eventually(lambda: all_quiet(connection), WITHIN)
        for case in stopped:
            await assert_nothing_is_left(case)
            await assert_the_name_is_free(client, case)
        assert not await run_checks(connection)


async def all_quiet(connection: Connection) -> bool:
    """No attempt is open, and nothing waits to be undone."""
    open_ = await connection.fetchval("select count(*) from attempts where state = 'open'")
    return not open_ and not await connection.fetchval("select count(*) from outbox where state = 'waiting'")


async def assert_nothing_is_left(case: Case) -> None:
    """No order and no name, every label void, every hand-over withdrawn."""
    counts = [await case.retailer.count(table) for table in ("orders", '"references"')]
    assert counts == [0, 0], case.stop
    books = await case.books()
    assert "open" not in books["labels"] + books["hub"], (case.stop, books)


async def assert_the_name_is_free(client: Client, case: Case) -> None:
    """The same request succeeds now, with one label and one hand-over, and a second time the name is taken."""
    reply = await client.send(await case.retailer.create())
    assert reply.status == 201, (case.stop, reply.body)
    books = await case.books()
    assert (books["labels"].count("open"), books["hub"].count("open")) == (1, 1), (case.stop, books)
    assert (await client.send(await case.retailer.create())).status == 400


async def test_every_step_of_a_sale_survives_kill_9(
    database_url: str, connection: Connection, tmp_path: Path
) -> None:
    arguments = ("--sandbox", "--database-url", database_url, *ARGUMENTS)
    with running_server(tmp_path / "a.log", *arguments) as server:
        await round_of_kills(connection, server)


@pytest.mark.torture
async def test_ten_times_every_step_of_a_sale_survives_kill_9(
    database_url: str, connection: Connection, tmp_path: Path
) -> None:
    arguments = ("--sandbox", "--database-url", database_url, *ARGUMENTS)
    with running_server(tmp_path / "a.log", *arguments) as server:
        for no in range(10):
            await round_of_kills(connection, server, no)
