"""The rate of VAT that an amount names is the rate itself, not what rounding makes of it; several have a quotient."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tests.conformance.harness.fixtures import OpenBuyer
from tests.support.buyer import INVOICE, POST, Buyer

QUARTER, TWELFTH = Decimal("0.25"), Decimal("0.12")


async def article(buyer: Buyer, price: str, rate: str = "0.25") -> int:
    patch: dict[str, Any] = {
        "name": {"en": price}, "articleNumber": f"a{price}-{rate}", "vatRate": float(rate),
        "price": {"regular": {"SEK": float(price)}}, "stock": {"useStock": False}, "weight": 1,
    }  # fmt: skip
    return (await buyer.administer("Article.create", patch))["uid"]


async def rates(buyer: Buyer, order: int) -> dict[str, Any]:
    """The rates of an order's amounts, and of its items' discounts."""
    query = {"totalcost": True, "costs": True, "items": {"costs": True, "discountInfo": True}}
    found = await buyer("Order.get", order, query)
    costs = found["costs"]
    shown = {name: costs[name]["vatRate"] for name in ("cart", "shipment", "payment", "discount", "total")}
    items = {item["costs"]["total"]["vatRate"] for item in found["items"]}
    off = {item["discountInfo"]["vatRate"] for item in found["items"] if item["discountInfo"]}
    return {**shown, "totalcost": found["totalcost"]["vatRate"], "item": items, "off": off}


async def both(buyer: Buyer, cart: int) -> list[dict[str, Any]]:
    """The rates of a cart, and of the order that it becomes."""
    before = await rates(buyer, cart)
    await buyer("Order.checkout", cart)
    return [before, await rates(buyer, cart)]


async def small(open_buyer: OpenBuyer) -> Buyer:
    return await open_buyer({"channels/shop/settings/shop/minimum_purchase": {}})


async def test_the_rate_of_three_hundredths_is_a_quarter(open_buyer: OpenBuyer) -> None:
    """0.03 with a quarter of VAT has 0.01 of it, which is half of what is left."""
    buyer = await small(open_buyer)
    cart = await buyer.ready(await article(buyer, "0.03"))
    for found in await both(buyer, cart):
        assert found["cart"] == QUARTER
        assert found["item"] == {QUARTER}


async def test_nine_lines_of_a_quarter_come_to_a_quarter(open_buyer: OpenBuyer) -> None:
    buyer = await small(open_buyer)
    cart = await buyer.ready(await article(buyer, "0.11"))
    for number in range(2, 10):
        await buyer("Order.addArticle", cart, await article(buyer, f"{number}.13"))
    await buyer("Order.addDiscountCode", cart, "TENTH")
    for found in await both(buyer, cart):
        assert (found["cart"], found["discount"]) == (QUARTER, QUARTER)
        assert (found["item"], found["off"]) == ({QUARTER}, {QUARTER})


async def test_a_delivery_has_the_rate_of_where_it_goes(open_buyer: OpenBuyer) -> None:
    buyer = await small(open_buyer)
    zones = [
        {
            "countryVatRates": [{"country": "FI", "vatRate": 0.255}],
            "weightIntervals": [{"price": {"SEK": 0.49}}],
        }
    ]
    await buyer.administer("DeliveryMethod.set", POST, {"rates": zones})
    cart = await buyer.ready(await article(buyer, "10"))
    await buyer("Order.set", cart, {"customer": {"address": {"country": "FI"}}})
    for found in await both(buyer, cart):
        assert found["shipment"] == Decimal("0.255")


async def test_mixed_rates_have_a_quotient(open_buyer: OpenBuyer) -> None:
    buyer = await small(open_buyer)
    cart = await buyer.ready(await article(buyer, "125"))
    await buyer("Order.addArticle", cart, await article(buyer, "112", "0.12"))
    for found in await both(buyer, cart):
        assert found["item"] == {QUARTER, TWELFTH}
        assert found["cart"] == Decimal("0.185")


async def test_a_discount_of_less_than_its_vat_still_names_the_rate(open_buyer: OpenBuyer) -> None:
    buyer = await small(open_buyer)
    await buyer.administer("Discountcode.create", {"code": "CENT", "type": "amount", "amount": {"SEK": 0.01}})
    cart = await buyer.ready(await article(buyer, "0.03"), method=INVOICE)
    await buyer("Order.addDiscountCode", cart, "CENT")
    for found in await both(buyer, cart):
        assert (found["off"], found["discount"]) == ({QUARTER}, QUARTER)
