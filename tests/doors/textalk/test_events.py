"""Listeners to events, told over real sockets: each event, what they can check, and what they get when they fail."""

from __future__ import annotations

import hmac
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from entrepot.engine.clock import real_now
from entrepot.engine.deliveries.listeners import StoredListeners
from entrepot.store.connections import connect, read_pool
from tests.doors.textalk.people import EVA, Shopping
from tests.support.raw_server import RawServer, Request, http_reply, raw_server
from tests.support.server import running_server
from tests.support.waiting import eventually
from tests.support.webshop import Webshop, patch

BUYER = {"address": {"firstName": "Eva", "country": "SE"}, "info": {"email": EVA}}
EVENTS = ("Order/placed", "Order/changed", "Order/discarded", "Order/paid", "Customer/created")
FINE, BROKEN = http_reply(b""), http_reply(b"", "500 Internal Server Error")
POST, INVOICE, SHIRT, SIZE, SMALL = 501, 601, 101, 301, 311


class Ear:
    """An administrator who listens, and what it has heard."""

    def __init__(self, shopping: Shopping, auth: str, hook: RawServer) -> None:
        self.shopping, self.auth, self.hook = shopping, auth, hook

    async def call(self, method: str, *params: Any) -> Any:
        return await self.shopping.call(method, *params, auth=self.auth)

    async def listen(self, *events: str, at: str = "") -> list[int]:
        """Listeners to these events, by number."""
        made = [{"eventName": event, "url": f"{at or self.hook.url}/{event}"} for event in events]
        return [(await self.call("EventListener.create", each))["uid"] for each in made]

    async def heard(self, count: int) -> list[tuple[str, int]]:
        """Event and uid of so many tries, in the order of events."""

        async def look() -> list[Request]:
            self.shopping.shop.poke()
            return self.hook.requests if len(self.hook.requests) >= count else []

        requests = await eventually(look, pause=0.02)
        assert {request.json["webshop"] for request in requests} == {self.shopping.shop.uids["shop"]}
        told = [(request.json["event"], request.json["uid"]) for request in requests]
        assert [request.line.split()[1] for request in requests] == [f"/{event}" for event, _ in told]
        return sorted(told, key=lambda each: EVENTS.index(each[0]))

    async def quiet(self) -> None:
        """Nothing is left to tell."""

        async def look() -> bool:
            return not await self.shopping.shop.count("outbox", "state = 'waiting'")

        self.shopping.shop.poke()
        await eventually(look, pause=0.02)

    async def noted(self, listener: int, tries: int) -> list[dict[str, Any]]:
        """The listener's log, once it has so many tries."""

        async def look() -> list[dict[str, Any]]:
            log = await self.call("EventListener.getLog", listener)
            return log if len(log) >= tries else []

        return await eventually(look, pause=0.02)

    async def try_again(self) -> None:
        """Let what waits for another try be due."""
        await self.shopping.shop.age("outbox", "due_at", timedelta(hours=2))
        self.shopping.shop.poke()


@pytest.fixture
async def ear(eva: Shopping) -> AsyncIterator[Ear]:
    async with raw_server(FINE) as hook:
        yield Ear(eva, await eva.shop.administrator(), hook)
        await eva.shop.connection.execute("delete from outbox where workspace = $1", await eva.shop.id())


async def order(shopping: Shopping) -> int:
    """A shirt on invoice, by a buyer of its own."""
    session = await shopping.shop.session()
    chosen = {str(SIZE): SMALL}
    added = await shopping.call("Order.addArticle", None, SHIRT, chosen, {"order": "uid"}, session=session)
    cart = added["order"]["uid"]
    await shopping.call("Order.set", cart, {"customer": BUYER, "delivery": {"method": POST}}, session=session)
    planned = {"order": cart, "method": INVOICE, "status": "planned"}
    await shopping.call("Payment.set", None, planned, session=session)
    assert await shopping.call("Order.checkout", cart, session=session) == {"uid": cart}
    return cart


async def invoice_of(ear: Ear, placed: int) -> int:
    return (await ear.call("Order.get", placed, {"payments": "uid"}))["payments"][0]["uid"]


