"""What an observer learns of an exchange: request, caller, commands, order, reply, failure, duration."""

from __future__ import annotations

from datetime import datetime

import httpx
import pytest

from entrepot.domain.channels.accounts import ChannelSettings
from entrepot.domain.kernel.commands import Command, Decided, Decision, Ids
from entrepot.domain.kernel.records import Changes, View
from entrepot.domain.orders.delete import DeleteOrder
from entrepot.doors.kit import (
    Answer,
    Call,
    Endpoint,
    GuardedEndpoint,
    Reply,
    Request,
    Resource,
    Router,
    encode,
    observers,
    services_of,
)
from entrepot.engine import Clock
from entrepot.engine.worker import Worker
from entrepot.failures import Failure, Unauthenticated
from entrepot.store.credentials.directory import Caller
from tests.doors.kit.serving import Seen, door, serve

CALLER = Caller(7, 8, "live", 9, None, "main", ChannelSettings())


class Nothing(Command, frozen=True):
    """A command that changes nothing."""

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        del view, now, ids
        return Decided(None, Changes())


async def admit(request: Request) -> Caller | Failure:
    if request.header("api-key") != "key":
        return Unauthenticated("unknown")
    request.caller = CALLER
    return CALLER


async def echo(request: Request, caller: Caller) -> Answer:
    assert caller == CALLER
    return Reply(200, request.body)


async def test_an_exchange_has_request_caller_reply_and_failure() -> None:
    seen = Seen()
    api = door(seen)
    router = Router(api, [Resource("/echo", {"POST": GuardedEndpoint(api, "echo", admit, echo)})])
    async with serve(router) as server, httpx.AsyncClient(base_url=server.url, verify=False) as client:
        await client.post("/echo", content=b"[1]", headers={"API-Key": "key", "X-Request-Id": "r1"})
        await client.post("/echo", content=b"[1]", headers={"API-Key": "other"})
    known, unknown = seen.exchanges
    assert (known.door, known.operation, known.request_id, known.outcome) == ("sample", "echo", "r1", "ok")
    assert (known.request.body, known.caller, known.channel) == (b"[1]", CALLER, "main")
    assert known.reply is not None
    assert (known.reply.status, known.reply.body, known.failure) == (200, b"[1]", None)
    assert (unknown.caller, unknown.channel, unknown.failure) == (None, None, Unauthenticated("unknown"))
    assert [*unknown.calls] == [("echo", None, "unauthenticated", unknown.seconds)]


async def test_an_exchange_lists_its_commands_and_the_orders_that_they_were_about(database_url: str) -> None:
    seen = Seen()
    worker = Worker(database_url, Clock())
    await worker.start()
    services = services_of(worker, seen)

    async def work(request: Request) -> Answer:
        del request
        await services.engine.execute(1, Nothing())
        for order in (41, 42, 41):
            await services.engine.execute(1, DeleteOrder(order=order))
        return Reply(200, encode({}))

    api = door(seen)
    router = Router(api, [Resource("/work", {"POST": Endpoint(api, "work", work)})])
    async with serve(router) as server, httpx.AsyncClient(base_url=server.url, verify=False) as client:
        for _ in range(2):
            await client.post("/work")
    await worker.stop()
    for exchange in seen.exchanges:
        assert [each.name for each in exchange.commands] == ["Nothing", *["DeleteOrder"] * 3]
        assert [each.refused for each in exchange.commands] == [None, *["order-unknown"] * 3]
        assert [*exchange.orders] == [41, 42]


@pytest.mark.parametrize("calls", [0, 2])
async def test_a_fault_of_ours_is_told_beside_the_calls_that_were_run(calls: int) -> None:
    seen = Seen()

    async def run(request: Request) -> Answer:
        request.calls += [Call("one", None, "ok", 0.0)] * calls
        raise RuntimeError("boom")

    api = door(seen)
    router = Router(api, [Resource("/run", {"POST": Endpoint(api, "run", run)})])
    async with serve(router) as server, httpx.AsyncClient(base_url=server.url, verify=False) as client:
        assert (await client.post("/run")).status_code == 500
    assert seen.calls == [*[("sample", "one", None, "ok")] * calls, ("sample", "run", None, "internal")]


async def test_several_observers_learn_of_one_exchange() -> None:
    one, other = Seen(), Seen()
    api = door(observers(one, other))
    async with (
        serve(Router(api, [])) as server,
        httpx.AsyncClient(base_url=server.url, verify=False) as client,
    ):
        await client.get("/nowhere")
    assert one.calls == other.calls == [("sample", "unknown", None, "unknown-route")]
