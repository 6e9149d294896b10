"""Many buyers at once, each on a socket of her own: what there is once is sold, spent and used once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest
from websockets.asyncio.client import ClientConnection

from tests.conformance.harness.fixtures import OpenBuyer
from tests.conformance.harness.sockets import SocketClient
from tests.conformance.textalk import watch
from tests.support.buyer import CARD, CLOTH, INVOICE, LARGE, SHIRT, SIZE, Buyer
from tests.support.server import Server

CERTIFICATE = "1000000000001"
PLACED = 0
BUYERS = 10


@dataclass(frozen=True)
class CartPayment:
    """A buyer's cart, and the open socket on which she will check it out."""

    cart: int
    socket: ClientConnection

    async def check_out(self) -> int:
        """The refusal's code, or PLACED."""
        call = {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "Order.checkout",
            "params": [self.cart, "uid", {"token": "tok_visa"}],
        }
        await self.socket.send(msgspec.json.encode(call).decode())
        reply = msgspec.json.decode(await self.socket.recv())
        return reply["error"]["code"] if "error" in reply else PLACED


@asynccontextmanager
async def tills(server: Server, carts: Sequence[tuple[Buyer, int]]) -> AsyncGenerator[list[CartPayment]]:
    """A till for each of these carts, all sockets open."""
    sockets = SocketClient(server.url, watch)
    async with AsyncExitStack() as stack:
        yield [
            CartPayment(
                cart, await stack.enter_async_context(sockets.open(buyer.call("Order.checkout", cart)))
            )
            for buyer, cart in carts
        ]


async def at_once(server: Server, carts: Sequence[tuple[Buyer, int]]) -> Counter[int]:
    """How often each answer came to checkouts of all carts at once."""
    async with tills(server, carts) as ready:
        return Counter(await asyncio.gather(*(till.check_out() for till in ready)))


async def with_code(buyer: Buyer, code: str) -> list[tuple[Buyer, int]]:
    """Ten buyers, each with a cart to which she has added the code."""
    carts: list[tuple[Buyer, int]] = []
    for _ in range(BUYERS):
        other = await buyer.another()
        cart = await other.ready(CLOTH)
        await other("Order.addDiscountCode", cart, code)
        carts.append((other, cart))
    return carts


async def total(buyer: Buyer, what: str, table: str) -> Any:
    """A sum over a table of the workspace."""
    return await buyer.shop.connection.fetchval(
        f"select {what} from {table} where workspace = $1", await buyer.shop.id()
    )


@pytest.mark.parametrize("method", [INVOICE, CARD])
async def test_two_buyers_and_one_last_article(server: Server, open_buyer: OpenBuyer, method: int) -> None:
    one = await open_buyer()
    two = await one.another()
    carts = [(buyer, await buyer.ready(SHIRT, method, **{SIZE: LARGE})) for buyer in (one, two)]
    assert await at_once(server, carts) == {PLACED: 1, 2001: 1}
    assert await total(one, "sum(quantity)", "holds") == 1
    assert await total(one, "count(*)", "orders") == 1
    charged = await total(one, "count(*) filter (where status = 'succeeded')", "bank_intents")
    assert charged == (method == CARD)


async def test_a_certificate_is_never_spent_twice(server: Server, open_buyer: OpenBuyer) -> None:
    """Each order comes to 168, so that a certificate of 500 pays two whole and a part of a third."""
    buyer = await open_buyer()
    carts = await with_code(buyer, CERTIFICATE)
    assert await at_once(server, carts) == {PLACED: 3, 2050: 7}
    left = await buyer.administer(
        "Giftcertificate.list", "remainingValue", {"filters": {"/code": CERTIFICATE}}
    )
    assert left == [{"remainingValue": 0}]
    assert await total(buyer, "sum(amount)", "certificate_uses") == 500_00
    assert await total(buyer, "sum(amount) filter (where kind = 'certificate')", "payments") == 500_00


async def test_a_discount_for_one_is_used_once(server: Server, open_buyer: OpenBuyer) -> None:
    buyer = await open_buyer()
    carts = await with_code(buyer, "ONCE")
    assert await at_once(server, carts) == {PLACED: 1, 2031: 9}
    used = await buyer.administer("Discountcode.list", "used", {"filters": {"/code": "ONCE"}})
    assert used == [{"used": 1}]


async def test_one_cart_checked_out_on_ten_sockets_is_one_order(
    server: Server, open_buyer: OpenBuyer
) -> None:
    buyer = await open_buyer()
    cart = await buyer.ready(CLOTH, CARD)
    assert await at_once(server, [(buyer, cart)] * BUYERS) == {PLACED: 1, 2090: 9}
    assert await total(buyer, "count(*)", "bank_intents") == 1
