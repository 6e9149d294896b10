"""One order's whole way: bought at one door, shipped in two parcels, partly sent back through another, sold again."""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
from typing import Any

import pytest
from typer.testing import CliRunner

from entrepot.cli import app
from entrepot.domain.catalogue.products import product_uuid
from entrepot.domain.kernel.ids import cuid
from tests.conformance import bonsai as b
from tests.conformance.harness import Client, Request
from tests.conformance.harness.fixtures import OpenSeller
from tests.conformance.walmart import Seller
from tests.support.waiting import eventually

UID = secrets.randbelow(10**14)
WEB = "/textalk/backend/jsonrpc/v1"
PLACES = {"countries": {"CA": "0%"}, "prices": {"20000": {"CAD": "5.00"}}}
WEBSHOP = {
    "languages": {"en": "CAD"},
    "delivery": {"post": {"id": 501, "name": {"en": "Post"}, "zones": [PLACES]}},
    "payment": {"invoice": {"id": 601, "name": {"en": "Invoice"}}},
}


@pytest.fixture
async def seller(open_seller: OpenSeller) -> Seller:
    """Two lamps and three accounts: who buys at Bonsai gets money back by itself, and the seller sees all orders."""
    bonsai = {"door": "bonsai", "settings": {"currency": "CAD", "returns": {"refund": "automatic"}}}
    face = {"uid": UID, "name": {"en": "Lamps"}, "languages": ["en"]}
    web = {"door": "textalk", "settings": {"currency": "CAD", "shop": {"language": "en"}, "door": face}}
    bank = {"accounts": {"ann": {"CAD": "1000.00"}}, "cards": {"tok_ann": {"account": "ann"}}}
    return await open_seller(
        {
            "merchants": b.WORKSPACE["merchants"],
            "taxes": b.WORKSPACE["taxes"],
            "products/lamp/merchant": "maple",
            "products/lamp/prices/CAD": "20.00",
            "products/lamp/stock/main": 2,
            "channels/shop": bonsai,
            "channels/web": web,
            "channels/mcs/settings": {"sees": "workspace"},
            "webshops": {"web": WEBSHOP},
            "bank": bank,
        }
    )


class Operator:
    """Somebody at a terminal, on the database of the running server."""

    def __init__(self, workspace: str, url: str) -> None:
        self._context = ["--workspace", workspace, "--json"]
        self._environment = {"ENTREPOT_DATABASE_URL": url, "ENTREPOT_SANDBOX": "true"}

    async def __call__(self, *arguments: object) -> Any:
        """What a command answers, as JSON."""
        given = [*map(str, arguments), *self._context]
        result = await asyncio.to_thread(CliRunner().invoke, app, given, env=self._environment)
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)


async def test_a_lamp_is_bought_sent_back_and_sold_again(
    seller: Seller, bonsai: Client, walmart: Client, textalk: Client, session_database_url: str
) -> None:
    keys = {"live": f"{seller.name}-live", "private": f"{seller.name}-private"}
    await seller.change({"channels/shop/keys": keys})
    run = Operator(seller.name, session_database_url)
    reply = await bonsai.send(bought(seller, keys["live"]))
    assert reply.status == 200, reply.body
    number, public_id = reply.json["data"]["orderNumber"], reply.json["data"]["public_id"]
    assert (await web(textalk, "Order.addArticle", *ONE_LAMP))["error"]["code"] == 2001, "sold out"

    await run("orders", "acknowledge", number)
    await run("orders", "ship", number, "--line", "1=1", "--carrier", "UPS", "--tracking", "1Z1")
    await run("orders", "ship", number, "--carrier", "UPS", "--tracking", "1Z2")
    for tracking in ("1Z1", "1Z2"):
        await run("orders", "deliver", number, "--tracking", tracking)
    shown = await read(bonsai, public_id, keys["private"])
    assert [parcel["trackingNumber"] for parcel in shown["shippingTracking"]] == ["1Z1", "1Z2"]

    opened = await walmart.send(seller.send_back({"sellerOrderId": str(number)}))
    back = int(opened.json["payload"]["returnOrderId"].removeprefix("33"))
    await run("returns", "receive", back)
    await run("returns", "inspect", back)
    given = await eventually(lambda: refunds(bonsai, public_id, keys["private"]))
    assert [(line["quantity"]) for refund in given for line in refund["products"]] == [1]
    status = (await walmart.send(seller.status(str(number)))).json["payload"]
    assert status["orderStatus"] == "PARTIALLY RETURNED"

    again = await sold(textalk)
    orders = (await run("orders", "list"))["orders"]
    assert [(each["id"], each["progress"]) for each in orders] == [
        (again, "new"),
        (number, "partially_returned"),
    ]
    assert (await web(textalk, "Order.addArticle", *ONE_LAMP))["error"]["code"] == 2001, "sold out again"
    assert await run("check") == []


ONE_LAMP = (None, 101, {}, {"order": True})


def bought(seller: Seller, key: str) -> Request:
    """Both lamps, paid by card."""
    line = {"public_id": cuid(product_uuid(seller.name, "lamp")), "variant_id": "101", "quantity": 2}
    body = {
        "customer": {"email": "ann@example.com", "first_name": "Ann", "last_name": "Lee"},
        "products": [line],
        "shipping_address": b.ADDRESS,
        "payment": {"method": "credit card", "token": "tok_ann", "currency": "CAD"},
    }
    return Request("POST", b.SUBMIT, body, {"API-Key": key})


async def read(bonsai: Client, path: str, key: str) -> Any:
    """What the Bonsai account is told."""
    basic = base64.b64encode(key.encode()).decode()
    reply = await bonsai.send(
        Request("GET", f"{b.PREFIX}/orders/v2/{path}", b"", {"Authorization": f"Basic {basic}"})
    )
    assert reply.status == 200, reply.body
    return reply.json["data"]


async def refunds(bonsai: Client, public_id: str, key: str) -> list[Any]:
    return (await read(bonsai, f"{public_id}/refunds", key))["refunds"]


async def web(textalk: Client, method: str, *params: Any, session: str | None = None) -> Any:
    """What the webshop answers; without a session in a new one."""
    if session is None:
        session = (await web(textalk, "Session.getToken", session=""))["result"]
    query = f"webshop={UID}" + (f"&session={session}" if session else "")
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    return (await textalk.send(Request("POST", f"{WEB}?{query}", body))).json


async def sold(textalk: Client) -> int:
    """The number of an order of one lamp at the webshop."""
    session = (await web(textalk, "Session.getToken", session=""))["result"]
    order = (await web(textalk, "Order.addArticle", *ONE_LAMP, session=session))["result"]["order"]
    address = {
        "firstName": "Ben",
        "lastName": "Ek",
        "address": "1 Main St",
        "postcode": "1",
        "town": "T",
        "country": "CA",
    }
    wishes = {
        "customer": {"address": address, "info": {"email": "ben@example.com"}},
        "delivery": {"method": 501},
    }
    for call in (
        ("Order.set", order, wishes),
        ("Payment.set", None, {"order": order, "method": 601}),
        ("Order.checkout", order, {"uid": True}),
    ):
        reply = await web(textalk, *call, session=session)
        assert "result" in reply, (call, reply)
    return order
