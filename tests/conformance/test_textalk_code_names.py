"""Buyers type discount codes and gift certificates into one field: they share their names, case and blanks aside."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.conformance.harness.fixtures import OpenBuyer
from tests.support.buyer import Buyer

TENTH, SEK_UID, SEK_CERTIFICATE = 701, 801, "1000000000001"
CERTIFICATE: dict[str, Any] = {"originalValue": 100, "currency": "SEK"}
DISCOUNT: dict[str, Any] = {"type": "percent", "percent": 0.5}
TAKEN = [("/code", 9001)]


async def answer(buyer: Buyer, method: str, *params: Any, admin: bool = True) -> Any:
    """The result of a call, or code and pointers of its error."""
    who = {"auth": buyer.admin} if admin else {"session": buyer.session}
    reply = (await buyer.client.send(buyer.shop.call(method, *params, **who))).json
    if "result" in reply:
        return reply["result"]
    error = reply["error"]
    data = error.get("data")
    return [(each["pointer"], error["code"]) for each in data] if isinstance(data, list) else error["code"]


@pytest.mark.parametrize(("typed", "stored"), [(" tenth ", "TENTH"), ("1000 0000 00001", SEK_CERTIFICATE)])
async def test_a_code_counts_however_it_is_typed(open_buyer: OpenBuyer, typed: str, stored: str) -> None:
    buyer = await open_buyer()
    cart = await buyer.cart()
    added = await buyer("Order.addDiscountCode", cart, typed, "discountCodes")
    assert added == {"discountCodes": [stored]}
    assert await answer(buyer, "Order.addDiscountCode", cart, stored.lower(), admin=False) == 2030
    removed = await buyer("Order.removeDiscountCode", cart, typed.upper(), "discountCodes")
    assert removed == {"discountCodes": []}


async def test_a_name_is_a_codes_or_a_certificates(open_buyer: OpenBuyer) -> None:
    buyer = await open_buyer()
    assert await answer(buyer, "Giftcertificate.create", {**CERTIFICATE, "code": " Ten th"}) == TAKEN
    assert await answer(buyer, "Discountcode.create", {**DISCOUNT, "code": "1000 0000 00001"}) == TAKEN
    assert await answer(buyer, "Discountcode.create", {**DISCOUNT, "code": "tenth"}) == TAKEN
    assert await answer(buyer, "Giftcertificate.set", SEK_UID, {"code": "tenth"}) == TAKEN
    assert await answer(buyer, "Discountcode.set", TENTH, {"code": "Tenth"}) == {"uid": TENTH}, "its own name"


async def test_a_name_that_is_given_up_is_free(open_buyer: OpenBuyer) -> None:
    buyer = await open_buyer()
    await buyer.administer("Discountcode.set", TENTH, {"code": "ELEVENTH"})
    assert await answer(buyer, "Order.addDiscountCode", await buyer.cart(), "TENTH", admin=False) == 2031
    made = await buyer.administer("Giftcertificate.create", {**CERTIFICATE, "code": "TENTH"})
    assert await answer(buyer, "Discountcode.set", TENTH, {"code": "TENTH"}) == TAKEN
    await buyer.administer("Giftcertificate.set", made["uid"], {"code": "other"})
    await buyer.administer("Discountcode.set", TENTH, {"code": "TENTH"})
    await buyer.administer("Discountcode.delete", TENTH)
    await buyer.administer("Discountcode.create", {**DISCOUNT, "code": "tenth"})


async def test_blanks_around_a_code_are_not_stored(open_buyer: OpenBuyer) -> None:
    buyer = await open_buyer()
    made = await buyer.administer(
        "Discountcode.create", {**DISCOUNT, "code": "  Summer 10\t"}, ["code", "uid"]
    )
    assert made["code"] == "Summer 10"
    assert await buyer.administer("Discountcode.get", made["uid"], "code") == {"code": "Summer 10"}
    added = await buyer("Order.addDiscountCode", await buyer.cart(), "SUMMER10", "discountCodes")
    assert added == {"discountCodes": ["Summer 10"]}
    for blank in ("   ", "\u2003"):
        assert await answer(buyer, "Discountcode.create", {**DISCOUNT, "code": blank}) == TAKEN
        assert await answer(buyer, "Giftcertificate.create", {**CERTIFICATE, "code": blank}) == TAKEN


async def test_of_two_who_give_a_name_at_once_one_is_first(open_buyer: OpenBuyer) -> None:
    buyer = await open_buyer()
    made = [
        ("Discountcode.create", DISCOUNT | {"code": "race"}),
        ("Giftcertificate.create", CERTIFICATE | {"code": "RACE"}),
    ]
    answers = await asyncio.gather(*(answer(buyer, method, patch) for method, patch in made * 4))
    assert sum(each != TAKEN for each in answers) == 1, answers


async def test_another_shop_has_its_own_names(open_buyer: OpenBuyer) -> None:
    buyer = await open_buyer()
    admin = await buyer.shop.administrator("other")
    created = buyer.shop.call("Discountcode.create", {**DISCOUNT, "code": "TENTH"}, shop="other", auth=admin)
    assert "result" in (await buyer.client.send(created)).json
