"""The handlers: payouts move money once, mails go out as queued, listeners are told and their status is kept."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from entrepot.domain.channels.accounts import ChannelSettings
from entrepot.engine.clock import real_now
from entrepot.engine.deliveries import (
    Delivered,
    EventDeliveries,
    Failed,
    Job,
    MailDeliveries,
    PayoutDeliveries,
)
from entrepot.engine.deliveries.events import Body, Found, Told, untold
from entrepot.gateways.cards.bank import AccountSeed, BankCards, BankSeed, CardSeed, PayoutSeed, seed
from entrepot.gateways.cards.port import CardGateway, CreateIntent, Intent
from entrepot.gateways.events.port import EventTarget, NotPosted, Posted
from entrepot.gateways.mail.port import Mail, MailFailed, MailOutcome, Sent
from entrepot.store.connections import Pool, write_pool

NOW = datetime(2026, 5, 1, 9, tzinfo=UTC)
WORLD = BankSeed(
    accounts=(AccountSeed("ada", "USD", 10_000, "Ada"),),
    cards=(CardSeed("tok_visa", "ada", reusable=True),),
    payouts=(PayoutSeed("acct_shop", "Shop"),),
)
UNREADABLE = Failed("the payload cannot be read", final=True)


def job(listener: str, payload: dict[str, Any]) -> Job:
    return Job(1, 7, listener, 1, payload)


@pytest.fixture
async def books(database_url: str) -> AsyncIterator[Pool]:
    pool = await write_pool(database_url, 2)
    yield pool
    await pool.close()


async def captured(books: Pool) -> tuple[CardGateway, str]:
    """A bank with a charge of 1000 that has been taken."""
    async with books.acquire() as connection:
        await seed(cast("Any", connection), 1, WORLD)
    cards = BankCards(cast("Any", books), 1, real_now)
    intent = await cards.create_intent(CreateIntent("a1", 1_000, "USD"))
    assert isinstance(intent, Intent)
    await cards.confirm(intent.id, "tok_visa", "a1")
    await cards.capture(intent.id)
    return cards, intent.id


async def balance(books: Pool) -> int:
    async with books.acquire() as connection:
        found = await connection.fetchval("select balance from bank_funds where account = 'acct_shop'")
    return found or 0


async def test_a_merchant_is_paid_once_however_often_it_is_tried(books: Pool) -> None:
    cards, intent = await captured(books)
    asked: list[tuple[int, int]] = []

    async def cards_of(workspace: int, order: int) -> CardGateway:
        asked.append((workspace, order))
        return cards

    pay = PayoutDeliveries(cards_of)
    payload = {"intent": intent, "account": "acct_shop", "amount": 300, "key": "attempt"}
    for _ in range(2):
        assert await pay(job("payout:acme", payload)) == Delivered()
    assert (await balance(books), asked) == (300, [(1, 7)] * 2)
    assert await pay(job("payout:other", payload)) == Delivered()
    assert await balance(books) == 600


async def test_what_the_provider_refuses_is_tried_again(books: Pool) -> None:
    cards, intent = await captured(books)

    async def cards_of(workspace: int, order: int) -> CardGateway:
        return cards

    payload = {"intent": intent, "account": "acct_gone", "amount": 300, "key": "attempt"}
    outcome = await PayoutDeliveries(cards_of)(job("payout:acme", payload))
    assert isinstance(outcome, Failed)
    assert (outcome.final, bool(outcome.reason)) == (False, True)
    assert await PayoutDeliveries(cards_of)(job("payout:acme", payload | {"amount": "3"})) == UNREADABLE
    assert await balance(books) == 0


class Post:
    """A mail gateway that answers as told."""

    def __init__(self, answer: MailOutcome) -> None:
        self.answer = answer
        self.mails: list[Mail] = []

    async def send(self, mail: Mail) -> MailOutcome:
        self.mails.append(mail)
        return self.answer


TEXTS = {"to": "ada@example.test", "subject": "Code", "text": "1234", "sender": "shop@example.test"}
LETTER = {**TEXTS, "channel": 6}


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (Sent(), Delivered()),
        (MailFailed("busy"), Failed("busy")),
        (MailFailed("nobody", final=True), Failed("nobody", final=True)),
    ],
)
async def test_a_mail_goes_out_as_it_was_queued(answer: MailOutcome, outcome: Delivered | Failed) -> None:
    post = Post(answer)
    asked: list[tuple[int, int]] = []

    async def mails_of(workspace: int, channel: int) -> Post:
        asked.append((workspace, channel))
        return post

    assert await MailDeliveries(mails_of)(job("mail:reset", LETTER)) == outcome
    assert post.mails == [Mail(**TEXTS, key="1-7-mail:reset-1")]
    assert asked == [(1, 6)]


async def test_what_is_no_mail_or_is_to_nobody_is_not_sent() -> None:
    async def mails_of(workspace: int, channel: int) -> Post:
        raise AssertionError((workspace, channel))

    assert await MailDeliveries(mails_of)(job("mail:reset", {"to": "a"})) == UNREADABLE
    assert await MailDeliveries(mails_of)(job("mail:reset", LETTER | {"to": ""})) == Delivered()
    assert "1234" not in repr(job("mail:reset", LETTER))


class Listeners:
    """The listeners of a webshop, as somebody keeps them."""

    def __init__(self, target: EventTarget | None) -> None:
        self.target = target
        self.notes: list[tuple[int, int, Posted | NotPosted, datetime]] = []

    async def find(self, workspace: int, listener: int) -> Found | None:
        known = self.target if (workspace, listener) == (1, 3) else None
        return Found(known, "somewhere", ChannelSettings(currency="SEK")) if known else None

    async def sale_return(self, workspace: int, number: int) -> None:
        raise AssertionError((workspace, number))

    async def note(self, job: Job, listener: int, answer: Posted | NotPosted, at: datetime) -> None:
        self.notes.append((job.subject, listener, answer, at))


class Poster:
    def __init__(self, answer: Posted | NotPosted) -> None:
        self.answer = answer
        self.posts: list[tuple[EventTarget, Mapping[str, Any], str, datetime]] = []

    async def post(
        self, target: EventTarget, event: Mapping[str, Any], key: str, at: datetime, attempt: int = 1
    ) -> Posted | NotPosted:
        assert attempt == 1
        self.posts.append((target, event, key, at))
        return self.answer


EVENT = {"event": "order.placed", "channel": 5, "subject": 7}


def said(told: Told) -> Mapping[str, Any] | None:
    happening = told.happening
    return {"what": happening.event, "which": happening.subject, "in": told.settings.currency}


def body_of(door: str) -> Body | None:
    return said if door == "somewhere" else None


async def tell(listeners: Listeners, poster: Poster, listener: str = "event:3") -> Delivered | Failed:
    return await EventDeliveries(listeners, poster, body_of, clock=lambda: NOW)(job(listener, EVENT))


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [(Posted(200), Delivered()), (NotPosted("away"), Failed("away")), (NotPosted("no", 500), Failed("no"))],
)
async def test_a_listener_is_told_and_the_try_noted(
    answer: Posted | NotPosted, outcome: Delivered | Failed
) -> None:
    target = EventTarget("http://shop.test/", b"s")
    listeners, poster = Listeners(target), Poster(answer)
    assert await tell(listeners, poster) == outcome
    told = {"what": "order.placed", "which": 7, "in": "SEK"}
    assert poster.posts == [(target, told, "1-7-event:3-1", NOW)]
    assert listeners.notes == [(7, 3, answer, NOW)]


async def test_a_listener_that_was_deleted_wants_nothing() -> None:
    listeners, poster = Listeners(None), Poster(Posted(200))
    assert await tell(listeners, poster) == Delivered()
    assert (poster.posts, listeners.notes) == ([], [])


@pytest.mark.parametrize("listener", ["event:", "event:x", "event:²", "event:99999999999999999999"])
async def test_what_names_no_listener_cannot_be_told(listener: str) -> None:
    assert await tell(Listeners(None), Poster(Posted(200)), listener) == UNREADABLE


async def test_a_door_that_tells_of_nothing_has_its_messages_parked() -> None:
    target = EventTarget("http://shop.test/", b"s")
    listeners, poster = Listeners(target), Poster(Posted(200))
    answer = await EventDeliveries(listeners, poster, untold)(job("event:3", EVENT))
    assert answer == Failed("the door somewhere tells of no events", final=True)
    assert poster.posts == []
