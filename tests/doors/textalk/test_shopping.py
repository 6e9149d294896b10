"""A buyer's whole way over HTTP, and what can go wrong on it."""

import pytest

from tests.doors.textalk.served import Api
from tests.support import boutique

pytestmark = pytest.mark.asyncio(loop_scope="module")

BUYER = {
    "address": {
        "firstName": "Eva",
        "lastName": "Ek",
        "country": "SE",
        "postcode": "11122",
        "town": "Stockholm",
    },
    "info": {"email": "eva@example.com"},
}


async def test_a_buyers_whole_way(api: Api) -> None:
    buyer = await api.buyer()
    assert await buyer("Session.getOrder") is None
    first = await buyer(
        "Order.addArticle",
        None,
        boutique.SHIRT,
        {str(boutique.SIZE): str(boutique.S), "quantity": 2},
        {"order": "uid"},
    )
    cart = first["order"]["uid"]
    assert await buyer("Session.getOrder", "uid") == {"uid": cart}
    await buyer("Order.set", cart, {"customer": BUYER, "delivery": {"method": boutique.POST}})
    planned = await buyer(
        "Payment.set", None, {"order": cart, "method": boutique.INVOICE, "status": "planned"}, True
    )
    whole = await buyer("Order.get", cart, True)
    assert whole["totalcost"] == {
        "incVat": 450, "exVat": 360, "vat": 90, "vatRate": 0.25, "currency": "SEK",
    }  # fmt: skip
    assert planned["amount"] == 450
    assert await buyer("Order.checkout", cart, ["uid", "paymentStatus"]) == {
        "uid": cart, "paymentStatus": "unpaid",
    }  # fmt: skip
    assert await buyer("Session.getOrder") is None
    assert await buyer.code("Order.addArticle", cart, boutique.SHIRT) == 2090
    paid = await api.admin("Payment.capture", planned["uid"], ["status"])
    assert paid == {"status": "paid"}
    refunded = await api.admin("Payment.refund", planned["uid"], 100, ["refunded", "status"])
    assert refunded == {"refunded": 100, "status": "paid"}
