"""An administrator changes what a placed order is of, as long as nothing of it was sent, paid or reserved.

The order is added up anew by the rules of a cart, its holds follow, and so does what is to be paid.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from entrepot.checks import run_checks
from entrepot.domain.fulfilment.ship import Acknowledge
from entrepot.domain.kernel.commands import Command, Refused
from entrepot.domain.orders.cancel import CancelOrder
from entrepot.domain.orders.line_counts import Units
from entrepot.domain.stock.counts import SetLevel
from entrepot.engine import Clock, Engine
from entrepot.store.connections import connect, connect_engine
from tests.conformance.harness import changed, read_state
from tests.conformance.textalk import watch
from tests.doors.textalk.people import Process
from tests.doors.textalk.test_administrators_races import NearClient
from tests.support.belongings import BUYER, Caller
from tests.support.webshop import Webshop

SHIRT, CLOTH, HAT = 101, 102, 104
SMALL_VARIANT = 111
SMALL, LARGE = {"301": "311"}, {"301": "312"}
POST, INVOICE, CARD_LATER = 501, 601, 604
POSTAGE, FEE = 49, 29
LOCKED, SHORT, TOO_LITTLE, UNKNOWN = 2090, 2001, 2013, 9003
ROUNDS = 6
ENDS: list[tuple[str, list[Any]]] = [
    ("Order.set", [{"deliveryStatus": "sent"}]),
    ("Payment.capture", []),
    ("Order.discard", []),
]
QUERY: dict[str, Any] = {
    "items": {"uid": True, "choices": True, "costs": {"total": {"incVat": True}}},
    "costs": {"total": {"incVat": True}, "discount": {"incVat": True}, "due": True},
    "payments": {"amount": True, "status": True},
    "paymentStatus": True,
}


class Desk:
    """A shop with two administrators, at two processes, and its buyers."""

    def __init__(self, webshop: Webshop, admin: Caller, second: Caller) -> None:
        self.webshop, self.admin, self.second = webshop, admin, second

    async def buyer(self) -> Caller:
        return Caller(self.admin.client, self.webshop, "shop", {"session": await self.webshop.session()})

    async def placed(
        self,
        *,
        article: int = SHIRT,
        chosen: dict[str, Any] | None = None,
        code: str | None = None,
        method: int = INVOICE,
        token: str | None = None,
    ) -> tuple[int, int]:
        """An order of one small shirt (349) unless it is said otherwise, by post and invoice; and its item."""
        buyer = await self.buyer()
        item = await buyer("Order.addArticle", None, article, chosen or SMALL, ["uid", "order"])
        order: int = item["order"]
        if code:
            await buyer("Order.addDiscountCode", order, code)
        await buyer("Order.set", order, {"customer": BUYER, "delivery": {"method": POST}})
        await buyer("Payment.set", None, {"order": order, "method": method})
        await buyer("Order.checkout", order, "uid", {"token": token} if token else None)
        return order, item["uid"]

    async def told(self, order: int) -> dict[str, Any]:
        return await self.admin("Order.get", order, QUERY)

    async def sums(self, order: int) -> tuple[Any, Any, list[Any]]:
        """What the order comes to, what is due of it, and the amounts of its payments."""
        found = await self.told(order)
        total, due = found["costs"]["total"]["incVat"], found["costs"]["due"]
        return total, due, [each["amount"] for each in found["payments"]]

    async def held(self, order: int) -> dict[str, int]:
        """Smallest units held for the order, by SKU."""
        rows = await self.webshop.connection.fetch(
            "select v.sku, sum(h.quantity)::bigint from holds h "
            "join variants v on v.workspace = h.workspace and v.id = h.variant "
            'where h.workspace = $1 and h."order" = $2 group by 1',
            await self.webshop.id(),
            order,
        )
        return {row[0]: row[1] for row in rows}

    async def refused(self, code: int, who: Caller, method: str, *params: Any) -> None:
        """A call that is refused so, and changes nothing."""
        before = await read_state(self.webshop.connection)
        assert await who.code(method, *params) == code, (method, params)
        assert not changed(before, await read_state(self.webshop.connection))

    async def place(self) -> int:
        return await self.webshop.connection.fetchval(
            "select id from locations where workspace = $1", await self.webshop.id()
        )

    async def run(self, engine: Engine, command: Command) -> None:
        """What an operator does beside the door."""
        assert not isinstance(await engine.execute(await self.webshop.id(), command), Refused)

    async def assert_lawful(self) -> None:
        found = await run_checks(self.webshop.connection, await self.webshop.id())
        assert not [each for each in found if each.severity == "violation"]


@pytest.fixture
async def desk(processes: list[Process], module_database_url: str) -> AsyncIterator[Desk]:
    connection = await connect(module_database_url)
    clients = [NearClient(str(process.http.base_url), watch) for process in processes]
    webshop = Webshop(connection, f"w{uuid.uuid4().hex[:12]}")
    await webshop.open()
    tokens = [await webshop.administrator("shop") for _ in clients]
    admin, second = (
        Caller(client, webshop, "shop", {"auth": token})
        for client, token in zip(clients, tokens, strict=True)
    )
    opened = Desk(webshop, admin, second)
    yield opened
    await opened.assert_lawful()
    for client in clients:
        await client.close()
    await connection.close()


@pytest.fixture
async def engine(module_database_url: str) -> AsyncIterator[Engine]:
    running = Engine(partial(connect_engine, module_database_url), Clock(), lanes=1)
    await running.start()
    yield running
    await running.stop()


async def test_another_quantity_is_priced_held_and_to_be_paid(desk: Desk) -> None:
    order, item = await desk.placed()
    assert await desk.sums(order) == (349 + POSTAGE + FEE, 427, [427])
    (before,) = (await desk.held(order)).values()
    assert before == 1
    for quantity, total in ((2, 776), (3, 3 * 349 + FEE), (1, 427)):
        await desk.admin("OrderItem.set", item, {"choices": {"quantity": quantity}})
        assert await desk.sums(order) == (total, total, [total]), "free of postage from 1000"
        assert list((await desk.held(order)).values()) == [quantity]
        [line] = (await desk.told(order))["items"]
        assert (line["uid"], line["choices"]) == (item, {**SMALL, "quantity": quantity})
    assert (await desk.told(order))["paymentStatus"] == "unpaid"


async def test_items_are_added_and_taken_out(desk: Desk) -> None:
    order, item = await desk.placed()
    added = await desk.admin("Order.addArticle", order, CLOTH, {"quantity": 0.5}, ["uid", "order", "article"])
    assert (added["order"], added["article"]) == (order, CLOTH)
    assert await desk.sums(order) == (486.5, 486.5, [486.5])
    assert sorted((await desk.held(order)).values()) == [1, 50]
    again = await desk.admin("Order.addArticle", order, CLOTH, {"quantity": 0.25}, "uid")
    assert again == {"uid": added["uid"]}, "the same article joins its line"
    await desk.admin("OrderItem.delete", item)
    assert await desk.sums(order) == (0.75 * 119 + 78, 167.25, [167.25])
    assert list((await desk.held(order)).values()) == [75]
    await desk.refused(UNKNOWN, desk.admin, "OrderItem.set", item, {"choices": {"quantity": 2}})


async def test_another_choice_moves_the_hold_to_its_variant(desk: Desk) -> None:
    order, item = await desk.placed()
    await desk.admin("OrderItem.set", item, {"choices": LARGE})
    assert await desk.sums(order) == (369 + 78, 447, [447])
    assert list((await desk.held(order)).values()) == [1]
    await desk.refused(SHORT, desk.admin, "OrderItem.set", item, {"choices": {"quantity": 2}})
    other, its = await desk.placed()
    await desk.refused(SHORT, desk.admin, "OrderItem.set", its, {"choices": LARGE})
    await desk.admin("OrderItem.set", item, {"choices": SMALL})
    await desk.admin("OrderItem.set", its, {"choices": LARGE})
    assert await desk.sums(other) == (447, 447, [447])


async def test_a_discount_counts_for_what_is_ordered_now_and_is_used_once(desk: Desk) -> None:
    order, item = await desk.placed(code="ONCE")
    await desk.admin("OrderItem.set", item, {"choices": {"quantity": 2}})
    total = Decimal("558.40") + POSTAGE + FEE
    assert await desk.sums(order) == (total, total, [total])
    assert (await desk.told(order))["costs"]["discount"]["incVat"] == Decimal("139.6")
    used = "select used from discounts where workspace = $1 and code = 'ONCE'"
    assert await desk.webshop.connection.fetchval(used, await desk.webshop.id()) == 1


async def test_a_certificate_pays_its_part_of_what_is_ordered_now(desk: Desk) -> None:
    order, item = await desk.placed(article=CLOTH, chosen={"quantity": 4}, code="1000000000001")
    await desk.admin("OrderItem.set", item, {"choices": {"quantity": 5}})
    total, due, payments = await desk.sums(order)
    assert (total, due, sorted(payments)) == (5 * 119 + 78, 173, [173, 500])
    await desk.admin("OrderItem.set", item, {"choices": {"quantity": 4}})
    assert (await desk.sums(order))[:2] == (554, 54)
    balance = "select balance from certificates where workspace = $1 and id = 801"
    assert await desk.webshop.connection.fetchval(balance, await desk.webshop.id()) == 0


async def test_prices_are_those_of_today(desk: Desk) -> None:
    order, _ = await desk.placed()
    await desk.admin("Article.set", SHIRT, {"price": {"regular": {"SEK": 300}}})
    assert (await desk.sums(order))[0] == 427, "nobody edited it"
    await desk.admin("Order.addArticle", order, CLOTH, {"quantity": 1})
    assert await desk.sums(order) == (300 + 119 + 78, 497, [497])


async def test_what_a_checkout_refuses_an_edit_refuses(desk: Desk) -> None:
    order, item = await desk.placed()
    await desk.refused(TOO_LITTLE, desk.admin, "OrderItem.delete", item)
    await desk.refused(SHORT, desk.admin, "Order.addArticle", order, HAT)
    await desk.refused(SHORT, desk.admin, "Order.addArticle", order, SHIRT, {"301": 999})
    await desk.refused(UNKNOWN, desk.admin, "Order.addArticle", order, 987_654)
    await desk.refused(SHORT, desk.admin, "OrderItem.set", item, {"choices": {"quantity": 1_000}})
    await desk.admin("Article.set", CLOTH, {"hidden": True})
    await desk.refused(SHORT, desk.admin, "Order.addArticle", order, CLOTH)


async def test_units_that_are_owed_may_stay_or_go(desk: Desk, engine: Engine) -> None:
    order, item = await desk.placed(chosen={**SMALL, "quantity": 3})
    await desk.run(engine, SetLevel(SMALL_VARIANT, await desk.place(), 1))
    await desk.admin("OrderItem.set", item, {"choices": {"quantity": 2}})
    assert list((await desk.held(order)).values()) == [2]
    await desk.refused(SHORT, desk.admin, "OrderItem.set", item, {"choices": {"quantity": 3}})
    await desk.admin("Order.addArticle", order, CLOTH, {"quantity": 1})


async def test_what_was_cancelled_is_not_ordered_any_more(desk: Desk, engine: Engine) -> None:
    order, item = await desk.placed(chosen={**SMALL, "quantity": 2})
    added = await desk.admin("Order.addArticle", order, CLOTH, {"quantity": 1}, "uid")
    await desk.run(engine, CancelOrder(order, (Units(1, 1), Units(2, 100))))
    await desk.run(engine, Acknowledge(order=order))
    await desk.admin("Order.addArticle", order, CLOTH, {"quantity": 0.5})
    lines = {line["uid"]: line["choices"]["quantity"] for line in (await desk.told(order))["items"]}
    assert lines[item] == 1
    assert (added["uid"] in lines, sorted(lines.values())) == (False, [0.5, 1])
    assert await desk.sums(order) == (486.5, 486.5, [486.5])
    begun = 'select sum(acknowledged)::bigint from order_lines where workspace = $1 and "order" = $2'
    assert await desk.webshop.connection.fetchval(begun, await desk.webshop.id(), order) == 1


@pytest.mark.parametrize("ending", ["sent", "captured", "discarded", "refunded"])
async def test_an_order_that_went_on_is_locked(desk: Desk, ending: str) -> None:
    order, item = await desk.placed()
    [payment] = (await desk.admin("Order.get", order, "payments"))["payments"]
    if ending == "sent":
        await desk.admin("Order.set", order, {"deliveryStatus": "sent"})
    elif ending == "discarded":
        await desk.admin("Order.discard", order)
    else:
        await desk.admin("Payment.capture", payment)
    if ending == "refunded":
        await desk.admin("Payment.refund", payment, 10)
    await desk.refused(LOCKED, desk.admin, "OrderItem.set", item, {"choices": {"quantity": 2}})
    await desk.refused(LOCKED, desk.admin, "OrderItem.delete", item)
    await desk.refused(LOCKED, desk.admin, "Order.addArticle", order, CLOTH)


async def test_an_order_whose_money_is_reserved_is_locked(desk: Desk) -> None:
    order, item = await desk.placed(method=CARD_LATER, token="tok_visa")
    await desk.refused(LOCKED, desk.admin, "OrderItem.set", item, {"choices": {"quantity": 2}})
    await desk.refused(LOCKED, desk.admin, "Order.addArticle", order, CLOTH)


async def test_only_administrators_of_its_shop_edit_an_order(desk: Desk) -> None:
    buyer = await desk.buyer()
    item = await buyer("Order.addArticle", None, SHIRT, SMALL, ["uid", "order"])
    await buyer("Order.set", item["order"], {"customer": BUYER, "delivery": {"method": POST}})
    await buyer("Payment.set", None, {"order": item["order"], "method": INVOICE})
    await buyer("Order.checkout", item["order"])
    quantity = {"choices": {"quantity": 2}}
    await desk.refused(LOCKED, buyer, "OrderItem.set", item["uid"], quantity)
    await desk.refused(LOCKED, buyer, "Order.addArticle", item["order"], CLOTH)
    await desk.refused(UNKNOWN, await desk.buyer(), "OrderItem.set", item["uid"], quantity)
    token = await desk.webshop.administrator("other")
    stranger = Caller(desk.admin.client, desk.webshop, "other", {"auth": token})
    await desk.refused(UNKNOWN, stranger, "OrderItem.set", item["uid"], quantity)


async def test_edits_at_once_lose_nothing(desk: Desk) -> None:
    order, item = await desk.placed()
    for turn in range(ROUNDS):
        quantities = (turn % 3 + 1, (turn + 1) % 3 + 1)
        codes = await asyncio.gather(
            desk.admin.code("OrderItem.set", item, {"choices": {"quantity": quantities[0]}}),
            desk.second.code("OrderItem.set", item, {"choices": {"quantity": quantities[1]}}),
            desk.admin.code("Order.addArticle", order, CLOTH, {"quantity": 0.25}),
            desk.second.code("Order.addArticle", order, CLOTH, {"quantity": 0.25}),
        )
        assert set(codes) == {None}
        lines = {line["uid"]: line for line in (await desk.told(order))["items"]}
        shirts = lines.pop(item)["choices"]["quantity"]
        [metres] = [line["choices"]["quantity"] for line in lines.values()]
        assert shirts in quantities
        assert metres == 0.5 * (turn + 1)
        assert sorted((await desk.held(order)).values()) == sorted([shirts, int(metres * 100)])
        goods = shirts * 349 + metres * 119
        total = goods + FEE + (POSTAGE if goods < 1_000 else 0)
        assert await desk.sums(order) == (total, total, [total])


async def test_an_edit_and_its_end_at_once(desk: Desk) -> None:
    for turn in range(ROUNDS):
        order, item = await desk.placed()
        [payment] = (await desk.admin("Order.get", order, "payments"))["payments"]
        method, params = ENDS[turn % 3]
        ended, edited = await asyncio.gather(
            desk.second.code(method, payment if method == "Payment.capture" else order, *params),
            desk.admin.code("OrderItem.set", item, {"choices": {"quantity": 2}}),
        )
        assert ended is None
        assert edited in {None, LOCKED}
        total, due, amounts = await desk.sums(order)
        wanted = 427 if edited else 776
        assert (total, amounts) == (wanted, [wanted])
        assert due == (wanted if method == "Order.set" else 0)
        [line] = (await desk.told(order))["items"]
        assert line["choices"]["quantity"] == (1 if edited else 2)
        assert sum((await desk.held(order)).values()) == (
            0 if method != "Payment.capture" else line["choices"]["quantity"]
        )
