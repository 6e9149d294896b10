"""Nobody is charged more than she was last shown: whatever raised the total meanwhile, she looks again first (2001)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.harness import Prove
from tests.conformance.harness.fixtures import OpenBuyer
from tests.conformance.textalk import refusal
from tests.support.buyer import CLOTH, INVOICE, POST, SHIRT, SIZE, SMALL, Buyer

TENTH, SEK_UID, SEK_CERTIFICATE = 701, 801, "1000000000001"
SENTENCE = "The order comes to more than was shown: look at the cart again."
RAISED = refusal(2001, "Not buyable", SENTENCE, page="total-raised")
TOTAL = {"totalcost": "incVat"}
DEAR: list[dict[str, Any]] = [
    {"countryVatRates": [{"country": "SE", "vatRate": 0.25}], "weightIntervals": [{"price": {"SEK": 499}}]}
]
Raise = tuple[str, int, dict[str, Any]]


@pytest.mark.parametrize(
    "change",
    [
        ("DeliveryMethod.set", POST, {"rates": DEAR}),
        ("PaymentMethod.set", INVOICE, {"fee": {"SEK": 450}}),
        ("Discountcode.set", TENTH, {"percent": 0.05}),
        ("Discountcode.set", TENTH, {"minimumSpend": {"SEK": 100_000}}),
    ],
)
@pytest.mark.row("textalk.2001")
async def test_what_has_become_dearer_is_looked_at_again(
    prove: Prove, open_buyer: OpenBuyer, change: Raise
) -> None:
    buyer = await open_buyer()
    cart = await buyer.ready()
    await buyer("Order.addDiscountCode", cart, "TENTH")
    await buyer("Order.get", cart, TOTAL)
    await buyer.administer(*change)
    await prove(
        buyer.call("Order.checkout", cart),
        RAISED,
        mend=buyer.wish("Order.get", cart, TOTAL),
        effect=buyer.placed(cart),
    )


@pytest.mark.row("textalk.2001")
async def test_a_certificate_that_pays_less_than_shown_is_looked_at_again(
    prove: Prove, open_buyer: OpenBuyer
) -> None:
    """The order's value is the same; what is left to pay of it is more."""
    buyer = await open_buyer()
    cart = await buyer.ready()
    await buyer("Order.addDiscountCode", cart, SEK_CERTIFICATE)
    await buyer("Order.get", cart, {"costs": "due"})
    await buyer.administer("Giftcertificate.set", SEK_UID, {"remainingValue": 1})
    await prove(
        buyer.call("Order.checkout", cart),
        RAISED,
        mend=buyer.wish("Order.get", cart, {"costs": "due"}),
        effect=buyer.placed(cart),
    )


@pytest.mark.row("textalk.2001")
async def test_a_dearer_article_is_accepted_by_looking_at_the_total(
    prove: Prove, open_buyer: OpenBuyer
) -> None:
    buyer = await open_buyer()
    cart = await buyer.ready(CLOTH)
    await buyer("Order.get", cart, TOTAL)
    await buyer.shop.change({"products/cloth/prices/SEK": "120.00"})
    sentence = "The article has changed since it was added to the cart."
    await prove(
        buyer.call("Order.checkout", cart),
        refusal(2001, "Not buyable", sentence, page="price-changed"),
        mend=buyer.wish("Order.get", cart, TOTAL),
        effect=buyer.placed(cart),
    )


@pytest.mark.row("textalk.2001")
async def test_a_wish_that_raised_the_total_is_looked_at(prove: Prove, open_buyer: OpenBuyer) -> None:
    buyer = await open_buyer()
    cart = await buyer.ready()
    await buyer("Order.get", cart, TOTAL)
    await buyer("Order.addArticle", cart, SHIRT, {SIZE: SMALL})
    await prove(
        buyer.call("Order.checkout", cart),
        RAISED,
        mend=buyer.wish("Order.addArticle", cart, SHIRT, {SIZE: SMALL}, {"order": TOTAL}),
        effect=buyer.placed(cart),
    )


@pytest.mark.row("textalk.2001")
async def test_a_total_in_another_currency_was_not_shown(prove: Prove, open_buyer: OpenBuyer) -> None:
    buyer = await open_buyer()
    cart = await buyer.ready()
    await buyer("Order.get", cart, TOTAL)
    await buyer("Session.set", {"currency": "EUR"})
    await prove(
        buyer.call("Order.checkout", cart),
        RAISED,
        mend=buyer.wish("Session.getOrder", TOTAL),
        effect=buyer.placed(cart),
    )


@pytest.mark.row("textalk.2001")
async def test_what_a_planned_payment_is_of_was_shown(prove: Prove, open_buyer: OpenBuyer) -> None:
    buyer = await open_buyer()
    cart = await buyer.ready()
    [payment] = (await buyer("Order.get", cart, "payments"))["payments"]
    await buyer("Payment.get", payment, "amount")
    await buyer.administer("PaymentMethod.set", INVOICE, {"fee": {"SEK": 450}})
    await prove(
        buyer.call("Order.checkout", cart),
        RAISED,
        mend=buyer.wish("Payment.get", payment, "amount"),
        effect=buyer.placed(cart),
    )


async def sold(buyer: Buyer, cart: int) -> Any:
    reply = (await buyer.client.send(buyer.call("Order.checkout", cart))).json
    return reply.get("result", reply.get("error"))


@pytest.mark.parametrize("look", [True, False])
async def test_what_is_cheaper_or_was_never_asked_for_is_bought(open_buyer: OpenBuyer, look: bool) -> None:
    buyer = await open_buyer()
    cart = await buyer.ready()
    if look:
        await buyer("Order.get", cart, TOTAL)
    await buyer.administer("PaymentMethod.set", INVOICE, {"fee": {"SEK": 0 if look else 450}})
    assert await sold(buyer, cart) == {"uid": cart}


async def test_looking_changes_nothing_that_is_told(open_buyer: OpenBuyer) -> None:
    buyer = await open_buyer()
    cart = await buyer.ready()
    before = await buyer("Order.get", cart, ["changed", "created", "note"])
    seen = [await buyer("Order.get", cart, TOTAL) for _ in range(2)]
    assert seen[0] == seen[1]
    assert await buyer("Order.get", cart, ["changed", "created", "note"]) == before


async def test_anothers_look_is_not_the_buyers(open_buyer: OpenBuyer) -> None:
    buyer = await open_buyer()
    cart = await buyer.ready()
    await buyer("Order.get", cart, TOTAL)
    await buyer.administer("PaymentMethod.set", INVOICE, {"fee": {"SEK": 450}})
    other = await buyer.another()
    office = buyer.shop.call("Order.get", cart, TOTAL, auth=buyer.admin)
    for stranger in (office, other.call("Order.get", cart, TOTAL)):
        assert (await buyer.client.send(stranger)).json["error"]["code"] == 9003
    assert (await sold(buyer, cart))["code"] == 2001
