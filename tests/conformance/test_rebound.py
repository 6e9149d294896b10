"""The ReBound door from token to return, as its clients use it."""

from decimal import Decimal

from tests.conformance.harness import Client
from tests.conformance.harness.fixtures import OpenRetailer
from tests.conformance.harness.proof import assert_same
from tests.conformance.rebound import MOMENT, ORDER, UUID


async def test_a_sales_order_is_registered_and_told_in_full(
    open_rebound_retailer: OpenRetailer, rebound: Client
) -> None:
    retailer = await open_rebound_retailer()
    reply = await rebound.send(await retailer.create())
    assert reply.status == 201, reply.body
    await retailer.assert_registered(reply)
    shown = reply.json
    untold = dict.fromkeys(
        ("description", "weight", "weightUnit", "countryOfOrigin", "hsCode", "imageUrl"), None
    )
    more = {"returnable": True, "clientMetadata": [], **untold}
    assert_same(
        shown,
        {
            **{name: value for name, value in ORDER.items() if name != "labelBase64Enabled"},
            "salesOrderId": UUID,
            "flowKey": "",
            "status": "CREATED",
            "customerAddress": {
                **ORDER["customerAddress"],
                **dict.fromkeys(
                    ("companyName", "addressLine2", "addressLine3", "state", "email", "phoneNumber"), None
                ),
            },
            "salesItems": [
                {
                    **ORDER["salesItems"][0],
                    **more,
                    "salesItemId": shown["salesItems"][0]["salesItemId"],
                    "price": Decimal("29.95"),
                },
                {
                    "clientItemId": "AB0001232",
                    "quantity": 2,
                    **dict.fromkeys(("sku", "ean", "price", "currency"), None),
                    **more,
                    "salesItemId": shown["salesItems"][1]["salesItemId"],
                },
            ],
            "returnLabel": None,
            "createdAt": MOMENT,
            "updatedAt": MOMENT,
        },
    )
    got = await rebound.send(await retailer.get(shown["salesOrderId"]))
    assert (got.status, got.json) == (200, shown)
    listed = await rebound.send(await retailer.list("?clientOrderId=AB12345US"))
    assert (listed.status, listed.json) == (200, [shown])
    assert (await rebound.send(await retailer.returns("?clientOrderId=AB12345US"))).json == []
