"""How often one customer uses a code: counted by every name that is known of her, whatever she writes this time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from entrepot.checks import run_checks
from entrepot.domain.carts.codes import AddCode, CodesSet
from entrepot.domain.carts.details import CartPatch, CartSet, SetCart
from entrepot.domain.checkout.discard import DiscardOrder
from entrepot.domain.customers.records import BuyerInfo, Customer, Session
from entrepot.domain.kernel.ids import derived_uuid
from entrepot.domain.placing.place import Placed
from entrepot.domain.sessions.sessions import SessionSet, SetSessionCustomer
from entrepot.failures.discounts import DiscountNeedsBuyer, InvalidDiscountCode
from entrepot.store.connections import Connection, connect
from tests.engine.test_commerce import Shop, running
from tests.support.boutique import OTHER_SESSION, SHOP_CHANNEL, TENTH, discount, open_boutique, session, write
from tests.support.shop import AT

THIRD_SESSION, EVA = 73, 77
ANOTHER = "another@example.com"


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[Connection]:
    connection = await connect(database_url)
    yield connection
    await connection.close()


@pytest.fixture
async def shop(connection: Connection, database_url: str) -> AsyncIterator[Shop]:
    once = discount(TENTH, "ONCE", "percent", percent=100_000, max_uses_per_customer=1)
    await open_boutique(connection, once, session(THIRD_SESSION))
    async with running(database_url) as (engine,):
        yield Shop(connection, engine)
    assert await run_checks(connection) == []


def customer(email: str, **fields: Any) -> Customer:
    values: dict[str, Any] = {
        "id": EVA, "uuid": derived_uuid("customer", email), "channel": SHOP_CHANNEL, "email": email,
        "email_folded": email.casefold(), "state": "confirmed", "approved": True, "password_hash": None,
        "language": None, "groups": (), "address": {}, "delivery_address": {}, "info": BuyerInfo(email=email),
        "custom": {}, "search": "", "created_at": AT, "changed_at": AT, "secured_at": AT, "version": 1,
    }  # fmt: skip
    return msgspec.convert(msgspec.to_builtins({**values, **fields}), Customer)


async def cart(shop: Shop, buyer: int, email: str | None, *, logged_in: bool = False) -> Shop:
    """A filled cart of a session, with this address, maybe of Eva who has logged in."""
    own = shop.of(buyer)
    if logged_in:
        await own.done(SessionSet, SetSessionCustomer, customer=EVA)
    await own.filled()
    await own.done(CartSet, SetCart, patch=CartPatch(buyer={"info": {"email": email}}))
    return own


async def uses(own: Shop) -> None:
    await own.done(CodesSet, AddCode, code="ONCE")
    assert isinstance(await own.checkout(), Placed)


async def test_without_a_name_a_limited_code_is_refused(shop: Shop) -> None:
    nobody = await cart(shop, OTHER_SESSION, None)
    assert await nobody.refused(AddCode, code="ONCE") == DiscountNeedsBuyer("ONCE")
    await nobody.done(CartSet, SetCart, patch=CartPatch(buyer={"info": {"email": ANOTHER}}))
    await nobody.done(CodesSet, AddCode, code="ONCE")
    await nobody.done(CartSet, SetCart, patch=CartPatch(buyer={"info": {"email": None}}))
    assert await nobody.declined() == DiscountNeedsBuyer("ONCE")


async def test_who_has_logged_in_is_known_whatever_address_she_gives(shop: Shop) -> None:
    await write(shop.connection, [customer("eva@example.com")])
    await uses(await cart(shop, OTHER_SESSION, ANOTHER, logged_in=True))
    again = await cart(shop, THIRD_SESSION, "third@example.com", logged_in=True)
    assert await again.refused(AddCode, code="ONCE") == InvalidDiscountCode("ONCE")


@pytest.mark.parametrize("email", [" Another@Example.com", "EVA@example.com"])
async def test_an_order_of_a_customer_counts_for_all_her_addresses(shop: Shop, email: str) -> None:
    await write(shop.connection, [customer("eva@example.com")])
    await uses(await cart(shop, OTHER_SESSION, ANOTHER, logged_in=True))
    again = await cart(shop, THIRD_SESSION, email)
    assert await again.refused(AddCode, code="ONCE") == InvalidDiscountCode("ONCE")


async def test_what_a_guest_used_counts_when_she_logs_in(shop: Shop) -> None:
    await write(shop.connection, [customer("eva@example.com")])
    await uses(await cart(shop, OTHER_SESSION, "Eva@example.com"))
    again = await cart(shop, THIRD_SESSION, ANOTHER, logged_in=True)
    assert await again.refused(AddCode, code="ONCE") == InvalidDiscountCode("ONCE")


async def test_one_order_under_several_names_is_one_use(shop: Shop) -> None:
    await write(shop.connection, [customer("eva@example.com")])
    await shop.connection.execute("update discounts set max_uses_per_customer = 2")
    await uses(await cart(shop, OTHER_SESSION, ANOTHER, logged_in=True))
    await uses(await cart(shop, THIRD_SESSION, "eva@example.com"))


async def test_a_use_that_was_given_back_does_not_count(shop: Shop) -> None:
    await write(shop.connection, [customer("eva@example.com")])
    first = await cart(shop, OTHER_SESSION, ANOTHER, logged_in=True)
    await first.done(CodesSet, AddCode, code="ONCE")
    placed = await first.checkout()
    assert isinstance(placed, Placed)
    await shop.of(None).run(DiscardOrder, cart=placed.order.id)
    await uses(await cart(shop, THIRD_SESSION, "eva@example.com"))
    assert len(await shop.rows(Session)) == 3
