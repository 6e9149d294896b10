"""A Bonsai order comes back through this door: stock, money and tracking are the same at Bonsai, Textalk and here."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from entrepot.checks import run_checks
from entrepot.domain.catalogue.products import product_uuid
from entrepot.domain.kernel.ids import cuid
from tests.conformance.bonsai import PREFIX as BONSAI
from tests.conformance.harness import Client, Request
from tests.conformance.harness.fixtures import OpenBuyer
from tests.conformance.walmart import PREFIX, Seller, account, front
from tests.support.buyer import CLOTH, SHIRT, Buyer
from tests.support.partner import PARTNER, Partner
from tests.support.server import Server
from tests.support.waiting import eventually

SKU = "shirt-small"
SOLD, BACK, PUT_BACK = 20, 3, 2
"""All small shirts that there are; three come back, of which two can be sold again."""


@dataclass(frozen=True)
class Views:
    """One workspace, as the webshop's administrator, the partner and the Walmart seller see it."""

    buyer: Buyer
    partner: Partner
    seller: Seller
    walmart: Client
    bonsai: Client

    async def stock(self) -> list[Any]:
        """How many small shirts each of the three is told of."""
        article = await self.buyer.administer("Article.get", SHIRT, "variants")
        webshop = next(each["overrides"]["stock"] for each in article["variants"] if each["uid"] == 111)
        path = f"{BONSAI}/products?ids={cuid(product_uuid(self.seller.name, 'shirt'))}&currency=EUR"
        told = (await self.bonsai.send(Request("GET", path, headers=self.partner.headers))).json["data"]
        partner = next(each["inventoryQuantity"] for each in told[0]["variants"] if each["id"] == "111")
        listed = await self.walmart.send(self.seller.call("GET", f"{PREFIX}/v3/wfs/inventory?sku={SKU}"))
        (row,) = listed.json["payload"]["inventory"]
        return [webshop, partner, row["inventoryData"]["availableUnits"]]

    async def order(self, number: int, public: str) -> tuple[Any, Any, Any]:
        """How far the order is for each of the three, with the parcels that it tells."""
        webshop = (await self.buyer.administer("Order.get", number, "deliveryStatus"))["deliveryStatus"]
        told = await self.partner.reads(public)
        parcels = [(each["carrier"], each["trackingNumber"]) for each in told["shippingTracking"]]
        followed = (await self.walmart.send(self.seller.status(str(number)))).json["payload"]
        shipped = [(each["carrier"], each["trackNumber"]) for each in followed["shipments"]]
        return webshop, (told["fulfillmentStatus"], parcels), (followed["orderStatus"], shipped)

    async def given_back(self, number: int, public: str) -> tuple[Any, Any]:
        """The money that went back, as the webshop and the partner are told it; Walmart's API tells of none."""
        order = await self.buyer.administer("Order.get", number, "payments")
        payment = await self.buyer.administer("Payment.get", order["payments"][0], ["refunded", "currency"])
        refunds = (await self.partner.reads(f"{public}/refunds"))["refunds"]
        return payment, [
            (each["refundedAmount"], [product["quantity"] for product in each["products"]])
            for each in refunds
        ]


async def test_a_bonsai_order_comes_back_through_this_door(
    open_buyer: OpenBuyer, walmart: Client, bonsai: Client, server: Server
) -> None:
    views = await opened(open_buyer, walmart, bonsai, server)
    seller = views.seller
    sold = await views.partner.sells(SOLD)
    number, public = sold["orderNumber"], sold["public_id"]
    assert await views.stock() == [0, 0, 0]
    assert await views.order(number, public) == ("unsent", ("payment successful", []), ("NEW", []))

    parcels = [("UPS", "1Z9")]
    await seller.step(number, "ship", {"carrier": "UPS", "tracking": "1Z9"})
    await seller.step(number, "deliver")
    told = await views.order(number, public)
    assert told == ("sent", ("fulfilled", parcels), ("DELIVERED", parcels))

    items = [seller.returned(SKU, BACK) | {"returnReason": "Too small"}]
    made = await walmart.send(seller.send_back({"sellerOrderId": str(number), "orderItems": items}))
    back = made.json["payload"]["returnOrderId"]
    await seller.returning(int(back.removeprefix("33")), "receive")
    look = {
        "restock": [{"line": 1, "quantity": PUT_BACK}],
        "scrap": [{"line": 1, "quantity": BACK - PUT_BACK}],
    }
    await seller.returning(int(back.removeprefix("33")), "inspect", look)

    assert await views.stock() == [PUT_BACK] * 3
    told = await views.order(number, public)
    assert told == ("sent", ("fulfilled", parcels), ("PARTIALLY RETURNED", parcels))
    (seen,) = (await walmart.send(seller.returns(f"returnOrderId={back}"))).json["payload"]
    (line,) = seen["returnOrderLines"]
    assert (line["lineQuantityInfo"][0]["status"], line["dispositionCode"]) == ("RETURN_RECEIVED", "RESTOCK")

    money = ({"refunded": Decimal("131.25"), "currency": "EUR"}, [(Decimal("131.25"), [BACK])])

    async def gone_back() -> bool:
        return await views.given_back(number, public) == money

    await eventually(gone_back)
    assert await run_checks(seller.connection, await seller.id()) == []


async def opened(open_buyer: OpenBuyer, walmart: Client, bonsai: Client, server: Server) -> Views:
    """The boutique, whose orders a Walmart seller sees as its administrators do, and a partner's too."""
    buyer = await open_buyer(PARTNER)
    mcs = account(buyer.shop.name, "mcs") | {"settings": {"sees": "workspace"}}
    await buyer.shop.change({"channels/mcs": mcs, "storefronts/front": front("mcs")})
    seller = Seller(buyer.shop.connection, buyer.shop.name, server.url)
    await seller.log_in()
    return Views(buyer, Partner(bonsai, buyer), seller, walmart, bonsai)


async def test_what_a_webshop_sold_by_the_metre_is_counted_in_metres(
    open_buyer: OpenBuyer, walmart: Client, bonsai: Client, server: Server
) -> None:
    views = await opened(open_buyer, walmart, bonsai, server)
    cart = await views.buyer.ready(CLOTH, quantity=2.5)
    await views.buyer("Order.checkout", cart)
    number = str(cart)
    told = (await walmart.send(views.seller.status(number))).json["payload"]
    assert told["orderItems"][0]["qty"]["measurementValue"] == Decimal("2.5")
    units = "orderItems/0/qty/measurementValue"
    refused = await walmart.send(views.seller.cancel({"customerOrderNo": number, units: 3}))
    (entry,) = refused.json["errors"]
    assert entry["description"].startswith("Of 3.00 units 2.50 can be cancelled")
    assert (await walmart.send(views.seller.cancel({"customerOrderNo": number, units: 2}))).status == 200
    again = await walmart.send(views.seller.cancel({"customerOrderNo": number, units: 1}))
    assert again.json["errors"][0]["description"].startswith("Of 1.00 units 0.50 can be cancelled")
