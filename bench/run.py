"""One run: a fresh server, its worlds, loads in turn, and the proof that the figures count real orders."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median

import msgspec

from bench import (
    buyers,
    clients,
    copies,
    crowd,
    orders,
    pgbench,
    proof,
    purchases,
    retailers,
    sellers,
    shop,
    world,
)
from bench.callers import KNOWN
from bench.figures import (
    CARD,
    HOT,
    HOT_MANY,
    MCS,
    PARTNERS,
    PGBENCH_HOT,
    PGBENCH_UNIFORM,
    PURCHASE,
    RETURNS,
    SPREAD,
    TEXTALK,
    UNIFORM,
    UNIFORM_MANY,
    Figures,
    Listing,
    Sample,
    Series,
    this_machine,
)
from bench.load import Sender
from bench.messages import Answers, Load
from bench.plan import Plan
from bench.server import Server, Usage
from bench.sockets import memory_of_idle_sockets
from entrepot.gateways.cards.bank.seed import seed
from entrepot.store.connections import Connection, connect

LOST = "lost connections"
_USED = "select exists (select from workspaces)"

Measure = Callable[[], Awaitable[Sample]]


async def run(plan: Plan, say: Callable[[str], None], database_url: str | None = None) -> Figures:
    """Measure everything on a fresh folder, and leave nothing behind; or on a database without workspaces, which stays.

    Raises `RuntimeError` where the database holds workspaces.
    """
    with tempfile.TemporaryDirectory(prefix="entrepot-bench-", ignore_cleanup_errors=True) as folder:
        os.chmod(folder, 0o755)  # the account that PostgreSQL runs as must be able to enter
        server = Server(Path(folder, "data"), database_url=database_url)
        try:
            say("starting a server on a fresh folder")
            await server.start()
            with server.database() as url:
                measured = await _on(server, url, plan, say)
            say("two workers beside one")
            crews = await crowd.crews(server, plan.wrk, plan.variants, plan.turns, plan.seconds, plan.most)
            say(f"starting {plan.starts} times on the folder as it is now")
            starts = [await crowd.restart(server) for _ in range(plan.starts)]
        finally:
            await server.stop()
    return msgspec.structs.replace(measured, crews=crews, starts=tuple(starts))


async def _on(server: Server, url: str, plan: Plan, say: Callable[[str], None]) -> Figures:
    connection = await connect(url)
    try:
        return await _Run(server, url, connection, plan, say).measure()
    finally:
        await connection.close()


class _Run:
    """The run while its server is up."""

    def __init__(
        self, server: Server, url: str, connection: Connection, plan: Plan, say: Callable[[str], None]
    ) -> None:
        self._server = server
        self._url = url
        self._connection = connection
        self._plan = plan
        self._say = say
        self._sender = Sender(server.url, plan.connections, plan.wrk)
        self._faults: list[str] = []
        self._acknowledged = 0
        self._registered = proof.Registered()
        self._loads = 0
        self._busy = 0.0

    async def measure(self) -> Figures:
        plan = self._plan
        if await self._connection.fetchval(_USED):
            raise RuntimeError("the database holds workspaces already: name one that is fresh")
        self._say(f"making {plan.variants} variants and {plan.workspaces} small workspaces")
        await world.build(self._connection, plan.variants, plan.workspaces, plan.cards)
        await world.apply(
            self._connection,
            {shop.SHOP: shop.workspace(), retailers.WORKSPACE: retailers.workspace()},
        )
        (number,) = await world.numbers(self._connection, [shop.SHOP])
        await seed(self._connection, number, shop.bank())
        await self._connection.execute("analyze")
        sold_in = [world.BIG, shop.SHOP, *(world.small(number) for number in range(plan.workspaces))]
        workspaces = await world.numbers(self._connection, sold_in)
        await self._count_exactly(workspaces)
        measures = await self._measures()
        before = await proof.read_books(self._connection, workspaces)
        series = await self._rounds(measures)
        memory = self._server.memory()
        listing = await self._listing()
        self._say(f"opening {plan.sockets} sockets")
        idle = await memory_of_idle_sockets(self._server.url + buyers.PATH, self._server.memory, plan.sockets)
        self._say("checking the books")
        stored = await self._check(workspaces, before)
        self._say("a flood beside a calm tenant")
        flood = await crowd.flood(self._server.url, plan.flood, plan.seconds, plan.most)
        self._say(f"copying orders until there are {plan.held}")
        held = await copies.fill(self._connection, world.BIG, plan.held)
        return Figures(
            machine=this_machine(await self._connection.fetchval("show server_version")),
            generator=self._sender.name,
            connections=plan.connections,
            rounds=plan.rounds,
            seconds=plan.seconds,
            series=series,
            listing=listing,
            buyers_busy=self._busy,
            idle=idle,
            starts=(),
            memory=memory,
            stored=stored,
            faults=tuple(self._faults),
            many=plan.many,
            held=held,
            flood=flood,
        )

    def _http(self) -> list[Load]:
        """The loads over HTTP: the same order at many variants, at one, in many workspaces, and paid by card."""
        big = world.external_key(world.BIG)
        variants, workspaces = self._plan.variants, self._plan.workspaces
        return [
            Load(UNIFORM, orders.EXTERNAL, world.uniform(variants, big), "token-%d"),
            Load(HOT, orders.EXTERNAL, world.hot(big), "token-%d"),
            Load(SPREAD, orders.EXTERNAL, world.spread(workspaces), "token-%d"),
            Load(CARD, orders.CARD, world.uniform(variants, world.card_key(world.BIG)), "card-%d"),
        ]

    def _over_many(self) -> list[Load]:
        """The same order at many variants and at one, over more connections."""
        uniform, hot, *_ = self._http()
        many = self._plan.many
        return [
            msgspec.structs.replace(uniform, name=UNIFORM_MANY, connections=many),
            msgspec.structs.replace(hot, name=HOT_MANY, connections=many),
        ]

    async def _count_exactly(self, workspaces: list[int]) -> None:
        """Warm up with orders that are all answered, so that what is stored can be counted exactly."""
        for load in self._http():
            before = await proof.read_books(self._connection, workspaces)
            answers = await self._sender.send_from_here(load, most=self._plan.counted_orders)
            after = await proof.read_books(self._connection, workspaces)
            self._note(load.name, proof.exact(before, after, answers.accepted))
            if answers.refused:
                self._note(load.name, [f"{answers.refused} of {answers.requests} orders refused"])

        before = await proof.read_books(self._connection, workspaces)
        bought = await buyers.send(self._server.url, self._plan.connections, 60, most=2)
        after = await proof.read_books(self._connection, workspaces)
        self._note(TEXTALK, proof.exact(before, after, bought.orders))

    async def _measures(self) -> dict[str, Measure]:
        """Each load by its name, in the order in which a round takes them."""
        order = Load("copied", orders.EXTERNAL, world.twin(), "token-%d")
        await self._sender.send_from_here(order, most=1)
        (twin,) = await world.numbers(self._connection, [world.TWIN])
        many = await pgbench.script(self._connection, twin, self._plan.variants)
        one = await pgbench.script(self._connection, twin, 1)
        return {
            **{load.name: self._over_http(load) for load in (*self._http(), *self._over_many())},
            TEXTALK: self._in_webshop,
            PURCHASE: self._purchases,
            **{name: self._of_sellers(kind) for kind, name in MCS.items()},
            **{name: self._of_partners(kind) for kind, name in PARTNERS.items()},
            **{name: self._of_retailers(kind) for kind, name in RETURNS.items()},
            PGBENCH_UNIFORM: self._by_pgbench(many),
            PGBENCH_HOT: self._by_pgbench(one),
        }

    def _over_http(self, load: Load) -> Measure:
        async def measure() -> Sample:
            before = self._server.usage()
            answers = await self._sender.send(load, self._plan.seconds, self._plan.most)
            used = self._server.usage() - before
            self._acknowledged += answers.accepted
            self._loads += 1
            if answers.refused or answers.lost:
                self._note(load.name, [f"{answers.refused} orders refused, {answers.lost} {LOST}"])
            return _sample(answers, used)

        return measure

    async def _in_webshop(self) -> Sample:
        """What buyers in a webshop come to: commands, of which every fourth places an order."""
        before = self._server.usage()
        plan = self._plan
        each = max(plan.most // plan.connections, 1)
        bought = await buyers.send(self._server.url, plan.connections, plan.seconds, each)
        used = self._server.usage() - before
        self._acknowledged += bought.orders
        self._busy = max(self._busy, bought.busy)
        return _sample(bought.answers, used)

    async def _purchases(self) -> Sample:
        """What whole purchases come to."""
        plan, before = self._plan, self._server.usage()
        each = max(plan.most // plan.connections, 1)
        answers = await purchases.send(self._server.url, plan.connections, plan.seconds, each)
        self._acknowledged += answers.accepted
        return _sample(answers, self._server.usage() - before)

    def _of_sellers(self, kind: str) -> Measure:
        async def measure() -> Sample:
            answers, sample = await self._by_clients("walmart", kind, world.BIG, MCS[kind])
            self._acknowledged += answers.accepted if kind == sellers.CREATE else 0
            self._acknowledged += KNOWN if kind == sellers.STATUS else 0
            return sample

        return measure

    def _of_partners(self, kind: str) -> Measure:
        async def measure() -> Sample:
            answers, sample = await self._by_clients("datamingle", kind, world.BIG, PARTNERS[kind])
            self._acknowledged += answers.accepted
            return sample

        return measure

    def _of_retailers(self, kind: str) -> Measure:
        async def measure() -> Sample:
            answers, sample = await self._by_clients("rebound", kind, retailers.WORKSPACE, RETURNS[kind])
            asked = answers.accepted if kind == retailers.ERRANDS else 0
            orders = KNOWN if kind == retailers.GET else answers.accepted
            self._registered += proof.Registered(orders, asked, asked)
            return sample

        return measure

    async def _by_clients(self, door: str, kind: str, workspace: str, name: str) -> tuple[Answers, Sample]:
        plan, before = self._plan, self._server.usage()
        answers = await clients.send(
            self._server.url, door, kind, workspace, plan.variants, plan.connections, plan.seconds, plan.most
        )
        used = self._server.usage() - before
        if answers.refused:
            self._note(name, [f"{answers.refused} requests refused"])
        return answers, _sample(answers, used)

    async def _listing(self) -> Listing:
        """A list of articles over a socket beside one statement that fetches its rows."""
        (workspace,) = await world.numbers(self._connection, [shop.SHOP])
        articles, listed = await buyers.listed(self._server.url)
        times: list[float] = []
        for _ in range(buyers.LISTS):
            started = time.perf_counter()
            await self._connection.fetch(shop.ROWS, workspace)
            times.append(time.perf_counter() - started)
        return Listing(articles, listed, median(times) * 1000)

    def _by_pgbench(self, script: str) -> Measure:
        async def measure() -> Sample:
            rate, latency = await pgbench.run(self._url, script, self._plan.seconds, self._plan.most)
            return Sample(rate, latency)

        return measure

    async def _rounds(self, measures: dict[str, Measure]) -> tuple[Series, ...]:
        samples: dict[str, list[Sample]] = {name: [] for name in measures}
        for number in range(1, self._plan.rounds + 1):
            for name, measure in measures.items():
                samples[name].append(await measure())
            rates = ", ".join(f"{name} {series[-1].rate:.0f}" for name, series in samples.items())
            self._say(f"round {number} of {self._plan.rounds}, orders/s: {rates}")
        return tuple(Series(name, tuple(taken)) for name, taken in samples.items())

    async def _check(self, workspaces: list[int], before: proof.Books) -> int:
        """Hold what is stored against what was acknowledged; how many orders are stored."""
        await self._settled()
        after = await proof.read_books(self._connection, workspaces)
        in_flight = self._loads * max(self._plan.connections, self._plan.many)
        self._note("books", proof.cut_off(before, after, self._acknowledged, in_flight))
        (returns,) = await world.numbers(self._connection, [retailers.WORKSPACE])
        stored = await proof.read_registered(self._connection, returns)
        self._note(
            "returns", [] if stored == self._registered else [f"{self._registered} told, {stored} stored"]
        )
        self._note("laws", await proof.breaches(self._connection, [*workspaces, returns]))
        return after.orders

    async def _settled(self) -> None:
        """Wait for orders whose callers were cut off while they were on their way."""
        for _ in range(300):
            await asyncio.sleep(0.1)
            if not await self._connection.fetchval("select count(*) from attempts where state = 'open'"):
                return
        self._note("attempts", ["some are still open after half a minute"])

    def _note(self, where: str, faults: list[str]) -> None:
        self._faults += [f"{where}: {fault}" for fault in faults]


def _sample(answers: Answers, used: Usage) -> Sample:
    each = 1e6 / max(answers.accepted, 1)
    nodes = tuple(node * each for node in used.nodes)
    postgres = sum(nodes) if nodes else None
    return Sample(answers.rate, answers.p50, answers.p99, used.worker * each, postgres, nodes)
