"""Money that comes in by a door or the command line: what its currency cannot hold is refused where it stands."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.conformance.harness import Client
from tests.conformance.harness.fixtures import OpenShop, OpenWebshop
from tests.conformance.textalk_buying import ask, placed_order
from tests.support.accounts import store_currency

CANNOT = "{} cannot hold the amount: it has too many decimals, or is too large."
NAME = {"en": "A"}


def too_fine(currency: str, *pointers: str) -> list[dict[str, str]]:
    return [{"message": CANNOT.format(currency), "pointer": pointer} for pointer in pointers]


PATCHES: list[tuple[str, dict[str, Any], str, list[str]]] = [
    ("Article", {"name": NAME, "price": {"regular": {"SEK": 0.004}}}, "SEK", ["/price/regular/SEK"]),
    ("Article", {"price": {"specialOffer": {"EUR": "9.999"}}}, "EUR", ["/price/specialOffer/EUR"]),
    (
        "Article",
        {"choiceOptionPrices": {"312": {"JPY": 0.5}, "311": {"JPY": 1}}},
        "JPY",
        ["/choiceOptionPrices/312/JPY"],
    ),
    (
        "ArticleChoiceOption",
        {"articleChoice": 301, "name": NAME, "price": {"SEK": 1e-9}},
        "SEK",
        ["/price/SEK"],
    ),
    (
        "DeliveryMethod",
        {"name": NAME, "freeDeliveryMinimumSpend": {"SEK": 99.999}},
        "SEK",
        ["/freeDeliveryMinimumSpend/SEK"],
    ),
    (
        "DeliveryMethod",
        {"name": NAME, "rates": [{"weightIntervals": [{"price": {"SEK": 1}}, {"price": {"SEK": 0.004}}]}]},
        "SEK",
        ["/rates/0/weightIntervals/1/price/SEK"],
    ),
    ("PaymentMethod", {"name": NAME, "fee": {"SEK": 0.004}}, "SEK", ["/fee/SEK"]),
    (
        "PaymentMethod",
        {
            "name": NAME,
            "orderCostRange": {"mode": "interval", "intervals": {"JPY": {"min": 0.1, "max": 1.5}}},
        },
        "JPY",
        ["/orderCostRange/intervals/JPY/min", "/orderCostRange/intervals/JPY/max"],
    ),
    (
        "Discountcode",
        {"code": "C", "amount": {"SEK": 0.004}, "minimumSpend": {"SEK": 1}},
        "SEK",
        ["/amount/SEK"],
    ),
    ("Giftcertificate", {"currency": "JPY", "originalValue": 0.5}, "JPY", ["/originalValue"]),
    (
        "Giftcertificate",
        {"currency": "SEK", "originalValue": 5, "remainingValue": 4.999},
        "SEK",
        ["/remainingValue"],
    ),
    ("Article", {"name": NAME, "price": {"regular": {"SEK": 10**14}}}, "SEK", ["/price/regular/SEK"]),
]


@pytest.mark.parametrize(("kind", "patch", "currency", "pointers"), PATCHES)
async def test_textalk_refuses_what_the_currency_cannot_hold(
    textalk: Client,
    open_webshop: OpenWebshop,
    kind: str,
    patch: dict[str, Any],
    currency: str,
    pointers: list[str],
) -> None:
    """9001 with the pointer, from `set` and `validate` alike; nothing is stored."""
    shop = await open_webshop()
    auth, uid = await shop.administrator(), 101 if kind == "Article" and "name" not in patch else None
    before = await shop.count("prices"), await shop.count("certificates"), await shop.count("products")
    reply = await textalk.send(shop.call(f"{kind}.set", uid, patch, auth=auth))
    assert reply.json["error"]["code"] == 9001, reply.body
    assert reply.json["error"]["data"] == too_fine(currency, *pointers)
    problems = await ask(textalk, shop, f"{kind}.validate", uid, patch, auth=auth)
    assert problems == too_fine(currency, *pointers)
    after = await shop.count("prices"), await shop.count("certificates"), await shop.count("products")
    assert after == before


async def test_a_known_certificate_is_held_to_its_own_currency(
    textalk: Client, open_webshop: OpenWebshop
) -> None:
    shop = await open_webshop({"webshops/shop/certificates/Y": {"id": 809, "currency": "JPY", "value": 500}})
    call = shop.call("Giftcertificate.set", 809, {"remainingValue": 99.5}, auth=await shop.administrator())
    reply = await textalk.send(call)
    assert reply.json["error"]["data"] == too_fine("JPY", "/remainingValue")


async def test_a_filter_between_two_amounts_lies_between_them(
    textalk: Client, open_webshop: OpenWebshop
) -> None:
    """349.004 is no price, and more than 349.00: it is compared, and not rounded first."""
    shop = await open_webshop()
    auth = await shop.administrator()

    async def found(**condition: float) -> list[dict[str, int]]:
        selection = {"filters": {"/price/current/SEK": condition, "/uid": 101}}
        return await ask(textalk, shop, "Article.list", "uid", selection, auth=auth)

    assert await found(equals=349.004) == []
    assert await found(min=349.004) == []
    assert await found(max=349.004) == [{"uid": 101}]
    assert await found(equals=349) == [{"uid": 101}]


@pytest.mark.parametrize("amount", [0.004, 10.005, 10**14])
async def test_a_refund_is_of_an_amount_that_the_currency_can_hold(
    textalk: Client, open_webshop: OpenWebshop, amount: float
) -> None:
    shop = await open_webshop()
    _, payment, _ = await placed_order(textalk, shop)
    call = shop.call("Payment.refund", payment, amount, auth=await shop.administrator())
    reply = await textalk.send(call)
    assert reply.json["error"]["code"] == -32602
    assert reply.json["error"]["data"] == too_fine("SEK", "/1")
    assert await shop.count("refunds") == 0


def precision(*path: str | int, value: str, limit: int) -> dict[str, Any]:
    name = path[-1]
    return {
        "message": f'"{name}" must have no more than {limit} decimal places',
        "path": list(path),
        "type": "number.precision",
        "context": {"limit": limit, "value": Decimal(value), "key": name, "label": name},
    }


@pytest.mark.parametrize(
    ("edits", "detail"),
    [
        (
            {"payment/amounts/goods": 20.004},
            precision("payment", "amounts", "goods", value="20.004", limit=2),
        ),
        (
            {"payment/amounts/taxes": "3.251"},
            precision("payment", "amounts", "taxes", value="3.251", limit=2),
        ),
        ({"products/0/price": 19.999}, precision("products", 0, "price", value="19.999", limit=2)),
    ],
)
async def test_bonsai_refuses_what_the_currency_cannot_hold(
    bonsai: Client, open_bonsai_shop: OpenShop, edits: dict[str, Any], detail: dict[str, Any]
) -> None:
    """INVALID_INPUT as Joi says it (`number.precision`), before a missing address is noticed."""
    shop = await open_bonsai_shop()
    for more in ({}, {"shipping_address": None}):
        reply = await bonsai.send(shop.submit({**edits, **more}))
        (error,) = reply.json["errors"]
        assert (reply.status, error["code"], error["detail"]) == (400, "INVALID_INPUT", [detail])
    assert (await bonsai.send(shop.submit())).status == 200


async def test_bonsai_reads_amounts_in_the_accounts_own_currency(
    bonsai: Client, open_bonsai_shop: OpenShop
) -> None:
    """Who names no currency pays in the account's, here one without decimals."""
    shop = await open_bonsai_shop({"products/lamp/prices/JPY": 2000})
    await store_currency(shop, "JPY")
    amounts = {"goods": 2000, "shipping": 500, "taxes": 0.5}
    payment = {"method": "external payment", "token": "t", "amounts": amounts}
    reply = await bonsai.send(shop.submit({"payment": payment}))
    assert reply.json["errors"][0]["detail"] == [
        precision("payment", "amounts", "taxes", value="0.5", limit=0)
    ]


async def test_bonsai_refuses_such_amounts_of_a_later_payment_too(
    bonsai: Client, open_bonsai_shop: OpenShop
) -> None:
    shop = await open_bonsai_shop()
    first = shop.submit()
    body: Any = first.body
    names = {"first_name": "firstName", "last_name": "lastName"}
    address = {names.get(key, key): value for key, value in body["shipping_address"].items()}
    lines = [{"id": shop.public_id("lamp"), "variantId": "101", "quantity": 1}]
    pending = {
        "customer": {"email": "a@example.com"},
        "products": lines,
        "shippingAddress": address,
        "payment": {"method": "external payment"},
    }
    recorded = await bonsai.send(first.__class__("POST", "/bonsai/orders/v2/submit", pending, first.headers))
    assert recorded.status == 200, recorded.body
    payment = {
        "method": "external payment",
        "token": "t",
        "amounts": {"goods": 20, "shipping": 5.001, "taxes": 0},
    }
    path = f"/bonsai/orders/v2/{recorded.json['data']['id']}/payment"
    reply = await bonsai.send(first.__class__("POST", path, payment, first.headers))
    assert reply.json["errors"][0]["detail"] == [precision("amounts", "shipping", value="5.001", limit=2)]
