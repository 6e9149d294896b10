"""The documented answers of the Walmart door to returns, each proven by a set-up that truly fails."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import httpx
import pytest

from tests.conformance.harness import Client, Prove, Reply, Request
from tests.conformance.harness.fixtures import OpenSeller
from tests.conformance.harness.world import REMOVED
from tests.conformance.walmart import (
    HEADER,
    MOMENT,
    RETURNS,
    Seller,
    each,
    error,
    fault,
    internal,
    lift,
    refusal,
    return_step,
)
from tests.support.server import Server
from tests.support.waiting import eventually

NO_MART = "martId is missing or empty"
NO_ORDER = error(
    "500.OS_SERVICE.200", None, "Order does not exist", "sellerOrderId does not match any existing order"
)
NEITHER = "sellerOrderId does not match any order, or returnOrderId not found"
NOT_THERE = error("500.OS_SERVICE.200", None, "Order does not exist", NEITHER)
NO_MART_SENT = error("INVALID_WFS_REQUEST", "martId", "Invalid martId", f"{NO_MART} in the request header")
WITHOUT_MART = error("INVALID_WFS_REQUEST", "martId", "Invalid martId", NO_MART)
UNHANDLED = "Unhandled sandbox exception"
RETURN_ID = re.compile(r"33[0-9]{16}")


def of_line(code: str, field: str, text: str, info: str, place: str) -> dict[str, Any]:
    """An error whose cause says which line it is."""
    cause = {"code": code, "field": place, "type": "REQUEST", "description": text}
    return error(code, field, text, info, causes=[cause])


@pytest.mark.row("walmart.return-create.martId", case="missing")
async def test_return_without_a_mart(prove: Prove, open_seller: OpenSeller, walmart: Client) -> None:
    seller = await delivered(open_seller, walmart)
    request = seller.send_back()
    wrong = replace(request, body={"payload": request.body["payload"]})
    await prove(wrong, refusal("invalid-input", NO_MART_SENT), mend=request, effect=opened(seller))


@pytest.mark.row("walmart.return-create.martId", case="empty")
async def test_return_with_an_empty_mart(prove: Prove, open_seller: OpenSeller, walmart: Client) -> None:
    seller = await delivered(open_seller, walmart)
    request = seller.send_back()
    wrong, right = (replace(request, headers={**request.headers, "martId": mart}) for mart in ("", "202"))
    await prove(wrong, refusal("invalid-input", NO_MART_SENT), mend=right, effect=opened(seller))


@pytest.mark.row("walmart.return-create.sku")
async def test_return_of_what_was_not_ordered(prove: Prove, open_seller: OpenSeller, walmart: Client) -> None:
    seller = await delivered(open_seller, walmart)
    items = [seller.returned("lamp", 1), seller.returned("vase", 1)]
    place = "orderItems[1].itemDetail.sku"
    info = "SKU does not exist in the original order"
    await prove(
        seller.send_back({"orderItems": items}),
        refusal("return-item-unknown", of_line("400.WFS.100", "sku", "Invalid sku", info, place)),
        mend=seller.send_back({"orderItems": items[:1]}),
        effect=opened(seller),
    )


@pytest.mark.row("walmart.return-create.not-delivered")
@pytest.mark.parametrize("reached", ["new", "shipped", "cancelled"])
async def test_return_of_what_has_not_arrived(
    prove: Prove, open_seller: OpenSeller, walmart: Client, reached: str
) -> None:
    seller = await open_seller()
    lines = [seller.item("1", "lamp", 2), seller.item("2", "rug", 2)]
    number = await seller.ordered(walmart, {"orderItems": lines})
    await seller.step(number, "deliver", {"lines": [{"line": 2, "quantity": 2}]})
    if reached == "shipped":
        await seller.step(number, "ship", {"lines": [{"line": 1, "quantity": 2}]})
    if reached == "cancelled":
        everything = {"orderItems": [{"sellerLineId": "1", "qty": each(2)}]}
        assert (await walmart.send(seller.cancel(everything))).status == 200
    text, info = (
        "Order status not eligible for returns",
        "Original order line is not in DELIVERED status",
    )
    entry = of_line("400", "itemDetail.sku", text, info, "orderItems[0].itemDetail.sku")
    await prove(
        seller.send_back(),
        refusal("nothing-delivered", entry),
        mend=seller.send_back({"orderItems/0/itemDetail/sku": "rug"}),
        effect=opened(seller),
    )


@pytest.mark.row("walmart.return-create.itemDetail")
@pytest.mark.parametrize("absent", [REMOVED, None])
async def test_return_of_nothing_that_is_named(
    prove: Prove, open_seller: OpenSeller, walmart: Client, absent: Any
) -> None:
    seller = await delivered(open_seller, walmart)
    code, text = "500.RETURN_ORDER_SERVICE.400", "itemDetail must not be null"
    info = "itemDetail is missing in orderItems"
    entry = of_line(code, "itemDetail", text, info, "orderItems[0].itemDetail")
    await prove(
        seller.send_back({"orderItems/0/itemDetail": absent}),
        refusal("invalid-input", entry),
        mend=seller.send_back(),
        effect=opened(seller),
    )


@pytest.mark.row("walmart.return-create.no-order")
async def test_return_of_an_order_that_is_not_there(
    prove: Prove, open_seller: OpenSeller, walmart: Client
) -> None:
    seller = await delivered(open_seller, walmart)
    await prove(
        seller.send_back({"sellerOrderId": "SO9"}),
        refusal("order-unknown", NO_ORDER),
        mend=seller.send_back(),
        effect=opened(seller),
    )


TOO_MANY = of_line(
    "500.509",
    "sku",
    "Requested quantity is not available",
    "Quantity is \u2264 0 or exceeds ordered quantity",
    "orderItems[0].itemDetail.sku",
)


@pytest.mark.row("walmart.return-create.quantity-zero")
@pytest.mark.parametrize("quantity", [0, -1, 0.5, 1.5])
async def test_return_of_no_whole_unit(
    prove: Prove, open_seller: OpenSeller, walmart: Client, quantity: float
) -> None:
    seller = await delivered(open_seller, walmart)
    await prove(
        seller.send_back({"orderItems/0/qty/measurementValue": quantity}),
        refusal("too-many-to-return", TOO_MANY),
        mend=seller.send_back(),
        effect=opened(seller),
    )


@pytest.mark.row("walmart.return-create.quantity-exceeds")
@pytest.mark.parametrize("quantity", [3, 10**300, 1e300])
async def test_return_of_more_than_was_ordered(
    prove: Prove, open_seller: OpenSeller, walmart: Client, quantity: float
) -> None:
    seller = await delivered(open_seller, walmart)
    await prove(
        seller.send_back({"orderItems/0/qty/measurementValue": quantity}),
        refusal("too-many-to-return", TOO_MANY),
        mend=seller.send_back({"orderItems/0/qty/measurementValue": 2}),
        effect=opened(seller, 2),
    )


@pytest.mark.row("walmart.return-create.quantity-exceeds")
async def test_return_of_more_than_is_left(prove: Prove, open_seller: OpenSeller, walmart: Client) -> None:
    seller = await delivered(open_seller, walmart)
    first = await walmart.send(seller.send_back({"sellerReturnOrderId": "first"}))
    await prove(
        seller.send_back({"orderItems/0/qty/measurementValue": 2}),
        refusal("too-many-to-return", TOO_MANY),
        mend=lambda: walmart.send(seller.cancel_return(first.json["payload"]["returnOrderId"])),
        effect=opened(seller, 2),
    )


@pytest.mark.row("walmart.return-create.unhandled")
async def test_unhandled_exception_of_opening(
    prove: Prove, open_seller: OpenSeller, walmart: Client, server: Server
) -> None:
    seller = await delivered(open_seller, walmart)
    await fault(server, {"target": "rule:OpenReturn", "kind": "error", "workspace": seller.name})
    request = seller.send_back()
    await prove(request, internal(UNHANDLED), mend=request, effect=opened(seller))


async def test_an_empty_mart_counts_by_either_header(open_seller: OpenSeller, walmart: Client) -> None:
    seller = await open_seller()
    request = seller.returns("orgId=1&martId=202")
    for name in ("martId", "wm_mart_id"):
        told = [
            await walmart.send(replace(request, headers={**_without_mart(request), name: mart}))
            for mart in ("", "202")
        ]
        assert [reply.status for reply in told] == [400, 200], name


def _without_mart(request: Request) -> dict[str, str]:
    return {
        name: value for name, value in request.headers.items() if name.lower() not in ("martid", "wm_mart_id")
    }


@pytest.mark.row("walmart.return-get.martId", case="missing")
async def test_returns_without_a_mart(prove: Prove, open_seller: OpenSeller, walmart: Client) -> None:
    seller, _ = await sent_back(open_seller, walmart)
    request = seller.call("GET", f"{RETURNS}?sellerOrderId=SO1")
    await prove(
        request,
        refusal("invalid-input", WITHOUT_MART),
        mend=replace(request, path=f"{request.path}&martId=202"),
        effect=tells("SO1"),
        reads=True,
    )


@pytest.mark.row("walmart.return-get.martId", case="empty")
async def test_returns_with_an_empty_mart(prove: Prove, open_seller: OpenSeller, walmart: Client) -> None:
    seller, _ = await sent_back(open_seller, walmart)
    request = seller.returns("sellerOrderId=SO1")
    await prove(
        replace(request, headers={**request.headers, "martId": ""}, path=f"{request.path}&martId=202"),
        refusal("invalid-input", WITHOUT_MART),
        mend=request,
        effect=tells("SO1"),
        reads=True,
    )


@pytest.mark.row("walmart.return-get.no-order")
async def test_returns_of_an_order_that_is_not_there(
    prove: Prove, open_seller: OpenSeller, walmart: Client
) -> None:
    seller, _ = await sent_back(open_seller, walmart)
    wrong, right = (seller.returns(f"sellerOrderId={number}") for number in ("SO9", "SO1"))
    await prove(wrong, refusal("order-unknown", NOT_THERE), mend=right, effect=tells("SO1"), reads=True)


@pytest.mark.row("walmart.return-get.no-return")
@pytest.mark.parametrize(
    "asked",
    [
        "returnOrderId=330000000000000009",
        "returnOrderId=nobody",
        "returnOrderId=33",
        "sellerOrderId=SO2&{own}",
    ],
)
async def test_return_that_is_not_there(
    prove: Prove, open_seller: OpenSeller, walmart: Client, asked: str
) -> None:
    seller, made = await sent_back(open_seller, walmart)
    await walmart.send(seller.create({"customerOrderNo": "SO2"}))
    own = f"returnOrderId={made}"
    wrong, right = seller.returns(asked.format(own=own)), seller.returns(f"sellerOrderId=SO1&{own}")
    await prove(wrong, refusal("return-unknown", NOT_THERE), mend=right, effect=tells("SO1"), reads=True)


@pytest.mark.row("walmart.return-get.unhandled")
async def test_unhandled_exception_of_reading(
    prove: Prove, open_seller: OpenSeller, walmart: Client, server: Server
) -> None:
    seller, _ = await sent_back(open_seller, walmart)
    await fault(server, {"target": "connection:reads", "kind": "error", "skip": 1})
    await prove(
        seller.returns("sellerOrderId=SO1"),
        internal(UNHANDLED),
        mend=lambda: lift(server),
        effect=tells("SO1"),
        reads=True,
    )


@pytest.mark.row("walmart.return-cancel.no-return")
async def test_cancelling_a_return_that_is_not_there(
    prove: Prove, open_seller: OpenSeller, walmart: Client
) -> None:
    seller, made = await sent_back(open_seller, walmart)
    entry = error("500.OS_SERVICE.200", None, "Order does not exist", "returnOrderId not found")
    await prove(
        seller.cancel_return("330000000000000009"),
        refusal("return-unknown", entry),
        mend=seller.cancel_return(made),
        effect=kept(seller, made),
    )


@pytest.mark.row("walmart.return-cancel.not-cancellable")
async def test_cancelling_what_is_under_way(
    prove: Prove, open_seller: OpenSeller, walmart: Client, server: Server
) -> None:
    seller = await delivered(open_seller, walmart)
    gone, here = [
        (await walmart.send(seller.send_back({"sellerReturnOrderId": name}))).json["payload"]["returnOrderId"]
        for name in ("gone", "here")
    ]
    await return_step(server, seller, gone, "advance", {"to": "in_transit"})
    info = "No lines are in RETURN_INITIATED status"
    await prove(
        seller.cancel_return(gone),
        refusal("return-not-cancellable", error("400", None, "Return order cannot be cancelled", info)),
        mend=seller.cancel_return(here),
        effect=kept(seller, here),
    )


@pytest.mark.row("walmart.return-cancel.unhandled")
async def test_unhandled_exception_of_cancelling(
    prove: Prove, open_seller: OpenSeller, walmart: Client, server: Server
) -> None:
    seller, made = await sent_back(open_seller, walmart)
    await fault(server, {"target": "rule:CancelReturn", "kind": "error", "workspace": seller.name})
    request = seller.cancel_return(made)
    await prove(request, internal(UNHANDLED), mend=request, effect=kept(seller, made))


async def test_the_same_id_answers_the_same_return_as_it_stands(
    open_seller: OpenSeller, walmart: Client, server: Server
) -> None:
    seller = await delivered(open_seller, walmart)
    request = seller.send_back({"sellerReturnOrderId": "R1"})
    first = (await walmart.send(request)).json["payload"]
    assert first["returnOrderLines"][0]["lineQuantityInfo"][0]["status"] == "RETURN_INITIATED"
    await return_step(server, seller, first["returnOrderId"], "advance", {"to": "at_center"})
    again = await walmart.send(request)
    assert again.json["payload"]["returnOrderId"] == first["returnOrderId"]
    (told,) = again.json["payload"]["returnOrderLines"][0]["lineQuantityInfo"]
    assert (told["status"], told["statusCode"]) == ("DELIVERED_AT_RETURN_CENTER", "1200")
    other = await walmart.send(
        seller.send_back({"sellerReturnOrderId": "R1", "orderItems/0/qty/measurementValue": 2})
    )
    assert other.status == 400
    (entry,) = other.json["errors"]
    assert (entry["code"], entry["field"]) == ("INVALID_WFS_REQUEST", "sellerReturnOrderId")


@pytest.mark.parametrize("quantity", ["1", None, True, {}, REMOVED])
async def test_a_quantity_that_is_no_number_is_a_fault_of_form(
    open_seller: OpenSeller, walmart: Client, quantity: Any
) -> None:
    seller = await delivered(open_seller, walmart)
    reply = await walmart.send(seller.send_back({"orderItems/0/qty/measurementValue": quantity}))
    (entry,) = reply.json["errors"]
    found = (reply.status, entry["code"], entry["field"])
    assert found == (400, "INVALID_WFS_REQUEST", "orderItems[0].qty.measurementValue")


async def test_a_return_is_told_in_full(open_seller: OpenSeller, walmart: Client) -> None:
    seller = await delivered(open_seller, walmart)
    made = await walmart.send(seller.send_back({"orderItems/0/returnReason": "DAMAGED"}))
    payload = made.json["payload"]
    number = await seller.connection.fetchval("select id from orders where workspace = $1", await seller.id())
    status = {"trackingStatus": "RETURN_INITIATED", "quantity": each(1)}
    (line,) = payload["returnOrderLines"]
    (tracked,) = line["currentTrackingStatuses"]
    assert MOMENT.fullmatch(tracked["currentTrackingStatusTime"])
    assert tracked == {**status, "currentTrackingStatusTime": tracked["currentTrackingStatusTime"]}
    assert {**line, "currentTrackingStatuses": None} == {
        "lineNo": "1",
        "sellerOrderId": "SO1",
        "returnMode": "MAIL",
        "returnReason": "DAMAGED",
        "returnReasonDesc": "DAMAGED",
        "itemDetail": {"sku": "lamp"},
        "qty": each(1),
        "lineQuantityInfo": [
            {
                "status": "RETURN_INITIATED",
                "statusCode": "1000",
                "statusDescription": "Return initiated",
                "statusQuantity": each(1),
            }
        ],
        "dispositionCode": None,
        "currentTrackingStatuses": None,
    }
    (group,) = payload["returnLineGroups"]
    assert group["returnOrderGroupLines"] == [{"lineNo": "1", "qty": each(1)}]
    assert group["shipFrom"]["address"]["addressLineOne"] == "100 Main St"
    assert group["shipTo"]["address"]["city"] == "Reno"
    assert (payload["originSystemOrderId"], payload["channelName"]) == (str(number), "Example shop")
    listed = (await walmart.send(seller.returns("orgId=1"))).json
    assert listed["payload"] == [payload]
    # What only the dates leave out is there all the same.
    past = await walmart.send(
        seller.returns(f"returnOrderId={payload['returnOrderId']}&toOrderDate=2000-01-01")
    )
    assert (past.status, past.json["payload"]) == (200, [])
    assert listed["header"] == {
        "headerAttributes": {"buId": "0", "martId": "202", "pageCount": 1, "totalCount": 1}
    }


async def test_a_return_has_a_label_that_is_read(open_seller: OpenSeller, walmart: Client) -> None:
    labels = {"channels/mcs/settings": {"labels": {"gateway": "simulated", "carrier": "UPS"}}}
    seller = await delivered(lambda: open_seller(labels), walmart)
    made = await walmart.send(seller.send_back())
    (group,) = made.json["payload"]["returnLineGroups"]
    async with httpx.AsyncClient(verify=False, trust_env=False, timeout=60) as http:

        async def drawn() -> bool:
            page = await http.get(group["labelImageUrl"])
            return (page.status_code, page.content[:4]) == (200, b"%PDF")

        await eventually(drawn)
    number = made.json["payload"]["returnOrderId"]
    (told,) = (await walmart.send(seller.returns(f"returnOrderId={number}"))).json["payload"]
    (later,) = told["returnLineGroups"]
    assert later["labelImageUrl"] == group["labelImageUrl"]
    assert later["carrierInfo"]["carrierName"] == "UPS"


async def test_a_return_that_does_not_come_back_has_no_label(
    open_seller: OpenSeller, walmart: Client, server: Server
) -> None:
    labels = {"channels/mcs/settings": {"labels": {"gateway": "simulated"}}}
    seller = await delivered(lambda: open_seller(labels), walmart)
    await fault(server, {"target": "labels.make", "kind": "refuse", "workspace": seller.name, "count": 1_000})
    made = (await walmart.send(seller.send_back())).json["payload"]
    assert made["returnLineGroups"][0]["labelImageUrl"]
    number = made["returnOrderId"]
    assert (await walmart.send(seller.cancel_return(number))).status == 200
    (told,) = (await walmart.send(seller.returns(f"returnOrderId={number}"))).json["payload"]
    (group,) = told["returnLineGroups"]
    assert (group["labelImageUrl"], group["carrierInfo"]) == (None, None)
    await lift(server)


async def delivered(open_seller: OpenSeller, walmart: Client) -> Seller:
    """A seller whose order of two lamps and a rug has arrived."""
    seller = await open_seller()
    lines = [seller.item("1", "lamp", 2), seller.item("2", "rug")]
    number = await seller.ordered(walmart, {"orderItems": lines})
    await seller.step(number, "deliver")
    return seller


async def sent_back(open_seller: OpenSeller, walmart: Client) -> tuple[Seller, str]:
    """A seller to whom a lamp comes back, and the number of that return."""
    seller = await delivered(open_seller, walmart)
    made = await walmart.send(seller.send_back())
    return seller, made.json["payload"]["returnOrderId"]


def opened(seller: Seller, units: int = 1) -> Any:
    """So many units are announced to come back, under the id of the reply."""

    async def check(reply: Reply) -> None:
        payload = reply.json["payload"]
        assert reply.json | {"payload": None} == {
            "status": "OK",
            "header": HEADER,
            "payload": None,
            "errors": [],
        }
        assert RETURN_ID.fullmatch(payload["returnOrderId"])
        row = await seller.connection.fetchrow(
            _LINES, await seller.id(), int(payload["returnOrderId"].removeprefix("33"))
        )
        assert tuple(row) == (units, units)

    return check


_LINES = """
select sum(r.initiated)::bigint, sum(l.return_initiated)::bigint from return_lines r join order_lines l
on l.workspace = r.workspace and l."order" = r."order" and l.no = r.line
where r.workspace = $1 and r.return_id = $2
"""


def tells(number: str) -> Any:
    """The reply lists a return of the order."""

    async def check(reply: Reply) -> None:
        (told,) = reply.json["payload"]
        assert told["sellerOrderId"] == number

    return check


def kept(seller: Seller, number: str) -> Any:
    """The units of the return stand delivered again."""

    async def check(reply: Reply) -> None:
        assert reply.json == {"status": "OK", "header": HEADER, "payload": {"returnOrderId": number}}
        stands = await seller.connection.fetchval(
            "select cancelled from return_lines where workspace = $1 and return_id = $2",
            await seller.id(),
            int(number.removeprefix("33")),
        )
        assert stands == 1

    return check
