"""An order of another door comes back through this one: stock, money and tracking are the same at both."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import pytest

from entrepot.checks import run_checks
from entrepot.domain.catalogue.products import product_uuid
from entrepot.domain.kernel.ids import cuid
from tests.conformance import bonsai as b
from tests.conformance.harness import Client, Request
from tests.conformance.harness.fixtures import OpenSeller
from tests.conformance.walmart import Seller

PAID = {"accounts": {"ann": {"CAD": "1000.00"}}, "cards": {"tok_ann": {"account": "ann"}}}


@pytest.fixture
async def seller(open_seller: OpenSeller) -> Seller:
    """A seller who sees the orders that a Bonsai account places, which gives money back by itself."""
    account = {
        "door": "bonsai",
        "settings": {"currency": "CAD", "returns": {"refund": "automatic"}},
    }
    return await open_seller(
        {
            "merchants": b.WORKSPACE["merchants"],
            "taxes": b.WORKSPACE["taxes"],
            "products/lamp/merchant": "maple",
            "products/lamp/prices/CAD": "20.00",
            "channels/shop": account,
            "channels/mcs/settings": {"sees": "workspace"},
            "bank": PAID,
        }
    )


async def test_a_bonsai_order_comes_back_through_this_door(
    seller: Seller, bonsai: Client, walmart: Client
) -> None:
    await seller.change(
        {"channels/shop/keys": {"live": f"{seller.name}-live", "private": f"{seller.name}-private"}}
    )
    data = (await bonsai.send(order(seller))).json["data"]
    number = str(data["orderNumber"])
    assert await seller.available("lamp") == 8
    await seller.step(int(number), "deliver", {"carrier": "UPS", "tracking": "1Z9"})
    told = (await walmart.send(seller.status(number))).json["payload"]
    assert (told["orderStatus"], told["shipments"][0]["trackNumber"]) == ("DELIVERED", "1Z9")
    (line,) = told["orderItems"]
    assert (line["sellerLineId"], line["sku"]) == ("1", "lamp")
    made = (await walmart.send(seller.send_back({"sellerOrderId": number}))).json["payload"]
    back = int(made["returnOrderId"].removeprefix("33"))
    await seller.returning(back, "receive")
    await seller.returning(back, "inspect")
    assert await seller.available("lamp") == 9
    assert (await walmart.send(seller.status(number))).json["payload"]["orderStatus"] == "PARTIALLY RETURNED"
    shown = await refunded(bonsai, seller, data["public_id"])
    assert [line["quantity"] for refund in shown for line in refund["products"]] == [1]
    assert await run_checks(seller.connection, await seller.id()) == []


def order(seller: Seller) -> Request:
    """Two lamps, paid by card."""
    line = {
        "public_id": cuid(product_uuid(seller.name, "lamp")),
        "variant_id": "101",
        "quantity": 2,
    }
    body = {
        "customer": {"email": "ann@example.com", "first_name": "Ann", "last_name": "Lee"},
        "products": [line],
        "shipping_address": b.ADDRESS,
        "payment": {"method": "credit card", "token": "tok_ann", "currency": "CAD"},
    }
    return Request("POST", b.SUBMIT, body, {"API-Key": f"{seller.name}-live"})


async def refunded(bonsai: Client, seller: Seller, public_id: str) -> list[dict[str, Any]]:
    """The refunds as Bonsai's account is told them, once there is one."""
    key = base64.b64encode(f"{seller.name}-private".encode()).decode()
    path = f"{b.PREFIX}/orders/v2/{public_id}/refunds"
    request = Request("GET", path, b"", {"Authorization": f"Basic {key}"})
    for _ in range(600):
        found = (await bonsai.send(request)).json["data"]["refunds"]
        if found:
            return found
        await asyncio.sleep(0.1)
    raise AssertionError("no refund within a minute")
