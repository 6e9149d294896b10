"""A buyer's whole way through a shop, told in the order in which it happens."""

from __future__ import annotations

import asyncio
import base64
import json
from decimal import Decimal

from typer.testing import CliRunner

from entrepot.cli import app
from entrepot.domain.catalogue.products import product_uuid
from entrepot.domain.kernel.ids import cuid
from tests.conformance.bonsai import SUBMIT
from tests.conformance.harness import Client, Request
from tests.conformance.harness.fixtures import OpenBuyer
from tests.support.buyer import (
    BANNER,
    CARD_LATER,
    CUSTOMER,
    LARGE,
    LENGTH,
    PICTURE,
    POST,
    SHIRT,
    SIZE,
    WORDS,
    Buyer,
)

CERTIFICATE = "1000000000001"
PARTNER = {
    "merchants/own": {"name": "The Boutique", "country": "SE", "shipping": {"SE": {"EUR": "5.00"}}},
    "products/shirt/merchant": "own",
    "taxes": {"companies": ["DEFAULT"], "rates": {"SE": {"rate": "25%"}}},
    "channels/partner/door": "bonsai",
    "channels/partner/settings": {
        "currency": "EUR",
        "external_payment": {"api": {"skip_validation": True}},
    },
}
"""A partner who sells the boutique's shirts through the Bonsai API."""


async def test_from_an_empty_cart_to_money_given_back(
    open_buyer: OpenBuyer, bonsai: Client, session_database_url: str
) -> None:
    buyer = await open_buyer(PARTNER)
    assert await buyer("Session.getOrder") is None

    # A large shirt costs 20 more, a banner its price times its length.
    picture = {"name": "eva.png", "type": "image/png", "data": base64.b64encode(b"\x89PNG").decode()}
    shirt = await buyer("Order.addArticle", None, SHIRT, {SIZE: LARGE}, {"order": "uid", "costs": "total"})
    cart = shirt["order"]["uid"]
    assert shirt["costs"]["total"]["incVat"] == 369
    choices = {LENGTH: 1.5, WORDS: "Eva", PICTURE: picture}
    banner = await buyer("Order.addArticle", cart, BANNER, choices, {"uid": True, "costs": "total"})
    assert banner["costs"]["total"]["incVat"] == 300

    # A tenth off what is bought; the post brings it for 49; a certificate pays 500 of it.
    await buyer("Order.addDiscountCode", cart, "TENTH")
    await buyer("Order.set", cart, {"customer": CUSTOMER, "delivery": {"method": POST}})
    await buyer("Order.addDiscountCode", cart, CERTIFICATE)
    assert (await buyer("Order.get", cart, "totalcost"))["totalcost"] == {
        "incVat": Decimal("651.1"),
        "exVat": Decimal("520.88"),
        "vat": Decimal("130.22"),
        "vatRate": Decimal("0.25"),
        "currency": "SEK",
    }

    # The rest is reserved on a card.
    planned = await buyer(
        "Payment.set", None, {"order": cart, "method": CARD_LATER}, ["uid", "amount", "status"]
    )
    assert (planned["amount"], planned["status"]) == (Decimal("151.1"), "planned")
    seen = {"uid": True, "paymentStatus": True, "costs": "due"}
    assert (await buyer("Order.get", cart, seen))["costs"] == {"due": Decimal("151.1")}
    placed = await buyer("Order.checkout", cart, seen, {"token": "tok_visa"})
    assert placed == {"uid": cart, "paymentStatus": "reserved", "costs": {"due": 0}}
    assert await buyer("Session.getOrder") is None
    left = await buyer.administer(
        "Giftcertificate.list", "remainingValue", {"filters": {"/code": CERTIFICATE}}
    )
    assert left == [{"remainingValue": 0}]

    # The shop prints the picture, collects the money, sends the order, and gives a part of the money back.
    assert await buyer.administer("OrderItem.getFile", banner["uid"], PICTURE) == picture
    await buyer.administer("Payment.capture", planned["uid"])
    assert await buyer.administer("Order.get", cart, "paymentStatus") == {"paymentStatus": "paid"}
    await buyer.administer("Order.set", cart, {"deliveryStatus": "sent"})
    refunded = await buyer.administer("Payment.refund", planned["uid"], 51.1, ["refunded", "status"])
    assert refunded == {"refunded": Decimal("51.1"), "status": "paid"}

    # A partner sells from the same stock, and its order stands beside this one in the operator's list.
    sold = await _sell_to_partner(bonsai, buyer)
    assert (await buyer("Article.get", SHIRT, "stock"))["stock"] == {"useStock": True, "stock": 19}
    ours, theirs = await buyer.shop.channel("shop"), await buyer.shop.channel("partner")
    assert await _listed(buyer, session_database_url) == {cart: ours, sold: theirs}


async def _sell_to_partner(bonsai: Client, buyer: Buyer) -> int:
    """The number of an order of a small shirt that a partner has placed."""
    name = buyer.shop.name
    key = f"{name}-partner"
    await buyer.shop.change({"channels/partner/keys": {"live": key}})
    line = {"public_id": cuid(product_uuid(name, "shirt")), "variant_id": "111", "quantity": 1}
    address = {"first_name": "Per", "last_name": "Ek", "address1": "Storgatan 1", "zip": "11122"}
    body = {
        "customer": {"email": "per@example.com", "first_name": "Per", "last_name": "Ek"},
        "products": [line],
        "shipping_address": {**address, "city": "Stockholm", "country": "SE"},
        "payment": {
            "method": "external payment",
            "token": "paid-1",
            "currency": "EUR",
            "amounts": {"goods": 35, "shipping": 5, "taxes": 8.75},
        },
    }
    reply = await bonsai.send(Request("POST", SUBMIT, body, {"API-Key": key}))
    assert reply.status == 200, reply.body
    return reply.json["data"]["orderNumber"]


async def _listed(buyer: Buyer, database_url: str) -> dict[int, int]:
    """What `entrepot orders list` tells: the orders of the workspace, each with the account that placed it."""
    arguments = ["orders", "list", "--json", "-w", buyer.shop.name, "--database-url", database_url]
    result = await asyncio.to_thread(CliRunner().invoke, app, arguments)
    assert result.exit_code == 0, result.output
    return {order["id"]: order["channel"] for order in json.loads(result.stdout)["orders"]}