async def test_an_order_is_told_when_it_is_placed_changed_and_paid(ear: Ear) -> None:
    await ear.listen(*EVENTS)
    placed = await order(ear.shopping)
    assert await ear.heard(1) == [("Order/placed", placed)]
    payment = await invoice_of(ear, placed)
    await ear.call("Payment.capture", payment)
    told = [("Order/placed", placed), ("Order/changed", placed), ("Order/paid", placed)]
    assert await ear.heard(3) == told
    await ear.call("Payment.set", payment, {"externalRef": "7"})
    await ear.quiet()
    assert await ear.heard(4) == [told[0], told[1], told[1], told[2]]


async def test_two_listeners_of_one_owner_hear_of_an_order_in_order(ear: Ear) -> None:
    """Whoever listens to several events at one place is told of none before what came before it."""
    ear.hook.reply = BROKEN
    await ear.listen("Order/paid", "Order/changed", "Order/placed")
    placed = await order(ear.shopping)
    assert await ear.heard(1) == [("Order/placed", placed)]
    await ear.call("Payment.capture", await invoice_of(ear, placed))
    ear.hook.reply = FINE
    async with raw_server(FINE) as elsewhere:
        other = Ear(ear.shopping, await ear.shopping.shop.administrator(), elsewhere)
        await other.listen(*EVENTS)
        later = await order(ear.shopping)
        assert await other.heard(1) == [("Order/placed", later)]
    await ear.try_again()
    await ear.quiet()
    told = [request.json["event"] for request in ear.hook.requests if request.json["uid"] == placed]
    assert told == ["Order/placed", "Order/placed", "Order/changed", "Order/paid"]


async def test_an_order_is_told_when_it_is_discarded(ear: Ear) -> None:
    await ear.listen(*EVENTS)
    placed = await order(ear.shopping)
    await ear.call("Order.discard", placed)
    await ear.call("Order.discard", placed)
    await ear.quiet()
    assert await ear.heard(2) == [("Order/placed", placed), ("Order/discarded", placed)]


async def test_a_customer_is_told_once_there_is_one(ear: Ear) -> None:
    """Who has only signed up may be anybody; who has confirmed it, or was entered by hand, is a customer."""
    await ear.listen("Customer/created")
    signed_up = (await ear.shopping.call("Customer.signup", patch()))["uid"]
    entered = (await ear.call("Customer.create", patch("ada@example.com")))["uid"]
    assert await ear.heard(1) == [("Customer/created", entered)]
    await ear.shopping.call("Customer.confirmSignup", await ear.shopping.shop.code(EVA))
    await ear.call("Customer.set", entered, {"address": {"firstName": "Ada"}})
    await ear.quiet()
    assert sorted(await ear.heard(2)) == sorted(("Customer/created", uid) for uid in (entered, signed_up))


async def test_a_listener_can_check_who_tells_it(ear: Ear) -> None:
    patch = {"eventName": "Order/placed", "url": f"{ear.hook.url}/Order/placed"}
    secret = (await ear.call("EventListener.create", patch, "secret"))["secret"]
    await order(ear.shopping)
    await ear.heard(1)
    [request] = ear.hook.requests
    parts = dict(part.split("=") for part in request.headers["entrepot-signature"].split(","))
    signed = f"{parts['t']}.".encode() + request.body
    assert parts["v1"] == hmac.new(secret.encode(), signed, "sha256").hexdigest()


async def test_a_listener_that_fails_is_told_again_and_inactive_meanwhile(ear: Ear) -> None:
    ear.hook.reply = BROKEN
    [listener] = await ear.listen("Order/placed")
    placed = await order(ear.shopping)
    for tries in (1, 2, 3):
        log = await ear.noted(listener, tries)
        assert len(log) == tries
        status = (await ear.call("EventListener.get", listener, "status"))["status"]
        assert status["active"] is (tries < 3)
        assert status["inactiveSince"] == (None if tries < 3 else log[0]["time"])
        await ear.try_again()
    wrong = {"uid": placed, "status": 500, "error": "the listener answered with status 500"}
    assert [{**entry, "time": ""} for entry in log] == [{**wrong, "time": ""}] * 3
    await ear.noted(listener, 4)
    ear.hook.reply = FINE
    await ear.try_again()
    await ear.quiet()
    last = (await ear.noted(listener, 5))[0]
    assert (last["uid"], last["status"], last["error"]) == (placed, 200, "")
    status = {"status": {"active": True, "inactiveSince": None}}
    assert await ear.call("EventListener.get", listener, "status") == status
    assert len({request.headers["entrepot-delivery"] for request in ear.hook.requests}) == 1


