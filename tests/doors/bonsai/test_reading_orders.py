"""Status and refunds of orders, by both ids: what is shown, and to whom."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest

from entrepot.domain.fulfilment.parcels import Parcel
from entrepot.domain.fulfilment.returns.open import OpenReturn
from entrepot.domain.fulfilment.returns.receive import InspectReturn
from entrepot.domain.fulfilment.returns.work import ReturnState
from entrepot.domain.fulfilment.ship import ShipUnits
from entrepot.domain.fulfilment.track import TrackShipment
from entrepot.domain.kernel.ids import cuid
from entrepot.domain.orders.line_counts import Units
from entrepot.domain.orders.payments import Breakdown, Refund, RefundedLine
from entrepot.domain.orders.records import Person
from entrepot.domain.placing.place import Placed
from entrepot.domain.placing.record_sale import SoldLine, TakeOrder
from entrepot.engine.money.refund import receive_return
from tests.doors.bonsai.shop import Shop, credential, item, line, submission

pytestmark = pytest.mark.asyncio(loop_scope="module")

AT = datetime(2026, 2, 3, 4, 5, 6, 789_000, tzinfo=UTC)


def codes(body: dict[str, Any]) -> list[str]:
    return [entry["code"] for entry in body["errors"]]


def refund(order: int, no: int, *, state: Any = "done", lines: tuple[RefundedLine, ...] = ()) -> Refund:
    return Refund(
        order, no, 1, UUID(int=no), state, 1_150, "Item Unavailable", Breakdown(1_000, 100, 0, 0, 50), lines, None, AT
    )  # fmt: skip


async def test_the_status_of_an_order(shop: Shop) -> None:
    placed = await shop.order(
        line("mug", 101, 2), line("shirt", 201), external_order_id="x-0", note="Ring twice"
    )
    wanted = {
        "id": placed["public_id"],
        "orderNumber": placed["orderNumber"],
        "externalId": "x-0",
        "fulfillmentStatus": "payment successful",
        "customer": {"email": "ann@example.com", "firstName": "Ann", "lastName": "Lee"},
        "note": "Ring twice",
        "products": [
            {
                **each,
                "merchantOrderId": None,
                "fulfillmentStatus": "payment successful",
                "paymentStatus": "paid",
            }
            for each in (item("mug", 101, 2), item("shirt", 201))
        ],
        "shippingTracking": [],
    }
    for path in (f"/orders/v2/{placed['public_id']}", "/orders/v2/external-order-id/x-0"):
        reply = await shop.call("GET", path, "own-private")
        assert reply.json() == {"data": wanted, "errors": []}
        assert reply.headers["content-type"] == "application/json"
        assert reply.headers["access-control-allow-origin"] == "*"


async def test_the_status_follows_the_stored_order(shop: Shop) -> None:
    placed = await shop.order(line("mug", 101), line("shirt", 201))
    path, number = f"/orders/v2/{placed['public_id']}", placed["orderNumber"]
    await shop.execute(
        "update order_parts set merchant_order_id = 'M-7' where \"order\" = $1 and no = 1", number
    )
    data = await shop.data("GET", path, "own-private")
    assert data["fulfillmentStatus"] == "payment successful"
    assert [row["merchantOrderId"] for row in data["products"]] == ["M-7", None]
    assert [row["fulfillmentStatus"] for row in data["products"]] == [
        "sent to merchant",
        "payment successful",
    ]
    await shop.execute(
        'update order_lines set "new" = 0, shipped = quantity where "order" = $1 and no = 1', number
    )
    data = await shop.data("GET", path, "own-private")
    assert data["fulfillmentStatus"] == "Partially Fulfilled"
    await shop.execute("update orders set state = 'failed', reason = 'merchant' where id = $1", number)
    data = await shop.data("GET", path, "own-private")
    assert {row["fulfillmentStatus"] for row in data["products"]} == {"failed (merchant)"}


async def test_the_refunds_of_an_order(shop: Shop) -> None:
    placed = await shop.order(line("mug", 101, 2), external_order_id="x-2")
    path = f"/orders/v2/{placed['public_id']}/refunds"
    names = {"id": placed["public_id"], "orderNumber": placed["orderNumber"], "externalId": "x-2"}
    assert await shop.data("GET", path, "own-private") == {**names, "refunds": []}
    number = placed["orderNumber"]
    await shop.insert(
        [refund(number, 1, lines=(RefundedLine(1, 1),)), refund(number, 2, state="open"), refund(number, 3)]
    )
    one = {
        "products": [item("mug", 101)],
        "refundReason": "Item Unavailable",
        "refundedAmount": 11.5,
        "breakdown": {
            "goods": 10, "goodsTax": 1, "shipping": 0, "shippingTax": 0, "duties": 0.5, "currency": "USD",
        },
        "refundedAt": "2026-02-03T04:05:06.789Z",
    }  # fmt: skip
    wanted = {**names, "refunds": [one, {**one, "products": []}]}
    assert await shop.data("GET", path, "own-private") == wanted
    assert await shop.data("GET", "/ORDERS/v2/External-Order-Id/x-2/Refunds/", "own-private") == wanted


async def test_a_private_key_sees_its_own_account_only(shop: Shop) -> None:
    placed = await shop.order(line("mug", 101), external_order_id="x-3")
    for name in (placed["public_id"], "external-order-id/x-3"):
        shown = name.rpartition("/")[2]
        for end in ("", "/refunds"):
            path = f"/orders/v2/{name}{end}"
            assert (await shop.call("GET", path, "own-private")).status_code == 200
            for key in ("other-private", "south-private"):
                reply = await shop.call("GET", path, key)
                assert reply.status_code == 404
                assert codes(reply.json()) == ["CUSTOMER_ORDER_NOT_FOUND"]
                assert reply.json()["errors"][0]["detail"] == {"customer_order_id": shown}
                assert reply.headers["link"] == '</failures/order-unknown>; rel="help"'


async def test_live_and_test_orders_alike_and_of_one_external_id_the_live_one(shop: Shop) -> None:
    live = await shop.order(line("mug", 101), external_order_id="x-4")
    test = await shop.order(line("mug", 101), key="own-test", external_order_id="x-4")
    by_id = await shop.data("GET", f"/orders/v2/{live['public_id']}", "own-private")
    assert by_id["orderNumber"] == live["orderNumber"]
    shown = await shop.data("GET", "/orders/v2/external-order-id/x-4", "own-private")
    assert shown["orderNumber"] == live["orderNumber"] != test["orderNumber"]
    alone = await shop.order(line("mug", 101), key="own-test", external_order_id="x-5")
    shown = await shop.data("GET", "/orders/v2/external-order-id/x-5", "own-private")
    assert shown["orderNumber"] == alone["orderNumber"]


@pytest.mark.parametrize(
    ("external_id", "sent"),
    [
        ("a/b", "a%2Fb"),
        ("a/refunds", "a%2Frefunds"),
        ("é ü", "%C3%A9%20%C3%BC"),
        ("a/", "a%2F"),
        ("external-order-id", "external-order-id"),
        ("two\nlines", "two%0Alines"),
        ("\r\n", "%0D%0A"),
        ("\u2028\x85\v\f", "%E2%80%A8%C2%85%0B%0C"),
        ("/", "%2F"),
        ("..", "%2E%2E"),
        ("%2F", "%252F"),
        ("x" * 255, "x" * 255),
    ],
)
async def test_any_external_id_can_be_looked_up(shop: Shop, external_id: str, sent: str) -> None:
    placed = await shop.order(line("mug", 101), external_order_id=external_id)
    status, refunds = "/orders/v2/external-order-id/{id}", "/orders/v2/external-order-id/{id}/refunds"
    path = f"/orders/v2/external-order-id/{sent}"
    data = await shop.data("GET", path, "own-private", template=status)
    assert data["orderNumber"] == placed["orderNumber"]
    data = await shop.data("GET", f"{path}/refunds", "own-private", template=refunds)
    assert data["externalId"] == external_id


@pytest.mark.parametrize(
    "name",
    ["x", "C" + "0" * 24, "c" + "z" * 24, "c" + "0" * 24, "0", "%00", "%FF", "x" * 300, "%F0%9F%98%80"],
)
async def test_ids_that_are_none(shop: Shop, name: str) -> None:
    for path in (f"/orders/v2/{name}", f"/orders/v2/external-order-id/{name}"):
        reply = await shop.call("GET", path, "own-private")
        assert (reply.status_code, codes(reply.json())) == (404, ["CUSTOMER_ORDER_NOT_FOUND"])


@pytest.mark.parametrize("rest", ["", "/", "a/b", "a/b/refunds", "/a"])
async def test_paths_that_are_none(shop: Shop, rest: str) -> None:
    reply = await shop.client.get(f"/orders/v2/external-order-id/{rest}", headers=credential("own-private"))
    assert codes(reply.json()) in (["URL_NOT_FOUND"], ["CUSTOMER_ORDER_NOT_FOUND"])
    assert reply.status_code == 404


@pytest.mark.parametrize("key", ["", "own-live", "wrong-private"])
async def test_only_the_private_key_opens_orders(shop: Shop, key: str) -> None:
    placed = await shop.order(line("mug", 101))
    reply = await shop.call("GET", f"/orders/v2/{placed['public_id']}", key)
    assert reply.status_code == 401
    entry = reply.json()["errors"][0]
    assert entry["detail"] == {"authentication_expected": "Authorization header"}
    reply = await shop.call("POST", "/orders/V1/submit", "own-private", json=submission(line("mug", 101)))
    assert reply.status_code == 401


async def test_a_refused_order_cannot_be_read(shop: Shop) -> None:
    body = submission(line("lamp", 103)) | {"external_order_id": "x-9"}
    assert (await shop.call("POST", "/orders/V1/submit", json=body)).status_code == 400
    reply = await shop.call("GET", "/orders/v2/external-order-id/x-9", "own-private")
    assert reply.status_code == 404


async def test_parcels_can_be_followed(shop: Shop) -> None:
    placed = await shop.order(line("mug", 101, 2), line("shirt", 201))
    path, number = f"/orders/v2/{placed['public_id']}", placed["orderNumber"]
    parcel = Parcel(carrier="DHL", tracking="1Z", tracking_url="https://x.example/1Z")
    for command in (
        ShipUnits(order=number, lines=(Units(1, 1),), parcel=parcel),
        ShipUnits(order=number, lines=(Units(1, 1),)),
    ):
        await shop.services.engine.execute(await shop.workspace(), command)
    data = await shop.data("GET", path, "own-private")
    assert data["shippingTracking"] == [
        {
            "carrier": "DHL",
            "trackingNumber": "1Z",
            "trackingUrl": "https://x.example/1Z",
            "products": [item("mug", 101, 1)],
        }
    ]
    assert data["fulfillmentStatus"] == "Partially Fulfilled"


async def test_who_sees_the_workspace_reads_live_orders_that_others_took_by_sku(shop: Shop) -> None:
    workspace = await shop.workspace()
    named = "select id from channels where workspace = $1 and name = $2"
    reader = await shop.connection.fetchval(named, workspace, "own")
    other = await shop.connection.fetchval(named, workspace, "other")
    took = TakeOrder(
        channel=other,
        environment="live",
        lines=(SoldLine("1", "NEVER SEEN", 2),),
        person=Person("eva@example.com"),
    )
    record = "update channels set settings = settings || $2::jsonb where workspace = $1 and id = $3"
    await shop.execute(record, workspace, '{"stock": "record"}', other)
    taken = [
        await shop.services.engine.execute(workspace, msgspec.structs.replace(took, environment=environment))
        for environment in ("live", "test")
    ]
    live, test = (f"/orders/v2/{cuid(made.order.uuid)}" for made in taken if isinstance(made, Placed))
    assert (await shop.call("GET", live, "own-private")).status_code == 404
    await shop.execute(record, workspace, '{"sees": "workspace"}', reader)
    data = await shop.data("GET", live, "own-private")
    assert [(row["id"], row["variantId"], row["quantity"]) for row in data["products"]] == [
        ("NEVER SEEN", "NEVER SEEN", 2)
    ]
    assert data["fulfillmentStatus"] == "fulfilled"
    assert (await shop.call("GET", test, "own-private")).status_code == 404
    await shop.execute(record, workspace, '{"sees": "own"}', reader)
    await shop.execute(record, workspace, '{"stock": "reserve"}', other)


async def test_an_order_that_was_only_recorded_never_gives_stock_back(shop: Shop) -> None:
    workspace = await shop.workspace()
    setting = "update channels set settings = settings || $2::jsonb where workspace = $1 and name = 'own'"
    level = "select available, returned from stock where workspace = $1 and variant = 101"
    before = tuple(await shop.connection.fetchrow(level, workspace) or ())
    await shop.execute(setting, workspace, '{"stock": "record"}')
    number = (await shop.order(line("mug", 101)))["orderNumber"]
    await shop.execute(setting, workspace, '{"stock": "reserve"}')
    place = await shop.connection.fetchval("select id from locations where workspace = $1", workspace)
    engine = shop.services.engine
    await engine.execute(workspace, TrackShipment(order=number, status="delivered"))
    opened = await engine.execute(workspace, OpenReturn(order=number))
    assert isinstance(opened, ReturnState)
    await engine.execute(workspace, receive_return(number, opened.ret.id))
    looked = await engine.execute(
        workspace, InspectReturn(order=number, return_id=opened.ret.id, location=place)
    )
    assert isinstance(looked, ReturnState)
    assert [each.restocked for each in looked.lines] == [1]
    assert tuple(await shop.connection.fetchrow(level, workspace) or ()) == before
