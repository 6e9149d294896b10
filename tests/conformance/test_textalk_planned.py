"""A planned payment is of what the cart comes to, whatever became of the cart since it was planned."""

from __future__ import annotations

from typing import Any

from tests.conformance.harness.fixtures import OpenBuyer
from tests.support.buyer import CLOTH, INVOICE, Buyer


async def planned(buyer: Buyer, payment: int) -> tuple[Any, Any]:
    found = await buyer("Payment.get", payment, ["amount", "currency"])
    return found["amount"], found["currency"]


async def due(buyer: Buyer, cart: int) -> Any:
    found = await buyer("Order.get", cart, {"costs": "due", "currency": True})
    return found["costs"]["due"], found["currency"]


async def test_a_planned_payment_follows_its_cart(open_buyer: OpenBuyer) -> None:
    buyer = await open_buyer()
    cart = await buyer.cart()
    await buyer.send_by_post(cart)
    payment = await buyer.plan(cart)
    seen = [await due(buyer, cart)]
    assert await planned(buyer, payment) == seen[-1]
    for method, *wish in (
        ("Order.addArticle", cart, CLOTH),
        ("Order.addDiscountCode", cart, "TENTH"),
        ("Order.set", cart, {"delivery": {"method": None}}),
        ("Order.addDiscountCode", cart, "1000000000001"),
        ("Order.set", cart, {"currency": "EUR"}),
    ):
        await buyer(method, *wish)
        seen.append(await due(buyer, cart))
        assert await planned(buyer, payment) == seen[-1], wish
    assert len(set(seen)) == len(seen), "each wish changed what is due"


async def test_prices_that_change_show_in_what_is_planned(open_buyer: OpenBuyer) -> None:
    buyer = await open_buyer()
    cart = await buyer.ready()
    [payment] = (await buyer("Order.get", cart, "payments"))["payments"]
    before = await planned(buyer, payment)
    await buyer.administer("PaymentMethod.set", INVOICE, {"fee": {"SEK": 450}})
    assert await planned(buyer, payment) == await due(buyer, cart) != before


async def test_a_placed_payment_keeps_what_it_was_for(open_buyer: OpenBuyer) -> None:
    buyer = await open_buyer()
    cart = await buyer.ready()
    [payment] = (await buyer("Order.get", cart, "payments"))["payments"]
    before = await planned(buyer, payment)
    await buyer("Order.checkout", cart)
    await buyer.administer("PaymentMethod.set", INVOICE, {"fee": {"SEK": 450}})
    found = await buyer.administer("Payment.get", payment, ["amount", "currency"])
    assert (found["amount"], found["currency"]) == before