async def test_a_new_url_is_given_new_trust(ear: Ear) -> None:
    [listener] = await ear.listen("Order/placed")
    workspace = await ear.shopping.shop.id()
    away = "update event_listeners set active = false, failures = 9, inactive_since = created_at where workspace = $1"
    await ear.shopping.shop.connection.execute(away, workspace)
    assert (await ear.call("EventListener.set", listener, {"eventName": "Order/paid"}, True))["status"][
        "active"
    ] is False
    changed = await ear.call("EventListener.set", listener, {"url": f"{ear.hook.url}/new"}, ["status"])
    assert changed == {"status": {"active": True, "inactiveSince": None}}


async def test_the_log_keeps_the_last_hundred_tries(ear: Ear) -> None:
    [listener] = await ear.listen("Order/placed")
    workspace = await ear.shopping.shop.id()
    await ear.shopping.shop.connection.execute(
        "update event_listeners set tries = 150 where workspace = $1", workspace
    )
    await ear.shopping.shop.connection.execute(
        "insert into event_listener_log (workspace, listener, id, at, subject, error)"
        " select $1, $2, id, '2026-01-01Z', id, '' from generate_series(51, 150) id",
        workspace, listener,
    )  # fmt: skip
    placed = await order(ear.shopping)
    await ear.quiet()
    log = await ear.call("EventListener.getLog", listener)
    assert [entry["uid"] for entry in log] == [placed, *range(150, 51, -1)]
    assert await ear.shopping.shop.count("event_listener_log") == 100


async def test_the_log_is_for_all_administrators_of_the_shop_and_nobody_else(ear: Ear) -> None:
    """A listener is the shop's, as its other settings: whoever may end it may see whether it is reached."""
    [listener] = await ear.listen("Order/placed")
    placed = await order(ear.shopping)
    [entry] = await ear.noted(listener, 1)
    assert entry["uid"] == placed
    shopping, shop = ear.shopping, ear.shopping.shop
    token = (await ear.call("AuthToken.create", {"name": "books"}, "uid"))["uid"]
    for other in (token, await shop.administrator("shop")):
        assert await shopping.call("EventListener.getLog", listener, auth=other) == [entry]
    assert await shopping.call("EventListener.getLog", listener) == 1006
    assert await shopping.call("EventListener.getLog", listener, session=await shop.session()) == 1006
    elsewhere = await shop.administrator("other")
    for where, auth, code in (
        ("shop", "nobody", 1004),
        ("shop", elsewhere, 1004),
        ("other", elsewhere, 9003),
    ):
        asked = shop.call("EventListener.getLog", listener, shop=where, auth=auth)
        answer = await shopping.processes[0].http.post(asked.path.removeprefix("/textalk"), json=asked.body)
        assert answer.json()["error"]["code"] == code


async def test_one_listener_for_each_event_and_token(ear: Ear) -> None:
    [listener] = await ear.listen("Order/placed")
    again = {"eventName": "Order/placed", "url": f"{ear.hook.url}/again"}
    error = await ear.shopping.error("EventListener.create", again, auth=ear.auth)
    assert (error["code"], [each["pointer"] for each in error["data"]]) == (9001, ["/eventName"])
    [paid] = await ear.listen("Order/paid")
    error = await ear.shopping.error("EventListener.set", paid, {"eventName": "Order/placed"}, auth=ear.auth)
    assert (error["code"], [each["pointer"] for each in error["data"]]) == (9001, ["/eventName"])
    other = Ear(ear.shopping, await ear.shopping.shop.administrator(), ear.hook)
    await other.listen("Order/placed")
    await ear.call("EventListener.delete", listener)
    await ear.listen("Order/placed")


