"""Administrators who change, delete and refer to the same things at once, and buyers who use them meanwhile.

Whatever comes first, each call is answered by a documented code, nothing is lost, and every law of the books holds.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import cycle
from typing import Any

import pytest

from entrepot.checks import run_checks
from entrepot.store.connections import connect
from tests.conformance.harness import Client, Reply, Request
from tests.conformance.textalk import watch
from tests.doors.textalk.people import Process
from tests.support.belongings import BUYER, Caller, Uids, furnish, patches
from tests.support.webshop import PASSWORD, Webshop

ROUNDS = 6
Codes = Sequence[int | None]
"""Error codes of calls that ran at once; None is a success."""


@dataclass
class House:
    """A shop with two administrators, and buyers."""

    webshop: Webshop
    clients: Iterator[Client]
    uids: Uids
    admin: Caller
    second: Caller

    async def buyer(self) -> Caller:
        """Somebody with a session of its own, at one of the processes."""
        return Caller(next(self.clients), self.webshop, "shop", {"session": await self.webshop.session()})

    async def made(self, name: str, **more: Any) -> int:
        """A new object of a class."""
        return (await self.admin(f"{name}.create", {**patches(self.uids)[name], **more}))["uid"]

    async def cart(self, buyer: Caller, **chosen: int) -> int:
        """A cart that could be placed, with these things in it or chosen for it."""
        wanted = {**self.uids, **chosen}
        order = (await buyer("Order.addArticle", None, wanted["Article"], {"quantity": 1}, "order"))["order"]
        await buyer("Order.set", order, {"customer": BUYER, "delivery": {"method": wanted["DeliveryMethod"]}})
        await buyer("Payment.set", None, {"order": order, "method": wanted["PaymentMethod"]})
        return order


class NearClient(Client):
    """A client of one process, where the door stands at the root."""

    async def send(self, request: Request) -> Reply:
        """The reply to a request."""
        return await super().send(replace(request, path=request.path.removeprefix("/textalk")))


@pytest.fixture
async def house(processes: list[Process], module_database_url: str) -> AsyncIterator[House]:
    """Served by two processes, so that no queue puts in order what comes at once."""
    connection = await connect(module_database_url)
    clients = [NearClient(str(process.http.base_url), watch) for process in processes]
    webshop = Webshop(connection, f"w{uuid.uuid4().hex[:12]}")
    await webshop.open()
    uids, _ = await furnish(clients[0], webshop)
    tokens = [await webshop.administrator("shop") for _ in clients]
    admin, second = (
        Caller(client, webshop, "shop", {"auth": token})
        for client, token in zip(clients, tokens, strict=True)
    )
    yield House(webshop, cycle(clients), uids, admin, second)
    found = await run_checks(connection, await webshop.id())
    assert not [each for each in found if each.severity == "violation"]
    for client in clients:
        await client.close()
    await connection.close()


async def at_once(*calls: Awaitable[int | None]) -> Codes:
    """The codes of calls that are on their way together."""
    return await asyncio.gather(*calls)


async def test_a_delivery_method_is_deleted_while_carts_choose_it(house: House) -> None:
    for _ in range(ROUNDS):
        method = await house.made("DeliveryMethod")
        buyers = [await house.buyer() for _ in range(3)]
        carts = [await house.cart(buyer, DeliveryMethod=method) for buyer in buyers]
        chosen = {"delivery": {"method": method}}
        codes = await at_once(
            house.admin.code("DeliveryMethod.delete", method),
            house.second.code("DeliveryMethod.set", method, {"position": 3}),
            buyers[0].code("Order.set", carts[0], chosen),
            *(buyer.code("Order.checkout", cart) for buyer, cart in zip(buyers, carts, strict=True)),
        )
        assert codes[0] is None
        assert codes[1] in {None, 9003}
        assert codes[2] in {None, 9001, 2090}
        assert set(codes[3:]) <= {None, 2020, 2021}
        later = await house.buyer()
        assert await later.code("Order.set", None, chosen) == 9001
        assert await house.admin.code("DeliveryMethod.get", method) == 9003


async def test_a_payment_method_is_deleted_while_carts_are_paid_by_it(house: House) -> None:
    for _ in range(ROUNDS):
        method = await house.made("PaymentMethod")
        buyers = [await house.buyer() for _ in range(3)]
        carts = [await house.cart(buyer, PaymentMethod=method) for buyer in buyers]
        codes = await at_once(
            house.admin.code("PaymentMethod.delete", method),
            buyers[0].code("Payment.set", None, {"order": carts[0], "method": method}),
            *(buyer.code("Order.checkout", cart) for buyer, cart in zip(buyers, carts, strict=True)),
        )
        assert codes[0] is None
        assert codes[1] in {None, 9001, 2090}
        assert set(codes[2:]) <= {None, 2011, 2012}


async def test_an_article_is_deleted_while_it_is_ordered(house: House) -> None:
    for _ in range(ROUNDS):
        article = await house.made("Article")
        buyers = [await house.buyer() for _ in range(4)]
        carts = [await house.cart(buyer, Article=article) for buyer in buyers[:3]]
        codes = await at_once(
            house.admin.code("Article.delete", article),
            house.second.code(
                "Article.set", article, {"price": {"regular": {"SEK": 120}}, "stock": {"stock": 5}}
            ),
            buyers[3].code("Order.addArticle", None, article),
            *(buyer.code("Order.checkout", cart) for buyer, cart in zip(buyers, carts, strict=False)),
        )
        assert codes[0] is None
        assert codes[1] in {None, 9003}
        assert codes[2] in {None, 2001, 9003}
        assert set(codes[3:]) <= {None, 2001, 9003}
        assert await house.admin.code("Article.get", article) == 9003
        assert await house.second.code("Article.set", article, {"hidden": False}) == 9003
        assert await house.second.code("Article.delete", article) == 9003
        assert await buyers[3].code("Order.addArticle", None, article) in {2001, 9003}


async def test_a_customer_is_deleted_while_logging_in(house: House) -> None:
    for _ in range(2):
        email = f"{uuid.uuid4().hex}@example.com"
        customer = await house.made("Customer", info={"email": email})
        buyers = [await house.buyer() for _ in range(2)]
        codes = await at_once(
            *(buyer.code("Customer.login", email, PASSWORD) for buyer in buyers),
            house.admin.code("Customer.delete", customer),
            house.second.code("Customer.set", customer, {"address": {"town": "Lund"}}),
        )
        assert set(codes[:2]) <= {None, 3001}
        assert codes[2] is None
        assert codes[3] in {None, 9003}
        for buyer in buyers:
            assert await buyer.code("Customer.get", customer) in {1005, 9003}
            assert await buyer.code("Customer.login", email, PASSWORD) in {1005, 3001}


async def test_no_update_is_lost(house: House) -> None:
    """Two administrators change different parts of one object, again and again."""
    names = ("firstName", "lastName", "address", "address2", "postcode", "town")
    customer, discount = house.uids["Customer"], house.uids["Discountcode"]
    for turn in range(ROUNDS):
        codes = await at_once(
            *(
                (house.admin, house.second)[place % 2].code(
                    "Customer.set", customer, {"address": {name: f"{name} {turn}"}}
                )
                for place, name in enumerate(names)
            ),
            house.admin.code("Discountcode.set", discount, {"maxUses": turn}),
            house.second.code("Discountcode.set", discount, {"name": {"sv": str(turn)}}),
            house.admin.code("Discountcode.set", discount, {"name": {"en": str(turn)}}),
        )
        assert set(codes) == {None}
        address = (await house.admin("Customer.get", customer, "address"))["address"]
        assert {name: address[name] for name in names} == {name: f"{name} {turn}" for name in names}
        after = await house.admin("Discountcode.get", discount, ["maxUses", "name"])
        assert after == {"maxUses": turn, "name": {"en": str(turn), "sv": str(turn)}}


async def test_one_of_two_makes_what_only_one_can_have(house: House) -> None:
    for _ in range(ROUNDS):
        code, email = uuid.uuid4().hex, f"{uuid.uuid4().hex}@example.com"
        for name, patch, refused in (
            ("Discountcode", {"code": code, "percent": 0.5}, 9001),
            ("Giftcertificate", {"code": f"gift {code}", "originalValue": 5, "currency": "SEK"}, 9001),
            ("Article", {"name": {"en": "Thing"}, "articleNumber": code}, 9001),
            ("Customer", {"info": {"email": email}}, 3005),
        ):
            codes = await at_once(
                *(who.code(f"{name}.create", patch) for who in (house.admin, house.second, house.admin))
            )
            assert sorted(codes, key=bool) == [None, refused, refused], name


async def test_one_of_two_deletes(house: House) -> None:
    for name in ("Discountcode", "Customergroup", "Assortment", "EventListener", "Articlegroup", "Customer"):
        more = {"eventName": "Order/changed"} if name == "EventListener" else {}
        uid = await house.made(name, **more)
        codes = await at_once(*(who.code(f"{name}.delete", uid) for who in (house.admin, house.second)))
        assert sorted(codes, key=bool) == [None, 9003], name


async def test_what_is_referred_to_is_deleted(house: House) -> None:
    """A choice and its options, a group and its subgroups: foreign keys decide, and say so as 9001."""
    for _ in range(ROUNDS):
        choice, group = await house.made("ArticleChoice"), await house.made("Articlegroup")
        option = {"name": {"en": "X"}, "articleChoice": choice}
        codes = await at_once(
            house.admin.code("ArticleChoice.delete", choice),
            house.second.code("ArticleChoiceOption.create", option),
            house.admin.code("Articlegroup.delete", group),
            house.second.code("Articlegroup.create", {"name": {"en": "Below"}, "parent": group}),
            house.second.code("Article.set", house.uids["Article"], {"choices": [choice]}),
        )
        assert set(codes) <= {None, 9001}, codes


async def test_an_order_is_discarded_sent_captured_and_refunded_at_once(house: House) -> None:
    for _ in range(ROUNDS):
        buyer = await house.buyer()
        order = await house.cart(buyer)
        await buyer("Order.checkout", order)
        [payment] = (await house.admin("Order.get", order, "payments"))["payments"]
        codes = await at_once(
            house.admin.code("Order.discard", order),
            house.second.code("Order.set", order, {"deliveryStatus": "sent"}),
            house.second.code("Payment.capture", payment),
            house.admin.code("Payment.refund", payment),
            house.admin.code("Payment.cancel", payment),
        )
        assert set(codes) <= {None, 1006, 2062, 2063, 2090}, codes
        after = await house.admin("Order.get", order, ["discarded", "deliveryStatus"])
        assert not (after["discarded"] and after["deliveryStatus"] == "sent")
        assert after["discarded"] is (codes[0] is None)
