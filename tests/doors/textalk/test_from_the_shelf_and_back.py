"""One order from the shelf to the buyer's door and back, by commands alone: two APIs, one stock, one order book."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal

from typer.testing import CliRunner

from entrepot.cli import app
from entrepot.domain.fulfilment.returns.open import OpenReturn, ReturnWish
from entrepot.domain.fulfilment.returns.work import ReturnState
from entrepot.domain.orders.access import Asker
from tests.conformance.harness import Client
from tests.conformance.harness.fixtures import OpenBuyer
from tests.support.buyer import SHIRT, SIZE, SMALL
from tests.support.interleaving import running
from tests.support.partner import PARTNER, Partner

ALL = 20
"""All small shirts that there are."""


class Operator:
    """Who types commands."""

    def __init__(self, workspace: str, url: str) -> None:
        self._shared = ["--database-url", url]
        self._workspace = ["-w", workspace]

    async def __call__(self, *words: object) -> str:
        """What a command says that succeeds."""
        result = await asyncio.to_thread(CliRunner().invoke, app, self._arguments(words))
        assert result.exit_code == 0, result.output
        return result.stdout

    def _arguments(self, words: tuple[object, ...]) -> list[str]:
        return [*map(str, words), *self._workspace, *self._shared]


async def test_from_the_shelf_and_back(
    open_buyer: OpenBuyer, bonsai: Client, session_database_url: str
) -> None:
    buyer = await open_buyer(PARTNER)
    partner, operator = Partner(bonsai, buyer), Operator(buyer.shop.name, session_database_url)
    sold = await partner.sells(ALL)
    number, public = sold["orderNumber"], sold["public_id"]

    # Nothing is left of the shirt for the webshop, whose administrator sees the order, not yet sent.
    refused = (await buyer.client.send(buyer.call("Order.addArticle", None, SHIRT, {SIZE: SMALL}))).json
    assert (refused["error"]["code"], refused["error"]["data"]) == (2001, "The article is out of stock.")
    assert await buyer.administer("Order.get", number, "deliveryStatus") == {"deliveryStatus": "unsent"}

    # It leaves in two parcels; the partner's customer can follow both.
    await operator("orders", "ship", number, "--line", "1=8", "--carrier", "PostNord", "--tracking", "A1")
    status = await partner.reads(public)
    assert status["fulfillmentStatus"] == "Partially Fulfilled"
    await operator("orders", "ship", number, "--carrier", "DHL", "--tracking", "B2")
    await operator("orders", "deliver", number, "--tracking", "A1")
    await operator("orders", "deliver", number, "--tracking", "B2")
    status = await partner.reads(public)
    followed = [(each["carrier"], each["trackingNumber"]) for each in status["shippingTracking"]]
    assert followed == [("PostNord", "A1"), ("DHL", "B2")]
    assert [each["products"][0]["quantity"] for each in status["shippingTracking"]] == [8, 12]
    assert status["fulfillmentStatus"] == "fulfilled"
    assert await buyer.administer("Order.get", number, "deliveryStatus") == {"deliveryStatus": "sent"}

    # The webshop, which sees the order, takes three of them back for the partner.
    asks = Asker(await buyer.shop.channel("shop"), "live")
    wishes = (ReturnWish(3, "Too small", line=1),)
    async with running(session_database_url) as (engine,):
        opened = await engine.execute(
            await buyer.shop.id(), OpenReturn(order=number, asks=asks, wishes=wishes, name="RMA-1")
        )
    assert isinstance(opened, ReturnState)
    told = await operator("returns", "receive", opened.ret.id)
    assert "3 units are received. 131.25 EUR go back." in told
    await operator("returns", "inspect", opened.ret.id, "--restock", "1=2", "--scrap", "1=1")

    # The money shows at the partner's API; what came back still counts as sent at the webshop's.
    (refund,) = (await partner.reads(f"{public}/refunds"))["refunds"]
    assert (refund["refundedAmount"], refund["refundReason"]) == (Decimal("131.25"), "Too small")
    assert [each["quantity"] for each in refund["products"]] == [3]
    assert await buyer.administer("Order.get", number, "deliveryStatus") == {"deliveryStatus": "sent"}
    shown = json.loads(await operator("orders", "show", number, "--json"))
    assert shown["order"]["progress"] == "partially_returned"

    # The two that were put back sell again.
    cart = await buyer.ready(SHIRT, quantity=2)
    await buyer("Order.checkout", cart)
    assert await operator("check", "--sandbox") == "Everything holds.\n"