async def test_who_has_lost_the_token_is_told_nothing_more(ear: Ear) -> None:
    """Neither a listener that is deleted, nor one whose token is revoked, between the event and its turn."""
    [deleted] = await ear.listen("Order/placed")
    token = (await ear.call("AuthToken.create", {"name": "shipping"}))["uid"]
    other = Ear(ear.shopping, token, ear.hook)
    await other.listen("Order/placed")
    [handle] = [
        each["uid"]
        for each in await ear.call("AuthToken.list", ["uid", "name"], True)
        if each["name"] == "shipping"
    ]
    ear.hook.reply = BROKEN
    await order(ear.shopping)
    await ear.heard(2)
    await ear.call("EventListener.delete", deleted)
    await ear.call("AuthToken.set", handle, {"active": False})
    await ear.try_again()
    await ear.quiet()
    assert len(ear.hook.requests) == 2


@asynccontextmanager
async def serving(log: Path, database_url: str) -> AsyncGenerator[tuple[Any, Webshop]]:
    connection = await connect(database_url)
    with running_server(log, "--sandbox", "--database-url", database_url) as server:
        shop = Webshop(connection, "shop")
        await shop.open()
        yield server, shop
    await connection.close()


async def test_what_was_not_told_survives_a_kill(open_folder: Path, database_url: str) -> None:
    log = open_folder / "killed-while-telling.log"
    async with (
        serving(log, database_url) as (server, shop),
        raw_server(b"", silent=True) as hook,
        httpx.AsyncClient(trust_env=False, verify=False, timeout=60) as client,
    ):
        auth = await shop.administrator()

        async def call(method: str, *params: Any) -> Any:
            request = shop.call(method, *params, auth=auth)
            return (await client.post(server.url + request.path, json=request.body)).json()["result"]

        listener = {"eventName": "Customer/created", "url": hook.url}
        await call("EventListener.create", listener)
        uid = (await call("Customer.create", patch()))["uid"]

        async def told(times: int) -> bool:
            return len(hook.requests) == times

        await eventually(lambda: told(1))
        server.kill()
        hook.reply, hook.silent = FINE, False
        await shop.age("outbox", "due_at", timedelta(hours=1))
        server.start()
        await eventually(lambda: told(2))
        first, second = hook.requests
        assert (
            first.json
            == second.json
            == {"event": "Customer/created", "webshop": shop.uids["shop"], "uid": uid}
        )
        assert first.headers["entrepot-delivery"] == second.headers["entrepot-delivery"]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("Order/placed", 1),
        ("order.placed", 0),
        ("nothing of ours", 0),
        (["Order/placed", "nothing of ours"], 1),
        ({"startsWith": "Order/"}, 2),
        ({"startsWith": ""}, 3),
        ({"min": "Order/discarded"}, 2),
        ({"max": "Customer/created"}, 1),
    ],
)
async def test_listeners_are_found_by_the_public_name_of_their_event(
    ear: Ear, asked: Any, found: int
) -> None:
    """Whatever is asked for: names that no event has are only found nowhere."""
    await ear.listen("Order/placed", "Order/discarded", "Customer/created")
    assert await ear.call("EventListener.count", {"/eventName": asked}) == found


@pytest.mark.parametrize("private", [False, True])
async def test_private_addresses_are_opened_by_the_server_and_not_by_a_sandbox_workspace(
    ear: Ear, module_database_url: str, private: bool
) -> None:
    await ear.listen("Order/placed")
    shop = ear.shopping.shop
    row = await shop.connection.fetchrow(
        "select l.workspace, l.id, w.sandbox from event_listeners l join workspaces w on w.id = l.workspace"
        " where starts_with(l.url, $1)",
        ear.hook.url,
    )
    assert row is not None
    assert row["sandbox"]
    pool = await read_pool(module_database_url, 1)
    try:
        found = await StoredListeners(pool, real_now, private=private).find(row["workspace"], row["id"])
    finally:
        await pool.close()
    assert found is not None
    assert found.target.allow_private is private
