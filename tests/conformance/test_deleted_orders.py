"""An order that the operator deleted is there for no account, whichever door it asks at; the operator sees it."""

import base64
from typing import Any

import pytest

from entrepot.domain.channels.accounts import ChannelSettings
from entrepot.domain.orders.access import Asker
from entrepot.domain.orders.cancel import CancelOrder
from entrepot.domain.orders.delete import DeleteOrder
from entrepot.engine import Clock
from entrepot.engine.worker import Worker
from entrepot.store.queries import own_orders
from entrepot.store.queries.orders import order_numbers
from entrepot.store.queries.own_orders import OrderName, OrderSearch
from entrepot.store.queries.partners.orders import FIRST, find_order, list_orders
from entrepot.store.queries.sold import sales
from tests.conformance.harness import Client, Request
from tests.conformance.harness.fixtures import OpenShop

PRIVATE = "0123456789-private"
WORKSPACE = ChannelSettings(sees="workspace")


@pytest.fixture
async def worker(session_database_url: str, server: object) -> Any:
    """A second worker on the same database, by which the operator works."""
    running = Worker(session_database_url, Clock())
    await running.start()
    yield running
    await running.stop()


async def test_deleted_order_is_there_for_no_account(
    bonsai: Client, open_bonsai_shop: OpenShop, worker: Worker
) -> None:
    shop = await open_bonsai_shop()
    private = f"{shop.name}-{PRIVATE}"
    await shop.change({"channels/shop/keys/private": private})
    placed = (await bonsai.send(shop.submit({"external_order_id": "X-1"}))).json["data"]
    number, workspace, connection = placed["orderNumber"], await shop.id(), shop.connection
    channel, uuid = await connection.fetchrow(
        "select channel, uuid from orders where workspace = $1 and id = $2", workspace, number
    )
    own, name = Asker(channel, "live"), OrderName(channel, "live", "X-1")
    anybody = (
        lambda: find_order(connection, workspace, own, WORKSPACE, "order_number", "X-1"),
        lambda: find_order(connection, workspace, own, WORKSPACE, "id", str(uuid)),
        lambda: list_orders(connection, workspace, own, WORKSPACE, FIRST, 5),
        lambda: own_orders.order_by_uuid(connection, workspace, own, WORKSPACE, uuid),
        lambda: own_orders.order_by_external_id(connection, workspace, channel, "live", "X-1"),
        lambda: own_orders.orders_by_number(connection, workspace, [name]),
        lambda: own_orders.order_by_id(connection, workspace, own, WORKSPACE, str(number)),
        lambda: sales.sales_by_uuid(connection, workspace, [uuid]),
        lambda: sales.sales_by_name(connection, workspace, "live", "X-1", None),
        lambda: sales.sales_by_name(connection, workspace, "live", "X-1", channel),
    )

    async def search() -> int:
        found = await own_orders.search_orders(
            connection, workspace, own, WORKSPACE, OrderSearch(), limit=5, offset=0
        )
        return found[1]

    assert [bool(await each()) for each in anybody] == [True] * len(anybody)
    assert await search() == 1
    await worker.engine.execute(workspace, CancelOrder(number))
    deleted = await worker.engine.execute(workspace, DeleteOrder(order=number))
    assert deleted.order.deleted_at is not None  # pyright: ignore[reportAttributeAccessIssue]
    assert [bool(await each()) for each in anybody] == [False] * len(anybody)
    assert await search() == 0
    secret = base64.b64encode(private.encode()).decode()
    for path in (placed["public_id"], "external-order-id/X-1"):
        request = Request("GET", f"/bonsai/orders/v2/{path}", b"", {"Authorization": f"Basic {secret}"})
        assert (await bonsai.send(request)).status == 404
    assert await order_numbers(connection, workspace, str(number)) == [number]
