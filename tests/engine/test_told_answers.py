"""What a change of a cart tells is what a read tells right after it, and costs no read where the change knows it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.harness import Client
from tests.conformance.harness.fixtures import OpenWebshop
from tests.conformance.textalk_buying import BUYER, BY_CARD, BY_INVOICE, SHIRT, SIZE, SMALL, ask

CLOTH = 102
WARES = [
    (SHIRT, {str(SIZE): str(SMALL), "quantity": 2}),
    (CLOTH, {"quantity": 1.5}),
    (CLOTH, {"quantity": 0.5}),
]
ITEM: list[Any] = [
    {"uid": True, "order": True, "costs": {"total": True}},
    {"costs": True, "article": True},
    {"costs": {"unit": "exVat"}, "order": {"uid": True, "totalcost": True}},
    {"choices": True, "articleName": True, "costs": "unit"},
]
CART: list[Any] = [
    {
        "paymentMethods": {"uid": True, "name": "en"},
        "deliveryMethods": {"uid": True, "name": True, "active": True},
    },
    {
        "totalcost": True,
        "costs": {"due": True, "shipment": True},
        "hasVat": True,
        "currency": True,
        "note": True,
    },
    {"paymentMethods": True, "deliveryMethods": "description"},
    {"paymentMethods": {"limitToCurrencies": True, "fee": True, "params": True}},
    {"delivery": {"method": {"name": True}}, "totalcost": True},
    True,
]
PAYMENT: list[Any] = [["uid", "status", "amount"], {"order": {"costs": "due"}, "amount": True}, True]
PLACED: list[Any] = [
    {"uid": True, "paymentStatus": True, "totalcost": True},
    {"hasVat": True, "currency": True, "costs": {"rounding": True, "total": True}},
    {"items": {"costs": True}, "totalcost": "vat"},
    True,
]


@pytest.mark.parametrize("code", [None, "TENTH"])
@pytest.mark.parametrize("method", [BY_CARD, BY_INVOICE])
async def test_what_is_told_of_a_change_is_what_is_read_after_it(
    textalk: Client, open_webshop: OpenWebshop, code: str | None, method: int
) -> None:
    shop = await open_webshop()
    session = await shop.session()
    cart: int | None = None

    async def call(name: str, *params: Any) -> Any:
        return await ask(textalk, shop, name, *params, session=session)

    for query in ITEM:
        for article, choices in WARES:
            told = await call("Order.addArticle", cart, article, choices, query)
            cart = cart or (await call("Session.getOrder", "uid"))["uid"]
            items = (await call("Order.get", cart, {"items": query}))["items"]
            assert repr(told) in map(repr, items)
    if code:
        await call("Order.addDiscountCode", cart, code)
    for query in CART:
        told = await call("Order.set", cart, {"customer": BUYER, "delivery": {"method": 501}}, query)
        assert repr(_but_for_time(told)) == repr(_but_for_time(await call("Order.get", cart, query)))
    for query in PAYMENT:
        planned = {"order": cart, "method": method, "status": "planned"}
        told = await call("Payment.set", None, planned, query)
        (payment,) = (await call("Order.get", cart, "payments"))["payments"]
        assert repr(told) == repr(await call("Payment.get", payment, query))


@pytest.mark.parametrize("query", PLACED)
@pytest.mark.parametrize("method", [BY_CARD, BY_INVOICE])
async def test_what_is_told_of_an_order_is_what_is_read_of_it(
    textalk: Client, open_webshop: OpenWebshop, method: int, query: Any
) -> None:
    shop = await open_webshop()
    session = await shop.session()

    async def call(name: str, *params: Any) -> Any:
        return await ask(textalk, shop, name, *params, session=session)

    cart = (await call("Order.addArticle", None, SHIRT, {str(SIZE): str(SMALL)}, "order"))["order"]
    await call("Order.addDiscountCode", cart, "TENTH")
    await call("Order.set", cart, {"customer": BUYER, "delivery": {"method": 501}})
    await call("Payment.set", None, {"order": cart, "method": method, "status": "planned"})
    token = {"token": "tok_visa"} if method == BY_CARD else {}
    told = await call("Order.checkout", cart, query, token)
    assert repr(told) == repr(await call("Order.get", cart, query))


def _but_for_time(told: Any) -> Any:
    """A cart that was only looked at has been changed all the same."""
    return {name: value for name, value in told.items() if name != "changed"}
