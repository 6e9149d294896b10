"""What is over is deleted after its time, by the clock of the sandbox, and nothing else is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import msgspec
import pytest

from entrepot.domain.carts.details import CartPatch, PlanPayment, SetCart
from entrepot.domain.carts.lines import AddItem, CartItemSet
from entrepot.domain.carts.records import Cart, CartFile, CartLine, FileContent
from entrepot.domain.catalogue.selection import Chosen, NewFile
from entrepot.domain.channels.accounts import Reference
from entrepot.domain.channels.admin_tokens import AdminToken, GrantToken
from entrepot.domain.channels.guessing import Allowance, CountTry, Tries
from entrepot.domain.channels.retention import Retention
from entrepot.domain.checkout.attempt_endings import CompleteAttempt
from entrepot.domain.checkout.cart_checkout import CheckoutCart
from entrepot.domain.customers.edit import CreateCustomer, RemoveCustomer
from entrepot.domain.customers.mails import Sender
from entrepot.domain.customers.password_reset import RequestReset
from entrepot.domain.customers.records import Administrator, Customer, OneTimeCode, Session, proof_of
from entrepot.domain.customers.sign_up import ConfirmSignup, CustomerSet, NewCode, SignUp
from entrepot.domain.kernel.commands import Command, Decision, refused
from entrepot.domain.kernel.records import Record, View
from entrepot.domain.orders.payments import Payment
from entrepot.domain.orders.records import Order
from entrepot.domain.placing.attempts import Attempt, Reserved
from entrepot.domain.sessions.sessions import OpenSession, SessionSet
from entrepot.engine import Clock, Engine
from entrepot.engine.clock import real_now
from entrepot.engine.upkeep.housekeeping import Housekeeping
from entrepot.engine.upkeep.purging import CHUNK, purge
from entrepot.failures import Unavailable
from entrepot.store.batches.finds import binding_of
from entrepot.store.connections import Connection, Pool, connect, connect_engine, read_pool
from tests.support.boutique import (
    BANNER,
    BUYER,
    BY_CARD,
    INVOICE,
    PICTURE,
    POST,
    SHIRT,
    SHOP_CHANNEL,
    SIZE,
    S,
    cart,
    open_boutique,
    write,
)
from tests.support.cluster import not_on_citus
from tests.support.shop import AT, WORKSPACE, open_shop
from tests.support.waiting import eventually

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NEIGHBOUR = WORKSPACE + 1
Kinds = dict[type[Record], int]


class TravelClock(Clock):
    """A clock that stands still but for its offset, which a sandbox sets."""

    def now(self) -> datetime:
        return AT + self.offset


class Shop:
    """A boutique in which time passes."""

    def __init__(self, connection: Connection, engine: Engine, reads: Pool) -> None:
        self.connection, self.engine, self.reads = connection, engine, reads

    async def run(self, command: Command) -> Any:
        return await self.engine.execute(WORKSPACE, command)

    async def purged(self, after: timedelta, **keep: timedelta) -> dict[str, int]:
        """What goes, of which kind, once so much time has passed."""
        self.engine.clock.offset = after
        gone = await purge(self.engine, self.reads, Retention(**keep))
        return {name: count for name, count in gone.items() if count}

    async def count(self, kind: type[Record], workspace: int = WORKSPACE) -> int:
        table = binding_of[kind].table
        return await self.connection.fetchval(
            f'select count(*) from "{table}" where workspace = $1', workspace
        )

    async def session(self) -> Session:
        opened = await self.run(OpenSession(channel=SHOP_CHANNEL, environment="live", hash=b"s"))
        assert isinstance(opened, SessionSet)
        return opened.session

    async def filled(self, session: int, method: int) -> int:
        """A cart with an article and a file, ready to be bought."""
        who: dict[str, Any] = {"channel": SHOP_CHANNEL, "environment": "live", "session": session}
        picture: dict[int, Chosen] = {PICTURE: NewFile("a", "b", b"x")}
        added = await self.run(AddItem(**who, article=BANNER, choices=picture, quantity=Decimal(1)))
        assert isinstance(added, CartItemSet), added
        await self.run(AddItem(**who, article=SHIRT, choices={SIZE: S}, quantity=Decimal(1)))
        patch = CartPatch(delivery_method=POST, buyer=msgspec.to_builtins(BUYER))
        await self.run(SetCart(**who, patch=patch))
        await self.run(PlanPayment(**who, method=method))
        return added.cart.id

    async def reserved(self, session: int) -> Attempt:
        """An order that waits for its card."""
        await self.filled(session, BY_CARD)
        who: dict[str, Any] = {"channel": SHOP_CHANNEL, "environment": "live", "session": session}
        outcome = await self.run(CheckoutCart(**who, lease_until=real_now() + DAY, token="card"))
        assert isinstance(outcome, Reserved), outcome
        return outcome.attempt

    async def signed_up(self, email: str, code: bytes = b"") -> int:
        done = await self.run(
            SignUp(
                channel=SHOP_CHANNEL, email=email, password_hash="", fields={"info": {"email": email}},
                sender=Sender("en"), code=NewCode("", code or email.encode()),
            )
        )  # fmt: skip
        assert isinstance(done, CustomerSet), done
        return done.customer.id

    async def confirmed(self, email: str, code: bytes) -> None:
        done = await self.run(ConfirmSignup(channel=SHOP_CHANNEL, hash=code, email=email))
        assert isinstance(done, CustomerSet), done


@pytest.fixture
async def shop(database_url: str) -> AsyncIterator[Shop]:
    connection = await connect(database_url)
    await open_boutique(connection)
    await connection.execute("delete from sessions")
    engine, reads = (
        Engine(partial(connect_engine, database_url), TravelClock()),
        await read_pool(database_url),
    )
    await engine.start()
    yield Shop(connection, engine, reads)
    await engine.stop()
    await reads.close()
    await connection.close()


async def test_a_session_goes_with_its_cart_and_its_files(shop: Shop) -> None:
    session = await shop.session()
    await shop.filled(session.id, INVOICE)
    kinds = (Session, Cart, CartLine, CartFile, FileContent, Payment)
    assert [await shop.count(kind) for kind in kinds] == [1, 1, 2, 1, 1, 1]
    assert await shop.purged(31 * DAY - HOUR, carts=30 * DAY, files=40 * DAY) == {}
    assert await shop.purged(31 * DAY, carts=30 * DAY, files=40 * DAY) == {"sessions": 1}
    assert [await shop.count(kind) for kind in kinds] == [0] * 6


async def test_a_file_that_nobody_bought_goes_with_its_line_and_the_cart_stays(shop: Shop) -> None:
    await shop.filled((await shop.session()).id, INVOICE)
    kinds = (Cart, CartLine, CartFile, FileContent)
    assert await shop.purged(DAY - HOUR) == {}
    assert [await shop.count(kind) for kind in kinds] == [1, 2, 1, 1]
    assert await shop.purged(DAY) == {"files": 1}
    assert [await shop.count(kind) for kind in kinds] == [1, 1, 0, 0]
    assert await shop.purged(DAY) == {}


async def test_a_file_of_a_cart_that_is_being_placed_stays(shop: Shop) -> None:
    attempt = await shop.reserved((await shop.session()).id)
    assert await shop.purged(20 * DAY) == {}
    await shop.run(CompleteAttempt(attempt.id, attempt.order, attempt.draft, "pi_1"))
    assert await shop.purged(20 * DAY) == {}
    assert [await shop.count(kind) for kind in (CartFile, FileContent)] == [1, 1]


async def test_a_session_whose_cart_is_being_placed_stays(shop: Shop) -> None:
    session = await shop.session()
    attempt = await shop.reserved(session.id)
    assert await shop.purged(400 * DAY) == {}
    done = CompleteAttempt(attempt.id, attempt.order, attempt.draft, "pi_1")
    await shop.run(done)
    assert await shop.purged(400 * DAY, attempts=DAY) == {"sessions": 1}
    assert [await shop.count(kind) for kind in (Order, CartFile, FileContent, Attempt)] == [1, 1, 1, 1]


async def test_an_attempt_goes_some_time_after_its_end_and_the_order_stays(shop: Shop) -> None:
    attempt = await shop.reserved((await shop.session()).id)
    assert await shop.purged(29 * DAY) == {}
    await shop.run(CompleteAttempt(attempt.id, attempt.order, attempt.draft, "pi_1"))
    assert await shop.purged(59 * DAY - HOUR, sessions=400 * DAY) == {}
    assert await shop.purged(59 * DAY, sessions=400 * DAY) == {"attempts": 1}
    assert [await shop.count(kind) for kind in (Order, Payment, Attempt)] == [1, 1, 0]


async def test_codes_tokens_and_tries_go_a_day_after_their_end(shop: Shop) -> None:
    await write(shop.connection, [Administrator(61, None, "ada", "", "Ada", True, AT)])
    await shop.run(GrantToken(b"t", 61, proof_of(""), 24 * HOUR))
    await shop.run(CountTry(allowances=(Allowance(b"a", 5, HOUR),)))
    await shop.run(
        RequestReset(
            channel=SHOP_CHANNEL, email="nobody@example.com", code=NewCode("", b"c"), sender=Sender("en")
        )
    )
    assert await shop.purged(DAY - HOUR) == {}
    assert await shop.purged(DAY) == {"tries": 1}
    assert await shop.purged(DAY + HOUR) == {"codes": 1}
    assert await shop.purged(2 * DAY - HOUR, tokens=2 * DAY) == {}
    assert await shop.purged(2 * DAY) == {"tokens": 1}
    assert [await shop.count(kind) for kind in (OneTimeCode, AdminToken, Tries)] == [0, 0, 0]


async def test_how_long_is_a_setting(shop: Shop) -> None:
    await shop.run(
        RequestReset(
            channel=SHOP_CHANNEL, email="nobody@example.com", code=NewCode("", b"c"), sender=Sender("en")
        )
    )
    assert await shop.purged(DAY, codes=7 * DAY) == {}
    assert await shop.purged(HOUR, codes=timedelta()) == {"codes": 1}


async def test_customers_who_never_confirmed_or_were_removed_go(shop: Shop) -> None:
    await shop.signed_up("lapsed@example.com")
    stays = await shop.signed_up("stays@example.com")
    await shop.confirmed("stays@example.com", b"stays@example.com")
    made = await shop.run(
        CreateCustomer(
            channel=SHOP_CHANNEL, email="gone@example.com", fields={"info": {"email": "gone@example.com"}}
        )
    )
    shop.engine.clock.offset = DAY
    await shop.run(RemoveCustomer(channel=SHOP_CHANNEL, customer=made.customer.id))
    assert await shop.purged(31 * DAY - HOUR, codes=90 * DAY) == {}
    assert await shop.purged(31 * DAY, codes=90 * DAY) == {"lapsed customers": 1, "removed customers": 1}
    left = await shop.connection.fetch("select id from customers")
    claims = await shop.connection.fetch('select value, target from "references"')
    assert [row[0] for row in left] == [stays]
    assert [tuple(row) for row in claims] == [("stays@example.com", stays)]
    assert await shop.count(OneTimeCode) == 1
    assert [await shop.count(kind) for kind in (Customer, Reference)] == [1, 1]
    await shop.signed_up("lapsed@example.com")


async def test_somebody_else_who_has_the_address_by_now_keeps_it(shop: Shop) -> None:
    first = await shop.signed_up("eva@example.com", b"first")
    await shop.confirmed("eva@example.com", b"first")
    await shop.run(RemoveCustomer(channel=SHOP_CHANNEL, customer=first))
    second = await shop.signed_up("eva@example.com", b"again")
    await shop.signed_up("eva@example.com", b"never confirmed")
    await shop.confirmed("eva@example.com", b"again")
    assert await shop.purged(90 * DAY) == {"codes": 3, "lapsed customers": 1, "removed customers": 1}
    assert await shop.connection.fetchval("select id from customers") == second
    assert await shop.connection.fetchval('select target from "references"') == second


async def test_what_cannot_go_keeps_nobody_else_waiting(shop: Shop, database_url: str) -> None:
    """More rows than one look takes stay in one workspace, which refuses; those of the next one go all the same."""

    def rule(command: Command, view: View, now: datetime, ids: Any) -> Decision:
        if view.workspace == WORKSPACE:
            return refused(Unavailable(1))
        return command.decide(view, now, ids)

    await open_shop(shop.connection, NEIGHBOUR, "neighbour")
    for workspace, count, at in ((WORKSPACE, CHUNK + 19, AT), (NEIGHBOUR, CHUNK + 29, AT + HOUR)):
        expired = [msgspec.structs.replace(cart(number), expires_at=at) for number in range(1, count + 1)]
        await write(shop.connection, expired, workspace)
    engine = Engine(partial(connect_engine, database_url), shop.engine.clock, rule=rule)
    engine.clock.offset = DAY
    await engine.start()
    assert (await purge(engine, shop.reads, Retention()))["carts"] == CHUNK + 29
    await engine.stop()
    assert [await shop.count(Cart, workspace) for workspace in (WORKSPACE, NEIGHBOUR)] == [CHUNK + 19, 0]
    assert await shop.purged(DAY) == {"carts": CHUNK + 19}


async def test_housekeeping_does_it_by_itself(shop: Shop) -> None:
    await shop.session()
    house = Housekeeping(shop.engine, shop.reads, Retention(), every=0.01)
    house.start()
    shop.engine.clock.offset = 31 * DAY

    async def gone() -> bool:
        return not await shop.count(Session)

    await eventually(gone, pause=0.02)
    await house.stop()


@not_on_citus("EXPLAIN of the coordinator tells another form, and the indexes are the same")
@pytest.mark.parametrize(
    ("table", "where", "moment"),
    [
        ("sessions", "true", "expires_at"),
        ("carts", "true", "expires_at"),
        ("one_time_codes", "true", "expires_at"),
        ("admin_tokens", "true", "expires_at"),
        ("tries", "true", "since"),
        ("done_commands", "true", "at"),
        ("attempts", "true", "ended_at"),
        ("customers", "state = 'unconfirmed'", "secured_at"),
        ("customers", "state = 'removed'", "changed_at"),
    ],
)
async def test_an_index_finds_what_is_over(shop: Shop, table: str, where: str, moment: str) -> None:
    for other in ("seqscan", "bitmapscan", "sort"):
        await shop.connection.execute(f"set enable_{other} = off")
    plan = await shop.connection.fetch(
        f"explain select workspace from {table} where {where} and {moment} <= '2026-01-01Z'"
        f" and workspace <> all(array[]::bigint[]) order by {moment} limit 100"
    )
    text = "\n".join(row[0] for row in plan)
    assert "Index Cond: (" + moment in text, text
    assert "Sort" not in text
