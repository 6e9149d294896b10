"""Discount codes and gift certificates that do not count (Textalk, 2030 to 2032 and 2050 to 2052).

What a cart refuses when a code is added, checkout refuses when the code has died since.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.conformance.harness import Prove, Reply
from tests.conformance.harness.fixtures import OpenBuyer
from tests.conformance.textalk import refusal
from tests.support.buyer import CLOTH, FINANCING, INVOICE, LARGE, SIZE, Buyer

TENTH, FIFTY, ONCE = 701, 702, 704
SEK_CERTIFICATE = "1000000000001"
SEK_UID = 801
CODES = "discountCodes"
NOT_COMBINABLE = refusal(2051, "Uncombinable with selected payment method", page="certificate-not-combinable")
OTHER_CURRENCY = refusal(2052, "Gift certificate currency error", page="certificate-currency-wrong")
NO_CERTIFICATE = refusal(2050, "Invalid gift certificate", page="invalid-gift-certificate")
Dead = tuple[dict[str, Any], dict[str, Any]]


def has(*codes: str) -> Callable[[Reply], Awaitable[None]]:
    """The cart has these codes now."""

    async def check(reply: Reply) -> None:
        assert reply.json["result"] == {CODES: list(codes)}

    return check


def invalid(code: str) -> Any:
    """The refusal of a code that nothing valid goes by."""
    return refusal(2031, "Invalid discount code", code, page="invalid-discount-code")


@pytest.mark.row("textalk.2030")
async def test_a_code_counts_once(prove: Prove, open_buyer: OpenBuyer) -> None:
    buyer = await open_buyer()
    cart = await buyer.cart()
    await buyer("Order.addDiscountCode", cart, "TENTH")
    await prove(
        buyer.call("Order.addDiscountCode", cart, "TENTH", CODES),
        refusal(
            2030, "Discount code already specified", "TENTH", page="discount-code-already-specified"
        ),
        mend=buyer.wish("Order.removeDiscountCode", cart, "TENTH"),
        effect=has("TENTH"),
    )  # fmt: skip


@pytest.mark.row("textalk.2030")
async def test_a_certificate_counts_once(prove: Prove, open_buyer: OpenBuyer) -> None:
    buyer = await open_buyer()
    cart = await buyer.cart()
    await buyer("Order.addDiscountCode", cart, SEK_CERTIFICATE)
    await prove(
        buyer.call("Order.addDiscountCode", cart, SEK_CERTIFICATE, CODES),
        refusal(
            2030, "Discount code already specified", SEK_CERTIFICATE, page="discount-code-already-specified"
        ),
        mend=buyer.call("Order.addDiscountCode", cart, "TENTH", CODES),
        effect=has(SEK_CERTIFICATE, "TENTH"),
    )


@pytest.mark.parametrize(
    ("uid", "dead", "alive"),
    [
        (TENTH, {"active": False}, {"active": True}),
        (TENTH, {"validUntil": "2020-01-01"}, {"validUntil": None}),
        (TENTH, {"validFrom": "2999-01-01"}, {"validFrom": "2020-01-01"}),
        (TENTH, {"maxUses": 0}, {"maxUses": 1}),
        (TENTH, {"limitToCustomergroups": [901]}, {"limitToCustomergroups": None}),
    ],
)
@pytest.mark.row("textalk.2031", case="discount code")
async def test_a_discount_code_that_is_not_valid(
    prove: Prove, open_buyer: OpenBuyer, uid: int, dead: dict[str, Any], alive: dict[str, Any]
) -> None:
    buyer = await open_buyer()
    cart = await buyer.cart()
    await buyer.administer("Discountcode.set", uid, dead)
    await prove(
        buyer.call("Order.addDiscountCode", cart, "TENTH", CODES),
        invalid("TENTH"),
        mend=buyer.change("Discountcode.set", uid, alive),
        effect=has("TENTH"),
    )


@pytest.mark.row("textalk.2031", case="discount code")
async def test_a_discount_that_the_buyer_has_used_up(prove: Prove, open_buyer: OpenBuyer) -> None:
    buyer = await open_buyer()
    await buyer.administer("Discountcode.set", TENTH, {"maxUsesPerCustomer": 1})
    first = await buyer.ready()
    await buyer("Order.addDiscountCode", first, "TENTH")
    await buyer("Order.checkout", first)
    again = await buyer.ready()
    await prove(
        buyer.call("Order.addDiscountCode", again, "TENTH", CODES),
        invalid("TENTH"),
        mend=buyer.change("Discountcode.set", TENTH, {"maxUsesPerCustomer": 2}),
        effect=has("TENTH"),
    )


@pytest.mark.row("textalk.2031", case="gift certificate")
async def test_a_certificates_code_that_there_is_not(prove: Prove, open_buyer: OpenBuyer) -> None:
    buyer = await open_buyer()
    cart = await buyer.cart()
    made = {"code": "1000000000009", "currency": "SEK", "originalValue": 100}
    await prove(
        buyer.call("Order.addDiscountCode", cart, "1000000000009", CODES),
        invalid("1000000000009"),
        mend=buyer.change("Giftcertificate.create", made),
        effect=has("1000000000009"),
    )


@pytest.mark.row("textalk.2031", case="discount code")
async def test_a_code_that_the_cart_has_not_cannot_be_removed(prove: Prove, open_buyer: OpenBuyer) -> None:
    buyer = await open_buyer()
    cart = await buyer.cart()
    await prove(
        buyer.call("Order.removeDiscountCode", cart, "TENTH", CODES),
        invalid("TENTH"),
        mend=buyer.wish("Order.addDiscountCode", cart, "TENTH"),
        effect=has(),
    )


@pytest.mark.parametrize("code", ["FIFTY", "FREIGHT"])
@pytest.mark.row("textalk.2032")
async def test_a_code_that_takes_nothing_off(prove: Prove, open_buyer: OpenBuyer, code: str) -> None:
    """FIFTY counts from a spend of 300 on; FREIGHT only where delivery costs something."""
    buyer = await open_buyer()
    cart = await buyer.cart(CLOTH)
    mend = {
        "FIFTY": buyer.wish("Order.addArticle", cart, CLOTH, {"quantity": 2}),
        "FREIGHT": buyer.wish("Order.set", cart, {"delivery": {"method": 501}}),
    }
    await prove(
        buyer.call("Order.addDiscountCode", cart, code, CODES),
        refusal(2032, "No further discount", code, page="no-further-discount"),
        mend=mend[code],
        effect=has(code),
    )


@pytest.mark.row("textalk.2032")
async def test_a_certificate_for_what_is_paid_already(prove: Prove, open_buyer: OpenBuyer) -> None:
    buyer = await open_buyer()
    made = {"code": "2000000000000", "currency": "SEK", "originalValue": 100}
    await buyer.administer("Giftcertificate.create", made)
    cart = await buyer.cart()
    await buyer("Order.addDiscountCode", cart, SEK_CERTIFICATE)
    await prove(
        buyer.call("Order.addDiscountCode", cart, "2000000000000", CODES),
        refusal(2032, "No further discount", "2000000000000", page="no-further-discount"),
        mend=buyer.wish("Order.addArticle", cart, 101, {SIZE: LARGE}),
        effect=has(SEK_CERTIFICATE, "2000000000000"),
    )


DEAD_CERTIFICATES: list[Dead] = [
    ({"cancelled": True}, {"cancelled": False}),
    ({"expiredate": "2020-01-01"}, {"expiredate": None}),
    ({"remainingValue": 0}, {"remainingValue": 1}),
]


@pytest.mark.parametrize(("dead", "alive"), DEAD_CERTIFICATES)
@pytest.mark.row("textalk.2050")
async def test_a_certificate_that_is_not_valid(
    prove: Prove, open_buyer: OpenBuyer, dead: dict[str, Any], alive: dict[str, Any]
) -> None:
    buyer = await open_buyer()
    cart = await buyer.cart()
    await buyer.administer("Giftcertificate.set", SEK_UID, dead)
    await prove(
        buyer.call("Order.addDiscountCode", cart, SEK_CERTIFICATE, CODES),
        NO_CERTIFICATE,
        mend=buyer.change("Giftcertificate.set", SEK_UID, alive),
        effect=has(SEK_CERTIFICATE),
    )


@pytest.mark.row("textalk.2050")
async def test_a_certificate_that_an_order_has_used_up(prove: Prove, open_buyer: OpenBuyer) -> None:
    buyer = await open_buyer()
    first = await buyer.ready(quantity=2)
    await buyer("Order.addDiscountCode", first, SEK_CERTIFICATE)
    await buyer("Order.checkout", first)
    cart = await buyer.cart()
    await prove(
        buyer.call("Order.addDiscountCode", cart, SEK_CERTIFICATE, CODES),
        NO_CERTIFICATE,
        mend=buyer.change("Order.discard", first),
        effect=has(SEK_CERTIFICATE),
    )


@pytest.mark.row("textalk.2051")
async def test_a_certificate_beside_a_method_that_takes_none(prove: Prove, open_buyer: OpenBuyer) -> None:
    buyer = await open_buyer()
    cart = await buyer.cart(quantity=4)
    await buyer.plan(cart, FINANCING)
    await prove(
        buyer.call("Order.addDiscountCode", cart, SEK_CERTIFICATE, CODES),
        NOT_COMBINABLE,
        mend=lambda: buyer.plan(cart, INVOICE),
        effect=has(SEK_CERTIFICATE),
    )


@pytest.mark.row("textalk.2052")
async def test_a_certificate_in_another_currency(prove: Prove, open_buyer: OpenBuyer) -> None:
    buyer = await open_buyer()
    cart = await buyer.cart()
    await prove(
        buyer.call("Order.addDiscountCode", cart, "1000000000002", CODES),
        OTHER_CURRENCY,
        mend=buyer.wish("Order.set", cart, {"currency": "EUR"}),
        effect=has("1000000000002"),
    )


async def with_code(open_buyer: OpenBuyer, code: str) -> tuple[Buyer, int]:
    """A buyer, and a cart with the code that can be checked out."""
    buyer = await open_buyer()
    cart = await buyer.ready(quantity=4)
    await buyer("Order.addDiscountCode", cart, code)
    return buyer, cart


@pytest.mark.row("textalk.2031", case="discount code")
async def test_checkout_with_a_discount_that_somebody_else_used_up(
    prove: Prove, open_buyer: OpenBuyer
) -> None:
    buyer, cart = await with_code(open_buyer, "ONCE")
    quicker = await buyer.another()
    other = await quicker.ready()
    await quicker("Order.addDiscountCode", other, "ONCE")
    await quicker("Order.checkout", other)
    await prove(
        buyer.call("Order.checkout", cart),
        invalid("ONCE"),
        mend=buyer.wish("Order.removeDiscountCode", cart, "ONCE"),
        effect=buyer.placed(cart),
    )


@pytest.mark.row("textalk.2031", case="discount code")
async def test_checkout_with_a_discount_that_has_ended(prove: Prove, open_buyer: OpenBuyer) -> None:
    buyer, cart = await with_code(open_buyer, "TENTH")
    await buyer.administer("Discountcode.set", TENTH, {"validUntil": "2020-01-01"})
    await prove(
        buyer.call("Order.checkout", cart),
        invalid("TENTH"),
        mend=buyer.change("Discountcode.set", TENTH, {"validUntil": None}),
        effect=buyer.placed(cart),
    )


@pytest.mark.parametrize(("dead", "alive"), DEAD_CERTIFICATES)
@pytest.mark.row("textalk.2050")
async def test_checkout_with_a_certificate_that_has_died(
    prove: Prove, open_buyer: OpenBuyer, dead: dict[str, Any], alive: dict[str, Any]
) -> None:
    buyer, cart = await with_code(open_buyer, SEK_CERTIFICATE)
    await buyer.administer("Giftcertificate.set", SEK_UID, dead)
    await prove(
        buyer.call("Order.checkout", cart),
        NO_CERTIFICATE,
        mend=buyer.change("Giftcertificate.set", SEK_UID, alive),
        effect=buyer.placed(cart),
    )


@pytest.mark.row("textalk.2051")
async def test_checkout_with_a_certificate_beside_a_method_that_takes_none(
    prove: Prove, open_buyer: OpenBuyer
) -> None:
    buyer, cart = await with_code(open_buyer, SEK_CERTIFICATE)
    await buyer.plan(cart, FINANCING)
    await prove(
        buyer.call("Order.checkout", cart),
        NOT_COMBINABLE,
        mend=lambda: buyer.plan(cart, INVOICE),
        effect=buyer.placed(cart),
    )


@pytest.mark.row("textalk.2052")
async def test_checkout_in_another_currency_than_the_certificates(
    prove: Prove, open_buyer: OpenBuyer
) -> None:
    buyer, cart = await with_code(open_buyer, SEK_CERTIFICATE)
    await buyer("Order.set", cart, {"currency": "EUR"})
    await prove(
        buyer.call("Order.checkout", cart),
        OTHER_CURRENCY,
        mend=buyer.wish("Order.set", cart, {"currency": "SEK"}),
        effect=buyer.placed(cart),
    )


@pytest.mark.row("textalk.2050")
async def test_a_certificate_whose_day_is_over(prove: Prove, open_buyer: OpenBuyer) -> None:
    """It ends by itself: nobody has to cancel it."""
    buyer, cart = await with_code(open_buyer, SEK_CERTIFICATE)
    await buyer.administer("Giftcertificate.set", SEK_UID, {"expiredate": "2999-01-01"})
    await buyer.shop.age("certificates", "expires_at", timedelta(days=365 * 1100))
    await prove(
        buyer.call("Order.checkout", cart),
        NO_CERTIFICATE,
        mend=buyer.wish("Order.removeDiscountCode", cart, SEK_CERTIFICATE),
        effect=buyer.placed(cart),
    )
