"""What ends an order ends it in one way, whoever says so: nothing of what it took is left, and it is told once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from entrepot.checks import run_checks
from entrepot.domain.carts.codes import AddCode
from entrepot.domain.channels.accounts import Reference
from entrepot.domain.channels.shops import EventListener
from entrepot.domain.checkout.attempt_endings import CompleteAttempt, ReleaseAttempt, Released
from entrepot.domain.checkout.discard import Discarded, DiscardOrder
from entrepot.domain.kernel.records import Record
from entrepot.domain.orders.cancel import Cancelled, CancelOrder
from entrepot.domain.orders.expire import ExpirePending
from entrepot.domain.orders.line_counts import Units
from entrepot.domain.orders.payments import Payment
from entrepot.domain.orders.records import Order, OrderEvent
from entrepot.domain.outbox.deliveries import Delivery
from entrepot.domain.payments.capture import EndAsking, PaymentSet
from entrepot.domain.placing.attempts import Reserved
from entrepot.domain.placing.basket import EXTERNAL_ID, PAYMENT_TOKEN
from entrepot.domain.placing.place import Placed
from entrepot.domain.pricing.discounts import Discount, DiscountUse
from entrepot.domain.pricing.gift_certificates import Certificate, CertificateUse
from entrepot.domain.stock.levels import Hold, Level
from entrepot.store.connections import Connection, connect
from tests.engine.test_commerce import SEEN, Shop, ending, running, strip
from tests.support.boutique import (
    BY_CARD,
    SHOP_CHANNEL,
    TENTH,
    certificate,
    discount,
    open_boutique,
    payment_method,
    write,
)
from tests.support.shop import AT

PATIENCE = timedelta(hours=24)
HEARD = ("order.placed", "order.changed", "order.discarded", "order.paid")
BY_CARD_LATER = 414


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[Connection]:
    connection = await connect(database_url)
    yield connection
    await connection.close()


@pytest.fixture
async def shop(connection: Connection, database_url: str) -> AsyncIterator[Shop]:
    codes = [
        certificate(balance=5_000),
        discount(TENTH, "ONCE", "percent", percent=100_000, max_uses=1, max_uses_per_customer=1),
        payment_method(BY_CARD_LATER, "card", capture="later"),
    ]
    await open_boutique(connection, *codes, *(listener(n, name) for n, name in enumerate(HEARD, 800)))
    async with running(database_url) as (engine,):
        yield Shop(connection, engine)
    assert await run_checks(connection) == []


def listener(number: int, event: str) -> EventListener:
    values: dict[str, Any] = {
        "id": number, "channel": SHOP_CHANNEL, "event": event, "url": "http://127.0.0.1:9/", "secret": "s",
        "owner": "1", "active": True, "inactive_since": None, "failures": 0, "tries": 0, "auth_token": None,
        "created_at": AT, "changed_at": AT, "data": {},
    }  # fmt: skip
    known = {name: value for name, value in values.items() if name in EventListener.__struct_fields__}
    return EventListener(**known)


async def ordered(shop: Shop, **method: Any) -> int:
    """An order for which a once-only code was used and a certificate spent."""
    number = await shop.filled(**method)
    await shop.run(AddCode, code="ONCE")
    await shop.run(AddCode, code="GIFT")
    return number


async def taken(shop: Shop) -> list[list[Record]]:
    """All that an order takes from the shop."""
    kinds: list[type[Record]] = [Level, Hold, Certificate, CertificateUse, Discount, DiscountUse]
    return [[strip(record) for record in await shop.rows(kind)] for kind in kinds]


async def names(shop: Shop) -> set[str]:
    """The kinds of the names that orders have taken."""
    return {name.kind for name in await shop.rows(Reference)} & {EXTERNAL_ID, PAYMENT_TOKEN}


async def told(shop: Shop, order: int) -> list[str]:
    """The events of an order that listeners are told, in the order of their numbers."""
    waiting = [each for each in await shop.rows(Delivery) if each.listener.startswith("event:")]
    return [
        each.payload["event"] for each in sorted(waiting, key=lambda each: each.seq) if each.subject == order
    ]


async def by_operator(shop: Shop, order: int) -> None:
    await shop.done(Cancelled, CancelOrder, order=order, reason="the buyer phoned")


async def by_operator_in_two_steps(shop: Shop, order: int) -> None:
    for _ in range(2):
        await shop.done(Cancelled, CancelOrder, order=order, lines=(Units(1, 1),), reason="fewer")


async def by_discarding(shop: Shop, order: int) -> None:
    await shop.of(None).done(Discarded, DiscardOrder, cart=order)


@pytest.mark.parametrize("end", [by_operator, by_operator_in_two_steps, by_discarding])
async def test_an_ended_order_leaves_nothing_of_what_it_took(
    shop: Shop, end: Callable[[Shop, int], Awaitable[None]]
) -> None:
    before = await taken(shop)
    number = await ordered(shop)
    assert isinstance(await shop.checkout(), Placed)
    assert await taken(shop) != before
    await end(shop, number)
    assert await taken(shop) == before
    invoice, gift = await shop.rows(Payment)
    assert (invoice.state, gift.refunded) == ("cancelled", gift.amount)
    order = await shop.row(Order)
    assert (order.state, order.payment_state) == ("cancelled", "cancelled")


@pytest.mark.parametrize("end", [by_operator, by_operator_in_two_steps, by_discarding])
async def test_listeners_hear_once_that_an_order_has_ended(
    shop: Shop, end: Callable[[Shop, int], Awaitable[None]]
) -> None:
    number = await ordered(shop)
    await shop.checkout()
    await end(shop, number)
    changes = ["order.changed"] if end is by_operator_in_two_steps else []
    assert await told(shop, number) == ["order.placed", *changes, "order.discarded"]


async def test_discarding_what_has_ended_changes_nothing(shop: Shop) -> None:
    number = await ordered(shop)
    await shop.checkout()
    await by_operator(shop, number)
    before = await told(shop, number)
    discarded = await shop.of(None).done(Discarded, DiscardOrder, cart=number)
    assert discarded.order is not None
    assert discarded.order.reason == ""
    assert await told(shop, number) == before


async def test_what_is_left_of_an_order_has_not_ended(shop: Shop) -> None:
    number = await ordered(shop)
    await shop.checkout()
    await shop.done(Cancelled, CancelOrder, order=number, lines=(Units(1, 1),))
    assert (await shop.row(Discount)).used == 1
    assert (await shop.row(Certificate)).balance == 0
    assert (await shop.row(Order)).state == "placed"
    assert await told(shop, number) == ["order.placed", "order.changed"]


async def test_a_cancelled_order_lets_its_reservation_go(shop: Shop) -> None:
    """Its provider is asked to, and as long as it has not said so the money counts as reserved."""
    number = await ordered(shop, method=BY_CARD_LATER)
    reserved = await shop.checkout(token="hash")
    assert isinstance(reserved, Reserved)
    await shop.run(CompleteAttempt, **ending(reserved.attempt), reference="pi_1", description=None)
    await by_operator(shop, number)
    card, _ = await shop.rows(Payment)
    assert card.asking is not None
    assert (card.state, card.asking.what) == ("reserved", "cancel")
    assert (await shop.row(Order)).payment_state == "reserved"
    [asked] = [each for each in await shop.rows(Delivery) if each.listener.startswith("payment:")]
    assert (asked.subject, asked.listener, asked.payload) == (
        number, f"payment:{card.asking.no}", {"payment": card.id},
    )  # fmt: skip
    gone = await shop.done(
        PaymentSet, EndAsking, order=number, payment=card.id, no=card.asking.no, state="cancelled"
    )
    assert (gone.payment.state, gone.order.payment_state) == ("cancelled", "cancelled")


async def test_money_that_was_collected_waits_for_its_refund(shop: Shop) -> None:
    """What a certificate paid is back on it; the card's part is given back in a step of its own."""
    number = await ordered(shop, method=BY_CARD)
    reserved = await shop.checkout(token="hash")
    assert isinstance(reserved, Reserved)
    await shop.run(CompleteAttempt, **ending(reserved.attempt), reference="pi_1", description=None)
    outcome = await shop.done(Cancelled, CancelOrder, order=number)
    assert (outcome.value, outcome.refund) == (41_000, 36_000)
    assert outcome.order.payment_state == "partially_refunded"


