"""The price memory: what was shown, by which route, to whom; and that an order at another price is refused."""

from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import count
from typing import Any

import pytest
import pytest_asyncio

from tests.doors.bonsai.shop import Shop, line, public_id, submission

pytestmark = pytest.mark.asyncio(loop_scope="module")

_tokens = count(1)

Fetch = Callable[..., Awaitable[Any]]


async def by_checkout(shop: Shop, key: str = "own-live", currency: str = "USD") -> Any:
    body = {"products": [line("mug", 101)], "target_currency": currency}
    return await shop.data("POST", "/orders/checkout", key, json=body)


async def by_products(shop: Shop, key: str = "own-live", currency: str = "USD") -> Any:
    return await shop.data("GET", f"/products/?ids={public_id('mug')}&currency={currency}", key)


async def submit(shop: Shop, key: str = "own-live", price: float | None = None) -> list[str]:
    """The codes of the refusal; none where the order was accepted."""
    mug = line("mug", 101) | ({} if price is None else {"price": price})
    body = submission(mug, token=f"memory-{next(_tokens)}")
    reply = await shop.call("POST", "/orders/V1/submit", key, json=body)
    entries = reply.json().get("errors", [])
    assert all(
        entry["detail"] == {"publicId": public_id("mug"), "variantId": "101"} and entry["status"] == 400
        for entry in entries
    )
    return [entry["code"] for entry in entries]


async def reprice(shop: Shop, amount: int, currency: str = "USD") -> None:
    await shop.execute(
        "update prices set amount = $1 where variant = 101 and currency = $2", amount, currency
    )


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def _forgetting(shop: Shop) -> AsyncIterator[None]:
    yield
    await shop.execute("delete from remembered_prices")
    await reprice(shop, 2_500)
    await reprice(shop, 3_200, "CAD")


@pytest.mark.parametrize("fetch", [by_checkout, by_products])
async def test_an_order_at_a_price_that_was_not_shown_is_refused(shop: Shop, fetch: Fetch) -> None:
    await fetch(shop)
    assert await submit(shop) == []
    await reprice(shop, 2_600)
    assert await submit(shop) == ["PRODUCTS_PRICE_CHANGE"]
    await fetch(shop)
    assert await submit(shop) == []


async def test_nothing_shown_nothing_checked(shop: Shop) -> None:
    await reprice(shop, 2_600)
    assert await submit(shop) == []


async def test_a_price_that_came_back_is_the_one_shown(shop: Shop) -> None:
    await by_checkout(shop)
    await reprice(shop, 2_600)
    assert await submit(shop) == ["PRODUCTS_PRICE_CHANGE"]
    await reprice(shop, 2_500)
    assert await submit(shop) == []


async def test_a_price_in_the_request_counts_first(shop: Shop) -> None:
    await by_checkout(shop)
    await reprice(shop, 2_600)
    assert await submit(shop, price=26) == []
    assert await submit(shop, price=25) == ["PRODUCTS_PRICE_CHANGE"]


async def test_accounts_environments_and_currencies_are_apart(shop: Shop) -> None:
    await by_checkout(shop, "other-live")
    await by_checkout(shop, "own-test")
    await by_checkout(shop, currency="CAD")
    await reprice(shop, 2_600)
    await reprice(shop, 3_300, "CAD")
    assert await submit(shop) == []
    assert await submit(shop, "own-test") == ["PRODUCTS_PRICE_CHANGE"]


async def test_it_is_written_only_when_the_price_is_news(shop: Shop) -> None:
    for fetch in (by_checkout, by_products):
        await fetch(shop)
        before = await shop.rows("batches")
        for _ in range(3):
            await by_checkout(shop)
            await by_products(shop)
        assert await shop.rows("batches") == before
        await reprice(shop, 2_600 if fetch is by_checkout else 2_700)


async def test_a_price_that_nobody_can_pay_is_not_remembered(shop: Shop) -> None:
    await shop.data("POST", "/orders/checkout", json={"products": [line("free", 105), line("gone", 104)]})
    await shop.data("GET", f"/products/?ids={public_id('free')}&currency=USD")
    assert await shop.rows("remembered_prices") == 0
