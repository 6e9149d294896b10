"""Buying in a shop, through the engine: whole ways, refusals that change nothing, and races for what there is once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any, TypeVar

import msgspec
import pytest

from entrepot.checks import run_checks
from entrepot.domain.carts.codes import AddCode, CodesSet, RemoveCode
from entrepot.domain.carts.details import CartPatch, CartSet, PaymentPlanned, PlanPayment, SetCart
from entrepot.domain.carts.lines import AddItem, CartItemSet, RemoveItem, SetItem
from entrepot.domain.carts.records import Cart, CartFile, CartLine
from entrepot.domain.catalogue.options import ProductChoice
from entrepot.domain.catalogue.selection import NewFile
from entrepot.domain.checkout.attempt_endings import CompleteAttempt, ReleaseAttempt, Released
from entrepot.domain.checkout.cart_checkout import CheckoutCart
from entrepot.domain.checkout.discard import Discarded, DiscardOrder
from entrepot.domain.customers.records import Session
from entrepot.domain.fulfilment.ship import Shipped, ShipUnits
from entrepot.domain.kernel.commands import Command, Refused
from entrepot.domain.kernel.records import Record
from entrepot.domain.orders.access import Asker
from entrepot.domain.orders.payments import Payment
from entrepot.domain.orders.records import Order
from entrepot.domain.outbox.deliveries import Delivery
from entrepot.domain.payments.capture import (
    CancelPayment,
    CapturePayment,
    PaymentSet,
    SetPayment,
)
from entrepot.domain.payments.refund import EndRefund, Refunding, RefundOrder
from entrepot.domain.placing.attempts import Attempt, Reserved
from entrepot.domain.placing.place import InFlight, Placed
from entrepot.domain.pricing.discounts import Discount
from entrepot.domain.pricing.gift_certificates import Certificate, CertificateUse
from entrepot.domain.sessions.sessions import (
    EndSession,
    OpenSession,
    SessionSet,
    SetSession,
    SetSessionCustomer,
)
from entrepot.domain.stock.levels import Hold, Level
from entrepot.engine import Clock, Engine
from entrepot.engine.batches.batch import Batch, make_ready, own_rule
from entrepot.engine.clock import real_now
from entrepot.failures import Failure
from entrepot.failures.accounts import CustomerUnknown, SessionUnknown
from entrepot.failures.carts import (
    CartUnknown,
    ChoiceMissing,
    ChoiceUnknown,
    CurrencyInactive,
    DeliveryMethodUnknown,
    DeliveryNotConfigured,
    DeliveryUnavailable,
    FileRefused,
    PurchaseTooSmall,
    QuantityNotSold,
)
from entrepot.failures.discounts import (
    CertificateCurrencyWrong,
    CertificateNotCombinable,
    DiscountCodeAlreadySpecified,
    InvalidDiscountCode,
    InvalidGiftCertificate,
    NoFurtherDiscount,
)
from entrepot.failures.orders import (
    NotEnoughStock,
    OrderLocked,
    PriceChanged,
    PriceInvalid,
    ProductUnavailable,
    ProductUnknown,
    QuoteStale,
    SoldOut,
)
from entrepot.failures.payments import (
    NothingToRefund,
    PaymentNotCancellable,
    PaymentNotCapturable,
    PaymentNotConfigured,
    PaymentUnavailable,
    PaymentUnknown,
    RefundTooLarge,
)
from entrepot.store.batches.finds import binding_of
from entrepot.store.connections import Connection, connect, connect_engine
from entrepot.store.queries.totals import read_totals
from tests.support.boutique import (
    BANNER,
    BUYER,
    BY_CARD,
    CLOTH,
    FIFTY,
    INVOICE,
    LENGTH,
    OTHER_SESSION,
    PICTURE,
    POST,
    SESSION,
    SHIRT,
    SHOP_CHANNEL,
    SIZE,
    SMALL,
    TENTH,
    L,
    S,
    certificate,
    discount,
    open_boutique,
    payment_method,
    session,
    write,
)
from tests.support.shop import AT, WORKSPACE

R = TypeVar("R", bound=Record)
T = TypeVar("T")
SEEN = {"channel": SHOP_CHANNEL, "environment": "live"}
ASKS = Asker(SHOP_CHANNEL, "live")


class FixedClock(Clock):
    """Business time stands still, so that what expires does so by its own date."""

    def now(self) -> Any:
        return AT


@asynccontextmanager
async def running(url: str, workers: int = 1) -> AsyncGenerator[list[Engine]]:
    engines = [Engine(partial(connect_engine, url), FixedClock(), lanes=1) for _ in range(workers)]
    async with AsyncExitStack() as stack:
        for engine in engines:
            await engine.start()
            stack.push_async_callback(engine.stop)
        yield engines


class Shop:
    """One buyer at a time, and what stands in the tables."""

    def __init__(self, connection: Connection, engine: Engine, buyer: int | None = SESSION) -> None:
        self.connection, self.engine, self.buyer = connection, engine, buyer

    def of(self, buyer: int | None) -> Shop:
        return Shop(self.connection, self.engine, buyer)

    async def run(self, command: type[Command], **fields: Any) -> Any:
        who: dict[str, Any] = dict(SEEN, session=self.buyer, ask_again_at=AT, asks=ASKS)
        names = command.__struct_fields__
        return await self.engine.execute(
            WORKSPACE, command(**{k: v for k, v in {**who, **fields}.items() if k in names})
        )

    async def refused(self, command: type[Command], **fields: Any) -> Failure:
        before = await self.contents()
        outcome = await self.run(command, **fields)
        assert isinstance(outcome, Refused), outcome
        assert await self.contents() == before
        return outcome.failures[0]

    async def done(self, kind: type[T], command: type[Command], **fields: Any) -> T:
        outcome = await self.run(command, **fields)
        assert isinstance(outcome, kind), outcome
        return outcome

    async def rows(self, kind: type[R]) -> list[R]:
        binding = binding_of[kind]
        order = ", ".join(f'"{name}"' for name in binding.key_names)
        query = f'select {binding.select("t")} from "{binding.table}" t where workspace = $1 order by {order}'
        return [
            msgspec.convert(binding.parse(row), kind) for row in await self.connection.fetch(query, WORKSPACE)
        ]

    async def row(self, kind: type[R]) -> R:
        (only,) = await self.rows(kind)
        return only

    async def contents(self) -> list[list[Record]]:
        kinds: list[type[Record]] = [
            Cart,
            CartLine,
            CartFile,
            Payment,
            Order,
            Level,
            Hold,
            Certificate,
            Discount,
        ]
        return [await self.rows(kind) for kind in kinds]

    async def filled(self, **fields: Any) -> int:
        """A cart with two shirts, an address and delivery, to be paid by invoice."""
        added = await self.done(CartItemSet, AddItem, article=SHIRT, choices={SIZE: S}, quantity=Decimal(2))
        patch = CartPatch(delivery_method=POST, buyer=msgspec.to_builtins(BUYER))
        await self.done(CartSet, SetCart, patch=patch)
        method = fields.get("method", INVOICE)
        if method is not None:
            await self.done(PaymentPlanned, PlanPayment, method=method)
        return added.cart.id

    async def checkout(self, **fields: Any) -> Any:
        return await self.run(CheckoutCart, lease_until=real_now() + timedelta(seconds=60), **fields)

    async def declined(self) -> Failure:
        return await self.refused(CheckoutCart, lease_until=real_now() + timedelta(seconds=60))


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[Connection]:
    connection = await connect(database_url)
    yield connection
    await connection.close()


@pytest.fixture
async def shop(connection: Connection, database_url: str) -> AsyncIterator[Shop]:
    await open_boutique(connection)
    async with running(database_url) as (engine,):
        yield Shop(connection, engine)
    assert await run_checks(connection) == []


async def test_a_buyers_whole_way(shop: Shop) -> None:
    await write(
        shop.connection, [discount(TENTH, "TEN", "percent", percent=100_000), certificate(balance=5_000)]
    )
    number = await shop.filled()
    await shop.done(CartItemSet, AddItem, article=CLOTH, quantity=Decimal("1.5"))
    await shop.done(CodesSet, AddCode, code="TEN")
    codes = await shop.done(CodesSet, AddCode, code="GIFT")
    assert codes.totals.due == 36_000 + 13_432 + 5_000 - 5_000

    placed = await shop.checkout()
    assert isinstance(placed, Placed)
    assert (placed.order.id, placed.order.payment_state, placed.order.total) == (number, "unpaid", 54_432)
    assert await shop.rows(Cart) == []
    assert await shop.rows(CartLine) == []
    invoice, gift = await shop.rows(Payment)
    assert (invoice.state, invoice.amount, gift.kind, gift.amount) == ("unpaid", 49_432, "certificate", 5_000)
    assert (await shop.row(Certificate)).balance == 0
    assert (await shop.row(Discount)).used == 1
    assert {hold.quantity for hold in await shop.rows(Hold)} == {2, 150}

    office = shop.of(None)
    paid = await office.done(PaymentSet, CapturePayment, order=number, payment=invoice.id)
    assert paid.order.payment_state == "paid"
    sent = await office.done(Shipped, ShipUnits, order=number)
    assert [(each.no, each.quantity) for each in sent.lines] == [(1, 2), (2, 150)]
    assert await shop.rows(Hold) == []
    refund = await office.done(Refunding, RefundOrder, **refunding(number, invoice.id), amount=10_000)
    assert (refund.refund.state, refund.order.payment_state) == ("done", "partially_refunded")
    rest = await office.refused(RefundOrder, **refunding(number, invoice.id), amount=39_433)
    assert rest == RefundTooLarge(str(number), 39_433, 39_432)
    await office.done(Refunding, RefundOrder, **refunding(number, invoice.id))
    back = await office.done(Refunding, RefundOrder, **refunding(number, gift.id))
    assert back.order.payment_state == "refunded"
    assert (await shop.row(Certificate)).balance == 5_000
    assert await shop.rows(CertificateUse) == []


def refunding(order: int, payment: int) -> dict[str, Any]:
    return {"order": order, "payment": payment, "reason": "", "key_until": AT}


async def test_one_article_with_the_same_choices_is_one_line(shop: Shop) -> None:
    for size in (S, L, S):
        await shop.done(CartItemSet, AddItem, article=SHIRT, choices={SIZE: size})
    assert [(line.quantity, line.price) for line in await shop.rows(CartLine)] == [(2, 20_000), (1, 21_000)]
    second = (await shop.rows(CartLine))[1]
    changed = await shop.done(CartItemSet, SetItem, cart=second.cart, line=second.id, quantity=Decimal(3))
    assert changed.line.quantity == 3
    await shop.run(SetItem, cart=second.cart, line=second.id, choices={SIZE: S})
    assert [line.variant_id for line in await shop.rows(CartLine)] == [SMALL, SMALL]
    await shop.run(RemoveItem, cart=second.cart, line=second.id)
    assert len(await shop.rows(CartLine)) == 1


async def test_what_cannot_be_bought_is_refused_with_its_reason(shop: Shop) -> None:
    cases: list[tuple[dict[str, Any], type[Failure]]] = [
        ({"article": 1}, ProductUnknown),
        ({"article": SHIRT}, ChoiceMissing),
        ({"article": SHIRT, "choices": {SIZE: 9}}, ChoiceUnknown),
        ({"article": SHIRT, "choices": {SIZE: S}, "quantity": Decimal("0.5")}, QuantityNotSold),
        ({"article": SHIRT, "choices": {SIZE: S}, "quantity": Decimal(11)}, NotEnoughStock),
        ({"article": BANNER, "choices": {PICTURE: NewFile("a", "b", b"x" * 101)}}, FileRefused),
        ({"article": SHIRT, "choices": {SIZE: S}, "cart": 12_345}, CartUnknown),
    ]
    for fields, failure in cases:
        assert isinstance(await shop.refused(AddItem, **fields), failure)
    await shop.connection.execute("update products set hidden = true where id = $1", SHIRT)
    assert isinstance(await shop.refused(AddItem, article=SHIRT, choices={SIZE: S}), ProductUnavailable)
    await shop.connection.execute("update products set hidden = false where id = $1", SHIRT)
    await shop.connection.execute("update prices set amount = null")
    assert isinstance(await shop.refused(AddItem, article=SHIRT, choices={SIZE: S}), PriceInvalid)


async def test_what_is_in_the_cart_counts_against_stock(shop: Shop) -> None:
    await shop.done(CartItemSet, AddItem, article=SHIRT, choices={SIZE: S}, quantity=Decimal(6))
    short = await shop.refused(AddItem, article=SHIRT, choices={SIZE: S}, quantity=Decimal(5))
    assert isinstance(short, NotEnoughStock)
    assert (short.requested, short.available) == (11, 10)


async def test_a_file_goes_with_its_line_and_stays_with_the_order(shop: Shop) -> None:
    file = NewFile("logo.png", "image/png", b"picture")
    added = await shop.done(CartItemSet, AddItem, article=BANNER, choices={LENGTH: 2, PICTURE: file})
    assert added.line.price == 2_000
    assert (await shop.row(CartFile)).size == 7
    assert await shop.connection.fetchval("select content from file_contents") == b"picture"
    await shop.run(RemoveItem, cart=added.cart.id, line=added.line.id)
    assert await shop.connection.fetchval("select count(*) from file_contents") == 0
    await shop.done(CartItemSet, AddItem, article=BANNER, choices={PICTURE: file})
    await shop.filled()
    placed = await shop.checkout()
    assert isinstance(placed, Placed)
    kept = await shop.row(CartFile)
    assert (kept.cart, kept.line) == (placed.order.id, placed.lines[0].no)


async def test_a_cart_is_its_sessions_own(shop: Shop) -> None:
    number = await shop.filled()
    for stranger in (shop.of(OTHER_SESSION), shop.of(None)):
        fields: dict[str, Any] = {"article": SHIRT, "choices": {SIZE: S}, "cart": number}
        assert isinstance(await stranger.refused(AddItem, **fields), CartUnknown)
    gone = await shop.of(99).refused(AddItem, article=SHIRT, choices={SIZE: S})
    assert gone == SessionUnknown()


async def test_a_placed_order_is_locked_and_the_next_cart_is_new(shop: Shop) -> None:
    number = await shop.filled()
    placed = await shop.checkout()
    assert isinstance(placed, Placed)
    locked = OrderLocked(str(number))
    assert await shop.refused(AddItem, article=SHIRT, choices={SIZE: S}, cart=number) == locked
    assert await shop.refused(RemoveItem, cart=number, line=placed.lines[0].id) == locked
    assert await shop.refused(CheckoutCart, cart=number, lease_until=AT) == locked
    fields: dict[str, Any] = {"article": SHIRT, "choices": {SIZE: S}}
    assert isinstance(await shop.of(OTHER_SESSION).refused(AddItem, cart=number, **fields), CartUnknown)
    added = await shop.done(CartItemSet, AddItem, **fields)
    assert added.cart.id != number


async def test_the_cheapest_fault_is_not_the_first_the_order_of_checks_is(shop: Shop) -> None:
    """Each step mends the fault that came first; the next in the order of checks then shows."""
    await write(
        shop.connection,
        [
            discount(TENTH, "TEN", "percent", percent=100_000),
            certificate(),
            payment_method(413, with_certificate=False),
        ],
    )
    number = await shop.filled(method=None)
    await shop.run(AddCode, code="TEN")
    await shop.run(AddCode, code="GIFT")
    run = shop.connection.execute
    await run(
        "update channels set settings = jsonb_set(settings, '{shop,minimum_purchase}', '{\"SEK\": 99999999}')"
    )
    await run("update delivery_methods set rates = '[]'")
    await run("update discounts set active = false")
    await run("update certificates set cancelled = true, currency = 'EUR'")
    await run("update prices set amount = 20001 where variant = $1 and currency = 'SEK'", SMALL)
    await run("update variants set tracked = false")
    assert isinstance(await shop.declined(), PriceChanged)
    await run("update prices set amount = 20000 where variant = $1 and currency = 'SEK'", SMALL)
    assert isinstance(await shop.declined(), PurchaseTooSmall)
    await run("update channels set settings = settings #- '{shop,minimum_purchase}'")
    assert await shop.declined() == DeliveryUnavailable("SE")
    await run("update carts set delivery_method = null")
    assert await shop.declined() == DeliveryNotConfigured()
    await run("update products set requires_shipping = false")
    assert await shop.declined() == InvalidDiscountCode("TEN")
    await run("update discounts set active = true")
    assert await shop.declined() == InvalidGiftCertificate("GIFT")
    await run("update certificates set cancelled = false")
    assert await shop.declined() == CertificateCurrencyWrong("GIFT", "EUR")
    await run("update certificates set currency = 'SEK'")
    await shop.run(PlanPayment, method=413)
    assert await shop.declined() == CertificateNotCombinable("GIFT")
    await shop.run(RemoveCode, code="GIFT")
    await run("update payment_methods set active = false where id = 413")
    assert await shop.declined() == PaymentNotConfigured()
    await run("update payment_methods set active = false")
    assert await shop.declined() == PaymentUnavailable()
    await run("update payment_methods set active = true")
    placed = await shop.checkout()
    assert isinstance(placed, Placed)
    assert placed.order.id == number


async def test_a_line_that_can_no_longer_be_bought_stops_the_checkout(shop: Shop) -> None:
    await shop.filled()
    run = shop.connection.execute
    for spoil, mend, failure in (
        ("update products set draft = true", "update products set draft = false", ProductUnavailable),
        (
            "update stock set received = 1, available = 1",
            "update stock set received = 10, available = 10",
            NotEnoughStock,
        ),
        (
            "update stock set received = 0, available = 0",
            "update stock set received = 10, available = 10",
            SoldOut,
        ),
        (
            "update article_choices set id = id + 1000",
            "update article_choices set id = id - 1000",
            ChoiceUnknown,
        ),
    ):
        if failure is ChoiceUnknown:
            await run("delete from product_choices where product = $1", SHIRT)
        else:
            await run(spoil)
        assert isinstance(await shop.declined(), failure)
        if failure is ChoiceUnknown:
            await write(shop.connection, [ProductChoice(SHIRT, SIZE, 0, None, {})])
        else:
            await run(mend)
    assert isinstance(await shop.checkout(), Placed)


async def test_codes_are_refused_in_one_order(shop: Shop) -> None:
    await write(
        shop.connection,
        [
            discount(TENTH, "TEN", "percent", percent=100_000, combinable=False),
            discount(FIFTY, "FIFTY", "amount", amount={"SEK": 5_000}),
            discount(503, "LATE", "percent", percent=1, valid_until=AT),
            discount(504, "SPENT", "percent", percent=1, max_uses=1, used=0, active=False),
            certificate(), certificate(512, "EURO", currency="EUR"), certificate(513, "OLD", expires_at=AT),
            payment_method(413, with_certificate=False),
        ],
    )  # fmt: skip
    await shop.filled(method=None)
    for code in ("NONE", "LATE", "SPENT"):
        assert await shop.refused(AddCode, code=code) == InvalidDiscountCode(code)
    await shop.done(CodesSet, AddCode, code="TEN")
    assert await shop.refused(AddCode, code="TEN") == DiscountCodeAlreadySpecified("TEN")
    assert await shop.refused(AddCode, code="FIFTY") == NoFurtherDiscount("FIFTY")
    assert await shop.refused(AddCode, code="OLD") == InvalidGiftCertificate("OLD")
    assert await shop.refused(AddCode, code="EURO") == CertificateCurrencyWrong("EURO", "EUR")
    await shop.run(PlanPayment, method=413)
    assert await shop.refused(AddCode, code="GIFT") == CertificateNotCombinable("GIFT")
    await shop.run(PlanPayment, method=INVOICE)
    await shop.done(CodesSet, AddCode, code="GIFT")
    assert await shop.refused(RemoveCode, code="NONE") == InvalidDiscountCode("NONE")
    assert (await shop.done(CodesSet, RemoveCode, code="GIFT")).totals.certificates == 0


async def test_a_code_may_be_used_so_often_by_one_customer(shop: Shop) -> None:
    await write(
        shop.connection, [discount(TENTH, "ONCE", "percent", percent=100_000, max_uses_per_customer=1)]
    )
    await shop.filled()
    await shop.done(CodesSet, AddCode, code="ONCE")
    assert isinstance(await shop.checkout(), Placed)
    again = shop.of(OTHER_SESSION)
    await again.filled()
    assert await again.refused(AddCode, code="ONCE") == InvalidDiscountCode("ONCE")
    await again.run(SetCart, patch=CartPatch(buyer={"info": {"email": "other@example.com"}}))
    await again.done(CodesSet, AddCode, code="ONCE")


async def test_an_order_that_certificates_cover_is_paid(shop: Shop) -> None:
    await write(shop.connection, [certificate(balance=100_000)])
    await shop.filled(method=None)
    await shop.run(AddCode, code="GIFT")
    placed = await shop.checkout()
    assert isinstance(placed, Placed)
    assert (placed.order.payment_state, placed.order.total) == ("paid", 45_000)
    assert (await shop.row(Certificate)).balance == 55_000


async def test_by_card_the_order_is_an_attempt_first(shop: Shop) -> None:
    await write(
        shop.connection, [certificate(balance=5_000), discount(TENTH, "TEN", "percent", percent=100_000)]
    )
    number = await shop.filled(method=BY_CARD)
    await shop.run(AddCode, code="GIFT")
    await shop.run(AddCode, code="TEN")
    before = [await shop.rows(kind) for kind in (CartLine, Level, Certificate, Discount, Payment)]
    reserved = await shop.checkout(token="card")
    assert isinstance(reserved, Reserved)
    attempt = reserved.attempt
    assert (attempt.order, attempt.draft.order.total, attempt.draft.due) == (number, 41_000, 36_000)
    assert (await shop.row(Certificate)).balance == 0
    assert await shop.refused(AddItem, article=SHIRT, choices={SIZE: S}) == OrderLocked(str(number))
    assert await shop.checkout(token="card") == InFlight(attempt.id)

    ended = await shop.run(ReleaseAttempt, **ending(attempt), outcome="[]")
    assert isinstance(ended, Released)
    assert [await shop.rows(kind) for kind in (CartLine, Level, Certificate, Discount, Payment)] == before
    assert await shop.rows(Hold) == []

    again = await shop.checkout(token="card")
    assert isinstance(again, Reserved)
    placed = await shop.run(CompleteAttempt, **ending(again.attempt), reference="pi_1", description="Visa")
    assert isinstance(placed, Placed)
    assert (placed.order.id, placed.order.payment_state) == (number, "paid")
    card, gift = await shop.rows(Payment)
    assert (card.state, card.amount, card.reference, gift.amount) == ("paid", 36_000, "pi_1", 5_000)
    assert await shop.rows(Cart) == []


def ending(attempt: Attempt) -> dict[str, Any]:
    return {"attempt": attempt.id, "order": attempt.order, "draft": attempt.draft}


async def test_a_card_refund_that_is_refused_was_never_given_back(shop: Shop) -> None:
    number = await shop.filled(method=BY_CARD)
    reserved = await shop.checkout(token="card")
    assert isinstance(reserved, Reserved)
    await shop.run(CompleteAttempt, **ending(reserved.attempt), reference="pi_1", description=None)
    office, payment = shop.of(None), (await shop.row(Payment)).id
    opened = await office.done(Refunding, RefundOrder, **refunding(number, payment), amount=45_000)
    assert opened.refund.state == "open"
    none_left = await office.refused(RefundOrder, **refunding(number, payment), amount=1)
    assert none_left == NothingToRefund(str(number))
    ended = await office.done(Refunding, EndRefund, known=opened.refund, state="refused")
    assert (ended.payment.refunded, ended.order.payment_state) == (0, "paid")
    late = await office.done(Refunding, EndRefund, known=opened.refund, state="done")
    assert (late.refused, late.payment.refunded) == (True, 0)
    assert await shop.rows(Delivery) == []


async def test_payments_by_hand_are_set_and_cancelled(shop: Shop) -> None:
    number = await shop.filled()
    await shop.checkout()
    office, payment = shop.of(None), (await shop.row(Payment)).id
    named: dict[str, Any] = {"order": number, "payment": payment}
    assert await office.refused(CapturePayment, order=number, payment=1) == PaymentUnknown("1")
    await office.done(PaymentSet, SetPayment, **named, state="pending", reference="K-1")
    cancelled = await office.done(PaymentSet, CancelPayment, **named)
    assert (cancelled.order.payment_state, cancelled.payment.reference) == ("cancelled", "K-1")
    assert await office.refused(CancelPayment, **named) == PaymentNotCancellable("cancelled")
    assert await office.refused(CapturePayment, **named) == PaymentNotCapturable("cancelled")
    assert await office.refused(RefundOrder, **refunding(number, payment)) == NothingToRefund(str(number))


async def test_a_discarded_order_leaves_everything_as_before(shop: Shop) -> None:
    await write(
        shop.connection, [certificate(balance=5_000), discount(TENTH, "TEN", "percent", percent=100_000)]
    )
    before = [await shop.rows(kind) for kind in (Level, Certificate, Discount)]
    number = await shop.filled()
    await shop.run(AddCode, code="TEN")
    await shop.run(AddCode, code="GIFT")
    await shop.checkout()
    assert await shop.refused(DiscardOrder, cart=number) == OrderLocked(str(number))
    office = shop.of(None)
    discarded = await office.done(Discarded, DiscardOrder, cart=number)
    assert discarded.order is not None
    assert (discarded.order.state, discarded.order.reason) == ("cancelled", "discarded")
    after = [await shop.rows(kind) for kind in (Level, Certificate, Discount)]
    assert [[strip(record) for record in rows] for rows in after] == before
    assert await office.done(Discarded, DiscardOrder, cart=number) == discarded
    assert await office.refused(ShipUnits, order=number) == OrderLocked(str(number))


def strip(record: Record) -> Record:
    """The record without when it was changed."""
    return msgspec.structs.replace(record, changed_at=AT) if isinstance(record, Certificate) else record


async def test_what_is_sent_or_paid_is_not_discarded(shop: Shop) -> None:
    number = await shop.filled()
    await shop.checkout()
    office, payment = shop.of(None), (await shop.row(Payment)).id
    await office.run(CapturePayment, order=number, payment=payment)
    assert await office.refused(DiscardOrder, cart=number) == OrderLocked(str(number))
    await office.run(RefundOrder, **refunding(number, payment))
    await office.run(ShipUnits, order=number, part=1)
    assert await office.refused(DiscardOrder, cart=number) == OrderLocked(str(number))
    assert (await office.done(Shipped, ShipUnits, order=number)).lines == ()


async def test_a_discarded_cart_is_gone(shop: Shop) -> None:
    number = await shop.filled()
    assert await shop.done(Discarded, DiscardOrder, cart=number) == Discarded(None)
    assert [await shop.rows(kind) for kind in (Cart, CartLine, Payment)] == [[], [], []]
    assert isinstance(await shop.refused(DiscardOrder, cart=number), CartUnknown)


async def test_a_session_opens_changes_and_ends(shop: Shop) -> None:
    opened = await shop.done(SessionSet, OpenSession, hash=b"h", language="sv")
    mine = shop.of(opened.session.id)
    assert (opened.session.currency, opened.session.language) == ("SEK", "sv")
    assert await mine.refused(SetSession, currency="USD") == CurrencyInactive("USD")
    await mine.filled()
    await mine.done(SessionSet, SetSession, currency="EUR")
    assert ((await shop.row(Cart)).currency, (await shop.row(CartLine)).price) == ("EUR", 2_000)
    assert await mine.refused(SetSessionCustomer, customer=1) == CustomerUnknown("1")
    await mine.run(EndSession)
    assert [await shop.rows(kind) for kind in (Cart, CartLine, Payment)] == [[], [], []]
    assert await mine.refused(EndSession) == SessionUnknown()


async def test_an_expired_session_is_unknown(shop: Shop) -> None:
    await write(shop.connection, [session(73, expires_at=AT)])
    assert await shop.of(73).refused(AddItem, article=SHIRT, choices={SIZE: S}) == SessionUnknown()


async def test_a_patch_of_the_buyer_is_merged(shop: Shop) -> None:
    await shop.filled()
    await shop.run(
        SetCart, patch=CartPatch(buyer={"address": {"town": "Lund", "company": None}}, note="Ring")
    )
    cart = await shop.row(Cart)
    assert (cart.buyer.address.town, cart.buyer.address.postcode, cart.note) == ("Lund", "11122", "Ring")
    await shop.refused(SetCart, patch=CartPatch(buyer={"address": {"town": 5}}))
    unknown = await shop.refused(SetCart, patch=CartPatch(delivery_method=1))
    assert unknown == DeliveryMethodUnknown("1")


async def test_an_administrators_cart_belongs_to_no_session(shop: Shop) -> None:
    office = shop.of(None)
    added = await office.done(CartItemSet, AddItem, article=SHIRT, choices={SIZE: S})
    assert added.cart.session is None
    more = await office.done(CartItemSet, AddItem, article=SHIRT, choices={SIZE: S}, cart=added.cart.id)
    assert more.line.quantity == 2
    assert isinstance(
        await shop.refused(AddItem, article=SHIRT, choices={SIZE: S}, cart=added.cart.id), CartUnknown
    )


async def test_two_buyers_and_one_last_article(connection: Connection, database_url: str) -> None:
    await open_boutique(connection, stock=1)
    async with running(database_url, workers=2) as engines:
        buyers = [
            Shop(connection, engine, buyer)
            for engine, buyer in zip(engines, (SESSION, OTHER_SESSION), strict=True)
        ]
        for buyer in buyers:
            await buyer.done(CartItemSet, AddItem, article=SHIRT, choices={SIZE: S})
            await buyer.run(SetCart, patch=CartPatch(delivery_method=POST, buyer=msgspec.to_builtins(BUYER)))
            await buyer.run(PlanPayment, method=INVOICE)
        outcomes = await asyncio.gather(*(buyer.checkout() for buyer in buyers))
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Placed", "Refused"]
    lost = next(outcome for outcome in outcomes if isinstance(outcome, Refused))
    assert isinstance(lost.failures[0], SoldOut)
    assert await run_checks(connection) == []


async def test_a_certificate_spent_by_ten_at_once_never_goes_below_zero(
    connection: Connection, database_url: str
) -> None:
    await open_boutique(
        connection, certificate(balance=60_000), *(session(80 + n) for n in range(10)), stock=100
    )
    async with running(database_url, workers=3) as engines:
        buyers = [Shop(connection, engines[n % 3], 80 + n) for n in range(10)]
        for buyer in buyers:
            await buyer.filled(method=None)
            await buyer.done(CodesSet, AddCode, code="GIFT")
        outcomes = await asyncio.gather(*(buyer.checkout() for buyer in buyers))
    assert sum(isinstance(outcome, Placed) for outcome in outcomes) == 1
    assert await connection.fetchval("select balance from certificates") == 15_000
    assert await connection.fetchval("select count(*) from orders") == 1
    assert await run_checks(connection) == []


async def test_a_code_for_two_is_used_twice_however_many_ask(
    connection: Connection, database_url: str
) -> None:
    twice = discount(TENTH, "TWO", "percent", percent=100_000, max_uses=2)
    await open_boutique(connection, twice, *(session(80 + n) for n in range(6)), stock=100)
    async with running(database_url, workers=2) as engines:
        buyers = [Shop(connection, engines[n % 2], 80 + n) for n in range(6)]
        for buyer in buyers:
            await buyer.filled()
            await buyer.done(CodesSet, AddCode, code="TWO")
        outcomes = await asyncio.gather(*(buyer.checkout() for buyer in buyers))
    assert sum(isinstance(outcome, Placed) for outcome in outcomes) == 2
    assert await connection.fetchval("select used from discounts") == 2
    assert await run_checks(connection) == []


async def test_a_payment_is_refunded_once_however_many_ask(shop: Shop, database_url: str) -> None:
    number = await shop.filled()
    await shop.checkout()
    payment = (await shop.row(Payment)).id
    await shop.of(None).run(CapturePayment, order=number, payment=payment)
    async with running(database_url, workers=2) as engines:
        offices = [Shop(shop.connection, engine, None) for engine in engines * 3]
        outcomes = await asyncio.gather(
            *(office.run(RefundOrder, **refunding(number, payment), amount=20_000) for office in offices)
        )
    assert sum(isinstance(outcome, Refunding) for outcome in outcomes) == 2
    assert (await shop.row(Payment)).refunded == 40_000


async def test_commands_of_one_batch_see_each_other(shop: Shop, database_url: str) -> None:
    who: dict[str, Any] = dict(SEEN, session=SESSION)
    lane = await connect_engine(database_url)
    await make_ready(lane)
    batch = Batch(
        WORKSPACE,
        [
            AddItem(**who, article=SHIRT, choices={SIZE: S}),
            AddItem(**who, article=SHIRT, choices={SIZE: S}, quantity=Decimal(2)),
            SetCart(**who, patch=CartPatch(delivery_method=POST, buyer=msgspec.to_builtins(BUYER))),
            PlanPayment(**who, method=INVOICE),
            CheckoutCart(**who, lease_until=real_now()),
            AddItem(**who, article=SHIRT, choices={SIZE: S}),
        ],
    )
    await batch.run(lane, own_rule, AT)
    await lane.close()
    assert [type(answer) for answer in batch.answers] == [
        CartItemSet, CartItemSet, CartSet, PaymentPlanned, Placed, CartItemSet,
    ]  # fmt: skip
    assert [hold.quantity for hold in await shop.rows(Hold)] == [3]
    assert (await shop.row(Cart)).id != (await shop.row(Order)).id


@pytest.mark.parametrize("anew", [False, True])
async def test_what_was_not_loaded_with_the_batch_is_asked_for_again(shop: Shop, anew: bool) -> None:
    """A buyer who says who he is in the same batch must not slip past a limit per customer."""
    limited = discount(TENTH, "ONCE", "percent", percent=100_000, max_uses_per_customer=1)
    await write(shop.connection, [limited])
    await shop.filled()
    await shop.run(AddCode, code="ONCE")
    assert isinstance(await shop.checkout(), Placed)
    again = shop.of(OTHER_SESSION)
    await again.filled()
    await again.run(SetCart, patch=CartPatch(buyer={"info": {"email": "other@example.com"}}))
    await again.run(AddCode, code="ONCE")
    who: dict[str, Any] = dict(SEEN, session=OTHER_SESSION)
    back = CartPatch(buyer={"info": {"email": "EVA@example.com "}})
    said, placed = SetCart(**who, patch=back), CheckoutCart(**who, lease_until=real_now())
    execute = shop.engine.execute_anew if anew else shop.engine.execute
    _, outcome = await asyncio.gather(shop.engine.execute(WORKSPACE, said), execute(WORKSPACE, placed))
    assert outcome == Refused((InvalidDiscountCode("ONCE") if anew else QuoteStale(1),))
    assert await again.declined() == InvalidDiscountCode("ONCE")


async def test_a_reader_sees_the_sums_by_which_the_order_is_placed(shop: Shop) -> None:
    await write(shop.connection, [certificate(balance=5_000)])
    number = await shop.filled()
    await shop.run(AddCode, code="GIFT")
    totals = (await read_totals(shop.connection, WORKSPACE, SHOP_CHANNEL, [number, 4_711]))[number]
    assert await read_totals(shop.connection, WORKSPACE, 99, []) == {}
    placed = await shop.checkout()
    assert isinstance(placed, Placed)
    assert (totals.total.inc, totals.due) == (placed.order.total, 40_000)


async def test_using_the_cart_renews_its_session(shop: Shop) -> None:
    await write(shop.connection, [session(73, expires_at=AT + timedelta(days=2))])
    await shop.of(73).run(AddItem, article=SHIRT, choices={SIZE: S})
    renewed = next(each for each in await shop.rows(Session) if each.id == 73)
    assert renewed.expires_at == AT + timedelta(days=30)
