"""Carts that cannot be placed (Textalk, 2001 and 9003 of a line, 2011 to 2021), and how each can be after all."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.harness import Prove
from tests.conformance.harness.fixtures import OpenBuyer
from tests.conformance.harness.world import REMOVED, Edits
from tests.conformance.textalk import refusal
from tests.support.buyer import (
    BANNER,
    CARD,
    CLOTH,
    CUSTOMER,
    INVOICE,
    LARGE,
    LENGTH,
    POST,
    SHIRT,
    SIZE,
    SMALL,
)

TOO_LITTLE = refusal(2013, "Insufficient purchase amount", page="purchase-too-small")
NO_DELIVERY = refusal(2020, "Delivery not configured", page="delivery-not-configured")
NOBODY_DELIVERS = refusal(2021, "Delivery unavailable", page="delivery-unavailable")
NO_PAYMENT = refusal(2011, "Payment not configured", page="payment-not-configured")
NOBODY_COLLECTS = refusal(2012, "Payment unavailable", page="payment-unavailable")
FOR_FRIENDS = {"limitToCustomergroups": [901]}


@pytest.mark.parametrize(
    ("article", "choices", "edits", "mend", "sentence", "page"),
    [
        (
            SHIRT, {SIZE: LARGE}, {"products/shirt/variants/large/stock/main": 0},
            {"products/shirt/variants/large/stock/main": 1},
            "The article is out of stock.", "sold-out",
        ),
        (
            SHIRT, {"quantity": 3}, {"products/shirt/variants/small/stock/main": 2},
            {"products/shirt/variants/small/stock/main": 3},
            "There are not so many of the article in stock.", "not-enough-stock",
        ),
        (
            CLOTH, {}, {"products/cloth/hidden": True}, {"products/cloth/hidden": False},
            "The article is not for sale.", "product-unavailable",
        ),
        (
            CLOTH, {}, {"products/cloth/prices/SEK": "120.00"}, {"products/cloth/prices/SEK": "119.00"},
            "The article has changed since it was added to the cart.", "price-changed",
        ),
        (
            SHIRT, {SIZE: LARGE}, {"choices/size/options/large/price/SEK": "21.00"},
            {"choices/size/options/large/price/SEK": "20.00"},
            "The article has changed since it was added to the cart.", "price-changed",
        ),
        (
            CLOTH, {"quantity": 1.25}, {"products/cloth/divisible_by": "0.5"},
            {"products/cloth/divisible_by": "0.25"},
            "The article is not sold in this quantity.", "quantity-not-sold",
        ),
        (
            BANNER, {LENGTH: 2.5}, {"choices/length/maximum": 2}, {"choices/length/maximum": 3},
            "Choice 302 takes a number from 0.5 to 2 in steps of 0.5.", "chosen-number-invalid",
        ),
        (
            BANNER, {LENGTH: 1}, {"choices/words/mandatory": True}, {"choices/words/mandatory": False},
            "A choice that the article demands was not made.", "choice-missing",
        ),
    ],
)  # fmt: skip
@pytest.mark.row("textalk.2001")
async def test_checkout_of_what_has_changed(
    prove: Prove,
    open_buyer: OpenBuyer,
    article: int,
    choices: dict[str, Any],
    edits: Edits,
    mend: Edits,
    sentence: str,
    page: str,
) -> None:
    buyer = await open_buyer()
    cart = await buyer.ready(article, **choices)
    await buyer.shop.change(edits)
    await prove(
        buyer.call("Order.checkout", cart),
        refusal(2001, "Not buyable", sentence, page=page),
        mend=lambda: buyer.shop.change(mend),
        effect=buyer.placed(cart),
    )


@pytest.mark.row("textalk.2001")
async def test_a_price_that_changed_is_accepted_by_looking_at_it(prove: Prove, open_buyer: OpenBuyer) -> None:
    """Adding something shows the other items at what they cost now, unless that is not wished."""
    buyer = await open_buyer()
    cart = await buyer.ready(CLOTH)
    await buyer.shop.change({"products/cloth/prices/SEK": "120.00"})
    await buyer("Order.addArticle", cart, SHIRT, {SIZE: SMALL}, "uid", {"fastVerify": True})
    sentence = "The article has changed since it was added to the cart."
    await prove(
        buyer.call("Order.checkout", cart),
        refusal(2001, "Not buyable", sentence, page="price-changed"),
        mend=buyer.wish("Order.addArticle", cart, SHIRT, {SIZE: SMALL}),
        effect=buyer.placed(cart),
    )


@pytest.mark.row("textalk.9003.unknown")
async def test_checkout_of_what_is_gone(prove: Prove, open_buyer: OpenBuyer) -> None:
    buyer = await open_buyer()
    cart = await buyer.ready(CLOTH)
    item = (await buyer("Order.addArticle", cart, SHIRT, {SIZE: SMALL}))["uid"]
    await buyer.shop.change({"products/shirt": REMOVED})
    await prove(
        buyer.call("Order.checkout", cart),
        refusal(9003, "Object not found.", page="product-unknown"),
        mend=buyer.wish("OrderItem.delete", item),
        effect=buyer.placed(cart),
    )


@pytest.mark.row("textalk.2013")
async def test_checkout_below_the_minimum(prove: Prove, open_buyer: OpenBuyer) -> None:
    buyer = await open_buyer()
    cart = await buyer.ready(CLOTH, quantity=0.25)
    await prove(
        buyer.call("Order.checkout", cart),
        TOO_LITTLE,
        mend=buyer.wish("Order.addArticle", cart, CLOTH, {"quantity": 0.25}),
        effect=buyer.placed(cart),
    )


@pytest.mark.row("textalk.2013")
async def test_checkout_of_an_empty_cart(prove: Prove, open_buyer: OpenBuyer) -> None:
    buyer = await open_buyer({"channels/shop/settings/shop/minimum_purchase": {}})
    cart = (await buyer("Order.set", None, {}))["uid"]
    await buyer.send_by_post(cart)
    await buyer.plan(cart)
    await prove(
        buyer.call("Order.checkout", cart),
        TOO_LITTLE,
        mend=buyer.wish("Order.addArticle", cart, CLOTH),
        effect=buyer.placed(cart),
    )


@pytest.mark.row("textalk.2020")
async def test_checkout_without_delivery(prove: Prove, open_buyer: OpenBuyer) -> None:
    buyer = await open_buyer()
    cart = await buyer.cart()
    await buyer("Order.set", cart, {"customer": CUSTOMER})
    await buyer.plan(cart)
    await prove(
        buyer.call("Order.checkout", cart),
        NO_DELIVERY,
        mend=buyer.wish("Order.set", cart, {"delivery": {"method": POST}}),
        effect=buyer.placed(cart),
    )


@pytest.mark.row("textalk.2020")
async def test_checkout_with_a_delivery_that_is_not_for_this_order(
    prove: Prove, open_buyer: OpenBuyer
) -> None:
    """Another method would deliver; the chosen one does no longer."""
    rates = [{"countryVatRates": [{"country": "SE"}], "weightIntervals": [{"price": {"SEK": 99}}]}]
    buyer = await open_buyer()
    courier = {"name": {"en": "Courier"}, "rates": rates}
    uid = (await buyer.administer("DeliveryMethod.create", courier))["uid"]
    cart = await buyer.ready()
    await buyer.administer("DeliveryMethod.set", POST, FOR_FRIENDS)
    await prove(
        buyer.call("Order.checkout", cart),
        NO_DELIVERY,
        mend=buyer.wish("Order.set", cart, {"delivery": {"method": uid}}),
        effect=buyer.placed(cart),
    )


@pytest.mark.parametrize("country", ["NO", "AX"])
@pytest.mark.row("textalk.2021")
async def test_checkout_to_where_nobody_delivers(prove: Prove, open_buyer: OpenBuyer, country: str) -> None:
    buyer = await open_buyer()
    cart = await buyer.ready()
    await buyer("Order.set", cart, {"customer": {"address": {"country": country}}})
    await prove(
        buyer.call("Order.checkout", cart),
        NOBODY_DELIVERS,
        mend=buyer.wish("Order.set", cart, {"customer": {"address": {"country": "FI"}}}),
        effect=buyer.placed(cart),
    )


@pytest.mark.row("textalk.2021")
async def test_checkout_of_what_is_too_heavy_for_every_delivery(prove: Prove, open_buyer: OpenBuyer) -> None:
    buyer = await open_buyer()
    cart = await buyer.ready(BANNER, **{LENGTH: 10}, quantity=5)
    await buyer("Order.addArticle", cart, SHIRT, {SIZE: SMALL})
    [banner, _] = (await buyer("Order.get", cart, "items"))["items"]
    await prove(
        buyer.call("Order.checkout", cart),
        NOBODY_DELIVERS,
        mend=buyer.wish("OrderItem.set", banner, {"choices": {"quantity": 4}}),
        effect=buyer.placed(cart),
    )


@pytest.mark.row("textalk.2021")
async def test_checkout_when_the_only_delivery_is_for_others(prove: Prove, open_buyer: OpenBuyer) -> None:
    buyer = await open_buyer()
    cart = await buyer.ready()
    await buyer.administer("DeliveryMethod.set", POST, FOR_FRIENDS)
    await prove(
        buyer.call("Order.checkout", cart),
        NOBODY_DELIVERS,
        mend=buyer.change("DeliveryMethod.set", POST, {"limitToCustomergroups": None}),
        effect=buyer.placed(cart),
    )


@pytest.mark.row("textalk.2011")
async def test_checkout_without_a_planned_payment(prove: Prove, open_buyer: OpenBuyer) -> None:
    buyer = await open_buyer()
    cart = await buyer.cart()
    await buyer.send_by_post(cart)
    await prove(
        buyer.call("Order.checkout", cart),
        NO_PAYMENT,
        mend=lambda: buyer.plan(cart),
        effect=buyer.placed(cart),
    )


@pytest.mark.parametrize(
    "closed",
    [
        {"active": False},
        {"limitToCurrencies": ["EUR"]},
        {"orderCostRange": {"mode": "interval", "intervals": {"SEK": {"min": 10_000}}}},
    ],
)
@pytest.mark.row("textalk.2011")
async def test_checkout_with_a_payment_that_is_not_for_this_order(
    prove: Prove, open_buyer: OpenBuyer, closed: dict[str, Any]
) -> None:
    """Planned by a method that no longer takes it, while others would."""
    buyer = await open_buyer()
    cart = await buyer.ready(method=CARD)
    await buyer.administer("PaymentMethod.set", CARD, closed)
    await prove(
        buyer.call("Order.checkout", cart),
        NO_PAYMENT,
        mend=lambda: buyer.plan(cart, INVOICE),
        effect=buyer.placed(cart),
    )


@pytest.mark.row("textalk.2012")
async def test_checkout_when_no_payment_is_on_offer(prove: Prove, open_buyer: OpenBuyer) -> None:
    buyer = await open_buyer()
    cart = await buyer.ready()
    for method in await buyer.administer("PaymentMethod.list", "uid", True):
        await buyer.administer("PaymentMethod.set", method["uid"], {"limitToCurrencies": ["EUR"]})
    await prove(
        buyer.call("Order.checkout", cart),
        NOBODY_COLLECTS,
        mend=buyer.change("PaymentMethod.set", INVOICE, {"limitToCurrencies": None}),
        effect=buyer.placed(cart),
    )
