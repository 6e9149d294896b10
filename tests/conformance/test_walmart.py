"""The documented answers of the Walmart door to orders, each proven by a set-up that truly fails."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from tests.conformance.harness import Client, Prove, Reply
from tests.conformance.harness.fixtures import OpenSeller
from tests.conformance.harness.world import REMOVED
from tests.conformance.walmart import (
    HEADER,
    MOMENT,
    ORDERS,
    Seller,
    each,
    error,
    fault,
    front,
    internal,
    lift,
    refusal,
)
from tests.support.server import Server

CREATE = "Validation strategy: CREATE-FULFILLMENT-MOCKER-REQUEST-VALIDATION."
CANCEL = "Validation strategy: CANCEL-FULFILLMENT-MOCKER-REQUEST-VALIDATION."
STATUS = "Validation strategy: GET-STATUS-V1-MOCKER-REQUEST-VALIDATION."
BOTH = "Both identifiers must match if provided; at least one is required."
NEITHER = "Neither sellerOrderId nor customerOrderNo is given"
NO_ORDER = "Returned via exception handling when the order does not exist."


@pytest.mark.row("walmart.create.no-identifier")
@pytest.mark.parametrize("blank", [REMOVED, None, "", "  "])
async def test_order_without_a_number(prove: Prove, open_seller: OpenSeller, blank: Any) -> None:
    seller = await open_seller()
    code = "INVALID_SELLER_ORDER_ID"
    await prove(
        seller.create({"customerOrderNo": blank}),
        refusal("invalid-input", error(code, "sellerOrderId", NEITHER, BOTH)),
        mend=seller.create(),
        effect=seller.assert_created,
    )


@pytest.mark.row("walmart.create.identifiers-differ")
async def test_order_with_two_numbers(prove: Prove, open_seller: OpenSeller) -> None:
    seller = await open_seller()
    code, text = (
        "SELLER_ORDER_ID_CUSTOMER_ORDER_NO_SAME",
        "sellerOrderId and customerOrderNo are not the same",
    )
    await prove(
        seller.create({"sellerOrderId": "SO2"}),
        refusal("invalid-input", error(code, "sellerOrderId", text, BOTH)),
        mend=seller.create({"sellerOrderId": "SO1"}),
        effect=seller.assert_created,
    )


@pytest.mark.row("walmart.create.invalid")
@pytest.mark.parametrize(
    ("edits", "field", "text"),
    [
        ({"orderChannelId": REMOVED}, "orderChannelId", "`orderChannelId` must not be null"),
        ({"orderItems": []}, "orderItems", "`orderItems` must have at least 1 elements"),
        ({"customerOrderNo": "SO-1"}, "customerOrderNo", "`customerOrderNo` must match [A-Za-z0-9\\s]+"),
        (
            {"orderItems/0/shippingTo/address/zip": "9410"},
            "orderItems[0].shippingTo.address.zip",
            "`orderItems[0].shippingTo.address.zip` must match [0-9]{5}",
        ),
        (
            {"orderItems/0/qty/measurementValue": 0},
            "orderItems[0].qty.measurementValue",
            "`orderItems[0].qty.measurementValue` must be at least 1",
        ),
        (
            {"orderPlacedTime": "yesterday"},
            "orderPlacedTime",
            "`orderPlacedTime` must be a point in time",
        ),
    ],
)
async def test_order_of_a_wrong_form(
    prove: Prove, open_seller: OpenSeller, edits: dict[str, Any], field: str, text: str
) -> None:
    seller = await open_seller()
    await prove(
        seller.create(edits),
        refusal("invalid-input", error("INVALID_MCS_REQUEST", field, text, CREATE)),
        mend=seller.create(),
        effect=seller.assert_created,
    )


@pytest.mark.row("walmart.create.invalid")
async def test_order_with_several_faults_names_all(prove: Prove, open_seller: OpenSeller) -> None:
    seller = await open_seller()
    places = ("customer.contact.phone", "orderItems[0].sellerLineId")
    entries = [error("INVALID_MCS_REQUEST", place, f"`{place}` must not be null", CREATE) for place in places]
    await prove(
        seller.create({"customer/contact/phone": None, "orderItems/0/sellerLineId": REMOVED}),
        refusal("invalid-input", *entries),
        mend=seller.create(),
        effect=seller.assert_created,
    )


@pytest.mark.row("walmart.create.invalid")
async def test_order_of_a_storefront_that_is_not_there(prove: Prove, open_seller: OpenSeller) -> None:
    seller = await open_seller()
    text = "The account has no such sales channel"
    await prove(
        seller.create({"orderChannelId": "00000000-0000-4000-8000-000000000000"}),
        refusal("storefront-unknown", error("INVALID_MCS_REQUEST", "orderChannelId", text, CREATE)),
        mend=seller.create(),
        effect=seller.assert_created,
    )


@pytest.mark.row("walmart.create.invalid")
async def test_order_of_a_storefront_that_sells_no_more(
    prove: Prove, open_seller: OpenSeller, walmart: Client
) -> None:
    seller = await open_seller()
    await walmart.send(seller.create({"customerOrderNo": "BEFORE"}))
    await seller.change({"storefronts/front/active": False})
    # What was sold there before goes on.
    assert (await walmart.send(seller.status("BEFORE"))).status == 200
    assert (await walmart.send(seller.cancel({"customerOrderNo": "BEFORE"}))).status == 200
    text = "The sales channel is not active"
    await prove(
        seller.create(),
        refusal("storefront-inactive", error("INVALID_MCS_REQUEST", "orderChannelId", text, CREATE)),
        mend=seller.changing({"storefronts/front/active": True}),
        effect=seller.assert_created,
    )


@pytest.mark.row("walmart.create.invalid")
async def test_order_number_that_is_taken(prove: Prove, open_seller: OpenSeller, walmart: Client) -> None:
    seller = await open_seller()
    await seller.assert_created(await walmart.send(seller.create()))
    text = "An order of this number exists already"
    await prove(
        seller.create(),
        refusal("duplicate-external-order", error("INVALID_MCS_REQUEST", "customerOrderNo", text, CREATE)),
        mend=seller.create({"customerOrderNo": "SO2"}),
        effect=seller.assert_created,
    )


@pytest.mark.row("walmart.create.invalid")
@pytest.mark.parametrize("sold", ["nobody", "withdrawn"])
async def test_order_of_a_sku_that_cannot_be_sold(prove: Prove, open_seller: OpenSeller, sold: str) -> None:
    seller = await open_seller({"products/lamp/available": sold == "nobody"})
    sku = "unheard-of" if sold == "nobody" else "lamp"
    page = "sku-unknown" if sold == "nobody" else "product-unavailable"
    place, text = "orderItems[0].itemDetail.sku", "The SKU is no item of this account"
    await prove(
        seller.create({"orderItems/0/itemDetail/sku": sku}),
        refusal(page, error("INVALID_MCS_REQUEST", place, text, CREATE)),
        mend=seller.create({"orderItems/0/itemDetail/sku": "rug"}),
        effect=seller.assert_created,
    )


@pytest.mark.row("walmart.create.invalid")
async def test_order_of_more_than_there_is(prove: Prove, open_seller: OpenSeller) -> None:
    seller = await open_seller({"products/lamp/stock/main": 2, "products/rug/stock/main": 0})
    lines = [seller.item("1", "lamp", 3), seller.item("2", "rug")]
    texts = ("Only 2 units of the item are available", "The item is out of stock")
    entries = [
        error("INVALID_MCS_REQUEST", f"orderItems[{index}].qty.measurementValue", text, CREATE)
        for index, text in enumerate(texts)
    ]
    await prove(
        seller.create({"orderItems": lines}),
        refusal("not-enough-stock", *entries),
        mend=seller.changing({"products/lamp/stock/main": 3, "products/rug/stock/main": 1}),
        effect=seller.assert_created,
    )


@pytest.mark.row("walmart.create.invalid")
async def test_order_whose_lines_together_are_more_than_there_is(
    prove: Prove, open_seller: OpenSeller
) -> None:
    seller = await open_seller({"products/lamp/stock/main": 5})
    lines = [seller.item(str(no), "lamp", units) for no, units in enumerate((3, 4, 2, 1), 1)]
    # Three are for the first line, so the second does not fit; the third does, and then none is left.
    texts = {1: "Only 2 units of the item are available", 3: "The item is out of stock"}
    entries = [
        error("INVALID_MCS_REQUEST", f"orderItems[{index}].qty.measurementValue", text, CREATE)
        for index, text in texts.items()
    ]
    await prove(
        seller.create({"orderItems": lines}),
        refusal("not-enough-stock", *entries),
        mend=seller.create({"orderItems": [lines[0], lines[2]]}),
        effect=seller.assert_created,
    )


@pytest.mark.row("walmart.cancel.no-identifier")
async def test_cancellation_without_a_number(prove: Prove, open_seller: OpenSeller, walmart: Client) -> None:
    seller = await open_seller()
    await walmart.send(seller.create())
    info = "Provide at least one order identifier."
    await prove(
        seller.cancel({"customerOrderNo": REMOVED}),
        refusal("invalid-input", error("INVALID_WFS_REQUEST", "sellerOrderId", NEITHER, info)),
        mend=seller.cancel({"customerOrderNo": REMOVED, "sellerOrderId": "SO1"}),
        effect=cancelled(seller),
    )


@pytest.mark.row("walmart.cancel.invalid")
@pytest.mark.parametrize(
    ("edits", "page", "field", "text"),
    [
        ({"orderItems": REMOVED}, "invalid-input", "orderItems", "`orderItems` must not be null"),
        ({"customerOrderNo": "SO9"}, "order-unknown", "customerOrderNo", "requested order not found"),
        (
            {"orderItems/0/sellerLineId": "7"},
            "invalid-input",
            "orderItems[0].sellerLineId",
            "The order has no such line",
        ),
        (
            {"orderItems/0/qty/measurementValue": 3},
            "too-many-to-cancel",
            "orderItems[0].qty.measurementValue",
            "Of 3 units 2 can be cancelled; the others have shipped or were cancelled before",
        ),
    ],
)
async def test_cancellation_that_cannot_be(
    prove: Prove,
    open_seller: OpenSeller,
    walmart: Client,
    edits: dict[str, Any],
    page: str,
    field: str,
    text: str,
) -> None:
    seller = await open_seller()
    await walmart.send(seller.create({"orderItems/0/qty": each(2)}))
    await prove(
        seller.cancel(edits),
        refusal(page, error("INVALID_WFS_REQUEST", field, text, CANCEL)),
        mend=seller.cancel(),
        effect=cancelled(seller),
    )


@pytest.mark.row("walmart.cancel.invalid")
async def test_cancellation_of_a_line_twice(prove: Prove, open_seller: OpenSeller, walmart: Client) -> None:
    seller = await open_seller()
    lines = [seller.item("1", "rug"), seller.item("2", "lamp", 3)]
    await walmart.send(seller.create({"orderItems": lines}))
    items = [{"sellerLineId": line, "qty": each(units)} for line, units in (("1", 1), ("2", 2), ("2", 2))]
    text = "Of 4 units 3 can be cancelled; the others have shipped or were cancelled before"
    entry = error("INVALID_WFS_REQUEST", "orderItems[2].qty.measurementValue", text, CANCEL)
    await prove(
        seller.cancel({"orderItems": items}),
        refusal("too-many-to-cancel", entry),
        mend=seller.cancel({"orderItems": items[:1]}),
        effect=cancelled(seller),
    )


@pytest.mark.row("walmart.cancel.invalid")
async def test_cancellation_of_what_has_shipped(
    prove: Prove, open_seller: OpenSeller, walmart: Client, server: Server
) -> None:
    seller = await open_seller()
    lines = [seller.item("a", "lamp", 2), seller.item("b", "rug", 2)]
    created = await walmart.send(seller.create({"orderItems": lines}))
    number = await seller.number_of(created.json["payload"]["requestId"])
    await seller.step(number, "ship", {"lines": [{"line": 1, "quantity": 2}]})
    place = "orderItems[0].qty.measurementValue"
    text = "Of 1 units 0 can be cancelled; the others have shipped or were cancelled before"
    both = [{"sellerLineId": "a", "qty": each(1)}, {"sellerLineId": "b", "qty": each(1)}]
    await prove(
        seller.cancel({"orderItems": both}),
        refusal("too-many-to-cancel", error("INVALID_WFS_REQUEST", place, text, CANCEL)),
        mend=seller.cancel({"orderItems": both[1:]}),
        effect=cancelled(seller),
    )


async def test_a_cancellation_under_a_key_takes_its_units_once(
    open_seller: OpenSeller, walmart: Client
) -> None:
    """Those who repeat it, at the same moment too, are told the same; the key of another request is refused."""
    seller = await open_seller()
    await walmart.send(seller.create({"orderItems": [seller.item("1", "lamp", 3)]}))

    async def keyed(key: str, units: int = 1) -> Reply:
        request = seller.cancel({"orderItems": [{"sellerLineId": "1", "qty": each(units)}]})
        return await walmart.send(replace(request, headers={**request.headers, "Idempotency-Key": key}))

    replies = [*await asyncio.gather(*(keyed("c-1") for _ in range(3))), await keyed("c-1")]
    assert len({reply.json["payload"]["requestId"] for reply in replies}) == 1
    await cancelled(seller)(replies[0])
    for refused in (await keyed("c-1", 2), await keyed("x" * 256)):
        (entry,) = refused.json["errors"]
        assert (refused.status, entry["field"]) == (400, "Idempotency-Key")
    await cancelled(seller)(replies[0])


@pytest.mark.row("walmart.status.no-channel")
@pytest.mark.parametrize("named", [True, False])
async def test_status_for_an_account_without_a_storefront(
    prove: Prove, open_seller: OpenSeller, walmart: Client, *, named: bool
) -> None:
    seller = await open_seller()
    await walmart.send(seller.create())
    request = seller.status()
    if not named:
        request = seller.call("GET", f"{ORDERS}/status?orderNumber=SO1", WM_SANDBOX="v2")
    storefront = seller.tree["storefronts"]["front"]
    await seller.change({"storefronts/front": REMOVED})
    text = "The account has no such sales channel"
    await prove(
        request,
        refusal("storefront-unknown", error("INVALID_WFS_REQUEST", "orderChannelId", text, STATUS)),
        mend=seller.changing({"storefronts/front": storefront}),
        effect=tells(seller, "NEW"),
        reads=True,
    )


@pytest.mark.row("walmart.status.not-found")
@pytest.mark.parametrize("sandbox", [True, False])
async def test_status_of_an_order_that_is_not_there(
    prove: Prove, open_seller: OpenSeller, walmart: Client, *, sandbox: bool
) -> None:
    seller = await open_seller()
    request = seller.status() if sandbox else seller.call("GET", f"{ORDERS}/status?orderNumber=SO1")

    async def told(reply: Reply) -> None:
        payload = reply.json["payload"]
        assert (payload["orderNumber"] if sandbox else payload[0]["sellerOrderId"]) == "SO1"

    await prove(
        request,
        refusal("order-unknown", error("OS_NOT_FOUND_ERROR", "orderNumber", "Order not found", NO_ORDER)),
        mend=lambda: walmart.send(seller.create()),
        effect=told,
        reads=True,
    )


@pytest.mark.row("walmart.any.unhandled")
@pytest.mark.parametrize("operation", ["create", "cancel", "channel-details"])
async def test_unhandled_exception_of_a_rule(
    prove: Prove, open_seller: OpenSeller, walmart: Client, server: Server, operation: str
) -> None:
    seller = await open_seller()
    await walmart.send(seller.create())
    address = seller.create().body["payload"]["orderItems"][0]["shippingTo"]["address"]
    channel = {"orderChannelName": "Second shop", "returnAddress": {"firstName": "Ann", **address}}
    details = {"payload": {"partnerId": "1", "mcsDetails": [channel]}}
    request, rule = {
        "create": (seller.create({"customerOrderNo": "SO2"}), "TakeOrder"),
        "cancel": (seller.cancel(), "CancelOrder"),
        "channel-details": (seller.call("POST", f"{ORDERS}/channel-details", details), "EditStorefronts"),
    }[operation]
    await fault(server, {"target": f"rule:{rule}", "kind": "error", "workspace": seller.name})

    async def done(reply: Reply) -> None:
        assert reply.json["status"] in ("ACCEPTED", "OK")

    await prove(request, internal(), mend=healed, effect=done)


@pytest.mark.row("walmart.any.unhandled")
async def test_unhandled_exception_of_a_read(
    prove: Prove, open_seller: OpenSeller, walmart: Client, server: Server
) -> None:
    seller = await open_seller()
    await walmart.send(seller.create())
    # The first read finds out who calls.
    await fault(server, {"target": "connection:reads", "kind": "error", "skip": 1, "count": 2})
    await prove(
        seller.status(),
        internal(),
        mend=lambda: lift(server),
        effect=tells(seller, "NEW"),
        reads=True,
    )


async def test_status_tells_all_of_an_order(open_seller: OpenSeller, walmart: Client, server: Server) -> None:
    seller = await open_seller()
    created = await walmart.send(seller.create({"orderItems/0/qty": each(2)}))
    number = await seller.number_of(created.json["payload"]["requestId"])
    parcel = {
        "lines": [{"line": 1, "quantity": 1}],
        "carrier": "UPS",
        "tracking": "1Z9",
        "tracking_url": "https://ups.example/1Z9",
    }
    await seller.step(number, "ship", parcel)
    reply = await walmart.send(seller.status())
    tracked = f"WTRN{number:015d}"
    base = f"{server.url}/walmart/orders/SO1/track"
    payload = reply.json["payload"]
    assert reply.json | {"payload": None} == {"status": "OK", "header": None, "payload": None, "errors": []}
    assert MOMENT.fullmatch(payload.pop("orderPlacedTime"))
    assert payload == {
        "orderNumber": "SO1",
        "orderChannelId": seller.front,
        "orderStatus": "PARTIALLY SHIPPED",
        "preShipmentTrackingNumber": tracked,
        "wtrnTrackingURL": f"{base}/{tracked}",
        "orderItems": [
            {"sellerLineId": "1", "sku": "lamp", "qty": each(2), "lineStatus": "PARTIALLY SHIPPED"}
        ],
        "shipments": [
            {
                "shipmentId": f"{number}-1",
                "carrier": "UPS",
                "trackNumber": "1Z9",
                "externalTrackingURL": f"{base}/1Z9",
                "carrierTrackingURL": "https://ups.example/1Z9",
                "events": [],
            }
        ],
    }


async def test_an_order_is_told_when_its_buyer_placed_it(open_seller: OpenSeller, walmart: Client) -> None:
    seller = await open_seller()
    placed = {"customerOrderNo": "SO2", "orderPlacedTime": "2026-03-25T23:58:30.1309+02:00"}
    for edits in ({}, placed):
        assert (await walmart.send(seller.create(edits))).status == 200
    told = [(await walmart.send(seller.status(number))).json["payload"] for number in ("SO1", "SO2")]
    listed = (await walmart.send(seller.call("GET", f"{ORDERS}/status?sortOrder=asc"))).json["payload"]
    # Who does not say it has placed it when it was taken, and lists go by when that was.
    assert told[0]["orderPlacedTime"] == listed[0]["orderDate"] < listed[1]["orderDate"]
    assert told[1]["orderPlacedTime"] == "2026-03-25T21:58:30.130Z"


async def test_list_of_orders_is_paged_and_filtered(
    open_seller: OpenSeller, walmart: Client, server: Server
) -> None:
    seller = await open_seller()
    numbers = [f"SO{n}" for n in range(1, 6)]
    created = [await walmart.send(seller.create({"customerOrderNo": number})) for number in numbers]
    last = await seller.number_of(created[-1].json["payload"]["requestId"])
    await seller.step(last, "ship", {"carrier": "UPS", "tracking": "1Z5"})

    async def listed(query: str) -> tuple[list[str], int]:
        reply = await walmart.send(seller.call("GET", f"{ORDERS}/status?{query}"))
        assert reply.status == 200, reply.body
        told = [order["sellerOrderId"] for order in reply.json["payload"]]
        attributes = reply.json["header"]["headerAttributes"]
        assert attributes["pageCount"] == len(told)
        return told, attributes["totalCount"]

    assert await listed("limit=2") == (["SO5", "SO4"], 5)
    assert await listed("limit=2&offset=2&sortOrder=asc") == (["SO3", "SO4"], 5)
    assert await listed("orgId&orderNumber=&trackingNumber=1Z5") == (["SO5"], 1)
    assert await listed(f"shipmentNumber={last}-1") == (["SO5"], 1)
    assert await listed(f"shipNumber={last}-2") == ([], 0)
    assert await listed("status=SHIPPED") == (["SO5"], 1)
    assert await listed("fromOrderDate=2026-01-01&toOrderDate=9999-12-31&limit=50") == (numbers[::-1], 5)
    assert await listed("toOrderDate=2000-01-01") == ([], 0)
    assert await listed(f"orderChannelId={seller.front}&orderNumber=SO2") == (["SO2"], 1)
    # Who names an order filters by all else that it says, too.
    for other in (
        "status=SHIPPED",
        "toOrderDate=2000-01-01",
        "trackingNumber=1Z5",
        f"shipmentNumber={last}-1",
    ):
        assert await listed(f"orderNumber=SO2&{other}") == ([], 0), other
        assert await listed(f"orderNumber=SO5&{other}") == (([], 0) if "Date" in other else (["SO5"], 1)), (
            other
        )


async def test_an_order_is_not_found_at_another_storefront(open_seller: OpenSeller, walmart: Client) -> None:
    seller = await open_seller({"storefronts/other": front("mcs")})
    await walmart.send(seller.create())
    other = seller.front_of("other")
    for sandbox in ({}, {"WM_SANDBOX": "v2"}):
        path = f"{ORDERS}/status?orderNumber=SO1&orderChannelId="
        there, elsewhere = [
            await walmart.send(seller.call("GET", path + each, **sandbox)) for each in (seller.front, other)
        ]
        assert (there.status, elsewhere.status) == (200, 400)
        assert elsewhere.json["errors"][0]["field"] == "orderNumber"


async def test_links_of_parcels_are_urls_whatever_an_order_is_called(
    open_seller: OpenSeller, walmart: Client
) -> None:
    seller = await open_seller()
    await walmart.send(seller.create({"customerOrderNo": "SO 1"}))
    (order,) = (await walmart.send(seller.call("GET", f"{ORDERS}/status"))).json["payload"]
    assert order["sellerOrderId"] == "SO 1"
    assert "/orders/SO%201/track/WTRN" in order["wtrnTrackingURL"]


def cancelled(seller: Seller) -> Any:
    """One unit of the order is cancelled, and its event carries the id of the reply."""

    async def check(reply: Reply) -> None:
        name = reply.json["payload"]["requestId"]
        assert reply.json == {"status": "ACCEPTED", "header": HEADER, "payload": {"requestId": name}}
        rows = await seller.connection.fetch(_CANCELLED, await seller.id(), name)
        assert [row["units"] for row in rows] == [1]

    return check


_CANCELLED = """
select (
  select sum(l.cancelled)::bigint from order_lines l where l.workspace = e.workspace and l."order" = e."order"
) units from order_events e where workspace = $1 and kind = 'cancelled' and data ->> 'request' = $2
"""


def tells(seller: Seller, status: str) -> Any:
    """The reply is the order, which is so far."""

    async def check(reply: Reply) -> None:
        payload = reply.json["payload"]
        assert (payload["orderNumber"], payload["orderStatus"]) == ("SO1", status)
        assert payload["orderChannelId"] == seller.front

    return check


async def healed() -> None:
    """Nothing: a fault strikes once."""