async def test_a_failed_payment_leaves_nothing_but_the_cart(shop: Shop) -> None:
    before = await taken(shop)
    number = await ordered(shop, method=BY_CARD)
    reserved = await shop.checkout(token="hash")
    assert isinstance(reserved, Reserved)
    assert await names(shop) == {PAYMENT_TOKEN}
    assert isinstance(await shop.run(ReleaseAttempt, **ending(reserved.attempt), outcome="[]"), Released)
    assert await taken(shop) == before
    assert await names(shop) == set()
    assert await told(shop, number) == []


async def pending(shop: Shop, number: int) -> Order:
    """An order of the shop that waits for its payment, under an id that its account gave it."""
    await shop.filled()
    placed = await shop.checkout()
    assert isinstance(placed, Placed)
    order = msgspec.structs.replace(placed.order, state="pending", external_id=f"E{number}")
    await shop.connection.execute("delete from payments where workspace = 1")
    await shop.connection.execute("update orders set state = 'pending', external_id = $1", order.external_id)
    await write(
        shop.connection,
        [Reference(SHOP_CHANNEL, "live", EXTERNAL_ID, f"E{number}", order.id),
         Reference(SHOP_CHANNEL, "live", PAYMENT_TOKEN, "hash", order.id)],
    )  # fmt: skip
    return order


async def test_an_expired_order_frees_its_name_and_is_told_once(shop: Shop) -> None:
    order = await pending(shop, 1)
    await shop.run(ExpirePending, order=order.id, patience=-PATIENCE)
    ended = await shop.row(Order)
    assert (ended.state, ended.reason, ended.payment_state) == ("cancelled", "payment", "cancelled")
    assert await names(shop) == {PAYMENT_TOKEN}, "a token pays once"
    assert await shop.rows(Hold) == []
    assert (await told(shop, order.id))[-1] == "order.discarded"
    assert [event.kind for event in await shop.rows(OrderEvent)] == ["placed", "expired"]


async def test_a_cancelled_order_frees_its_name(shop: Shop) -> None:
    order = await pending(shop, 1)
    await by_operator(shop, order.id)
    assert await names(shop) == {PAYMENT_TOKEN}
    assert (await shop.row(Order)).payment_state == "cancelled"
    assert SEEN["channel"] == order.channel
