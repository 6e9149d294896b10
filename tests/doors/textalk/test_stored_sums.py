"""What was spent or used stays so, whatever an administrator sets: sums that others are derived from add up."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from entrepot.checks import run_checks
from tests.conformance.harness.fixtures import OpenBuyer
from tests.conformance.test_textalk_shopping_codes import SEK_CERTIFICATE, SEK_UID, TENTH
from tests.support.buyer import Buyer


async def said(buyer: Buyer, method: str, *params: Any) -> Any:
    """The answer to an administrator's call: its result or its error."""
    reply = (await buyer.client.send(buyer.shop.call(method, *params, auth=buyer.admin))).json
    return reply.get("result", reply.get("error"))


async def agreed(
    buyer: Buyer, class_name: str, uid: int | None, patch: dict[str, Any], pointer: str | None
) -> None:
    """`validate` and `set` say the same of the patch: nothing, or that this place is wrong."""
    found = await said(buyer, f"{class_name}.validate", uid, patch)
    method, params = (
        (f"{class_name}.set", (uid, patch)) if uid is not None else (f"{class_name}.create", (patch,))
    )
    answer = await said(buyer, method, *params)
    if pointer is None:
        assert found == []
        assert "code" not in answer or "message" not in answer, answer
    else:
        assert [each["pointer"] for each in found] == [pointer], found
        assert answer["code"] == 9001, answer
        assert [each["pointer"] for each in answer["data"]] == [pointer]


async def adds_up(buyer: Buyer) -> None:
    found = await run_checks(buyer.shop.connection, await buyer.shop.id())
    assert [each for each in found if each.severity == "violation"] == []


async def left(buyer: Buyer) -> tuple[float, float]:
    shown = await said(buyer, "Giftcertificate.get", SEK_UID, ["originalValue", "remainingValue"])
    return round(float(shown["originalValue"]), 2), round(float(shown["remainingValue"]), 2)


@pytest.fixture
async def used(open_buyer: OpenBuyer) -> Buyer:
    """A buyer whose order took something from a certificate, and used a discount code."""
    buyer = await open_buyer()
    await buyer.administer("Giftcertificate.set", SEK_UID, {"originalValue": 500})
    cart = await buyer.ready()
    await buyer("Order.addDiscountCode", cart, "TENTH")
    await buyer("Order.addDiscountCode", cart, SEK_CERTIFICATE)
    await buyer("Order.checkout", cart)
    return buyer


async def test_value_and_rest_of_a_certificate_move_together(used: Buyer) -> None:
    original, rest = await left(used)
    spent = round(original - rest, 2)
    assert spent > 0
    await agreed(used, "Giftcertificate", SEK_UID, {"originalValue": 900}, None)
    assert await left(used) == (900, round(900 - spent, 2))
    await adds_up(used)
    await agreed(used, "Giftcertificate", SEK_UID, {"remainingValue": 100}, None)
    assert await left(used) == (round(100 + spent, 2), 100)
    await adds_up(used)
    await agreed(
        used, "Giftcertificate", SEK_UID, {"originalValue": round(50 + spent, 2), "remainingValue": 50}, None
    )
    assert await left(used) == (round(50 + spent, 2), 50)
    await agreed(used, "Giftcertificate", SEK_UID, {"originalValue": spent}, None)
    assert await left(used) == (spent, 0)
    await adds_up(used)


async def test_a_certificate_of_which_more_was_spent_is_refused(used: Buyer) -> None:
    before = await left(used)
    spent = round(before[0] - before[1], 2)
    await agreed(used, "Giftcertificate", SEK_UID, {"originalValue": round(spent - 1, 2)}, "/originalValue")
    await agreed(
        used, "Giftcertificate", SEK_UID, {"originalValue": 900, "remainingValue": 900}, "/remainingValue"
    )
    new = {"currency": "SEK", "originalValue": 500, "remainingValue": 200}
    await agreed(used, "Giftcertificate", None, new, "/remainingValue")
    assert await left(used) == before
    await adds_up(used)


async def test_an_edited_certificate_can_be_discarded_with_its_order(used: Buyer) -> None:
    await used.administer("Giftcertificate.set", SEK_UID, {"originalValue": 900})
    order = (await used.administer("Order.list", "uid", {"limit": 1, "sort": "uid", "descending": True}))[0][
        "uid"
    ]
    await used.administer("Order.discard", order)
    assert await left(used) == (900, 900)
    await adds_up(used)


async def test_a_code_cannot_have_fewer_uses_than_it_had(used: Buyer) -> None:
    await agreed(used, "Discountcode", TENTH, {"maxUses": 0}, "/maxUses")
    for most in (1, 5, None):
        await agreed(used, "Discountcode", TENTH, {"maxUses": most}, None)
    await adds_up(used)


async def test_edits_while_buyers_spend_lose_nothing(used: Buyer) -> None:
    """The value is set while orders take from it: what each leaves is what the other sees."""
    carts = [(buyer := await used.another(), await buyer.ready()) for _ in range(6)]
    for buyer, cart in carts:
        await buyer("Order.addDiscountCode", cart, SEK_CERTIFICATE)
    edits = (said(used, "Giftcertificate.set", SEK_UID, {"originalValue": 900 + no}) for no in range(12))
    orders = (buyer.client.send(buyer.call("Order.checkout", cart)) for buyer, cart in carts)
    await asyncio.gather(*edits, *orders)
    await adds_up(used)
